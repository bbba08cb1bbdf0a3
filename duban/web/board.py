"""The board (挂图作战)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from duban.services.queries.board import board
from duban.services.queries.operations import recent_events
from duban.services.queries.proposals import list_proposals
from duban.web.session import Visit

router = APIRouter()


@router.get("/")
def get_board(visit: Visit) -> Response:
    """Plans by state and light, what is due this week, who is behind, what happened last."""
    database, scope = visit.context.database, visit.caller.scope
    return visit.render(
        "board.html",
        board=board(database, scope=scope, as_of=visit.as_of),
        proposals=0 if visit.past else len(list_proposals(database, scope=scope)),
        events=recent_events(database, scope=scope, limit=12, until=visit.as_of if visit.past else None),
    )
