"""更正: what was read wrong of an item under way is set right, and nothing that was done is lost or said twice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.domain.limits import read_limit
from duban.errors import Forbidden, Quarantined, StaleVersion
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode
from duban.services.checks import check
from duban.services.corrections import CorrectionRefused, correct
from duban.services.item_fields import Edit
from duban.services.progress import report_measure
from models import Clock, ClockState, Event, Item, Measure, Progress, RungFired

from .ledger import CLERK, NOW, POLICY, UNIT, World, a_night, a_world, an_item, due

DUE = dt.date(2026, 7, 10)


def under_way(database: Database, mails: Path) -> World:
    """Item 1 is three days late and was urged; one of its two measures is done. Item 2 is in doubt."""
    items = [an_item("1", measures=["甲", "乙"], responsible_units=["区住建局"], **due(DUE)), an_item("2", **due(DUE))]
    doubt = Doubt(AnomalyCode.REPEATED_FIELD, "两处时限", 1, number="2", blocks=True)
    world = a_world(database, *items, doubts=[doubt])
    a_night(database, mails, dt.date(2026, 7, 13))
    measure = next(m for m in world.all(Measure) if m.text == "甲")
    report_measure(database, measure_id=measure.id, progress=Progress.DONE, actor=CLERK, expected_version=None, now=NOW)
    return world


def item(world: World, number: str = "1") -> Item:
    return next(i for i in world.all(Item) if i.number == number)


def fix(world: World, edit: Edit, reason: str = "原文如此，读取有误", **more: object) -> object:
    given = {"item_id": item(world).id, "actor": CLERK, "now": NOW, **more}
    return correct(world.database, edit=edit, reason=reason, **given)  # type: ignore[arg-type]


def test_a_corrected_limit_supersedes_its_clock_and_what_was_sent_is_not_sent_again(
    database: Database, tmp_path: Path
) -> None:
    world = under_way(database, tmp_path)
    fired = {r.rung for r in world.all(RungFired)}
    assert fired
    done = fix(world, Edit(time_limit="2026年7月9日前完成", measures=("甲", "乙", "丙"), support_units=("区教育局",)))
    assert set(done.fields) == {"time_limit", "measures", "support_units"}  # type: ignore[attr-defined]
    assert [(m.text, m.progress) for m in world.all(Measure) if m.item_id == item(world).id] == [
        ("甲", Progress.DONE),
        ("乙", Progress.OPEN),
        ("丙", Progress.OPEN),
    ]
    clocks = [c for c in world.all(Clock) if c.item_id == item(world).id]
    assert sorted(c.state for c in clocks) == sorted([ClockState.SUPERSEDED, ClockState.RUNNING])
    assert item(world).due_on == dt.date(2026, 7, 9)
    before = len(world.all(RungFired))
    a_night(database, tmp_path, dt.date(2026, 7, 13))
    sent = [r for r in world.all(RungFired)[before:] if not r.carried_over]
    assert not {r.rung for r in sent} & fired
    event = next(e for e in world.all(Event) if e.type == "item.edited")
    assert event.reason == "更正：原文如此，读取有误"
    assert event.payload["fields"]["time_limit"]["after"] == "2026年7月9日前完成"
    assert not [f for f in check(database, now=NOW) if f.count]


def test_a_correction_is_refused_without_need_reason_or_right(database: Database, tmp_path: Path) -> None:
    world = under_way(database, tmp_path)
    with pytest.raises(CorrectionRefused, match="没有改动"):
        fix(world, Edit(measures=("甲", "乙")))
    with pytest.raises(CorrectionRefused, match="理由"):
        fix(world, Edit(goal="目标"), reason=" ")
    with pytest.raises(CorrectionRefused, match="没有读出数字"):
        fix(world, Edit(targets=("大力提升",)))
    with pytest.raises(Forbidden):
        fix(world, Edit(goal="目标"), actor=UNIT)
    with pytest.raises(StaleVersion):
        fix(world, Edit(goal="目标"), expected_version=1)
    with pytest.raises(Quarantined):
        fix(world, Edit(goal="目标"), item_id=item(world, "2").id)
    assert not [e for e in world.all(Event) if e.type == "item.edited"]


def test_a_feast_is_the_same_day_at_registration_and_at_correction_and_its_limit_ends_before_it(
    database: Database,
) -> None:
    lunar, season = "2027年春节前", "2027年汛期前"
    own = POLICY.replace('from = "06-01"', 'from = "04-15"')
    parts = {text: list(read_limit(text, year=2026).milestones) for text in (lunar, season)}
    items = [
        an_item("1", time_limit=lunar, milestones=parts[lunar]),
        an_item("2", time_limit=season, milestones=parts[season]),
    ]
    world = a_world(database, *items, policy=own)
    registered = [item(world, number).due_on for number in ("1", "2")]
    assert registered == [dt.date(2027, 2, 5), dt.date(2027, 4, 14)]  # 春节 2027 is 02-06, a Saturday
    for number, text in (("1", lunar), ("2", season)):
        correct(
            database,
            item_id=item(world, number).id,
            edit=Edit(time_limit=f"{text}完成"),
            reason="原文如此",
            actor=CLERK,
            now=NOW,
        )
    assert [item(world, number).due_on for number in ("1", "2")] == registered
