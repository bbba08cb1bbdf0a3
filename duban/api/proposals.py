"""Sheets that wait for their approval (通报, 约谈), and the record of a talk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from pydantic import Field

from duban.api.bodies import Body, Day, Id, Instant, Reason, ShortText
from duban.api.context import OFFICE, Ctx, Who
from duban.api.problems import documented
from duban.api.routing import only, router_of
from duban.services.proposals import Decided, Talk, decide_proposal, record_talk
from duban.services.queries.proposals import ProposalView, list_proposals

router = router_of(tags=["notices"], responses=documented(401, 403, 422, 429))


class DecisionIn(Body):
    """Approved or refused; a refusal gives its reason, and the approval of a summons its time, place and speaker."""

    approved: bool
    reason: Reason = ""
    talk_at: Instant | None = Field(None, examples=["2026-08-07T15:00:00+08:00"])
    talk_place: ShortText = ""
    talk_speaker: Annotated[ShortText, Field(max_length=100)] = ""


class TalkRecordIn(Body):
    """What was said and promised in a talk, and by which day."""

    promised: Annotated[Reason, Field(min_length=1, examples=["8月底前完成全部点位改造"])]
    promised_on: Day | None = None


@dataclass(frozen=True, slots=True)
class TalkRecorded:
    """The item's version after the record."""

    notice_id: int
    version: int


@router.get("/proposals", summary="Sheets that wait for their approval")
def get_proposals(
    context: Ctx,
    caller: Who,
    waiting: Annotated[bool, Query(description="False: also those that were decided or lapsed.")] = True,
) -> tuple[ProposalView, ...]:
    """To the office all of them; else those that were put to the caller. The oldest first."""
    return list_proposals(context.database, scope=caller.scope, waiting=waiting)


@router.post(
    "/notices/{notice_id}/decision",
    summary="Approve or refuse a sheet that waits",
    responses=documented(404, 409),
)
def post_decision(notice_id: Id, body: DecisionIn, context: Ctx, caller: Who) -> Decided:
    """An approved one gets its number and leaves with the next mails. One that no longer holds lapses instead."""
    talk = Talk(body.talk_at, body.talk_place, body.talk_speaker) if body.talk_at is not None else None
    return decide_proposal(
        context.database,
        notice_id=notice_id,
        approved=body.approved,
        actor=caller.actor,
        now=context.now(),
        reason=body.reason,
        talk=talk,
    )


@router.post(
    "/notices/{notice_id}/talk",
    summary="Record a talk that was held",
    responses=documented(404, 409),
    dependencies=[only("record a talk", *OFFICE)],
)
def post_talk(notice_id: Id, body: TalkRecordIn, context: Ctx, caller: Who) -> TalkRecorded:
    """A day that was promised becomes a dated part of the item, whose clock runs."""
    version = record_talk(
        context.database,
        notice_id=notice_id,
        promised=body.promised,
        promised_on=body.promised_on,
        actor=caller.actor,
        now=context.now(),
    )
    return TalkRecorded(notice_id, version)
