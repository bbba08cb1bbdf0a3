"""The papers of month, quarter and review: drawn once, kept, mailed once to whom the policy names."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from pathlib import Path
from unittest.mock import patch

import pytest

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.policies import PolicyInvalid, parse_policy
from duban.domain.policy_model import Every
from duban.services import periodicals
from duban.services.deliver import deliver
from duban.services.paper_mails import queue_paper_mails
from duban.services.periodicals import PapersReport, issue_papers, preview_papers
from duban.services.proposals import Talk, decide_proposal
from models import Delivery, IssuedPaper, Notice
from tests.integration.ledger import POLICY, Watch, World, a_night, a_world, an_item, due, morning, night_tools

HEAD = Actor("程远舟", "lead", frozenset({"程远舟"}))
URL = "http://127.0.0.1:8300"
AUGUST = dt.date(2026, 8, 3)  # a Monday, the first working day of the month


def a_plan(database: Database, folder: Path, policy: str = POLICY) -> World:
    world = a_world(database, an_item("1", **due(dt.date(2026, 6, 10))), an_item("2"), policy=policy)
    last = dt.date(2026, 7, 31)
    a_night(database, folder, last)  # far past the last rung: once the plan head approves it is listed for exposure
    for notice in world.all(Notice, Notice.kind == "summon"):
        talk = Talk(morning(AUGUST), "区政府201会议室", "程远舟")
        decide_proposal(database, notice_id=notice.id, approved=True, actor=HEAD, now=morning(last), talk=talk)
    return world


def issue(database: Database, cadence: Every, as_of: dt.date) -> PapersReport:
    return issue_papers(database, cadence, as_of=as_of, now=morning(as_of), public_url=URL)


def mail(database: Database, folder: Path, cadence: Every, as_of: dt.date) -> int:
    renderer = night_tools(database, folder, Watch(as_of)).renderer
    return queue_paper_mails(
        database, renderer, cadence, as_of=as_of, now=morning(as_of), domain="example.org", public_url=URL
    )


def kinds(report: PapersReport) -> list[str]:
    return [paper.kind for paper in report.papers]


def test_a_month_is_drawn_once_with_the_items_and_scores_of_the_month_that_ended(
    database: Database, tmp_path: Path
) -> None:
    world = a_plan(database, tmp_path)
    report = issue(database, Every.MONTHLY, AUGUST)
    assert kinds(report) == ["agenda-monthly", "check-monthly", "exposure-monthly", "ranking-monthly"]
    assert (report.drawn, report.failures) == (4, [])
    by_kind = {paper.kind: paper for paper in report.papers}
    assert "2026年7月列入曝光1项" in by_kind["exposure-monthly"].data["text"][0]
    assert by_kind["exposure-monthly"].period_on == dt.date(2026, 7, 1)
    assert "逾期1项" in "".join(by_kind["ranking-monthly"].data["text"]), "each score is explained"
    assert by_kind["agenda-monthly"].title.startswith("2026年8月3日每月研议题")
    again = issue(database, Every.MONTHLY, AUGUST + dt.timedelta(days=9))
    assert (kinds(again), again.drawn) == (kinds(report), 0)
    assert world.count(IssuedPaper) == 4


def test_its_papers_go_attached_to_whom_the_policy_names_and_once_only(database: Database, tmp_path: Path) -> None:
    world = a_plan(database, tmp_path)
    issue(database, Every.MONTHLY, AUGUST)
    sunday = AUGUST - dt.timedelta(days=1)
    assert mail(database, tmp_path, Every.MONTHLY, sunday) == 0, "no mail on a rest day"
    assert mail(database, tmp_path, Every.MONTHLY, AUGUST) == 2
    assert mail(database, tmp_path, Every.MONTHLY, AUGUST) == 0
    mails = world.all(Delivery, Delivery.kind == "papers")
    assert {m.address for m in mails} == {"ducha@example.org"}
    assert {m.subject[:10] for m in mails} == {"【每月研】2026年", "【2026年7月】2"}
    watch = Watch(AUGUST)
    watch.later(hours=9)  # the papers are drawn in the morning
    tools = night_tools(database, tmp_path, watch)
    deliver(database, tools.transport, clock=tools.clock)
    names = [
        part.get_filename()
        for path in tmp_path.rglob("*.eml")
        for part in email.message_from_bytes(path.read_bytes(), policy=email.policy.default).iter_attachments()
    ]
    assert f"2026年7月曝光清单（{world.plan.code}）.docx" in names
    assert sum(str(name).startswith("2026年7月单位排名") for name in names) == 1


def test_the_quarter_and_the_week_have_their_own_papers(sqlite_database: Database, tmp_path: Path) -> None:
    a_plan(sqlite_database, tmp_path)
    assert kinds(issue(sqlite_database, Every.QUARTERLY, AUGUST)) == ["progress-quarterly"]
    tuesday = dt.date(2026, 8, 4)
    assert kinds(issue(sqlite_database, Every.WEEKLY, tuesday)) == ["agenda-weekly"], "also a day late"
    assert kinds(issue(sqlite_database, Every.FORTNIGHTLY, dt.date(2026, 8, 5))) in (["agenda-fortnightly"], [])
    held = [
        len(issue(sqlite_database, Every.FORTNIGHTLY, dt.date(2026, 7, 8) + dt.timedelta(days=n)).papers)
        for n in range(28)
    ]
    assert sum(held) == 2 * 12, "of each fortnight from its first Wednesday on"


def test_a_dry_run_shows_the_same_and_keeps_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    world = a_plan(sqlite_database, tmp_path)
    shown = preview_papers(sqlite_database, Every.MONTHLY, as_of=AUGUST, public_url=URL)
    assert world.count(IssuedPaper) == 0
    kept = issue(sqlite_database, Every.MONTHLY, AUGUST)
    assert [(p.kind, p.data) for p in shown.papers] == [(p.kind, p.data) for p in kept.papers]


def test_one_paper_that_fails_stops_no_other_and_is_drawn_the_next_time(
    sqlite_database: Database, tmp_path: Path
) -> None:
    a_plan(sqlite_database, tmp_path)
    with patch.object(periodicals, "agenda_paper", side_effect=RuntimeError("no ink")):
        report = issue(sqlite_database, Every.MONTHLY, AUGUST)
    assert report.drawn == 3
    assert "agenda-monthly: RuntimeError: no ink" in report.failures[0]
    assert issue(sqlite_database, Every.MONTHLY, AUGUST).drawn == 1


def test_nothing_is_issued_on_a_plan_that_is_not_released(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, an_item("1"), released=False)
    report = issue(sqlite_database, Every.MONTHLY, AUGUST)
    assert report.papers == []
    assert report.unreleased == [world.plan.code]


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ('to = ["lead_officials"]', "differs from item to item"),
        ('every = "weekly"', "not drawn weekly"),
        ('every = "quarterly"', "looks at one month"),
    ],
)
def test_a_policy_that_sends_a_paper_astray_is_refused(line: str, refused: str) -> None:
    table = POLICY[POLICY.index("[[paper]]") :]
    wrong = '[[paper]]\nkey = "check"\n' + (line if "every" in line else f'every = "monthly"\n{line}')
    policy = POLICY.replace(table[: table.index("\n\n")], f'{wrong}\nsource = "试"')
    with pytest.raises(PolicyInvalid, match=refused):
        parse_policy(policy)
