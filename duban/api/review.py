"""The reading of an item set right: doubts settled, items split and joined, and corrected once they are under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from duban.api.bodies import Body, Id, Reason, ShortText, VersionedBody
from duban.api.context import OFFICE, Ctx, Who
from duban.api.problems import documented
from duban.api.routing import only, router_of
from duban.services.corrections import Corrected, correct
from duban.services.item_fields import Edit
from duban.services.item_splits import join, split
from duban.services.queries.item import belongs
from duban.services.resolutions import Resolved, resolve, undo
from models import ResolutionAction

router = router_of(prefix="/items/{item_id}", tags=["review"], responses=documented(401, 403, 404, 409, 413, 422, 429))
Names = Annotated[list[ShortText], Field(max_length=100)]
Texts = Annotated[list[Reason], Field(max_length=100)]
Why = Annotated[Reason, Field(min_length=1)]
Number = Annotated[ShortText, Field(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True)
class Undone:
    """The items that are in quarantine again."""

    quarantined: list[int]


class EditIn(Body):
    """The fields as they should stand; what is left out stays as it is, an empty value clears it."""

    number: Number | None = None
    title: Reason | None = None
    goal: Reason | None = None
    measures: Texts | None = None
    time_limit: Reason | None = None
    lead_officials: Names | None = None
    lead_units: Names | None = None
    responsible_units: Names | None = None
    support_units: Names | None = None
    supervising_units: Names | None = None
    regulations: Names | None = Field(None, description="Titles; one that stands keeps what is known of it.")
    targets: Texts | None = Field(None, description="Sentences with a figure each, read anew.")
    reported_done: bool | None = Field(None, description="Whether the document says 已完成整改.")


class ResolveIn(VersionedBody):
    """A person's decision about an item's doubts: keep, merge (with its other copies), edit or drop."""

    action: Literal["keep", "merge", "edit", "drop"]
    reason: Why
    edit: EditIn = Field(default_factory=EditIn)


class SplitIn(VersionedBody):
    """An item that is two: the measures from `from_measure` (1-based; null: none) go to a new one of this number."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"number": "13-2", "from_measure": 3, "reason": "原文是两项", "expected_version": 1}]
        }
    )

    number: Number
    title: Reason = Field("", description="Left out: its first measure.")
    from_measure: Annotated[int, Field(ge=1, le=1000)] | None = None
    reason: Why


class JoinIn(VersionedBody):
    """An item that is the rest of another one of its plan, named by its number."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"into": "13", "reason": "原文是一项", "expected_version": 1}]}
    )

    into: Number
    reason: Why


class CorrectIn(VersionedBody):
    """Fields of an item under way that were read wrong."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"edit": {"time_limit": "2026年10月底前"}, "reason": "原文为10月底", "expected_version": 3}]
        }
    )

    edit: EditIn
    reason: Why


@router.post(
    "/resolution", summary="Settle the doubts about an item (待核)", dependencies=[only("settle doubts", *OFFICE)]
)
def post_resolution(*, item_id: Id, body: ResolveIn, context: Ctx, caller: Who) -> Resolved:
    """keep, merge, edit or drop; recorded with who and why. Its clocks begin with it. The office only."""

    return resolve(
        context.database,
        item_id=item_id,
        action=ResolutionAction(body.action),
        actor=caller.actor,
        reason=body.reason,
        now=context.now(),
        edit=_edit(body.edit),
        expected_version=body.expected_version,
    )


@router.post(
    "/resolution/{resolution_id}/undo",
    summary="Take a decision about the reading back",
    dependencies=[only("take a decision back", *OFFICE)],
)
def post_undo(item_id: Id, resolution_id: Id, context: Ctx, caller: Who) -> Undone:
    """Possible until the item has moved on; of several decisions the last one first. The office only."""
    belongs(context.database, item_id=item_id, resolution_id=resolution_id)
    return Undone(undo(context.database, resolution_id=resolution_id, actor=caller.actor, now=context.now()))


@router.post("/split", summary="Part an item that is two", dependencies=[only("part an item", *OFFICE)])
def post_split(*, item_id: Id, body: SplitIn, context: Ctx, caller: Who) -> Resolved:
    """Both wait in quarantine to be kept; the new one has the limit and the parties of the first. The office only."""

    return split(
        context.database,
        item_id=item_id,
        number=body.number,
        title=body.title,
        from_measure=body.from_measure,
        actor=caller.actor,
        reason=body.reason,
        now=context.now(),
        expected_version=body.expected_version,
    )


@router.post(
    "/join", summary="Append an item to the one that it is the rest of", dependencies=[only("join items", *OFFICE)]
)
def post_join(*, item_id: Id, body: JoinIn, context: Ctx, caller: Who) -> Resolved:
    """The other one waits in quarantine to be kept; one that is under way takes nothing in. The office only."""

    return join(
        context.database,
        item_id=item_id,
        into=body.into,
        actor=caller.actor,
        reason=body.reason,
        now=context.now(),
        expected_version=body.expected_version,
    )


@router.post(
    "/correction", summary="Set fields right that were read wrong", dependencies=[only("correct an item", *OFFICE)]
)
def post_correction(*, item_id: Id, body: CorrectIn, context: Ctx, caller: Who) -> Corrected:
    """For an item under way: progress stays, a changed limit supersedes its clock. The office only."""

    return correct(
        context.database,
        item_id=item_id,
        edit=_edit(body.edit),
        reason=body.reason,
        actor=caller.actor,
        now=context.now(),
        expected_version=body.expected_version,
    )


def _edit(body: EditIn) -> Edit:
    given = body.model_dump(exclude_none=True)
    fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    return Edit(**fields)
