"""A signed link lets one party do one thing about one notice until it expires."""

from __future__ import annotations

import datetime as dt
from typing import cast

import pytest

from duban.errors import WrongSetting
from duban.notices.errors import LinkRefused
from duban.notices.links import Claim, Purpose, sign, verify

SECRET, OTHER = b"s" * 32, b"t" * 32
NOW = dt.datetime(2026, 7, 14, 1, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=14)
TOKEN = sign(SECRET, 7, 42, LATER, Purpose.ANSWER)


def test_a_link_says_what_was_signed() -> None:
    assert verify(SECRET, TOKEN, NOW) == Claim(7, 42, Purpose.ANSWER, LATER)


def test_a_link_fits_into_an_address_as_it_is() -> None:
    assert TOKEN.replace(".", "").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("now", [LATER, LATER + dt.timedelta(seconds=1)])
def test_a_link_ends_at_its_moment(now: dt.datetime) -> None:
    with pytest.raises(LinkRefused, match="expired on 2026-07-28"):
        verify(SECRET, TOKEN, now)


def test_a_link_says_whether_it_answers_a_notice_or_reports_on_an_item() -> None:
    token = sign(SECRET, 7, 42, LATER, Purpose.REPORT)
    assert str(verify(SECRET, token, NOW)) == "item 42"
    assert str(verify(SECRET, TOKEN, NOW)) == "notice 42"


def test_a_link_does_nothing_but_what_it_is_for() -> None:
    signed_for_another = sign(SECRET, 7, 42, LATER, cast("Purpose", "sign_in"))
    with pytest.raises(LinkRefused, match="something else"):
        verify(SECRET, signed_for_another, NOW)


def test_a_link_of_another_house_is_refused() -> None:
    with pytest.raises(LinkRefused):
        verify(OTHER, TOKEN, NOW)


def test_a_link_signed_with_the_previous_secret_still_works() -> None:
    assert verify([OTHER, SECRET], TOKEN, NOW).about_id == 42


@pytest.mark.parametrize("position", range(len(TOKEN)))
def test_a_link_with_one_changed_character_is_refused(position: int) -> None:
    changed = "A" if TOKEN[position] != "A" else "B"
    with pytest.raises(LinkRefused):
        verify(SECRET, TOKEN[:position] + changed + TOKEN[position + 1 :], NOW)


@pytest.mark.parametrize(
    "token", ["", ".", "a.b", "督办.督办", "\ud800.x", TOKEN + "=", TOKEN + ".", " " + TOKEN, "x" * 10_000, TOKEN[:-1]]
)
def test_what_is_no_link_is_refused(token: str) -> None:
    with pytest.raises(LinkRefused):
        verify(SECRET, token, NOW)


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(WrongSetting, match="DUBAN_SESSION_SECRET"):
        sign(b"short", 7, 42, LATER, Purpose.ANSWER)


def test_an_expiry_without_a_time_zone_is_refused() -> None:
    with pytest.raises(LinkRefused):
        sign(SECRET, 7, 42, dt.datetime(2026, 7, 14), Purpose.ANSWER)  # noqa: DTZ001
