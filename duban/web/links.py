"""The page behind the signed link of a mail: a notice in brief, its receipt, and progress in a few sentences.

Nobody signs in here: the link is the key. Opening it changes nothing, since mail scanners open links; what changes
something is a form that carries the token itself, which no other site knows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from duban.api.buckets import Limiter
from duban.api.context import Context, address_of, context_of
from duban.api.problems import TooManyRequests
from duban.errors import DubanError
from duban.notices.clock_words import clock_standing, standing
from duban.notices.links import Claim, verify
from duban.notices.wording import date_zh, names
from duban.services.by_link import (
    LONGEST_REPORT,
    WEEKLY,
    LinkPage,
    acknowledge_by_link,
    decide_by_link,
    look_by_link,
    report_by_link,
)
from duban.services.link_keys import link_secrets
from duban.services.sign_in import log_access
from duban.settings import Settings
from duban.web.proposals import approved_field, talk_field
from duban.web.session import field
from duban.web.words import PROPOSAL_ZH, refusal

router = APIRouter()

#: Requests that one link, or one address with links that are not ours, may make: a minute, and at once.
A_MINUTE, AT_ONCE = 20, 20
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
DONE = {
    "receipt": "已签收，谢谢。",
    "report": "进展已报告督查室。",
    "approved": "已批准，文书随下一次发送送出。",
    "refused": "已登记为不同意，文书不再发出。",
    "lapsed": "情况已有变化，文书不再发出。",
}

Token = Annotated[str, Form(max_length=600)]


class Door:
    """Opens the links of a site: its secrets, and how often somebody may knock."""

    def __init__(self, settings: Settings) -> None:
        self.secrets = link_secrets(settings)
        self.limiter = Limiter(A_MINUTE, AT_ONCE)

    def claim(self, token: str, address: str, now: dt.datetime) -> Claim:
        """What the link says. Raises LinkRefused, TooManyRequests."""
        try:
            found = verify(self.secrets, token, now)
        except DubanError:
            self._knock(address)
            raise
        self._knock(f"{found.party_id}/{found}")
        return found

    def _knock(self, who: str) -> None:
        wait = self.limiter.take(who)
        if wait:
            raise TooManyRequests(seconds=wait)


@router.get("/link/{token}")
def get_link(request: Request, token: str, done: str = "") -> Response:
    """The notice in brief, with what its recipient may do. Nothing is changed."""
    return _answered(request, token, "link.open", lambda _, __: _page(request, token, done=DONE.get(done, "")))


@router.post("/link/acknowledge")
def post_receipt(request: Request, token: Token = "", name: Annotated[str, Form(max_length=200)] = "") -> Response:
    """签收, for oneself or for the one of this name."""

    def receive(context: Context, claim: Claim) -> Response:
        acknowledge_by_link(context.database, claim, context.now(), name or None)
        return RedirectResponse(f"/link/{token}?done=receipt", 303, headers=HEADERS)

    return _answered(request, token, "link.acknowledge", receive)


@router.post("/link/report")
def post_report(request: Request, token: Token = "", text: Annotated[str, Form()] = "") -> Response:
    """报告进展."""

    def report(context: Context, claim: Claim) -> Response:
        said = text.replace("\r\n", "\n").replace("\x00", "")
        report_by_link(context.database, claim, text=said, now=context.now())
        return RedirectResponse(f"/link/{token}?done=report", 303, headers=HEADERS)

    return _answered(request, token, "link.report", report, typed=text)


@router.post("/link/decide")
def post_decision(
    request: Request,
    token: Token = "",
    approved: Annotated[str, Form(max_length=3)] = "",
    reason: Annotated[str, Form(max_length=4000)] = "",
    talk_on: Annotated[str, Form(max_length=10)] = "",
    talk_time: Annotated[str, Form(max_length=5)] = "",
    talk_place: Annotated[str, Form(max_length=200)] = "",
    talk_speaker: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """批示."""
    given = {"approved": approved, "reason": reason, "talk_on": talk_on, "talk_time": talk_time}
    form = FormData(given | {"talk_place": talk_place, "talk_speaker": talk_speaker})

    def decide(context: Context, claim: Claim) -> Response:
        decided = decide_by_link(
            context.database,
            claim,
            approved=approved_field(form),
            reason=field(form, "reason"),
            talk=talk_field(form),
            now=context.now(),
        )
        return RedirectResponse(f"/link/{token}?done={decided.outcome.value}", 303, headers=HEADERS)

    return _answered(request, token, "link.decide", decide)


def _answered(
    request: Request, token: str, action: str, act: Callable[[Context, Claim], Response], typed: str = ""
) -> Response:
    """What `act` answers, or the page of a refusal; either is written into the access log, without the token."""
    context, claim = context_of(request), None
    door: Door = request.app.state.links
    try:
        claim = door.claim(token, address_of(request), context.now())
        answer, outcome = act(context, claim), "done"
    except DubanError as error:
        answer, outcome = _refused(request, token, error, claim, typed), error.code
    if outcome != TooManyRequests.code:  # a flood does not fill the log
        log_access(
            context.database,
            actor=f"party {claim.party_id}" if claim else "-",
            action=action,
            outcome=outcome,
            address=address_of(request),
            now=context.now(),
            detail=str(claim) if claim else "",
        )
    return answer


def _refused(request: Request, token: str, error: DubanError, claim: Claim | None, typed: str) -> Response:
    """The link's own page with what was wrong, as long as the link opens it; else a page that says so."""
    title, remedy = refusal(error)
    if claim is not None and error.code not in ("link_refused", TooManyRequests.code):
        return _page(request, token, error=(title, remedy), status=error.status, typed=typed)
    refused = error.code == "link_refused"
    page: Response = request.app.state.pages.page(
        "link_refused.html", error.status, title=title, remedy=remedy, refused=refused
    )
    page.headers.update(HEADERS)
    return page


def _page(request: Request, token: str, status: int = 200, **shown: Any) -> Response:
    context: Context = context_of(request)
    claim = verify(request.app.state.links.secrets, token, context.now())
    found = look_by_link(context.database, claim, context.now())
    page: Response = request.app.state.pages.page(
        "link.html",
        status,
        notice=found,
        kind_zh="报告进展" if found.kind == WEEKLY else found.context["kind_zh"],
        facts=_facts(found),
        office=found.context["office"],
        outcomes_zh=PROPOSAL_ZH,
        token=token,
        expires_at=claim.expires_at,
        most=LONGEST_REPORT,
        **({"done": "", "error": None, "typed": ""} | shown),
    )
    page.headers.update(HEADERS)
    return page


def _pending(sheet: dict[str, Any] | None) -> str:
    """The sheet that a reminder reminds of."""
    return f"{sheet['kind_zh']}{sheet['label'] or ''}（{date_zh(sheet['sent_on'])}送达）" if sheet else ""


def _facts(found: LinkPage) -> list[tuple[str, str]]:
    """The notice in a few lines; what it does not say is left out."""
    facts = found.context
    item, day = facts["item"], date_zh(facts["as_of"])
    due = date_zh(item["rolled_due_on"]) if item["rolled_due_on"] else ""
    rows = [
        ("发文字号", facts["sheet"]["label"] if facts["sheet"] else ""),
        ("待签收文书", _pending(facts.get("pending"))),
        ("方案", facts["plan"]["title"]),
        ("事项", f"{item['ref']}　{item['title']}"),
        ("整改目标", item["goal"] or ""),
        ("到期日", "" if item["closed"] else f"{due}（截至{day}{standing(item)}）" if due else standing(item)),
        *_clock(facts.get("clock"), day),
        ("当前状态", found.state_zh or ""),
        ("责任单位", names(item["units"], "")),
        ("牵头领导", names(item["leads"], "")),
    ]
    return [(label, value) for label, value in rows if value]


def _clock(clock: dict[str, Any] | None, day: str) -> list[tuple[str, str]]:
    """The day that the notice speaks of, where it is not the item's own limit."""
    if clock is None or (clock["kind"] == "limit" and clock["part"] is None):
        return []
    said = f"{date_zh(clock['rolled_due_on'])}（截至{day}{clock_standing(clock)}）"
    return [("节点", clock["part"] or ""), (clock["day_zh"], said)]
