"""The stream of events: many listeners, slow ones, a night's worth at once, and keys that end while it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import select

from duban.api import stream
from duban.domain.actors import Actor
from duban.services.accounts import deactivate, revoke_token, set_scope
from duban.services.event_log import Happening, append_all
from models import Event, Token, UserRole

from .conftest import Site


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream looks often, and asks for the key every fifth of a second."""
    monkeypatch.setattr(stream, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.2)


def write(site: Site, times: int, number: str = "3") -> None:
    """So many events of an item at once, as a night writes them."""
    item, now = site.item(number), site.clock()
    with site.database.write() as session:
        happened = [Happening(item.id, "rung.fired", Actor("night", "system"), now) for _ in range(times)]
        append_all(session, happened, now)


def messages(lines: Iterator[str], most: int) -> list[dict[str, Any]]:
    """So many events of a stream; greetings and comments are passed over."""
    found: list[dict[str, Any]] = []
    for line in lines:
        if line.startswith("data: {") and line != "data: {}":
            found.append(json.loads(line.removeprefix("data: ")))
            if len(found) == most:
                break
    return found


def test_what_a_night_writes_at_once_comes_whole_in_order_and_without_doubles(site_on_both: Site) -> None:
    client = site_on_both.client("supervisor")
    with client.stream("GET", "/api/v1/events/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 3000"
        write(site_on_both, 1_300)
        ids = [m["id"] for m in messages(lines, 1_300)]
    assert ids == sorted(set(ids))
    with client.stream("GET", "/api/v1/events/stream", headers={"Last-Event-ID": str(ids[699])}) as answer:
        assert [m["id"] for m in messages(answer.iter_lines(), 600)] == ids[700:]


def test_many_listen_at_once_and_each_hears_what_is_theirs(site: Site) -> None:
    mine, office = site.item("3").id, site.item("6").id
    with ExitStack() as stack:
        open_ones = [
            (person, stack.enter_context(site.client(person).stream("GET", "/api/v1/events/stream")).iter_lines())
            for person in ("unit", "supervisor", "lead", "other unit") * 5
        ]
        for _, lines in open_ones:
            assert next(lines) == "retry: 3000"
        write(site, 1, "6")
        write(site, 1, "3")
        for person, lines in open_ones:
            expected = [office, mine] if person == "supervisor" else [mine] if person in ("unit", "lead") else []
            assert [m["item_id"] for m in messages(lines, len(expected))] == expected if expected else True


def test_whoever_does_not_read_keeps_nobody_waiting_and_misses_nothing(site: Site) -> None:
    with (
        site.client("supervisor").stream("GET", "/api/v1/events/stream") as slow,
        site.client("supervisor").stream("GET", "/api/v1/events/stream") as quick_one,
    ):
        behind, ahead = slow.iter_lines(), quick_one.iter_lines()
        assert next(behind) == next(ahead) == "retry: 3000"
        write(site, 3_000)
        assert len(messages(ahead, 3_000)) == 3_000
        assert len(messages(behind, 3_000)) == 3_000


@pytest.mark.parametrize("how", ["revoked", "shut"])
def test_a_key_that_ends_ends_its_stream(site: Site, how: str) -> None:
    client = site.client("unit")
    with client.stream("GET", "/api/v1/events/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 3000"
        if how == "revoked":
            with site.database.read() as session:
                token = session.scalars(
                    select(Token.id).where(Token.purpose == "api").order_by(Token.id.desc())
                ).first()
            revoke_token(site.database, token_id=token or 0, now=site.clock())
        else:
            deactivate(site.database, name="unit", now=site.clock())
        said = [line for line in lines if line and not line.startswith(":")]
    assert said == ["event: signed_out", "data: {}"]


def test_a_changed_scope_changes_what_a_stream_that_runs_tells(site: Site) -> None:
    theirs = site.client("other unit").get("/api/v1/items").json()["items"][0]
    with site.client("unit").stream("GET", "/api/v1/events/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 3000"
        set_scope(site.database, name="unit", role=UserRole.UNIT, parties=["区住建局"])
        for line in lines:  # comments now and then: by the second one the key has been asked for
            if line.startswith(": still"):
                break
        next(line for line in lines if line.startswith(": still"))
        write(site, 1, "3")
        write(site, 1, theirs["number"])
        assert [m["item_id"] for m in messages(lines, 1)] == [theirs["id"]]


def test_only_so_many_streams_at_a_time_and_one_that_ends_makes_room(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setattr(stream, "_open", set())
    monkeypatch.setattr(stream, "MOST_STREAMS", 2)
    client = site.client("unit")
    with ExitStack() as stack:
        listening = [stack.enter_context(client.stream("GET", "/api/v1/events/stream")).iter_lines() for _ in range(2)]
        assert [next(lines) for lines in listening] == ["retry: 3000"] * 2
        with client.stream("GET", "/api/v1/events/stream") as refused:
            assert refused.status_code == 429
    for _ in range(100):
        with client.stream("GET", "/api/v1/events/stream") as answer:
            if answer.status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("those who went away still take the room")


def test_events_by_number_are_the_same_as_in_the_stream(site: Site) -> None:
    write(site, 3)
    client = site.client("supervisor")
    with site.database.read() as session:
        newest = session.scalars(select(Event.id).order_by(Event.id.desc())).first() or 0
    polled = client.get("/api/v1/events", params={"after": newest - 3}).json()
    with client.stream("GET", "/api/v1/events/stream", headers={"Last-Event-ID": str(newest - 3)}) as answer:
        assert messages(answer.iter_lines(), 3) == polled
