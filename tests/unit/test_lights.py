"""Lights at their boundaries, and in words."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from pathlib import Path

import pytest

from duban.adapters.workdays import official_calendar
from duban.domain.lights import LightFacts, light
from duban.domain.policies import load_policy
from duban.domain.policy_model import Colour

CALENDAR = official_calendar()
FOLDER = Path(__file__).parents[2] / "policies"
DAYS = load_policy(FOLDER / "default.toml")
GAP = load_policy(FOLDER / "lights-10-30.toml")
DUE = dt.date(2026, 3, 4)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


@pytest.mark.parametrize(
    ("as_of", "colour", "overdue", "left"),
    [
        ("02-11", Colour.GREEN, False, 11),
        ("02-12", Colour.YELLOW, False, 10),  # the day of the first reminder
        ("03-04", Colour.YELLOW, False, 0),
        ("03-05", Colour.RED, True, -1),
        ("03-12", Colour.RED, True, -6),
    ],
)
def test_a_light_turns_yellow_ten_working_days_before_and_red_the_day_after(
    as_of: str, colour: Colour, overdue: bool, left: int
) -> None:
    found = light(LightFacts(DUE), day(as_of), DAYS, CALENDAR)
    assert (found.colour, found.overdue, found.days_left) == (colour, overdue, left)


def test_on_the_rest_day_after_its_limit_an_item_is_overdue_already() -> None:
    found = light(LightFacts(day("03-06")), day("03-07"), DAYS, CALENDAR)
    assert (found.colour, found.overdue, found.days_left) == (Colour.RED, True, 0)


@pytest.mark.parametrize("long_term", [True, False])
def test_an_item_without_any_date_is_never_overdue_and_never_green(long_term: bool) -> None:
    for closed in (True, False):
        found = light(
            LightFacts(None, long_term=long_term, ended="已销号" if closed else None), day("12-31"), DAYS, CALENDAR
        )
        assert (found.colour, found.overdue, found.days_left) == (Colour.NONE, False, None)


def test_an_item_whose_dated_parts_are_done_is_green_until_a_check_in_is_late() -> None:
    kept_up = LightFacts(None, first_due_on=DUE, long_term=True, check_in_due_on=day("04-08"))
    assert light(kept_up, day("04-08"), DAYS, CALENDAR).colour is Colour.GREEN
    late = light(kept_up, day("04-09"), DAYS, CALENDAR)
    assert (late.colour, late.marks) == (Colour.YELLOW, ("长效报告逾期",))


def test_a_closed_item_is_green_however_late_it_was() -> None:
    found = light(LightFacts(DUE, ended="已销号", first_due_on=DUE), day("12-31"), DAYS, CALENDAR)
    assert (found.colour, found.reasons, found.overdue) == (Colour.GREEN, ("已销号",), False)


def test_a_pending_extension_does_not_stop_the_light_but_shows() -> None:
    found = light(LightFacts(DUE, extension_until=day("06-30")), day("03-05"), DAYS, CALENDAR)
    assert (found.colour, found.marks) == (Colour.RED, ("延期待批",))
    assert "已申请延期至2026-06-30，尚未批复，时钟不停" in found.reasons


def test_while_a_movable_limit_is_paused_the_light_stays_as_it_was() -> None:
    found = light(LightFacts(DUE, paused_on=day("02-11")), day("06-30"), DAYS, CALENDAR)
    assert (found.colour, found.overdue, found.marks) == (Colour.GREEN, False, ("暂停计时",))


def test_the_first_limit_stays_visible_after_an_extension() -> None:
    found = light(LightFacts(day("06-30"), first_due_on=DUE), day("03-05"), DAYS, CALENDAR)
    assert "最初时限为2026-03-04" in found.reasons


@pytest.mark.parametrize(
    ("progress", "colour", "gap"),
    [
        # 10 of 20 working days from 02-05 to 03-11 have elapsed on 02-26: schedule progress 50 %.
        (Fraction(1, 2), Colour.GREEN, 0),
        (Fraction(40, 100), Colour.GREEN, 10),
        (Fraction(399, 1000), Colour.YELLOW, Fraction(101, 10)),
        (Fraction(20, 100), Colour.YELLOW, 30),
        (Fraction(199, 1000), Colour.RED, Fraction(301, 10)),
        (None, Colour.RED, 50),
    ],
)
def test_lights_by_the_gap_to_schedule_progress(progress: Fraction | None, colour: Colour, gap: Fraction | int) -> None:
    facts = LightFacts(day("03-11"), started_on=day("02-05"), progress=progress)
    found = light(facts, day("02-26"), GAP, CALENDAR)
    assert (found.colour, found.gap) == (colour, gap)
    assert found.reasons[0].startswith("序时进度50%，")


def test_overdue_is_red_under_every_rule() -> None:
    facts = LightFacts(DUE, started_on=day("02-05"), progress=Fraction(1))
    assert light(facts, day("03-05"), GAP, CALENDAR).colour is Colour.RED


def test_the_reason_is_told_in_words() -> None:
    assert light(LightFacts(DUE), day("03-04"), DAYS, CALENDAR).reasons == (
        "2026-03-04到期，今日为最后一日（10个工作日以内为黄灯）",
    )
    facts = LightFacts(day("03-11"), started_on=day("02-05"), progress=Fraction(1, 3))
    assert light(facts, day("02-26"), GAP, CALENDAR).reasons == (
        "序时进度50%，实际进度33.3%，落后16.7个百分点（超过10个为黄灯，超过30个为红灯）",
        "2026-03-11到期，还有10个工作日",
    )
