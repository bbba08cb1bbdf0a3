"""Server-sent events of what changes, read from the ledger's event log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from duban.api.bodies import LARGEST
from duban.api.context import Caller, Context, Ctx, Who, still_who
from duban.api.problems import TooManyRequests, documented
from duban.api.routing import router_of
from duban.services.accounts import BadToken
from duban.services.queries.operations import LATE, events_after, last_event
from duban.services.queries.shapes import EventView

router = router_of(prefix="/events", tags=["events"], responses=documented(401, 422, 429))

POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
BATCH, MOST_AT_ONCE = 500, 20_000
#: Each stream asks the ledger once a second: so many at once, in one process.
MOST_STREAMS = 100
_EVENT = TypeAdapter(EventView)
_open: set[object] = set()


@router.get(
    "",
    summary="Events after a number, oldest first",
)
def get_events(
    context: Ctx,
    caller: Who,
    after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> tuple[EventView, ...]:
    """The same events as the stream, for those who poll."""
    return events_after(context.database, scope=caller.scope, after=after, limit=limit)


@router.get(
    "/stream",
    summary="Events as they happen (text/event-stream)",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def get_stream(
    request: Request,
    context: Ctx,
    caller: Who,
    last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST, description="Go on after this event.")] = None,
) -> StreamingResponse:
    """Each message is one event of an item that the caller may see; its `id` is what `Last-Event-ID` goes on from."""
    if len(_open) >= MOST_STREAMS:
        raise TooManyRequests(seconds=30)
    after = last_event(context.database) if last_event_id is None else last_event_id
    return StreamingResponse(
        _messages(request, context, caller, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _messages(request: Request, context: Context, caller: Caller, after: int) -> AsyncIterator[str]:
    sent: set[int] = set()
    floor, quiet, asked = after, 0.0, 0.0
    this = object()  # counted from the first line on: a stream that never began takes no room
    _open.add(this)
    try:
        yield "retry: 3000\n\n"
        while not await request.is_disconnected():
            events = await run_in_threadpool(_all_after, context, caller, floor)
            for event in (e for e in events if e.id not in sent):
                sent.add(event.id)
                quiet = 0.0
                yield _message(event)
            floor, sent = _advanced(context, events, floor, sent)
            if (asked := asked + POLL_SECONDS) >= HEARTBEAT_SECONDS:
                caller, asked = await still_who(request, caller), 0.0
            quiet += POLL_SECONDS
            if quiet >= HEARTBEAT_SECONDS:
                quiet = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(POLL_SECONDS)
    except BadToken:
        yield "event: signed_out\ndata: {}\n\n"  # revoked or expired since: the client needs another key
    except SQLAlchemyError:
        yield "event: interrupted\ndata: {}\n\n"  # the ledger is away: the client comes back with its last event
    finally:
        _open.discard(this)


def _all_after(context: Context, caller: Caller, after: int) -> tuple[EventView, ...]:
    """Every event after a number that there is now, however many a night has written at once."""
    found: list[EventView] = []
    while part := events_after(context.database, scope=caller.scope, after=after, limit=BATCH):
        found += part
        if len(part) < BATCH or len(found) >= MOST_AT_ONCE:
            break
        after = part[-1].id
    return tuple(found)


def _advanced(context: Context, events: tuple[EventView, ...], floor: int, sent: set[int]) -> tuple[int, set[int]]:
    """The id below which nothing new can come any more: a lower id may commit a little later than a higher one."""
    settled = [e.id for e in events if context.now() - e.recorded_at > LATE]
    floor = max(floor, *settled) if settled else floor
    return floor, {i for i in sent if i > floor}


def _message(event: EventView) -> str:
    return f"id: {event.id}\nevent: {event.type}\ndata: {_EVENT.dump_json(event).decode()}\n\n"
