"""A plan's rules, changed: shown rule by rule and clock by clock, then applied; nothing is sent twice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.domain.policies import PolicyInvalid
from duban.errors import Forbidden
from duban.services import policy_changes
from duban.services.queries.explain import explain_item
from duban.services.queries.scope import WHOLE
from duban.settings import ROOT
from models import Clock, Plan, PolicyEdition, RungFired
from tests.integration.ledger import CLERK, NOW, POLICY, UNIT, a_night, a_world, an_item, due

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
