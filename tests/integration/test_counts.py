"""What a night counts by light is what the board shows, whatever the light hangs on."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from duban.adapters.database import Database
from duban.domain.policy_model import ClockKind
from duban.services.clock_changes import pause_clock
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.scope import WHOLE
from duban.services.seal import count
from duban.settings import ROOT
from models import Clock
from tests.integration.ledger import CLERK, NOW, POLICY, a_world, an_item, due

GAP = (ROOT / "policies" / "lights-10-30.toml").read_text(encoding="utf-8")
LATER = dt.date(2026, 11, 2)


@pytest.mark.parametrize("policy", [POLICY, GAP], ids=["by days left", "by the gap to the schedule"])
def test_the_counts_of_a_night_agree_with_the_lights_of_the_board(database: Database, policy: str) -> None:
    world = a_world(
        database,
        an_item("1", **due(dt.date(2026, 6, 25))),
        an_item("2", **due(dt.date(2026, 12, 31))),
        an_item("3", **due(dt.date(2026, 11, 4))),
        an_item("4", long_term=True, time_limit="持续推进", responsible_units=["区教育局"]),
        an_item("5", **due(dt.date(2026, 8, 31))),
        an_item("6", **due(dt.date(2026, 6, 1))),
        policy=policy.replace("fixed_dates_move = false", "fixed_dates_move = true"),
    )
    paused = next(c for c in world.of(Clock, "5") if c.kind is ClockKind.LIMIT)
    pause_clock(database, clock_id=paused.id, reason="停工", actor=CLERK, expected_version=None, now=NOW)
    for day in (NOW.date(), LATER):
        where = ItemFilter(plan=str(world.plan.plan_id))
        shown = Counter(i.light for i in list_items(database, scope=WHOLE, as_of=day, where=where, limit=100).items)
        with database.read() as session:
            counted = count(session, day).items
        whole: Counter[str] = Counter()
        for (plan_id, party_id, _, light), number in counted.items():
            if (plan_id, party_id) == (world.plan.plan_id, 0):
                whole[light] += number
        assert whole == shown, day
        assert sum(counted.values()) == 12, "each item once for the plan and once for its unit"
