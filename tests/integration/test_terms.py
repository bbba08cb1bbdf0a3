"""A policy with terms: the night fires only the rungs of a clock's own term, as its explanation says."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.policies import load_policy
from duban.reading.reader import read_bytes
from duban.services.clock_values import term_key
from duban.services.night import preview
from duban.services.registration import Intake, OfficeRules, Received, register
from models import Clock
from tests.conftest import NOW, ROOT

POLICY = ROOT / "policies" / "inspection.toml"


def test_a_night_fires_only_the_rungs_of_the_clocks_own_term(database: Database) -> None:
    data = (ROOT / "examples" / "plan.md").read_bytes()
    rules = OfficeRules("inspection", POLICY.read_text("utf-8"), "区政府督查室", "duban@example.org")
    received = Received("plan.md", data, read_bytes(data, "plan.md"))
    office = Actor("督查员", "supervisor")
    register(database, received, Intake(rules=rules, actor=office, as_of=dt.date(2026, 3, 2), now=NOW))
    policy = load_policy(POLICY)
    with database.read() as session:
        clocks = session.scalars(select(Clock)).all()
    allowed: dict[int, set[str]] = {}
    for clock in clocks:
        term = term_key(policy, clock.kind, clock.started_on, clock.due_on)
        allowed.setdefault(clock.item_id, set()).update(rung.key for rung in policy.ladder(clock.kind, term))
    would = preview(database, dt.date(2027, 3, 1))
    every = {rung.key for rung in policy.rungs}
    assert any(every - allowed[one.item_id] for one in would), "some rung must belong to another term"
    assert [one.rung for one in would if one.rung.partition("#")[0] not in allowed[one.item_id]] == []
