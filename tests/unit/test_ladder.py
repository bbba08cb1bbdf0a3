"""The ladder's decisions, around a limit of 2026-03-04 (a Wednesday after 春节 with its make-up Saturdays)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.workdays import official_calendar
from duban.domain.ladder import (
    REASON_BEFORE_START,
    REASON_MERGED,
    REASON_NOT_NEAR,
    REASON_OUTDONE,
    Decision,
    DueRung,
    PassedRung,
    all_acknowledged_on,
    due_rungs,
    first_rung_on,
    rung_dates,
)
from duban.domain.policies import load_policy, parse_policy
from duban.domain.policy_model import ClockKind

FOLDER = Path(__file__).parents[2] / "policies"
CALENDAR = official_calendar()
POLICY = load_policy(FOLDER / "default.toml")
DUE = dt.date(2026, 3, 4)
ALL = ("remind_10", "remind_3", "urge_1", "supervise_6", "circulate_11", "summon_21")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


def keys(decision: Decision) -> list[str]:
    return [due.key for due in decision.rungs_to_fire]


def test_offsets_are_working_days_around_make_up_saturdays() -> None:
    dates = {rung.key: on for rung, on in rung_dates(DUE, POLICY, CALENDAR)}
    assert dates == {
        "remind_10": day("02-12"),  # back: 3-3 3-2 2-28 27 26 25 24 14 13 12
        "remind_3": day("02-28"),
        "urge_1": day("03-05"),
        "supervise_6": day("03-12"),
        "circulate_11": day("03-19"),
        "summon_21": day("04-02"),
    }
    assert first_rung_on(DUE, POLICY, CALENDAR) == day("02-12")


def test_a_due_date_on_a_rest_day_is_rolled_before_offsets_count() -> None:
    assert rung_dates(day("02-21"), POLICY, CALENDAR) == rung_dates(day("02-24"), POLICY, CALENDAR)


@pytest.mark.parametrize(
    ("as_of", "fired", "fires", "next_on"),
    [
        ("02-11", (), [], "02-12"),
        ("02-12", (), ["remind_10"], "02-28"),
        ("02-12", ("remind_10",), [], "02-28"),  # the same night again
        ("03-04", ALL[:2], [], "03-05"),  # the last day itself is not overdue
        ("03-05", ALL[:2], ["urge_1"], "03-12"),
        ("03-12", ALL[:3], ["supervise_6"], "03-19"),
        ("04-02", ALL[:5], ["summon_21"], None),
        ("04-03", ALL, [], None),
    ],
)
def test_each_rung_fires_on_its_day_and_once(
    as_of: str, fired: tuple[str, ...], fires: list[str], next_on: str | None
) -> None:
    decision = due_rungs(DUE, fired, day(as_of), POLICY, CALENDAR)
    assert keys(decision) == fires
    assert decision.next_rung_on == (day(next_on) if next_on else None)


def test_after_missed_nights_each_skipped_rung_fires_once_in_order_with_its_own_date() -> None:
    decision = due_rungs(DUE, (), day("03-13"), POLICY, CALENDAR)
    assert [(d.key, d.due_on) for d in decision.rungs_to_fire] == [
        ("remind_10", day("02-12")),
        ("remind_3", day("02-28")),
        ("urge_1", day("03-05")),
        ("supervise_6", day("03-12")),
    ]
    assert decision.next_rung_on == day("03-19")


@pytest.mark.parametrize("as_of", ["02-15", "02-23", "03-01", "03-07"])
def test_nothing_fires_on_a_rest_day_and_the_next_look_is_a_working_day(as_of: str) -> None:
    decision = due_rungs(day("02-10"), (), day(as_of), POLICY, CALENDAR)
    assert decision.rungs_to_fire == ()
    assert decision.next_rung_on == CALENDAR.roll(day(as_of))


def test_a_make_up_saturday_is_a_night_like_any_other() -> None:
    assert keys(due_rungs(DUE, ("remind_10",), day("02-28"), POLICY, CALENDAR)) == ["remind_3"]


@pytest.mark.parametrize(
    ("as_of", "fires", "held_until", "next_on"),
    [
        ("03-19", [], "03-20", "03-23"),  # receipt on Wednesday 18: Thursday and Friday are held
        ("03-20", [], "03-20", "03-23"),
        ("03-21", [], None, "03-23"),
        ("03-23", ["circulate_11"], None, "04-02"),
    ],
)
def test_an_acknowledgement_holds_the_higher_rungs_for_two_working_days(
    as_of: str, fires: list[str], held_until: str | None, next_on: str
) -> None:
    decision = due_rungs(
        DUE, ALL[:4], day(as_of), POLICY, CALENDAR, acknowledged_on=day("03-18"), acknowledged_rung="supervise_6"
    )
    assert keys(decision) == fires
    assert decision.held_until == (day(held_until) if held_until else None)
    assert decision.next_rung_on == day(next_on)


def test_an_acknowledgement_holds_nothing_at_or_below_its_own_rung() -> None:
    decision = due_rungs(
        DUE, ALL[:2], day("03-12"), POLICY, CALENDAR, acknowledged_on=day("03-11"), acknowledged_rung="urge_1"
    )
    assert keys(decision) == ["urge_1"]
    assert [due.key for due in decision.held] == ["supervise_6"]


def test_an_acknowledgement_in_the_future_of_a_repeated_night_holds_nothing() -> None:
    decision = due_rungs(DUE, ALL[:4], day("03-19"), POLICY, CALENDAR, acknowledged_on=day("03-20"))
    assert keys(decision) == ["circulate_11"]


def test_joint_leads_acknowledge_each_for_themselves() -> None:
    assert all_acknowledged_on([day("03-13"), None]) is None
    assert all_acknowledged_on([day("03-13"), day("03-16")]) == day("03-16")
    assert all_acknowledged_on([]) is None


def test_a_paused_clock_and_one_without_a_date_stay_quiet() -> None:
    assert due_rungs(DUE, (), day("04-30"), POLICY, CALENDAR, paused=True) == Decision()
    assert due_rungs(None, (), day("04-30"), POLICY, CALENDAR) == Decision()


def test_of_the_rungs_due_before_the_clock_was_armed_only_the_highest_fires_dated_that_night() -> None:
    decision = due_rungs(DUE, (), day("03-16"), POLICY, CALENDAR, armed_on=day("03-13"))
    assert [(d.key, d.due_on) for d in decision.rungs_to_fire] == [("supervise_6", day("03-16"))]
    assert [(p.key, p.reason) for p in decision.passed] == [(key, REASON_BEFORE_START) for key in ALL[:3]]
    assert decision.next_rung_on == day("03-19")
    assert keys(due_rungs(DUE, ALL[:4], day("03-19"), POLICY, CALENDAR, armed_on=day("03-13"))) == ["circulate_11"]


def test_a_reminder_is_the_highest_while_the_limit_is_still_ahead_and_none_once_it_is_over() -> None:
    ahead = due_rungs(DUE, (), day("03-03"), POLICY, CALENDAR, armed_on=day("03-02"))
    assert [(d.key, d.due_on) for d in ahead.rungs_to_fire] == [("remind_3", day("03-03"))]
    late = parse_policy(
        (FOLDER / "default.toml").read_text(encoding="utf-8").replace("offset = 1\n", "offset = 4\n", 1)
    )
    over = due_rungs(DUE, (), day("03-06"), late, CALENDAR, armed_on=day("03-02"))
    assert keys(over) == []
    assert [(p.key, p.reason) for p in over.passed] == [
        ("remind_10", REASON_BEFORE_START),
        ("remind_3", REASON_NOT_NEAR),
    ]


def test_no_sheet_goes_beside_a_higher_one_of_the_same_night_that_outdoes_it() -> None:
    decision = due_rungs(DUE, (), day("03-12"), POLICY, CALENDAR, armed_on=day("03-11"))
    assert keys(decision) == ["supervise_6"]
    assert decision.passed[-1] == PassedRung(DueRung(POLICY.ladder()[2], day("03-05")), REASON_OUTDONE)


def test_the_highest_rung_waits_over_a_rest_day_and_the_lower_ones_are_passed_at_once() -> None:
    decision = due_rungs(DUE, (), day("03-14"), POLICY, CALENDAR, armed_on=day("03-13"))
    assert (keys(decision), len(decision.passed), decision.next_rung_on) == ([], 3, day("03-16"))


def test_nights_missed_after_the_clock_was_armed_catch_up_each_rung_in_order() -> None:
    decision = due_rungs(DUE, ("remind_10",), day("03-19"), POLICY, CALENDAR, armed_on=day("02-27"))
    assert keys(decision) == ["remind_3", "urge_1", "supervise_6", "circulate_11"]
    assert decision.rungs_to_fire[1].due_on == day("03-05")


def test_a_reminder_of_the_day_on_which_the_clock_began_still_goes() -> None:
    assert keys(due_rungs(DUE, (), day("02-13"), POLICY, CALENDAR, armed_on=day("02-12"))) == ["remind_10"]


def test_repeats_come_at_their_interval_up_to_the_cap_and_missed_ones_are_merged() -> None:
    policy = load_policy(FOLDER / "inspection.toml")
    short = {"term": "short"}
    fired = {"remind_10", "remind_3", "urge_1"}
    first = due_rungs(DUE, fired, day("03-12"), policy, CALENDAR, **short)
    assert (keys(first), first.next_rung_on) == (["supervise_6"], day("03-19"))
    again = due_rungs(DUE, fired | {"supervise_6"}, day("03-19"), policy, CALENDAR, **short)
    assert keys(again) == ["supervise_6#2", "circulate_11"]
    late = due_rungs(DUE, fired, day("03-26"), policy, CALENDAR, **short)
    assert keys(late) == ["supervise_6", "circulate_11"]
    assert [(p.key, p.reason) for p in late.passed] == [
        ("supervise_6#2", REASON_MERGED),
        ("supervise_6#3", REASON_MERGED),
    ]
    everything = fired | {"supervise_6", "supervise_6#2", "supervise_6#3", "circulate_11", "summon_21"}
    assert due_rungs(DUE, everything, day("12-31"), policy, CALENDAR, **short) == Decision()


@pytest.mark.parametrize(
    ("armed_on", "fires"),
    [
        ("2026-01-05", ["remind_10"]),  # two months: short
        ("2025-06-02", ["remind_30", "remind_10"]),  # nine months: middle
        ("2023-06-01", ["remind_60", "remind_30", "remind_10"]),  # more than two years: long
    ],
)
def test_a_policy_with_terms_reminds_longer_limits_earlier(armed_on: str, fires: list[str]) -> None:
    policy = load_policy(FOLDER / "inspection.toml")
    armed = dt.date.fromisoformat(armed_on)
    assert keys(due_rungs(DUE, (), day("02-12"), policy, CALENDAR, started_on=armed)) == fires


def test_a_late_receipt_is_asked_for_again_and_is_held_by_nothing() -> None:
    decision = due_rungs(
        day("03-16"), (), day("03-17"), POLICY, CALENDAR, kind=ClockKind.ACKNOWLEDGE, acknowledged_on=day("03-17")
    )
    assert (keys(decision), decision.next_rung_on) == (["acknowledge_1"], day("03-19"))


def test_rungs_of_a_policy_that_no_longer_exists_are_ignored() -> None:
    text = (FOLDER / "default.toml").read_text(encoding="utf-8").replace('"urge_1"', '"press_1"')
    decision = due_rungs(DUE, ("urge_1", *ALL[:2]), day("03-05"), parse_policy(text), CALENDAR)
    assert keys(decision) == ["press_1"]
