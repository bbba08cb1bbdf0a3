"""The outbox: what waits, what needs a person, and what a person decides about it; withdrawing a notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from pydantic import Field

from duban.api.bodies import LARGEST, Body, Id, Reason
from duban.api.context import OFFICE, Ctx, Who
from duban.api.items import Search
from duban.api.problems import documented
from duban.api.routing import only, router_of
from duban.services.outbox import Verdict, settle, withdraw
from duban.services.queries.outbox import MailFilter, MailPage, MailRow, MailWhole, Standing, one_mail, outbox_page

router = router_of(tags=["notices"], responses=documented(401, 403, 422, 429))
Key = Annotated[int | None, Query(ge=1, le=LARGEST)]
LOOK, DECIDE = "look at the outbox", "decide about mails"


class VerdictIn(Body):
    """What a person knows or wants of a mail."""

    verdict: Verdict = Field(description="resend: it goes out again; arrived; lost: the supervision office answers.")
    note: Reason = Field("", description="How you know; kept with the items.", examples=["电话核实"])


class WithdrawalIn(Body):
    """Why a notice is taken back."""

    reason: Reason = Field(min_length=1, examples=["事项已办结,误发"])


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A notice that was taken back; its number is kept."""

    notice_id: int
    reason: str


@router.get("/outbox", summary="Mails, the newest first, and how many stand how", dependencies=[only(LOOK, *OFFICE)])
def get_outbox(
    *,
    context: Ctx,
    standing: Annotated[list[Standing] | None, Query(description="One or more; all where left out.")] = None,
    q: Search | None = None,
    kind: Search | None = None,
    item: Key = None,
    notice: Key = None,
    before: Key = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> MailPage:
    """For the supervision office. `throttled` and `retrying` say in `not_before` when they go."""
    where = MailFilter(tuple(standing or ()), q or None, item, notice, kind or None)
    return outbox_page(context.database, where=where, now=context.now(), before=before, limit=limit)


@router.get(
    "/outbox/{delivery_id}",
    summary="One mail with its words",
    responses=documented(404),
    dependencies=[only(LOOK, *OFFICE)],
)
def get_mail(delivery_id: Id, context: Ctx) -> MailWhole:
    """Without the links in it, which are its reader's own."""
    return one_mail(context.database, delivery_id=delivery_id, now=context.now())


@router.post(
    "/outbox/{delivery_id}/verdict",
    summary="Say what became of a mail, or send it again",
    responses=documented(404, 409),
    dependencies=[only(DECIDE, *OFFICE)],
)
def post_verdict(delivery_id: Id, body: VerdictIn, context: Ctx, caller: Who) -> MailRow:
    """Each item that the mail is about gets an event with the note."""

    settle(
        context.database,
        delivery_id=delivery_id,
        verdict=body.verdict,
        actor=caller.actor,
        now=context.now(),
        note=body.note,
    )
    return one_mail(context.database, delivery_id=delivery_id, now=context.now()).row


@router.post(
    "/notices/{notice_id}/withdrawal",
    summary="Withdraw a notice that has not been sent",
    responses=documented(404, 409),
    dependencies=[only("withdraw a notice", *OFFICE)],
)
def post_withdrawal(notice_id: Id, body: WithdrawalIn, context: Ctx, caller: Who) -> Withdrawn:
    """It stays on record and keeps its number; a mail that was to carry it with others goes without it."""

    now = context.now()
    withdraw(context.database, notice_id=notice_id, reason=body.reason, actor=caller.actor, now=now)
    return Withdrawn(notice_id, body.reason.strip())
