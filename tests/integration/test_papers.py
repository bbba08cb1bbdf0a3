"""The papers of month and week: every figure agrees with the rows behind it, in every format."""

from __future__ import annotations

import contextlib
import datetime as dt
import html.parser
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import Action
from duban.domain.limits import Milestone as Part
from duban.domain.policy_model import ClockKind
from duban.errors import Forbidden
from duban.reports.page import page
from duban.reports.paper import Figure, Paper, RowRef, share
from duban.reports.workbook import workbook
from duban.services.acknowledge import acknowledge
from duban.services.clock_changes import pause_clock, resume_clock
from duban.services.extensions import ask, decide
from duban.services.month_papers import NoSuchReview, agenda_paper, check_paper, exposure_paper, ranking_paper
from duban.services.new_items import call, spawn_self_checks
from duban.services.paper_files import sources_file, word_file
from duban.services.papers import progress_paper, report_title
from duban.services.progress import report_check_in, report_measure
from duban.services.proposals import Talk, decide_proposal
from duban.services.queries.ranking import ranking, ranking_trend
from duban.services.queries.scope import WHOLE
from duban.services.standing import plan_standing
from duban.services.transitions import MoveDetails
from duban.settings import ROOT
from models import Clock, ClosingStep, Measure, Notice, Progress
from tests.integration.ledger import (
    CLERK,
    LEAD,
    NOW,
    OTHER_UNIT,
    TODAY,
    UNIT,
    World,
    a_night,
    a_world,
    an_item,
    due,
)

URL = "http://board.example.org"
BAD = "<b>坏</b>\x0b标题=1"


def a_plan(database: Database) -> World:
    return a_world(
        database,
        an_item("1", path=["一、作风方面"], **due(dt.date(2026, 6, 1))),
        an_item("2", path=["一、作风方面"], **due(dt.date(2026, 7, 31))),
        an_item("3", path=["二、服务方面"], responsible_units=["区教育局"], lead_officials=["沈予安"], title=BAD),
        an_item("4", path=["二、服务方面"], long_term=True, time_limit="持续推进"),
    )


def numbers(paper: Paper) -> dict[str, int]:
    return {f.key: f.value for f in paper.figures()}


def said_in(word: bytes) -> str:
    """All text of a Word file, tables too."""
    xml = zipfile.ZipFile(io.BytesIO(word)).read("word/document.xml").decode()
    return "".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>", xml))


def progress(world: World, as_of: dt.date = TODAY) -> Paper:
    return progress_paper(world.database, plan=world.plan.code, as_of=as_of, public_url=URL)


def test_the_progress_report_counts_what_stands_in_the_ledger(database: Database) -> None:
    world = a_plan(database)
    paper = progress(world)
    found = numbers(paper)
    assert (found["items"], found["overdue"], found["red"]) == (4, 1, 1)
    assert found["ahead"] == 1
    text = "\n".join(b for b in paper.as_data()["text"])
    assert "共列事项4项，已销号0项，占0%" in text
    grid = next(g for g in paper.grids() if g.key == "parts")
    assert [row[0] for row in grid.rows] == ["一、作风方面", "二、服务方面"]


def test_every_figure_counts_its_own_rows_and_leads_to_them_in_every_format(database: Database) -> None:
    world = a_plan(database)
    for paper in (
        progress(world),
        exposure_paper(database, plan=world.plan.code, as_of=TODAY, public_url=URL),
        check_paper(database, plan=world.plan.code, as_of=TODAY, public_url=URL),
        agenda_paper(database, plan=world.plan.code, as_of=TODAY, public_url=URL),
    ):
        anchors = {f.anchor for f in paper.figures()}
        assert anchors == {f.key for f in paper.sources()}, paper.kind
        listed_in = said_in(sources_file(paper))
        for figure in paper.sources():
            assert f"{figure.label}：{figure.value}" in listed_in, paper.kind
            assert all(row.number in listed_in for row in figure.rows)
        markup = page(paper)
        assert set(re.findall(r'href="#([^"]+)"', markup)) <= set(re.findall(r'<h3 id="([^"]+)"', markup))
        book = openpyxl.load_workbook(io.BytesIO(workbook(paper)))
        for sheet in book.worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.hyperlink is not None and cell.hyperlink.location:
                        place = cell.hyperlink.location.rpartition("!A")[2]
                        listed = book["数据来源"].cell(int(place), 1).value
                        assert listed, f"{cell.coordinate} of {sheet.title} leads to an empty row"


def test_a_title_with_markup_or_control_characters_breaks_no_format(database: Database) -> None:
    world = a_plan(database)
    paper = progress(world)
    markup = page(paper)
    assert "<b>坏</b>" not in markup
    assert "&lt;b&gt;坏&lt;/b&gt;" in markup

    class Strict(html.parser.HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta",):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Strict()
    parser.feed(markup)
    assert parser.open == []
    import docx

    document = docx.Document(io.BytesIO(word_file(paper)))
    assert any("截至2026年7月13日" in p.text for p in document.paragraphs)
    assert openpyxl.load_workbook(io.BytesIO(workbook(paper))).sheetnames[0] == "正文"


def test_the_same_paper_gives_the_same_word_file(sqlite_database: Database) -> None:
    world = a_plan(sqlite_database)
    assert word_file(progress(world)) == word_file(progress(world))


def test_self_checks_and_calls_are_counted_apart_from_the_items_of_the_plan(database: Database) -> None:
    world = a_world(database, an_item("1", measures=["甲"]), an_item("2", measures=[], responsible_units=["区教育局"]))
    spawn_self_checks(
        database,
        item_id=world.ids["1"],
        units=["区教育局"],
        due_on=dt.date(2026, 8, 20),
        actor=CLERK,
        expected_version=None,
        now=NOW,
    )
    call(
        database,
        plan=world.plan.code,
        caller="区住建局",
        called=["区教育局"],
        title="占道",
        due_on=dt.date(2026, 8, 20),
        actor=CLERK,
        now=NOW,
    )
    paper = progress(world)
    found = numbers(paper)
    assert (found["items"], found["self_checks"], found["calls"]) == (2, 1, 1)
    assert "另布置举一反三自查1项，已办结0项；另有吹哨事项1项，已办结0项，均未计入以上各数。" in paper.as_data()["text"]
    assert "children" not in found
    units = next(g for g in paper.grids() if g.key == "units")
    assert {row[0]: row[1].value for row in units.rows if isinstance(row[1], Figure)} == {"区住建局": 1, "区教育局": 1}
    assert found["measures"] == 1


def test_what_duban_and_the_office_send_is_no_progress_of_a_unit(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 6, 1)), measures=["甲"]), an_item("2", measures=["乙"]))
    a_night(database, tmp_path, dt.date(2026, 7, 2))
    for notice in world.all(Notice):
        for actor in (UNIT, LEAD):
            with contextlib.suppress(Forbidden):
                acknowledge(database, notice_id=notice.id, actor=actor, now=NOW)

    def silent() -> list[str]:
        paper = check_paper(database, plan=world.plan.code, as_of=TODAY, public_url=URL)
        return [row.number for figure in paper.figures() if figure.key == "silent" for row in figure.rows]

    assert sorted(silent()) == ["1", "2"], "mails and receipts move nothing"
    report_measure(
        database,
        measure_id=world.of(Measure, "2")[0].id,
        progress=Progress.DONE,
        actor=UNIT,
        expected_version=None,
        now=NOW,
    )
    assert silent() == ["1"]


def test_a_paper_has_full_width_marks_whatever_the_document_had(database: Database) -> None:
    world = a_world(
        database,
        an_item("1", title="作风不实,措施不力(区级)", measures=["建章立制;抓好落实"], path=["一、「作风」方面,"]),
    )
    for paper in (progress(world), check_paper(database, plan=world.plan.code, as_of=TODAY, public_url=URL)):
        for said in (said_in(word_file(paper)), said_in(sources_file(paper))):
            assert re.findall(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]|[「」]", said) == []


def test_the_word_file_of_a_paper_holds_the_paper_and_its_sources_are_another(database: Database) -> None:
    paper = progress(a_plan(database))
    assert "数据来源" not in said_in(word_file(paper))
    assert said_in(sources_file(paper)).startswith(paper.title + "数据来源")


@pytest.mark.parametrize(
    ("plan", "title"),
    [
        ("临江区整改方案", "关于《临江区整改方案》整改进展情况的通报"),
        ("《临江区整改方案》", "关于《临江区整改方案》整改进展情况的通报"),
        ("临江区2026年重点工作任务分解", "关于《临江区2026年重点工作任务分解》推进情况的通报"),
        ("中共临江区委关于巡视集中整改进展情况的通报", "关于巡视集中整改进展情况的通报"),
        ("临江区关于专项审计发现问题整改情况的报告", "关于专项审计发现问题整改进展情况的通报"),
    ],
)
def test_a_report_on_a_plan_that_was_a_report_says_so_once(plan: str, title: str) -> None:
    assert report_title(plan) == title


def test_a_report_for_a_day_that_is_past_leaves_aside_what_came_later(database: Database) -> None:
    world = a_world(database, an_item("1"), an_item("2"))
    world.ready_to_close("1")
    world.move(Action.CLOSE, "1", now=NOW + dt.timedelta(days=2))
    before = plan_standing(database, plan=world.plan.code, as_of=TODAY + dt.timedelta(days=1))
    after = plan_standing(database, plan=world.plan.code, as_of=TODAY + dt.timedelta(days=2))
    assert [one.open for one in before.items] == [True, True]
    assert [one.open for one in after.items] == [False, True]
    assert after.items[0].closed_on == TODAY + dt.timedelta(days=2)


def test_a_paper_for_a_past_day_reads_as_it_would_have_read_on_that_day(database: Database, tmp_path: Path) -> None:
    later = NOW + dt.timedelta(days=20)
    world = a_world(
        database,
        an_item("1", **due(dt.date(2026, 6, 25))),
        an_item("2", **due(dt.date(2026, 7, 10))),
        an_item("3", **due(dt.date(2026, 7, 24))),
        an_item("4", time_limit="60个工作日内", milestones=[Part("60个工作日内", due_on=dt.date(2026, 7, 31))]),
        an_item("5", responsible_units=["区教育局"], lead_officials=["沈予安"], measures=["甲", "乙"]),
        an_item("6", long_term=True, time_limit="持续推进"),
        an_item("7", **due(dt.date(2026, 7, 3))),
        policy=(ROOT / "policies" / "lights-10-30.toml").read_text(encoding="utf-8"),
    )
    a_night(database, tmp_path, dt.date(2026, 7, 6))
    world.ready_to_close("7", now=NOW - dt.timedelta(days=3))
    world.move(Action.CLOSE, "7", now=NOW - dt.timedelta(days=3))

    def papers() -> list[dict[str, Any]]:
        drawn: list[dict[str, Any]] = []
        for draw in (progress_paper, exposure_paper, ranking_paper, check_paper, agenda_paper):
            drawn.append(draw(database, plan=world.plan.code, as_of=TODAY, public_url=URL).as_data())
        return drawn

    before = papers()
    clock = next(c for c in world.of(Clock, "3") if c.kind is ClockKind.LIMIT)
    request = ask(
        database,
        clock_id=clock.id,
        until_on=dt.date(2026, 9, 30),
        reason="汛期",
        progress="过半",
        actor=UNIT,
        expected_version=None,
        now=NOW + dt.timedelta(days=2),
    )
    decide(database, extension_id=request, granted=True, opinion="", actor=CLERK, now=NOW + dt.timedelta(days=3))
    world.ready_to_close("1", now=later)
    world.move(Action.CLOSE, "1", now=later)
    world.move(Action.REOPEN, "7", now=later, details=MoveDetails(due_on=dt.date(2026, 9, 30)))
    counted = next(c for c in world.of(Clock, "4") if c.kind is ClockKind.LIMIT)
    pause_clock(database, clock_id=counted.id, reason="停工", actor=CLERK, expected_version=None, now=later)
    resume_clock(database, clock_id=counted.id, actor=CLERK, expected_version=None, now=later + dt.timedelta(days=9))
    report_measure(
        database,
        measure_id=world.of(Measure, "5")[0].id,
        progress=Progress.DONE,
        actor=OTHER_UNIT,
        expected_version=None,
        now=later,
    )
    report_check_in(database, item_id=world.ids["6"], text="正常", actor=UNIT, expected_version=None, now=later)
    call(
        database,
        plan=world.plan.code,
        caller="区住建局",
        called=["区教育局"],
        title="占道",
        due_on=dt.date(2026, 8, 20),
        actor=CLERK,
        now=later,
    )
    for notice in world.all(Notice):
        for actor in (UNIT, LEAD):
            with contextlib.suppress(Forbidden):
                acknowledge(database, notice_id=notice.id, actor=actor, now=later)
    assert papers() == before


def test_the_exposure_lists_what_a_rung_exposed_this_month_with_its_sheet(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 6, 1))), an_item("2", **due(dt.date(2026, 7, 10))))
    a_night(database, tmp_path, dt.date(2026, 7, 2))
    waits = exposure_paper(database, plan=world.plan.code, as_of=TODAY, public_url=URL)
    assert waits.grids()[0].rows[0][5] == "红灯", "a summons that nobody has approved exposes nobody"
    (sheet,) = [n for n in world.all(Notice) if n.kind == "summon"]
    friday = dt.datetime(2026, 7, 3, 2, 0, tzinfo=dt.UTC)
    talk = Talk(friday + dt.timedelta(days=4), "201会议室", "程远舟")
    head = Actor("程远舟", "lead", frozenset({"程远舟"}))
    decide_proposal(database, notice_id=sheet.id, approved=True, actor=head, now=friday, talk=talk)
    paper = exposure_paper(database, plan=world.plan.code, as_of=TODAY, public_url=URL)
    grid = paper.grids()[0]
    assert "7月3日约谈通知书督约〔2026〕1号" in str(grid.rows[0][5])
    assert (len(grid.rows), len(paper.grids()[1].rows)) == (1, 1), "what is red only is a list of its own"
    assert (paper.grids()[1].title, paper.grids()[1].rows[0][5]) == ("其他红灯事项（未列入曝光）", "红灯")
    later = exposure_paper(database, plan=world.plan.code, as_of=dt.date(2026, 8, 3), public_url=URL)
    assert all("约谈" not in str(row[5]) for row in later.grids()[0].rows), "a month lists its own"


def test_the_ranking_explains_each_score(database: Database) -> None:
    world = a_plan(database)
    paper = ranking_paper(database, plan=world.plan.code, as_of=TODAY, public_url=URL)
    assert {row[1] for row in paper.grids()[0].rows} == {"区住建局", "区教育局"}
    said = [text for text in paper.as_data()["text"] if text.startswith("区住建局：")]
    assert any("得分：" in text or "不参评" in text for text in said)


def test_the_trend_shows_each_month_as_it_stood_from_the_month_of_entry_on(database: Database) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 14))), an_item("2", responsible_units=["区教育局"]))
    world.ready_to_close("1", now=NOW + dt.timedelta(days=7))
    world.move(Action.CLOSE, "1", now=NOW + dt.timedelta(days=40))
    plan, day = world.plan.code, dt.date(2026, 9, 15)
    trend = ranking_trend(database, plan=plan, as_of=day)
    assert trend.days == (dt.date(2026, 7, 31), dt.date(2026, 8, 31), day)
    for place, on in enumerate(trend.days):
        ranked = {r.name: r for r in ranking(database, plan=plan, scope=WHOLE, as_of=on)}
        assert {name: places[place] for name, places in trend.units.items()} == {
            name: (r.place, r.score) if r.place is not None else None for name, r in ranked.items()
        }
    assert trend.units["区住建局"] == (None, (1, 66.7), None), (
        "done in time in August; nothing fell due before or after"
    )
    paper = ranking_paper(database, plan=plan, as_of=day, public_url=URL)
    assert next(g for g in paper.grids() if g.key == "trend").headings == ("单位", "7月31日", "8月31日", "9月15日")


def test_the_agenda_names_what_is_stuck_why_and_who_could_move_it(database: Database, tmp_path: Path) -> None:
    world = a_world(
        database,
        an_item("1", **due(dt.date(2026, 6, 25))),
        an_item("2", time_limit="40个工作日内", milestones=[Part("40个工作日内")]),
        an_item("3"),
    )
    a_night(database, tmp_path, dt.date(2026, 7, 6))  # the sheet to the lead official, to be acknowledged in two days
    world.finish_work("3")
    world.step(ClosingStep.REQUEST, "3", actor=UNIT)
    paper = agenda_paper(database, plan=world.plan.code, as_of=TODAY, public_url=URL)
    rows = {(g.title, str(r[0].text)): r for g in paper.grids() for r in g.rows if hasattr(r[0], "text")}  # type: ignore[union-attr]
    assert rows["逾期未完成", "1"][4] == 12
    assert rows["逾期未签收", "1"][5] == "韩望舒"
    assert "须指明起算日" in str(rows["时限未起算", "2"][3])
    assert rows["申请销号待办", "3"][3] == "待签字、核查"


def test_a_review_that_the_plan_does_not_hold_is_refused_with_those_it_holds(sqlite_database: Database) -> None:
    world = a_plan(sqlite_database)
    with pytest.raises(NoSuchReview, match="每周碰"):
        agenda_paper(sqlite_database, plan=world.plan.code, as_of=TODAY, public_url=URL, cadence="half_yearly")


def test_a_figure_that_says_another_number_than_it_counts_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="says 2 and counts 1"):
        Figure("k", "l", 2, (RowRef(1, "1", "t", "", ""),))


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(1, 3, "33.3%"), (2, 3, "66.7%"), (1, 2, "50%"), (0, 0, "0%"), (1, 8, "12.5%"), (3, 3, "100%")],
)
def test_shares_are_rounded_half_up_to_one_decimal(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said
