"""Somebody signs out at the provider, and the provider says so: their sessions here end, and nobody else's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select

from duban.services.single_sign_on import link
from models import AccessLog

from .conftest import Site
from .provider import Provider
from .test_single_sign_on import MAIL, log, provider, sign_in, signed_in_as, site

__all__ = ["provider", "site"]


def told(site: Site, token: str) -> httpx.Response:
    return site.client().post("/sign-in/oidc/signed-out", data={"logout_token": token})


def test_one_session_at_the_provider_ends_the_one_that_came_out_of_it(site: Site, provider: Provider) -> None:
    link(site.database, name="unit", mail=MAIL)
    provider.session = "office-machine"
    first, _ = sign_in(site)
    provider.session = "at-home"
    second, _ = sign_in(site)
    password = site.signed_in("unit")
    assert told(site, provider.logout_token(sid="office-machine")).status_code == 200
    assert [signed_in_as(c) for c in (first, second, password)] == [None, "unit", "unit"]
    with site.database.read() as session:
        line = session.scalars(select(AccessLog).where(AccessLog.action == "sign_out_oidc")).one()
    assert (line.actor, line.outcome) == ("unit", "done")


def test_without_a_session_all_of_the_persons_end_but_those_by_password_and_of_others(
    site: Site, provider: Provider
) -> None:
    link(site.database, name="unit", mail=MAIL)
    mine = [sign_in(site)[0] for _ in range(2)]
    password = site.signed_in("unit")
    link(site.database, name="lead", mail="li@example.org")
    provider.person = {"sub": "4712", "email": "li@example.org", "email_verified": True}
    other, _ = sign_in(site)
    assert told(site, provider.logout_token(sub="4711", sid=None)).status_code == 200
    assert [signed_in_as(c) for c in (*mine, password, other)] == [None, None, "unit", "lead"]
    assert told(site, provider.logout_token(sub="nobody here")).status_code == 200


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://elsewhere.example.org"},
        {"aud": "another client"},
        {"aud": None},
        {"events": None},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"nonce": "as in an ID token"},
        {"jti": None},
        {"sub": None, "sid": None},
        {"sub": 4711},
        {"iat": 0},
        {"iat": None},
        {"exp": None},
        {"exp": 1},
    ],
    ids=str,
)
def test_a_word_that_is_not_wholly_right_ends_nothing(site: Site, provider: Provider, lie: dict[str, Any]) -> None:
    link(site.database, name="unit", mail=MAIL)
    client, _ = sign_in(site)
    answer = told(site, provider.logout_token(**lie))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert signed_in_as(client) == "unit"


def test_nobody_but_the_provider_ends_sessions(site: Site, provider: Provider) -> None:
    link(site.database, name="unit", mail=MAIL)
    client, _ = sign_in(site)
    true = provider.logout_token()
    provider.key = RSAKey.generate_key(2048, {"kid": provider.published.kid})
    for token in (provider.logout_token(), "", "x.y.z", true[:-4], provider.id_token({"nonce": "n"})):
        assert told(site, token).status_code == 400
    assert signed_in_as(client) == "unit"
    with site.database.read() as session:
        refused = session.scalars(select(AccessLog.outcome).where(AccessLog.outcome == "logout_refused")).all()
    assert len(refused) == 5
    assert log(site)[-1] == ("unit", "done")


def test_an_old_word_ends_no_session_that_was_opened_since(site: Site, provider: Provider) -> None:
    link(site.database, name="unit", mail=MAIL)
    kept = provider.logout_token(exp=int(provider.now) + 100_000)
    site.clock.advance(minutes=5)
    provider.now += 300
    client, _ = sign_in(site)
    assert told(site, kept).status_code == 200
    assert signed_in_as(client) == "unit"
    site.clock.advance(minutes=20)
    assert told(site, kept).status_code == 400


def test_where_there_is_no_provider_there_is_nothing_to_tell(site: Site, provider: Provider) -> None:
    link(site.database, name="unit", mail=MAIL)
    client, _ = sign_in(site)
    provider.rotate()
    provider.down = True
    assert told(site, provider.logout_token()).status_code in (400, 502)
    assert signed_in_as(client) == "unit"
