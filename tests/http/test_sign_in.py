"""Who may come in: tokens, passwords, sessions, lock-out, forms from elsewhere."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import select

from duban.errors import DubanError
from duban.services.accounts import create_user, deactivate, ensure_first_admin, identify, issue_token, set_scope
from duban.services.sign_in import MOST_ATTEMPTS, sign_in
from models import AccessLog, Token, UserRole

from .conftest import NOW, PASSWORD, Site


def csrf_of(page: str) -> str:
    return page.split('name="csrf" value="')[1].split('"', maxsplit=1)[0]


def test_without_a_token_every_address_but_health_is_refused_with_401(site: Site) -> None:
    client = site.client()
    spec = client.get("/openapi.json").json()
    for path, methods in spec["paths"].items():
        if "get" not in methods or path in ("/healthz", "/readyz"):
            continue
        address = re.sub(r"\{\w+\}", "1", path)
        answer = client.get(address)
        assert answer.status_code == 401, (address, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "not_signed_in"
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic YTpi", "Bearer duban_x y"])
def test_a_wrong_token_is_refused_with_401(site: Site, header: str) -> None:
    answer = site.client().get("/api/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["code"] in ("bad_token", "not_signed_in")


def test_a_token_is_stored_only_as_its_hash_and_says_who_it_is(site: Site) -> None:
    me = site.client("unit").get("/api/v1/me").json()
    assert me == {"name": "unit", "role": "unit", "parties": ["区市场监管局"]}
    with site.database.read() as session:
        stored = session.scalars(select(Token.hash)).all()
    assert site.token("unit") not in stored
    assert all(len(h) == 64 for h in stored)


def test_a_token_that_has_expired_is_refused(site: Site) -> None:
    secret = issue_token(site.database, user="unit", name="short", now=site.clock(), life=dt.timedelta(hours=1))
    headers = {"Authorization": f"Bearer {secret}"}
    assert site.client().get("/api/v1/me", headers=headers).status_code == 200
    site.clock.advance(hours=1)
    answer = site.client().get("/api/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (401, "The token is expired.")


def test_a_revoked_token_and_one_of_a_shut_account_stop_at_once(site: Site) -> None:
    client = site.client("supervisor")
    tokens = client.get("/api/v1/tokens").json()
    assert client.delete(f"/api/v1/tokens/{tokens[0]['id']}").status_code == 204
    assert client.get("/api/v1/me").json()["detail"] == "The token is revoked."
    unit = site.client("unit")
    assert unit.get("/api/v1/me").status_code == 200
    deactivate(site.database, name="unit", now=site.clock())
    assert unit.get("/api/v1/me").status_code == 401


def test_nobody_revokes_or_sees_the_tokens_of_others(site: Site) -> None:
    site.token("supervisor")
    unit = site.client("unit")
    assert {t["user"] for t in unit.get("/api/v1/tokens").json()} == {"unit"}
    with site.database.read() as session:
        theirs = session.scalars(select(Token.id).where(Token.name == "test")).first()
    assert unit.delete(f"/api/v1/tokens/{theirs}").status_code == 404
    assert unit.post("/api/v1/tokens", json={"name": "x", "user": "admin"}).status_code == 403
    assert unit.get("/api/v1/users").status_code == 403


def test_a_new_token_is_shown_once_and_works(site: Site) -> None:
    made = site.client("unit").post("/api/v1/tokens", json={"name": "script"})
    assert made.status_code == 201
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    assert site.client().get("/api/v1/me", headers=headers).json()["name"] == "unit"


def test_a_changed_scope_holds_from_the_next_request_on(site: Site) -> None:
    client = site.client("unit")
    mine = client.get(f"/api/v1/items/{site.item('3').id}")
    assert mine.status_code == 200
    set_scope(site.database, name="unit", role=UserRole.UNIT, parties=["区教育局"])
    assert client.get(f"/api/v1/items/{site.item('3').id}").status_code == 403


def test_refusals_are_in_the_access_log_with_who_what_and_where(site: Site) -> None:
    item = site.item("6").id
    site.client("unit").get(f"/api/v1/items/{item}")
    site.client().get("/api/v1/items")
    with site.database.read() as session:
        log = session.scalars(select(AccessLog).order_by(AccessLog.id)).all()
    lines = [(line.actor, line.action, line.outcome, line.address) for line in log]
    assert ("unit", f"GET /api/v1/items/{item}", "out_of_scope", "127.0.0.1") in lines
    assert ("-", "GET /api/v1/items", "not_signed_in", "127.0.0.1") in lines


def test_the_first_admin_gets_a_random_password_once_and_can_sign_in(sqlite_database) -> None:  # type: ignore[no-untyped-def]
    password = ensure_first_admin(sqlite_database, NOW)
    assert password
    assert len(password) >= 16
    assert ensure_first_admin(sqlite_database, NOW) is None
    opened = sign_in(sqlite_database, name="admin", password=password, address="test", now=NOW)
    assert identify(sqlite_database, secret=opened.secret, purpose="session", now=NOW).role is UserRole.ADMIN
    with pytest.raises(DubanError):  # a session is no API token
        identify(sqlite_database, secret=opened.secret, purpose="api", now=NOW)


def test_five_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour(site: Site) -> None:
    client = site.client()
    for attempt in range(MOST_ATTEMPTS + 1):
        csrf = csrf_of(client.get("/sign-in").text)
        answer = client.post("/sign-in", data={"name": "unit", "password": "wrong", "csrf": csrf})
        expected = 401 if attempt < MOST_ATTEMPTS else 429
        assert answer.status_code == expected, attempt
    csrf = csrf_of(client.get("/sign-in").text)
    right = client.post("/sign-in", data={"name": "unit", "password": PASSWORD, "csrf": csrf})
    assert right.status_code == 429
    assert "账户已锁定" in right.text
    site.clock.advance(minutes=15, seconds=1)
    site.signed_in("unit")


def test_a_right_password_forgets_the_wrong_ones_before_it(site: Site) -> None:
    for _ in range(2):
        client = site.client()
        for _ in range(MOST_ATTEMPTS - 1):
            csrf = csrf_of(client.get("/sign-in").text)
            client.post("/sign-in", data={"name": "lead", "password": "wrong", "csrf": csrf})
        site.signed_in("lead")


def test_an_unknown_name_is_answered_like_a_wrong_password(site: Site) -> None:
    client = site.client()
    csrf = csrf_of(client.get("/sign-in").text)
    unknown = client.post("/sign-in", data={"name": "nobody", "password": "wrong", "csrf": csrf})
    known = client.post("/sign-in", data={"name": "unit", "password": "wrong", "csrf": csrf})
    assert unknown.status_code == known.status_code == 401
    assert unknown.text.replace("nobody", "") == known.text.replace("unit", "")


def test_a_user_without_a_password_cannot_sign_in_to_pages(site: Site) -> None:
    create_user(site.database, name="robot", role=UserRole.VIEWER, now=NOW)
    client = site.client()
    csrf = csrf_of(client.get("/sign-in").text)
    assert client.post("/sign-in", data={"name": "robot", "password": "", "csrf": csrf}).status_code == 401


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(site: Site) -> None:
    client = site.client()
    csrf = csrf_of(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"name": "unit", "password": PASSWORD, "csrf": csrf})
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("duban_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_a_session_ends_after_twelve_hours_and_with_signing_out(site: Site) -> None:
    client = site.signed_in("unit")
    assert client.get("/my").status_code == 200
    site.clock.advance(hours=12, seconds=1)
    answer = client.get("/my")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/my")
    client = site.signed_in("unit")
    kept = dict(client.cookies)
    csrf = csrf_of(client.get("/my").text)
    assert client.post("/sign-out", data={"csrf": csrf}).status_code == 303
    stolen = site.client()
    stolen.cookies.update(kept)
    assert stolen.get("/my").status_code == 303


def test_a_changed_password_ends_every_session(site: Site) -> None:
    one, other = site.signed_in("unit"), site.signed_in("unit")
    csrf = csrf_of(one.get("/account").text)
    form = {"csrf": csrf, "old": PASSWORD, "new": "another horse 9", "again": "another horse 9"}
    assert one.post("/account/password", data=form).status_code == 303
    assert other.get("/my").status_code == 303


def test_the_sign_in_leads_on_only_to_addresses_of_this_site(site: Site) -> None:
    for target, expected in (
        ("/items/3?as_of=2026-07-01", "/items/3?as_of=2026-07-01"),
        ("https://example.org/", "/"),
        ("//example.org/", "/"),
        ("/\\example.org", "/"),
        ("javascript:alert(1)", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
    ):
        client = site.client()
        csrf = csrf_of(client.get("/sign-in").text)
        form = {"name": "unit", "password": PASSWORD, "csrf": csrf, "next": target}
        assert client.post("/sign-in", data=form).headers["location"] == expected, target


def test_a_form_without_the_sessions_token_is_refused(site: Site) -> None:
    client = site.signed_in("supervisor")
    item = site.item("3")
    form = {"action": "return_measure", "expected_version": item.version, "reason": "x"}
    for csrf in (None, "", "x" * 32, csrf_of(site.signed_in("unit").get("/my").text)):
        answer = client.post(f"/items/{item.id}/transitions", data=form if csrf is None else form | {"csrf": csrf})
        assert answer.status_code == 403, csrf
        assert "页面已过期" in answer.text
    assert site.item("3").version == item.version


def test_a_form_from_another_site_is_refused_even_with_the_right_token(site: Site) -> None:
    client = site.signed_in("supervisor")
    item = site.item("3")
    csrf = csrf_of(client.get(f"/items/{item.id}").text)
    form = {"csrf": csrf, "action": "return_measure", "expected_version": item.version, "reason": "x"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example.org"}):
        answer = client.post(f"/items/{item.id}/transitions", data=form, headers=headers)
        assert answer.status_code == 403
    assert client.post(f"/items/{item.id}/transitions", data=form).status_code == 303


def test_a_session_cookie_opens_no_api(site: Site) -> None:
    client = site.signed_in("admin")
    assert client.get("/api/v1/items").status_code == 401
    assert client.get("/metrics").status_code == 401


def test_every_answer_carries_the_security_headers(site: Site) -> None:
    client = site.signed_in("unit")
    for path in ("/", "/items", "/sign-in", "/api/v1/items", "/nothing-here", "/static/duban.css"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe-inline" not in policy, path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
