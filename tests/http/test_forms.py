"""Every form of the site, whoever adds one: nothing is done without a session, its token, and a page of ours."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import httpx
from fastapi.routing import APIRoute
from sqlalchemy import func, select

import duban.web
from duban.adapters.database import Database
from duban.settings import Settings
from duban.web.app import create_site
from models import AccessLog, Base

from .conftest import PASSWORD, Holder, Site

#: These have no session yet: a token of their own stands in a cookie, or in the mail's link.
OTHERWISE = ("/sign-in", "/link")


def forms() -> list[str]:
    """The address of every POST of the pages, its parts filled in."""
    found = set()
    for module in pkgutil.iter_modules(duban.web.__path__):
        router = getattr(importlib.import_module(f"duban.web.{module.name}"), "router", None)
        for route in router.routes if router is not None else ():
            if isinstance(route, APIRoute) and "POST" in route.methods:
                found.add(re.sub(r"\{\w+(:\w+)?\}", "1", route.path))
    return sorted(path for path in found if not path.startswith(OTHERWISE))


def csrf_of(client: httpx.Client) -> str:
    return client.get("/account").text.split('name="csrf" value="')[1].split('"')[0]


def counts(site: Site) -> dict[str, int]:
    """How many rows each table has, but for the log of refusals."""
    tables = [t for t in Base.metadata.sorted_tables if t.name != AccessLog.__tablename__]
    with site.database.read() as session:
        return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def test_no_form_does_anything_without_a_session_its_token_and_a_page_of_ours(site: Site) -> None:
    paths = forms()
    assert len(paths) > 25
    stranger, admin = site.client(), site.signed_in("admin")
    right, foreign = csrf_of(admin), csrf_of(site.signed_in("unit"))
    before = counts(site)
    for path in paths:
        answer = stranger.post(path, data={"csrf": right})
        assert (answer.status_code, answer.headers.get("location")) == (303, "/sign-in"), path
        for data, headers in (
            ({}, {}),
            ({"csrf": foreign}, {}),
            ({"csrf": right}, {"Sec-Fetch-Site": "cross-site"}),
            ({"csrf": right}, {"Sec-Fetch-Site": "same-site"}),
            ({"csrf": right}, {"Origin": "https://evil.example.org"}),
        ):
            answer = admin.post(path, data=data, headers=headers)
            assert answer.status_code == 403, (path, data, headers, answer.status_code)
            assert "content-security-policy" in answer.headers
    assert counts(site) == before


def test_signing_in_gives_a_new_session_and_leaves_none_that_was_planted(site: Site) -> None:
    client = site.signed_in("unit")
    first = client.cookies["duban_session"]
    page = client.get("/sign-in").text
    form = {"name": "unit", "password": PASSWORD, "csrf": page.split('name="csrf" value="')[1].split('"')[0]}
    assert client.post("/sign-in", data=form).status_code == 303
    assert client.cookies["duban_session"] != first
    planted = site.client()
    planted.cookies.set("duban_session", "planted", domain="127.0.0.1", path="/")
    page = planted.get("/sign-in").text
    form["csrf"] = page.split('name="csrf" value="')[1].split('"')[0]
    answer = planted.post("/sign-in", data=form)
    assert "planted" not in answer.headers["set-cookie"]


def test_over_tls_cookies_and_pages_stay_there(server: tuple[str, Holder], seeded: Database, tmp_path: Path) -> None:
    url, holder = server
    holder.site = create_site(Settings(data_dir=tmp_path, public_url="https://duban.example.org"), seeded)
    with httpx.Client(base_url=url, trust_env=False) as client:
        for path in ("/sign-in", "/", "/api/v1/items", "/static/duban.css", "/openapi.json"):
            headers = client.get(path).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"], path
            assert headers["strict-transport-security"] == "max-age=31536000", path
        page = client.get("/sign-in")
        cookie = page.headers["set-cookie"]
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        form = {"name": "unit", "password": PASSWORD, "csrf": csrf}
        sent = {"Cookie": cookie.split(";")[0]}  # the client rightly keeps it for TLS
        done = client.post("/sign-in", data=form, headers=sent)
        assert done.status_code == 303
        assert any("duban_session=" in c and "Secure" in c for c in done.headers.get_list("set-cookie"))
