"""指标: what was reached, with its evidence, against 序时进度."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from duban.adapters.database import Database
from duban.domain.policy_model import Colour
from duban.errors import Forbidden, InTheFuture
from duban.reading.model import Target as ReadTarget
from duban.services.queries.explain import explain_item
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.scope import WHOLE
from duban.services.targets import TargetRefused, plan_targets, report_target
from duban.settings import ROOT
from models import Target
from tests.integration.ledger import NOW, OTHER_UNIT, TODAY, UNIT, World, a_world, an_item, due

BY_GAP = (ROOT / "policies" / "lights-10-30.toml").read_text(encoding="utf-8")
JOBS = {
    "targets": [
        ReadTarget("新增就业岗位4万个", "新增就业岗位", ">=", Decimal(40000), "个"),
        ReadTarget("能耗下降5%", "能耗", "-%", Decimal(5), "%", baseline=Decimal(200)),
    ]
}


def report(world: World, value: str, position: int = 0, on: dt.date | None = None, **more: object) -> int:
    return report_target(
        world.database,
        target_id=world.of(Target)[position].id,
        reached=Decimal(value),
        reached_on=on,
        actor=more.pop("actor", UNIT),  # type: ignore[arg-type]
        expected_version=None,
        now=NOW,
        **more,  # type: ignore[arg-type]
    )


def test_a_counter_shows_value_share_schedule_and_evidence(database: Database) -> None:
    world = a_world(database, an_item("1", **JOBS, **due(dt.date(2026, 12, 31))))
    jobs, energy = plan_targets(database, plan=world.plan.code, as_of=TODAY)
    assert jobs.words().startswith("指标「新增就业岗位不低于40000个」:尚无数据;序时进度")
    evidence = world.hand_in()
    report(world, "21000", on=dt.date(2026, 6, 30), evidence_id=evidence)
    report(world, "195", 1)
    jobs, energy = plan_targets(database, plan=world.plan.code, as_of=TODAY)
    assert (jobs.share, energy.share) == (Fraction(21, 40), Fraction(1, 2))
    assert "至2026-06-30为21000个,完成52.5%" in jobs.words()
    assert jobs.words().endswith("不落后;佐证:验收报告.pdf")
    assert "能耗下降5%" in energy.words()
    assert "落后" in energy.words()
    assert energy.words().endswith("尚无佐证")
    assert world.events()[-1].type == "target.reported"


def test_the_light_is_judged_by_the_targets_where_an_item_has_them(database: Database) -> None:
    world = a_world(
        database, an_item("1", **JOBS, **due(dt.date(2026, 12, 31))), policy=BY_GAP, as_of=dt.date(2026, 1, 5)
    )

    def light() -> str:
        (row,) = list_items(database, scope=WHOLE, as_of=TODAY, where=ItemFilter(plan=world.plan.code)).items
        return row.light

    assert light() == Colour.RED, "nobody reported: silence must not look green"
    report(world, "40000")
    report(world, "197", 1)
    assert light() == Colour.GREEN


def test_the_explanation_names_each_target(database: Database) -> None:
    world = a_world(database, an_item("1", **JOBS, **due(dt.date(2026, 12, 31))))
    report(world, "100")
    found = explain_item(database, item_id=world.ids["1"], scope=WHOLE, as_of=TODAY)
    assert len(found.targets) == 2
    assert "至2026-07-13为100个" in found.targets[0]


def test_a_value_of_the_future_of_an_earlier_day_or_with_foreign_evidence_is_refused(database: Database) -> None:
    world = a_world(database, an_item("1", **JOBS), an_item("2"))
    foreign = world.hand_in("2")
    with pytest.raises(InTheFuture):
        report(world, "1", on=dt.date(2026, 7, 14))
    with pytest.raises(TargetRefused, match="evidence"):
        report(world, "1", evidence_id=foreign)
    with pytest.raises(TargetRefused, match="no value"):
        report(world, "NaN")
    report(world, "1", on=dt.date(2026, 7, 1))
    with pytest.raises(TargetRefused, match="2026-07-01"):
        report(world, "2", on=dt.date(2026, 6, 30))
    with pytest.raises(Forbidden):
        report(world, "3", actor=OTHER_UNIT)
