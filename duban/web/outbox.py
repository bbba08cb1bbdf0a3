"""The outbox: what waits and until when, what a person has to decide, what was held back; withdrawing a notice."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.context import OFFICE
from duban.api.items import Search
from duban.api.outbox import DECIDE, LOOK, Key
from duban.api.problems import Invalid
from duban.services.outbox import Verdict, settle, withdraw
from duban.services.queries.outbox import FOR_A_PERSON, MailFilter, Standing, one_mail, outbox_page
from duban.web.session import Form, Visit, field

router = APIRouter()

#: What the tabs say, and what each of them is about.
STANDING_ZH = MappingProxyType(
    {
        Standing.UNKNOWN: ("是否送达不明", "发送过程中断，系统不会自行重发。请向收件人核实，再点一个结果。"),
        Standing.FAILED: ("发送失败", "对方邮箱拒收，或多次重试仍未发出；这些通知已由督查室代收。改正名录后可以重发。"),
        Standing.WAITING: ("待发送", "下一次发送时送出。"),
        Standing.THROTTLED: ("限速等候", "为免收件人一时收到太多邮件而放缓，到时自动送出，不会丢失。"),
        Standing.RETRYING: ("等候重试", "对方服务器暂时拒收，到时自动重试。"),
        Standing.SENDING: ("发送中", ""),
        Standing.WITHDRAWN: ("已撤回", "通知在发出前撤回，编号保留，不再使用。"),
        Standing.SETTLED: ("已处理", "发送失败，已有人处理。"),
        Standing.SENT: ("已发送", ""),
    }
)
DONE = {"resend": "已安排重发。", "arrived": "已登记为送达。", "lost": "已登记为丢失，由督查室代收。"}


@router.get("/outbox")
def get_outbox(
    visit: Visit,
    standing: Annotated[Standing | None, Query()] = None,
    q: Search = "",
    item: Key = None,
    notice: Key = None,
    before: Key = None,
    done: Search = "",
) -> Response:
    """Without a choice: what a person has to decide about, else everything, the newest first."""
    visit.caller.require(LOOK, *OFFICE)
    database, now = visit.context.database, visit.context.now()
    narrowed = bool(q or item or notice)
    wanted = (standing,) if standing else () if narrowed else FOR_A_PERSON
    where = MailFilter(wanted, q or None, item, notice)
    page = outbox_page(database, where=where, now=now, before=before)
    return visit.render(
        "outbox.html",
        page=page,
        standing=standing,
        narrowed=narrowed,
        tabs=STANDING_ZH,
        query={"standing": standing.value if standing else "", "q": q, "item": item or "", "notice": notice or ""},
        before=before,
        done=DONE.get(done, ""),
    )


@router.get("/outbox/{delivery_id}")
def get_mail(delivery_id: Id, visit: Visit) -> Response:
    """One mail with its words and what may be decided about it."""
    visit.caller.require(LOOK, *OFFICE)
    mail = one_mail(visit.context.database, delivery_id=delivery_id, now=visit.context.now())
    return visit.render("outbox_mail.html", mail=mail, row=mail.row, tabs=STANDING_ZH)


@router.post("/outbox/{delivery_id}/verdict")
def post_verdict(delivery_id: Id, visit: Visit, form: Form) -> Response:
    """已送达、重发、丢失."""
    visit.caller.require(DECIDE, *OFFICE)
    given = field(form, "verdict", most=20)
    if given not in set(Verdict):
        raise Invalid(problems=f"verdict: {given or '没有选择结果'}")
    verdict = Verdict(given)
    settle(
        visit.context.database,
        delivery_id=delivery_id,
        verdict=verdict,
        actor=visit.caller.actor,
        now=visit.context.now(),
        note=field(form, "note"),
    )
    return RedirectResponse(f"/outbox?done={verdict.value}", 303)


@router.post("/notices/{notice_id}/withdraw")
def post_withdrawal(notice_id: Id, visit: Visit, form: Form) -> Response:
    """撤回."""
    visit.caller.require("withdraw a notice", *OFFICE)
    withdraw(
        visit.context.database,
        notice_id=notice_id,
        reason=field(form, "reason"),
        actor=visit.caller.actor,
        now=visit.context.now(),
    )
    return RedirectResponse(f"/notices/{notice_id}?done=withdrawn", 303)
