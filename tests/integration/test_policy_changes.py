"""A plan's rules, changed: shown rule by rule and clock by clock, then applied; nothing is sent twice."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from duban.adapters.database import Database
from duban.domain.policies import PolicyInvalid
from duban.domain.policy_effects import EFFECTS
from duban.domain.policy_model import ClockKind, Colour, Policy
from duban.errors import Forbidden
from duban.services import policy_changes
from duban.services.night import preview as would_send
from duban.services.queries.explain import explain_item
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.scope import WHOLE
from duban.settings import ROOT
from models import Clock, ClosingStep, Plan, PolicyEdition, RungFired
from tests.integration.ledger import CLERK, NOW, POLICY, TODAY, UNIT, World, a_night, a_world, an_item, due

EARLIER = POLICY.replace("offset = -10", "offset = -15", 1)
INSPECTION = (ROOT / "policies" / "inspection.toml").read_text(encoding="utf-8")


def test_a_policy_is_previewed_rule_by_rule_and_clock_by_clock(database: Database) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))), an_item("2"))
    change = policy_changes.preview(
        database, plan=world.plan.code, text=EARLIER, filename="own.toml", as_of=dt.date(2026, 7, 13)
    )
    assert [(r.key, r.before, r.after) for r in change.rules] == [("rung.remind_10.offset", "-10", "-15")]
    assert [(c.number, c.next_before, c.next_after) for c in change.clocks] == [
        ("1", dt.date(2026, 8, 17), dt.date(2026, 8, 10))
    ]
    assert not change.applied
    assert world.of(Clock)[0].next_rung_on == dt.date(2026, 8, 17)


def test_a_policy_applied_decides_running_clocks_anew_and_keeps_the_one_it_replaces(database: Database) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))), an_item("2"))
    policy_changes.apply(database, plan=world.plan.code, text=EARLIER, filename="own.toml", actor=CLERK, now=NOW)
    assert world.of(Clock)[0].next_rung_on == dt.date(2026, 8, 10)
    assert world.all(Plan)[0].policy == EARLIER
    (kept,) = world.all(PolicyEdition)
    assert (kept.policy, kept.replaced_by) == (POLICY, CLERK.name)
    assert world.events()[-1].type == "policy.applied"
    assert world.events("2")[-1].type != "policy.applied"


def test_a_rung_that_was_fired_is_never_fired_again_wherever_its_day_moves(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))))
    a_night(database, tmp_path, dt.date(2026, 8, 17))
    assert [r.rung for r in world.all(RungFired)] == ["remind_10"]
    later = POLICY.replace("offset = -10", "offset = -8", 1)
    at = dt.datetime(2026, 8, 17, 2, 0, tzinfo=dt.UTC)
    policy_changes.apply(database, plan=world.plan.code, text=later, filename="own.toml", actor=CLERK, now=at)
    for day in (18, 19, 20, 21):
        a_night(database, tmp_path, dt.date(2026, 8, day))
    assert [r.rung for r in world.all(RungFired)] == ["remind_10"]
    a_night(database, tmp_path, dt.date(2026, 8, 26))
    assert [r.rung for r in world.all(RungFired)] == ["remind_10", "remind_3"]


def test_a_rung_whose_new_day_has_come_is_looked_at_in_the_next_night(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 7, 29))))
    assert world.of(Clock)[0].next_rung_on == dt.date(2026, 7, 15)
    policy_changes.apply(database, plan=world.plan.code, text=EARLIER, filename="own.toml", actor=CLERK, now=NOW)
    a_night(database, tmp_path, dt.date(2026, 7, 14))
    assert [r.rung for r in world.all(RungFired)] == ["remind_10"]


def test_terms_decide_which_rungs_a_limit_has(database: Database) -> None:
    near, far = dt.date(2026, 9, 30), dt.date(2028, 12, 29)
    world = a_world(database, an_item("1", **due(near)), an_item("2", **due(far)), policy=INSPECTION)
    keys = {
        number: "\n".join(
            explain_item(database, item_id=world.ids[number], scope=WHOLE, as_of=dt.date(2026, 7, 13)).clocks[0].ladder
        )
        for number in ("1", "2")
    }
    assert "到期前60个工作日" not in keys["1"]
    assert "到期前60个工作日" in keys["2"]
    first = world.of(Clock, "1")[0].next_rung_on
    assert first == dt.date(2026, 9, 16), "a short limit is first looked at ten working days before, over 中秋"


def test_a_wrong_policy_is_refused_with_its_line_and_the_plan_keeps_its_own(database: Database) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))))
    with pytest.raises(PolicyInvalid, match="line"):
        policy_changes.apply(
            database,
            plan=world.plan.code,
            text=POLICY.replace("offset = -10", "offset = 40", 1),
            filename="own.toml",
            actor=CLERK,
            now=NOW,
        )
    assert world.all(Plan)[0].policy == POLICY


def test_only_the_supervision_office_changes_the_rules(database: Database) -> None:
    world = a_world(database, an_item("1"))
    with pytest.raises(Forbidden):
        policy_changes.apply(database, plan=world.plan.code, text=EARLIER, filename="x", actor=UNIT, now=NOW)


# -- what is shown is what happens --------------------------------------------------------------------------------

Numbers = dict[str, Any]


def in_force(world: World, day: dt.date = TODAY) -> Numbers:
    """What stands on a day: each light as the board's list has it, each clock's days, the night's sheets."""
    page = list_items(world.database, scope=WHOLE, as_of=day, where=ItemFilter(plan=world.plan.code), limit=200)
    lights = {row.number: Colour(row.light) for row in page.items}
    clocks = {c.id: (c.due_on, c.next_rung_on) for c in world.all(Clock)}
    night = {(w.item_id, w.rung) for w in would_send(world.database, day, [world.plan.plan_id])}
    return {"lights": lights, "clocks": clocks, "night": night}


def edited(*changes: tuple[str, str]) -> str:
    text = POLICY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def by_gap(yellow: int, red: int) -> tuple[str, str]:
    return (
        'rule = "days_left" # 逾期为红灯；到期前 yellow_days 个工作日起为黄灯\nyellow_days = 10',
        f'rule = "schedule_gap"\nyellow_days = 10\nyellow_points = {yellow}\nred_points = {red}',
    )


CHANGES = {
    "fewer yellow days": edited(("yellow_days = 10", "yellow_days = 5")),
    "more yellow days": edited(("yellow_days = 10", "yellow_days = 40")),
    "lights by the gap": edited(by_gap(10, 30)),
    "a rung earlier": EARLIER,
    "a rung later": edited(("offset = 6\n", "offset = 8\n")),
    "a rung of reports": edited(('key = "check_in_due"\noffset = -3', 'key = "check_in_due"\noffset = -5')),
    "reports each quarter": edited(('every = "monthly"\ngrace_days = 5', 'every = "quarterly"\ngrace_days = 5')),
    "verified sooner": edited(("[verify]\ndays = 10", "[verify]\ndays = 4")),
    "looked at again sooner": edited(("days = 180", "days = 90")),
    "receipts later": edited(("days = 2      #", "days = 3      #")),
    "published": edited(("[publication]\ndays = 0", "[publication]\ndays = 5")),
    "dates move": edited(("fixed_dates_move = false", "fixed_dates_move = true")),
    "other terms": INSPECTION,
}


def a_mixed_world(database: Database) -> World:
    """Four yellow items (one of them within five working days), one green, one late, one long-term, one asked for."""
    dates = {"1": 15, "2": 21, "3": 23, "4": 24, "5": 31, "6": 6, "8": 31}
    items = [an_item(number, **due(dt.date(2026, 7, day))) for number, day in dates.items()]
    world = a_world(database, *items, an_item("7", long_term=True), an_item("9", **due(dt.date(2026, 11, 30))))
    world.finish_work("8")
    world.step(ClosingStep.REQUEST, "8", actor=UNIT)
    return world


@pytest.mark.parametrize("text", CHANGES.values(), ids=CHANGES)
def test_whatever_a_preview_of_rules_shows_is_what_holds_once_they_are_applied(database: Database, text: str) -> None:
    world = a_mixed_world(database)
    before = in_force(world)
    shown = policy_changes.preview(database, plan=world.plan.code, text=text, filename="own.toml", as_of=TODAY)
    assert in_force(world) == before, "a preview writes nothing"
    assert {key for effect in shown.effects for key in effect.rules} == {r.key for r in shown.rules}
    done = policy_changes.apply(database, plan=world.plan.code, text=text, filename="own.toml", actor=CLERK, now=NOW)
    after = in_force(world)
    changed = {n: (old, after["lights"][n]) for n, old in before["lights"].items() if old != after["lights"][n]}
    assert {c.number: (c.before, c.after) for c in shown.lights} == changed
    assert {i: on for i, (on, _) in after["clocks"].items()} == {i: on for i, (on, _) in before["clocks"].items()}
    for clock in shown.clocks:
        look = after["clocks"][clock.clock_id][1]
        assert look == (TODAY if clock.fires_after else clock.next_after)
    fired = {(c.item_id, rung) for c in shown.clocks for rung in set(c.fires_after) - set(c.fires_before)}
    spared = {(c.item_id, rung) for c in shown.clocks for rung in set(c.fires_before) - set(c.fires_after)}
    assert (after["night"] - before["night"], before["night"] - after["night"]) == (fired, spared)
    assert dataclasses.replace(done, applied=False) == shown


def test_of_four_yellow_items_three_are_shown_turning_green_by_fewer_yellow_days(database: Database) -> None:
    world = a_mixed_world(database)
    text = CHANGES["fewer yellow days"]
    shown = policy_changes.preview(database, plan=world.plan.code, text=text, filename="own.toml", as_of=TODAY)
    assert [(c.number, c.before, c.after) for c in shown.lights] == [
        (number, Colour.YELLOW, Colour.GREEN) for number in ("2", "3", "4")
    ]
    assert [e.text for e in shown.effects] == ["灯色生效后即按新规则判定，有变的事项逐项列出"]


def test_a_term_that_begins_later_is_shown_to_leave_what_runs_and_takes_what_comes(database: Database) -> None:
    world = a_mixed_world(database)
    text = CHANGES["verified sooner"]
    shown = policy_changes.preview(database, plan=world.plan.code, text=text, filename="own.toml", as_of=TODAY)
    assert [e.text for e in shown.effects] == ["此后申请销号的按新期限核查，正在核查的期限不变（现有1个）"]
    policy_changes.apply(database, plan=world.plan.code, text=text, filename="own.toml", actor=CLERK, now=NOW)
    world.finish_work("9")
    world.step(ClosingStep.REQUEST, "9", actor=UNIT)
    verify = {c.item_id: c.due_on for c in world.all(Clock, Clock.kind == ClockKind.VERIFY)}
    assert (verify[world.ids["8"]], verify[world.ids["9"]]) == (dt.date(2026, 7, 27), dt.date(2026, 7, 17))


def test_every_rule_that_a_policy_has_says_what_it_does() -> None:
    known = {f.name for f in dataclasses.fields(Policy)} - {"text", "sources", "rungs"}
    singular = {"seasons": "season", "terms": "term", "reviews": "review", "papers": "paper"}
    assert {singular.get(name, name) for name in known} == set(EFFECTS)
