"""Refusals as pages: what is wrong, what stands now, and what to do."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse

from duban.api.context import context_of
from duban.errors import DubanError
from duban.services.queries.item import history, one_item
from duban.services.queries.shapes import EventView, ItemWhole
from duban.web.session import Visitor, visitor
from duban.web.words import refusal

_ITEM = re.compile(r"^/items/(\d{1,18})(?:/|$)")

#: Where a plan is handed in: whoever is refused there is led back to it.
_UPLOAD = "/plans/new"


def sign_in_address(request: Request) -> str:
    """Where to sign in, and where to go on from there; a form that was not sent is not sent afterwards."""
    target = request.url.path if request.method == "GET" else "/"
    if request.method == "GET" and request.url.query:
        target += f"?{request.url.query}"
    return f"/sign-in?next={quote(target)}" if target != "/" else "/sign-in"


def refusal_page(request: Request, error: DubanError) -> HTMLResponse:
    """The page of a refusal; with the item's present state where the refusal is about an item."""
    title, remedy = refusal(error)
    gaps = str(error.fields["gaps"]).split(";") if error.code == "guard_failed" else []
    if error.code == "invalid_request":
        gaps = str(error.fields["problems"]).split("; ")
    if error.code == "directory_invalid":
        gaps = str(error.fields["problems"]).split("；")
    if error.code == "import_refused":
        gaps = str(error.fields["rows"]).split("; ")
    try:
        visit = visitor(request)
    except DubanError:
        pages = request.app.state.pages
        page: HTMLResponse = pages.page("refusal_bare.html", error.status, title=title, remedy=remedy)
        return page
    item, since = _item(request, visit, error)
    return visit.render(
        "refusal.html",
        error.status,
        title=title,
        remedy=remedy,
        gaps=gaps,
        item=item,
        since=since,
        typed=getattr(request.state, "typed", []),
        code=error.code,
        again=_UPLOAD if request.url.path == _UPLOAD and error.code in ("unreadable", "too_large") else "",
    )


def _item(request: Request, visit: Visitor, error: DubanError) -> tuple[ItemWhole | None, tuple[EventView, ...]]:
    """The item that the address names, and what happened to it since the version that the form had."""
    found = _ITEM.match(request.url.path)
    if found is None or error.status in (403, 404):
        return None, ()
    database = context_of(request).database
    item_id = int(found.group(1))
    caller = visit.caller
    try:
        item = one_item(database, item_id=item_id, scope=caller.scope, actor=caller.actor, as_of=visit.as_of)
    except DubanError:
        return None, ()
    if error.code != "stale_version":
        return item, ()
    events = history(database, item_id=item_id, scope=caller.scope)
    seen = int(error.fields["expected"])
    return item, tuple(e for e in events if int(e.payload.get("version", 0)) > seen)
