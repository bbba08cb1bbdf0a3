"""Signing in at an office's own identity provider, against a real one on loopback that can be told to lie."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select

from duban.adapters.database import Database
from duban.errors import WrongSetting
from duban.services.accounts import deactivate
from duban.services.single_sign_on import external_id, link
from duban.settings import Settings, load_settings
from duban.web.app import create_site
from models import AccessLog, PendingSignIn, User

from .conftest import AS_OF, PASSWORD, Clock, Holder, Site
from .provider import CLIENT, SECRET, Provider, start

MAIL = "zhang@example.org"


@pytest.fixture
def provider() -> Iterator[Provider]:
    found, server = start()
    found.person = {"sub": "4711", "email": MAIL, "email_verified": True}
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def site(server: tuple[str, Holder], seeded: Database, tmp_path: Any, provider: Provider) -> Iterator[Site]:
    url, holder = server
    settings = Settings(
        data_dir=tmp_path,
        public_url=url,
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )
    clock = Clock()
    provider.now = clock.now.timestamp()
    holder.site = create_site(settings, seeded, now=clock, as_of=lambda: AS_OF)
    found = Site(url, seeded, clock, settings, plan_id=1)
    yield found
    for client in found.clients:
        client.close()


def there(client: httpx.Client, target: str = "/my") -> str:
    """To the provider and to the address that it leads back to, which nobody has followed yet."""
    begun = client.get("/sign-in/oidc", params={"next": target})
    assert begun.status_code == 303, begun.text
    answer = httpx.get(begun.headers["location"], trust_env=False)
    return str(answer.headers["location"])


def sign_in(site: Site, target: str = "/my") -> tuple[httpx.Client, httpx.Response]:
    client = site.client()
    return client, client.get(there(client, target))


def signed_in_as(client: httpx.Client) -> str | None:
    answer = client.get("/account")
    return answer.text.split('<p class="lead">')[1].split("，")[0] if answer.status_code == 200 else None


def log(site: Site) -> list[tuple[str, str]]:
    with site.database.read() as session:
        query = select(AccessLog.actor, AccessLog.outcome).where(AccessLog.action == "sign_in_oidc")
        return list(session.execute(query.order_by(AccessLog.id)).tuples())


def test_a_linked_person_gets_a_session_and_is_known_by_their_subject_from_then_on(
    site: Site, provider: Provider
) -> None:
    assert "单位统一认证登录" in site.client().get("/sign-in").text
    link(site.database, name="unit", mail="Zhang@Example.org")
    client, answer = sign_in(site)
    assert (answer.status_code, answer.headers["location"]) == (303, "/my")
    assert signed_in_as(client) == "unit"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("duban_session="))
    assert "HttpOnly" in cookie
    # Somebody else who is given that address later is not that person.
    provider.person["email"] = "renamed@example.org"
    assert signed_in_as(sign_in(site)[0]) == "unit"
    provider.person |= {"sub": "4712", "email": MAIL}
    stranger, refused = sign_in(site)
    assert refused.status_code == 403
    assert signed_in_as(stranger) is None
    assert log(site) == [("unit", "done"), ("unit", "done"), (MAIL, "unknown_person")]


def test_a_person_without_an_account_gets_none_and_is_told_what_to_ask_for(site: Site) -> None:
    with site.database.read() as session:
        before = session.scalars(select(User.name)).all()
    client, answer = sign_in(site)
    assert answer.status_code == 403
    assert "您还没有督办系统的账户" in answer.text
    assert f"duban user link 用户名 --mail {MAIL}" in answer.text
    assert signed_in_as(client) is None
    with site.database.read() as session:
        assert session.scalars(select(User.name)).all() == before


def test_an_address_that_the_provider_has_not_verified_links_nobody(site: Site, provider: Provider) -> None:
    link(site.database, name="unit", mail=MAIL)
    for claim in (False, None, "true", 1):
        provider.person["email_verified"] = claim
        client, answer = sign_in(site)
        assert (answer.status_code, signed_in_as(client)) == (403, None), claim
        assert "--subject 4711" in answer.text
    link(site.database, name="unit", external=external_id(provider.url, "4711"))
    assert signed_in_as(sign_in(site)[0]) == "unit"


def test_an_address_that_only_the_user_information_gives_counts(site: Site, provider: Provider) -> None:
    link(site.database, name="lead", mail=MAIL)
    provider.mail_in_token = False
    assert signed_in_as(sign_in(site)[0]) == "lead"
    assert "/userinfo" in provider.asked


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://elsewhere.example.org"},
        {"aud": "another client"},
        {"aud": [CLIENT, "another client"]},  # several audiences, and nobody says for whom it was made
        {"azp": "another client"},
        {"exp": 0},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"at_hash": "x"},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_opens_nothing(site: Site, provider: Provider, lie: dict[str, Any]) -> None:
    link(site.database, name="admin", mail=MAIL)
    provider.claims = lie
    client, answer = sign_in(site)
    assert (answer.status_code, signed_in_as(client)) == (401, None)
    assert "统一认证没有成功" in answer.text
    assert log(site) == [("-", "provider_refused")]


def test_a_token_that_the_provider_did_not_sign_opens_nothing(site: Site, provider: Provider) -> None:
    link(site.database, name="admin", mail=MAIL)
    foreign = RSAKey.generate_key(2048, {"kid": provider.published.kid})
    for header, key in (({"alg": "none"}, None), ({"alg": "HS256"}, None), ({}, foreign)):
        provider.header, provider.key = header, key
        client, answer = sign_in(site)
        assert (answer.status_code, signed_in_as(client)) == (401, None), header


def test_a_token_that_has_expired_on_the_way_opens_nothing(site: Site, provider: Provider) -> None:
    link(site.database, name="admin", mail=MAIL)
    provider.now -= 3600
    client, answer = sign_in(site)
    assert (answer.status_code, signed_in_as(client)) == (401, None)


def test_keys_that_the_provider_has_changed_are_read_anew(site: Site, provider: Provider) -> None:
    link(site.database, name="unit", mail=MAIL)
    assert signed_in_as(sign_in(site)[0]) == "unit"
    provider.rotate()
    assert signed_in_as(sign_in(site)[0]) == "unit"


def test_an_answer_counts_once_in_the_browser_that_asked_and_for_ten_minutes(site: Site) -> None:
    link(site.database, name="unit", mail=MAIL)
    victim, thief = site.client(), site.client()
    back = there(victim)
    assert thief.get(back).status_code == 401  # the link was passed on
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert victim.get("/sign-in/oidc/callback", params={"state": state[:-1], "code": "x"}).status_code == 401
    kept = dict(victim.cookies)
    assert victim.get(back).status_code == 303
    victim.cookies.update(kept)
    assert victim.get(back).status_code == 401  # played again
    late = site.client()
    back = there(late)
    site.clock.advance(minutes=10)
    assert late.get(back).status_code == 401
    there(site.client())
    with site.database.read() as session:  # what nobody came back with is cleared away
        assert len(session.scalars(select(PendingSignIn)).all()) == 1


def test_an_answer_of_another_provider_and_a_refusal_of_the_provider_open_nothing(site: Site) -> None:
    link(site.database, name="unit", mail=MAIL)
    client = site.client()
    back = there(client)
    mixed = client.get(back.replace("iss=", "iss=https%3A%2F%2Felsewhere.example.org&was="))
    assert mixed.status_code == 401
    client = site.client()
    state = parse_qs(urlsplit(there(client)).query)["state"][0]
    refused = client.get("/sign-in/oidc/callback", params={"state": state, "error": "access_denied"})
    assert refused.status_code == 401
    assert signed_in_as(client) is None


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "/\\example.org", "/x\r\ny"])
def test_it_leads_on_only_to_addresses_of_this_site(site: Site, target: str) -> None:
    link(site.database, name="unit", mail=MAIL)
    assert sign_in(site, target)[1].headers["location"] == "/"


def test_an_account_that_is_locked_or_shut_stays_so(site: Site) -> None:
    link(site.database, name="unit", mail=MAIL)
    with site.database.write() as session:
        user = session.scalars(select(User).where(User.name == "unit")).one()
        user.locked_until = site.clock.now + dt.timedelta(minutes=5)
    client, answer = sign_in(site)
    assert (answer.status_code, signed_in_as(client)) == (429, None)
    site.clock.advance(minutes=5, seconds=1)
    assert signed_in_as(sign_in(site)[0]) == "unit"
    deactivate(site.database, name="unit", now=site.clock())
    client, answer = sign_in(site)
    assert (answer.status_code, signed_in_as(client)) == (403, None)


def test_a_session_that_was_there_before_is_replaced(site: Site) -> None:
    link(site.database, name="unit", mail=MAIL)
    client = site.client()
    client.cookies.set("duban_session", "planted", path="/")
    client.get(there(client))
    assert "planted" not in client.cookies.get("duban_session", domain="127.0.0.1", default="")
    assert signed_in_as(client) == "unit"


def test_signing_out_ends_the_session_and_offers_to_end_the_providers_too(site: Site, provider: Provider) -> None:
    link(site.database, name="unit", mail=MAIL)
    client, _ = sign_in(site)
    csrf = client.get("/my").text.split('name="csrf" value="')[1].split('"')[0]
    out = client.post("/sign-out", data={"csrf": csrf})
    page = client.get(out.headers["location"])
    assert "同时退出统一认证" in page.text
    assert signed_in_as(client) is None
    end = urlsplit(client.get("/sign-in/oidc/end").headers["location"])
    assert f"{end.scheme}://{end.netloc}{end.path}" == provider.url + "/end"
    assert parse_qs(end.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": [site.url + "/sign-in"]}
    assert site.signed_in("unit").get("/my").status_code == 200  # with the password as before
    assert PASSWORD not in page.text


def test_a_provider_that_is_away_or_is_another_says_so_and_the_password_still_works(
    site: Site, provider: Provider
) -> None:
    provider.down = True
    answer = site.client().get("/sign-in/oidc")
    assert answer.status_code == 502
    assert "统一认证暂时不能使用" in answer.text
    provider.down, provider.issuer_said = False, "https://elsewhere.example.org"
    assert site.client().get("/sign-in/oidc").status_code == 502
    site.signed_in("unit")


def test_an_administrator_links_and_unlinks_on_the_page(site: Site) -> None:
    admin = site.signed_in("admin")
    csrf = admin.get("/account").text.split('name="csrf" value="')[1].split('"')[0]
    form = {"csrf": csrf, "name": "unit", "change": "link"}
    assert admin.post("/account/users/change", data=form | {"mail": "no address"}).status_code == 422
    assert admin.post("/account/users/change", data=form | {"mail": MAIL}).status_code == 200
    taken = admin.post("/account/users/change", data=form | {"name": "lead", "mail": MAIL})
    assert taken.status_code == 409
    assert signed_in_as(sign_in(site)[0]) == "unit"
    assert "已关联" in admin.get("/account").text
    admin.post("/account/users/change", data=form | {"mail": ""})
    assert signed_in_as(sign_in(site)[0]) is None


def test_without_a_provider_nothing_of_it_shows(server: tuple[str, Holder], seeded: Database, tmp_path: Any) -> None:
    url, holder = server
    holder.site = create_site(Settings(data_dir=tmp_path), seeded)
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert "统一认证" not in client.get("/sign-in").text
        assert client.get("/sign-in/oidc").status_code == 404
        assert client.get("/sign-in/oidc/callback").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"DUBAN_OIDC_ISSUER": "https://id.example.org"},
        {"DUBAN_OIDC_CLIENT_ID": "duban"},
        {"DUBAN_OIDC_ISSUER": "http://id.example.org", "DUBAN_OIDC_CLIENT_ID": "duban"},
    ],
)
def test_half_a_provider_or_one_without_tls_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting, match="DUBAN_OIDC"):
        load_settings()
