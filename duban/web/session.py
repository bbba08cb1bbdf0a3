"""Who looks at a page: the session cookie, CSRF tokens, and what every page shows around its content."""

from __future__ import annotations

import datetime as dt
import hmac
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from duban.api.context import EARLIEST, LATEST, Caller, Context, address_of, context_of
from duban.api.problems import Invalid, NotSignedIn
from duban.errors import DubanError
from duban.services.accounts import identify
from duban.services.queries.operations import last_night
from duban.services.saved_views import list_views
from duban.web.templating import Pages

COOKIE = "duban_session"
#: Fields of forms that somebody has typed: a refusal shows them again, so that no work is lost.
TYPED = ("reason", "measures", "note", "text", "goal", "title")
SIGN_IN_COOKIE = "duban_sign_in"
#: Pages that show the day that was asked for; all others show how things are now, and say so.
OF_THE_DAY = frozenset(
    {"board.html", "item.html", "items.html", "plan.html", "ranking.html", "report.html", "reports.html"}
    | {"calls.html", "self_checks.html", "self_checks_of.html", "re_inspections.html"}
    | {"release.html", "policy_preview.html"}
)
#: Addresses that know no day.
ELSEWHERE = ("/static/", "/docs", "/account", "/sign-", "/views", "//")
_LINK = re.compile(r'href="(?P<path>/[^"?#]*)(?P<query>\?[^"#]*)?(?P<rest>#[^"]*)?"')
_SEARCH = re.compile(r'(<form[^>]*method="get"[^>]*>)(.*?</form>)', re.DOTALL)


class Csrf(DubanError):
    """The form was not sent from a page of this session.

    Go back, load the page again, and send the form once more.
    """

    code = "csrf"
    status = 403


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in to the pages."""

    caller: Caller
    csrf: str
    context: Context
    pages: Pages
    path: str
    as_of: dt.date
    as_of_asked: bool

    @property
    def today(self) -> dt.date:
        """The date of now, in the settings' time zone."""
        return self.context.now().astimezone(self.context.settings.zone).date()

    @property
    def past(self) -> bool:
        """Whether an earlier day was asked for: it is read back, and nothing can be done on it."""
        return self.as_of_asked and self.as_of < self.today

    def render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page with what surrounds every page: who is signed in, the date that it shows, the last night."""
        text = self.pages.text(
            template,
            me=self.caller.identity,
            role=self.caller.identity.role.value,
            office=self.caller.identity.role.value in ("supervisor", "admin"),
            csrf=self.csrf,
            path=self.path,
            as_of=self.as_of,
            today=self.today,
            past=self.past,
            as_of_asked=self.as_of_asked,
            of_the_day=template in OF_THE_DAY,
            night=last_night(self.context.database, successful=False, until=self.today),
            prefect_ui=self.context.prefect_ui,
            views=list_views(self.context.database, user_id=self.caller.identity.user_id),
            **values,
        )
        return HTMLResponse(kept_on(text, self.as_of) if self.as_of_asked else text, status)


def kept_on(page: str, as_of: dt.date) -> str:
    """A page whose links and searches stay on the day that was asked for; where one names a day itself, it is left."""

    def linked(found: re.Match[str]) -> str:
        path, query, rest = found["path"], found["query"] or "", found["rest"] or ""
        if "as_of=" in query or path.startswith(ELSEWHERE):
            return found[0]
        return f'href="{path}{query + "&amp;" if query else "?"}as_of={as_of}{rest}"'

    page = _LINK.sub(linked, page)
    return _SEARCH.sub(
        lambda f: f[0] if 'name="as_of"' in f[0] else f'{f[1]}<input type="hidden" name="as_of" value="{as_of}">{f[2]}',
        page,
    )


def visitor(
    request: Request,
    as_of: Annotated[
        dt.date | None, Query(ge=EARLIEST, le=LATEST, description="The date that lights are shown for.")
    ] = None,
) -> Visitor:
    """Who the session cookie belongs to. Raises NotSignedIn or BadToken, which lead to the sign-in page."""
    context = context_of(request)
    secret = request.cookies.get(COOKIE)
    if not secret:
        raise NotSignedIn
    identity = identify(context.database, secret=secret, purpose="session", now=context.now())
    request.state.actor = identity.name
    caller = Caller(identity, "page", address_of(request))
    pages: Pages = request.app.state.pages
    day = as_of or context.as_of()
    return Visitor(caller, identity.csrf or "", context, pages, request.url.path, day, as_of is not None)


Visit = Annotated[Visitor, Depends(visitor)]


async def form_of_session(request: Request, visit: Visit) -> AsyncIterator[FormData]:
    """The form of a POST, if it came from a page of the same session. Raises Csrf."""
    check_origin(request)
    form = await request.form(max_files=5, max_fields=20_000, max_part_size=200_000)
    given = form.get("csrf")
    if not visit.csrf or not isinstance(given, str) or not hmac.compare_digest(given.encode(), visit.csrf.encode()):
        raise Csrf
    request.state.typed = [str(form[name]) for name in TYPED if form.get(name)]
    try:
        yield form
    finally:
        await form.close()  # files that were sent along


Form = Annotated[FormData, Depends(form_of_session)]


def check_origin(request: Request) -> None:
    """Refuses a form that the browser says comes from elsewhere; browsers that say nothing are held by the token."""
    site = request.headers.get("sec-fetch-site")
    if site in ("same-origin", "none"):
        return
    if site is not None:
        raise Csrf
    origin = request.headers.get("origin")
    if origin not in (None, "null") and urlsplit(str(origin)).netloc != request.headers.get("host"):
        raise Csrf


def field(form: FormData, name: str, *, most: int = 4000) -> str:
    """A field's text without the space around it; "" where it is left out. Raises Invalid for what cannot be stored."""
    value = form.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > most or "\x00" in text:
        raise Invalid(problems=f"{name}: 最多{most}个字")
    return text.replace("\r\n", "\n")


def number_field(form: FormData, name: str) -> int:
    """A field's whole number. Raises Invalid."""
    text = field(form, name, most=18)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**63):
        raise Invalid(problems=f"{name}: 须为正整数")
    return int(text)


def date_field(form: FormData, name: str) -> dt.date | None:
    """A field's date; None where it is left out. Raises Invalid."""
    text = field(form, name, most=10)
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(problems=f"{name}: 日期须形如2026-07-13") from None


def lines_field(form: FormData, name: str) -> tuple[str, ...]:
    """A field's lines that are not empty."""
    return tuple(line.strip() for line in field(form, name, most=20_000).split("\n") if line.strip())


def list_field(form: FormData, name: str, *, most: int = 200) -> tuple[str, ...]:
    """Every value of a field that may be ticked more than once. Raises Invalid for what cannot be stored."""
    values = tuple(str(value).strip() for value in form.getlist(name))
    if len(values) > most or any(len(value) > 200 or "\x00" in value for value in values):
        raise Invalid(problems=f"{name}: 请从列表中勾选")
    return values


def file_field(form: FormData, name: str) -> UploadFile:
    """A field's file. Raises Invalid."""
    value = form.get(name)
    if not isinstance(value, UploadFile):
        raise Invalid(problems=f"{name}: 请选择文件")
    return value


def own_address(target: str) -> str:
    """An address of this site to go on to: nothing that a browser could take for another one; else the board."""
    ours = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if ours and target.isprintable() else "/"


def set_cookie(response: Response, context: Context, secret: str, expires_at: dt.datetime) -> None:
    """The session cookie: not for scripts, not for other sites, only over TLS where the site is reached by TLS."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int((expires_at - context.now()).total_seconds()),
        httponly=True,
        samesite="lax",
        secure=context.settings.public_url.startswith("https:"),
        path="/",
    )
