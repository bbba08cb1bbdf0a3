"""Transitions: one, or many with a result for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.encoders import jsonable_encoder

from duban.adapters.database import Database
from duban.api.bodies import BulkIn, BulkMove, Id, MoveIn
from duban.api.context import Caller, Context, Ctx, Who, in_lane, log_refusal
from duban.api.examples import MOVED, answer
from duban.api.once import MaybeKeyed, answered, each_once, once
from duban.api.problems import documented, problem_body
from duban.api.routing import router_of
from duban.errors import DubanError
from duban.services.transitions import Instrument, Moved, MoveDetails, move

T = TypeVar("T")
router = router_of(prefix="/items", tags=["transitions"], responses=documented(401, 403, 409, 413, 422, 429))


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one of many: the transition, or the problem that it was refused with."""

    item_id: int
    done: bool
    moved: Moved | None
    problem: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """The result of each transition, in the order of the request."""

    done: int
    refused: int
    results: list[BulkResult]


@router.post(
    "/{item_id}/transitions",
    summary="Move an item",
    response_model=Moved,
    responses=answer(MOVED) | documented(404),
)
async def post_transition(item_id: Id, body: MoveIn, context: Ctx, caller: Who, key: MaybeKeyed) -> Any:
    """Performs one action of the transition table: state, clocks, event and notices commit together or not at all.

    409 `stale_version` carries the present version and state; 422 `guard_failed` names each gap.
    """
    return await in_lane(lambda: once(key, lambda: perform(context, caller, item_id, body)))


@router.post("/transitions", summary="Move many items, each by itself", response_model=BulkAnswer)
async def post_transitions(body: BulkIn, request: Request, context: Ctx, caller: Who, key: MaybeKeyed) -> Response:
    """One refused transition never stops the others; each result carries the transition or its problem.

    With a key, each result is kept as its transition commits: the same request after a crash goes on where it stopped.
    With `dry_run` the answer is what it would be, and nothing is done; a key says nothing then.
    """
    acts = [partial(_one_of_many, request, context, caller, one) for one in body.transitions]

    def work() -> Response:
        if body.dry_run:
            return _bulk_answer([jsonable_encoder(result) for result in tried(context.database, acts)], again=False)
        if key is None:
            return _bulk_answer([jsonable_encoder(act()) for act in acts], again=False)
        answers = each_once(key, acts)
        return _bulk_answer([a.body for a in answers], again=all(a.again for a in answers))

    return await in_lane(work)


def tried(database: Database, acts: Sequence[Callable[[], T]]) -> list[T]:
    """What each of several acts gives, one after the other, in a transaction that is then undone."""
    found: list[T] = []
    with suppress(_UndoneError), database.whole():
        found += [act() for act in acts]
        raise _UndoneError
    return found


class _UndoneError(Exception):
    """Takes a transaction back."""


def _bulk_answer(results: list[dict[str, Any]], *, again: bool) -> Response:
    done = sum(bool(r["done"]) for r in results)
    return answered(200, {"done": done, "refused": len(results) - done, "results": results}, again=again)


def perform(context: Context, caller: Caller, item_id: int, body: MoveIn) -> Moved:
    """The transition of a request body."""
    details = MoveDetails(
        measures=tuple(body.measures),
        regulations={k: Instrument(v.document_number, v.issued_on) for k, v in body.regulations.items()},
        merge_into=body.merge_into,
        with_merged=tuple(body.with_merged),
        due_on=body.due_on,
        occurred_at=body.occurred_at,
    )
    return move(
        context.database,
        item_id=item_id,
        action=body.action,
        actor=caller.actor,
        expected_version=body.expected_version,
        reason=body.reason,
        details=details,
        now=context.now(),
    )


def _one_of_many(request: Request, context: Context, caller: Caller, body: BulkMove) -> BulkResult:
    try:
        return BulkResult(body.item_id, True, perform(context, caller, body.item_id, body), None)
    except DubanError as error:
        log_refusal(request, error)
        return BulkResult(body.item_id, False, None, problem_body(error))
