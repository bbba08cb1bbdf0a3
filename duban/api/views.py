"""A user's own views of the list of items (常用视图)."""

from __future__ import annotations

from fastapi import Response

from duban.api.bodies import Id, ViewIn
from duban.api.context import Ctx, Who
from duban.api.examples import VIEW, answer
from duban.api.problems import documented
from duban.api.routing import anybody, router_of
from duban.services.saved_views import ViewEntry, delete_view, list_views, save_view

router = router_of(prefix="/views", tags=["views"], responses=documented(401, 403, 413, 422, 429))


@router.get("", summary="One's own views", responses=answer([VIEW]))
def get_views(context: Ctx, caller: Who) -> tuple[ViewEntry, ...]:
    """`path` is the address on the site; whoever it is passed on to sees what their own account may see."""
    return list_views(context.database, user_id=caller.identity.user_id)


@router.post("", summary="Keep a view", status_code=201, responses=answer(VIEW, 201), dependencies=[anybody])
def post_view(body: ViewIn, context: Ctx, caller: Who) -> ViewEntry:
    """The same name again takes the new filters, so that repeating a request changes nothing."""
    return save_view(
        context.database,
        user_id=caller.identity.user_id,
        name=body.name,
        filters=body.filters.model_dump(exclude_defaults=True),
        now=context.now(),
    )


@router.delete(
    "/{view_id}", summary="Take a view away", status_code=204, responses=documented(404), dependencies=[anybody]
)
def delete(view_id: Id, context: Ctx, caller: Who) -> Response:
    """One's own only."""
    delete_view(context.database, user_id=caller.identity.user_id, view_id=view_id)
    return Response(status_code=204)
