"""月排名 counted from the ledger: only what fell due in the month, for units by name, and nothing vanishes from it."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.lifecycle import Action
from duban.domain.policy_model import ClockKind
from duban.domain.ranking import DutyKind
from duban.reading.directory import Entry
from duban.services.acknowledge import acknowledge
from duban.services.assignments import assign_items
from duban.services.progress import report_check_in, report_milestone
from duban.services.queries.ranking import Ranked, ranking
from duban.services.queries.scope import WHOLE
from duban.services.transitions import MoveDetails
from models import Clock, Milestone, Notice

from .ledger import CLERK, DIRECTORY, NOW, REGISTERED, World, a_world, an_item, due, morning

ENTERED = dt.datetime.combine(REGISTERED, dt.time(2), dt.UTC)
END = dt.date(2026, 7, 31)
SCHOOL, TOWNS = {"responsible_units": ["区教育局"]}, {"responsible_units": ["各街镇"]}


def ranked(world: World, as_of: dt.date = END) -> dict[str, Ranked]:
    return {r.name: r for r in ranking(world.database, plan=world.plan.code, scope=WHOLE, as_of=as_of)}


def done(world: World, number: str, now: dt.datetime = NOW) -> None:
    (part,) = world.of(Milestone, number)
    report_milestone(world.database, milestone_id=part.id, actor=CLERK, expected_version=None, now=now)


def test_only_what_fell_due_in_the_month_counts(database: Database) -> None:
    items = [an_item("1", **due(dt.date(2026, 6, 26))), an_item("2", **due(dt.date(2026, 7, 20)))]
    items += [an_item("3", **due(dt.date(2026, 9, 30))), an_item("4", **SCHOOL, **due(dt.date(2026, 9, 30)))]
    world = a_world(database, *items, entered=ENTERED)
    done(world, "2")
    found = ranked(world)
    house, school = found["区住建局"], found["区教育局"]
    assert (house.due, house.met, house.score, house.place) == (1, 1, 66.7, 1)
    assert [(d.number, d.met) for d in house.duties] == [("2", True)]
    assert (house.overdue, house.overdue_days) == (1, 25), "what is late from before shows, and only breaks ties"
    assert (school.place, school.score, school.lines) == (None, None, ("本月没有到期的时限、报告、签收，不参评",))


def test_a_limit_of_the_last_day_counts_in_its_month_if_kept_and_else_in_the_next_where_it_was_missed(
    database: Database,
) -> None:
    last = dt.date(2026, 6, 30)
    world = a_world(database, an_item("1", **due(last)), an_item("2", **due(last)), entered=ENTERED)
    done(world, "1", dt.datetime(2026, 6, 30, 2, tzinfo=dt.UTC))
    june, july = ranked(world, last)["区住建局"], ranked(world, dt.date(2026, 7, 1))["区住建局"]
    assert [(d.number, d.met) for d in june.duties] == [("1", True)]
    assert [(d.number, d.met) for d in july.duties] == [("2", False)]
    assert "（其中1件上月最后一日到期而未完成，计入本月）；未按期的是第2项" in july.lines[0]


MONTH_ENDS = [dt.date(2026 + n // 12, n % 12 + 1, 1) - dt.timedelta(days=1) for n in range(6, 18)]
AFTER = (-3, 0, 1, 40)  # days after the limit on which a part is reported


def test_over_a_year_every_limit_report_and_receipt_counts_once_in_the_month_that_can_tell_of_it(
    database: Database,
) -> None:
    days = [day for end in MONTH_ENDS for day in (end.replace(day=1), end - dt.timedelta(days=1), end)]
    dated = [(str(n), day, after) for n, (day, after) in enumerate(((d, a) for d in days for a in (*AFTER, None)), 1)]
    items = [an_item(number, **due(day)) for number, day, _ in dated]
    long = an_item(str(len(dated) + 1), long_term=True)
    world = a_world(database, *items, long, entered=ENTERED)
    assign_items(database, plan=world.plan.code, actor=CLERK, now=morning(dt.date(2026, 6, 26)))
    with database.read() as session:
        sheets = dict(session.execute(select(Notice.item_id, Notice.id)).tuples().all())
    for number, when in (("1", dt.date(2026, 6, 30)), ("2", dt.date(2026, 7, 2))):
        acknowledge(
            database, notice_id=sheets[world.ids[number]], actor=CLERK, on_behalf_of="区住建局", now=morning(when)
        )
    for number, day, after in dated:
        if after is not None:
            done(world, number, morning(day + dt.timedelta(days=after)))
    for when in (dt.date(2026, 6, 30), dt.date(2026, 9, 3)):
        report_check_in(
            database,
            item_id=world.ids[long.number],
            text="按期推进",
            actor=CLERK,
            expected_version=None,
            now=morning(when),
        )
    counted = [(end, d) for end in MONTH_ENDS for d in ranked(world, end)["区住建局"].duties]
    seen = Counter((d.kind, d.number, d.due_on) for _, d in counted)
    assert set(seen.values()) == {1}
    for end, duty in counted:
        told_on = duty.due_on if duty.met else duty.due_on + dt.timedelta(days=1)
        assert (told_on.year, told_on.month) == (end.year, end.month), duty
    limits = {d.number: d for _, d in counted if d.kind is DutyKind.LIMIT}
    due_on = {c.item_id: c.due_on for c in world.all(Clock, Clock.kind == ClockKind.LIMIT)}  # past a rest day
    kept, told = set(), set()
    for number, day, after in dated:
        by = due_on[world.ids[number]]
        if after is not None and day + dt.timedelta(days=after) <= by:
            kept.add(number)
        elif by >= MONTH_ENDS[-1]:
            continue  # told of in the month after the year
        told.add(number)
    assert set(limits) == told
    assert {number for number, d in limits.items() if d.met} == kept
    receipts = [d for _, d in counted if d.kind is DutyKind.RECEIPT]
    assert len(receipts) == len(items) + 1
    assert [d.number for d in receipts if d.met] == ["1"]
    reports = world.all(Clock, Clock.kind == ClockKind.CHECK_IN, Clock.due_on <= MONTH_ENDS[-1])
    assert sum(d.kind is DutyKind.REPORT for _, d in counted) == len(reports) > 1


def test_withdrawing_and_merging_take_no_missed_limit_out_of_its_month_and_are_no_success(database: Database) -> None:
    late, ahead = dt.date(2026, 7, 3), dt.date(2026, 9, 30)
    items = [an_item(n, **due(late)) for n in ("1", "2")] + [an_item("3", **due(ahead)), an_item("4", **SCHOOL, **due(ahead))]  # fmt: skip  # noqa: E501
    world = a_world(database, *items, entered=ENTERED)
    world.move(Action.WITHDRAW, "1")
    world.move(Action.MERGE, "2", details=MoveDetails(merge_into=world.ids["4"]))
    world.move(Action.WITHDRAW, "3")
    found = ranked(world)
    house, school = found["区住建局"], found["区教育局"]
    assert (house.due, house.met) == (2, 0)
    assert (house.closed, house.withdrawn, house.merged) == (0, 2, 1)
    assert (school.due, school.overdue) == (0, 1), "who takes it over has it to do, and did not miss it"


def test_a_long_term_item_scores_by_its_reports_that_fell_due(database: Database) -> None:
    world = a_world(database, an_item("1", long_term=True), an_item("2", long_term=True, **SCHOOL), entered=ENTERED)
    for when in (dt.datetime(2026, 6, 3, 2, tzinfo=dt.UTC), dt.datetime(2026, 7, 3, 2, tzinfo=dt.UTC)):
        report_check_in(database, item_id=world.ids["1"], text="按期推进", actor=CLERK, expected_version=None, now=when)
    found = ranked(world, dt.date(2026, 7, 31))
    assert [(d.kind.value, d.met) for d in found["区住建局"].duties] == [("report", True)]
    assert (found["区住建局"].place, found["区住建局"].score) == (1, 60.0)


def test_a_collective_is_ranked_as_its_members_and_never_as_one(database: Database) -> None:
    towns = (Entry(10, "甲镇", "unit"), Entry(11, "乙镇", "unit"))
    collective = Entry(12, "各街镇", "collective", members=["甲镇", "乙镇"])
    item = an_item("1", **TOWNS, **due(dt.date(2026, 7, 3)))
    known = ranked(a_world(database, item, directory=(*DIRECTORY, *towns, collective), entered=ENTERED))
    assert {name: r.due for name, r in known.items()} == {"甲镇": 1, "乙镇": 1}
