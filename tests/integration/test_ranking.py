"""月排名 counted from the ledger: only what fell due in the month, for units by name, and nothing vanishes from it."""

from __future__ import annotations

import datetime as dt

from duban.adapters.database import Database
from duban.domain.lifecycle import Action
from duban.reading.directory import Entry
from duban.services.progress import report_check_in, report_milestone
from duban.services.queries.ranking import Ranked, ranking
from duban.services.queries.scope import WHOLE
from duban.services.transitions import MoveDetails
from models import Milestone

from .ledger import CLERK, DIRECTORY, NOW, REGISTERED, World, a_world, an_item, due

ENTERED = dt.datetime.combine(REGISTERED, dt.time(2), dt.UTC)
END = dt.date(2026, 7, 31)
SCHOOL, TOWNS = {"responsible_units": ["区教育局"]}, {"responsible_units": ["各街镇"]}


def ranked(world: World, as_of: dt.date = END) -> dict[str, Ranked]:
    return {r.name: r for r in ranking(world.database, plan=world.plan.code, scope=WHOLE, as_of=as_of)}


def done(world: World, number: str, now: dt.datetime = NOW) -> None:
    (part,) = world.of(Milestone, number)
    report_milestone(world.database, milestone_id=part.id, actor=CLERK, expected_version=None, now=now)


def test_only_what_fell_due_in_the_month_counts(database: Database) -> None:
    items = [an_item("1", **due(dt.date(2026, 6, 30))), an_item("2", **due(dt.date(2026, 7, 20)))]
    items += [an_item("3", **due(dt.date(2026, 9, 30))), an_item("4", **SCHOOL, **due(dt.date(2026, 9, 30)))]
    world = a_world(database, *items, entered=ENTERED)
    done(world, "2")
    found = ranked(world)
    house, school = found["区住建局"], found["区教育局"]
    assert (house.due, house.met, house.score, house.place) == (1, 1, 66.7, 1)
    assert [(d.number, d.met) for d in house.duties] == [("2", True)]
    assert (house.overdue, house.overdue_days) == (1, 23), "what is late from before shows, and only breaks ties"
    assert (school.place, school.score, school.lines) == (None, None, ("本月没有到期的时限、报告、签收，不参评",))
    june = ranked(world, dt.date(2026, 7, 1) - dt.timedelta(days=1))["区住建局"]
    assert (june.due, june.place) == (0, None), "a limit of the last day is missed on the day after"


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
