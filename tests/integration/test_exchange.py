"""The ledger as a workbook that units fill in, and back: every row checked, all of it or nothing."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import openpyxl
import pytest

from duban.adapters.database import Database
from duban.errors import Unreadable
from duban.reading.model import Target as ReadTarget
from duban.services.ledger_export import as_csv, as_data, as_workbook, ledger_of
from duban.services.ledger_import import ImportRefused, NotAnExport, check_import, import_ledger
from duban.services.progress import report_measure
from models import Measure, Milestone, Progress, Regulation, Target
from tests.integration.ledger import CLERK, NOW, TODAY, UNIT, World, a_world, an_item, due, promised

JOBS = {"targets": [ReadTarget("新增岗位40个", "新增岗位", ">=", 40, "个")]}  # type: ignore[arg-type]


def a_ledger(database: Database) -> World:
    return a_world(
        database,
        an_item("1", measures=["甲", "乙"], **due(dt.date(2026, 8, 31)), **promised("管理办法")),
        an_item("2", title="=1+1", **JOBS),
    )


def exported(world: World) -> Any:
    content = as_workbook(ledger_of(world.database, plan=world.plan.code, as_of=TODAY))
    return openpyxl.load_workbook(io.BytesIO(content))


def saved(book: Any) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_what_was_exported_comes_back_and_changes_nothing(database: Database) -> None:
    world = a_ledger(database)
    done = import_ledger(database, saved(exported(world)), actor=CLERK, now=NOW)
    assert (done.changes, done.wrong, done.rows) == ([], [], 3 + 1 + 1 + 1)
    assert [item.version for item in (world.item("1"), world.item("2"))] == [1, 1]


def test_filled_in_cells_are_entered_with_their_events(database: Database) -> None:
    world = a_ledger(database)
    book = exported(world)
    book["措施"]["E2"], book["措施"]["F2"] = "已完成", "2026年7月1日"
    book["措施"]["E3"] = "基本完成"
    book["节点"]["F2"] = "是"
    book["制度"]["F2"], book["制度"]["G2"] = "青府办〔2026〕3号", dt.date(2026, 7, 2)
    book["指标"]["G2"], book["指标"]["H2"] = 21.5, "2026-06-30"
    shown = check_import(database, saved(book), actor=CLERK, now=NOW)
    assert not shown.applied
    assert world.of(Measure)[0].progress is Progress.OPEN, "a dry run writes nothing"
    done = import_ledger(database, saved(book), actor=CLERK, now=NOW)
    assert done.changes == shown.changes
    assert [(c.sheet, c.row, c.what, c.after) for c in done.changes][:2] == [
        ("措施", 2, "进展", "已完成"),
        ("措施", 2, "完成日期", "2026-07-01"),
    ]
    first, second = world.of(Measure)
    assert (first.progress, first.done_on, second.progress) == (
        Progress.DONE,
        dt.date(2026, 7, 1),
        Progress.MOSTLY_DONE,
    )
    assert world.of(Milestone)[0].done
    assert world.of(Regulation)[0].document_number == "青府办〔2026〕3号"
    assert float(world.of(Target, "2")[0].reached) == 21.5
    assert [e.type for e in world.events()][-4:] == [
        "measure.reported",
        "measure.reported",
        "milestone.done",
        "regulation.reported",
    ]


def test_one_wrong_row_keeps_all_out_and_every_wrong_row_is_named(database: Database) -> None:
    world = a_ledger(database)
    book = exported(world)
    book["措施"]["E2"] = "已完成"
    book["措施"]["E3"] = "差不多了"
    book["节点"]["G2"] = "2026-07-01"
    book["制度"]["G2"] = "下个月"
    book["指标"]["G2"] = "很多"
    with pytest.raises(ImportRefused) as refused:
        import_ledger(database, saved(book), actor=CLERK, now=NOW)
    message = refused.value.message
    assert message.startswith("4 rows are wrong")
    for part in ("措施第3行", "差不多了", "节点第2行", "制度第2行", "下个月", "指标第2行", "很多"):
        assert part in message
    assert world.of(Measure)[0].progress is Progress.OPEN
    assert len(world.events()) == 1


def test_a_second_clerk_is_refused_only_for_the_cells_that_both_touched(database: Database) -> None:
    world = a_ledger(database)
    book = exported(world)
    first, second = world.of(Measure)
    for progress in (Progress.MOSTLY_DONE,):
        report_measure(database, measure_id=first.id, progress=progress, actor=UNIT, expected_version=None, now=NOW)
    book["措施"]["E3"] = "已完成"
    done = import_ledger(database, saved(book), actor=CLERK, now=NOW)
    assert (done.wrong, done.ignored, [c.row for c in done.changes]) == ([], [], [3])
    first, second = world.of(Measure)
    assert (first.progress, second.progress) == (Progress.MOSTLY_DONE, Progress.DONE), "row 2 was nobody's to take back"
    book["措施"]["E2"] = "已完成"
    shown = check_import(database, saved(book), actor=CLERK, now=NOW)
    assert [w.row for w in shown.wrong] == [2]
    assert "基本完成" in shown.wrong[0].reason


def test_whatever_cannot_come_back_is_named_and_the_rest_comes_in(database: Database) -> None:
    world = a_ledger(database)
    book = exported(world)
    book["事项"]["G2"] = dt.date(2026, 12, 31)
    book["事项"]["I2"] = "区教育局"
    book["措施"]["D2"] = "改写的措施"
    book["措施"]["G1"], book["措施"]["G2"] = "备注", "请尽快"
    book["措施"]["E3"] = "基本完成"
    book["节点"].delete_rows(2)
    book.create_sheet("附表")["A1"] = "另记"
    done = import_ledger(database, saved(book), actor=CLERK, now=NOW)
    assert (done.wrong, [(c.row, c.what) for c in done.changes]) == ([], [(3, "进展")])
    said = {(i.sheet, i.row): i.reason for i in done.ignored}
    assert "到期日" in " ".join(str(i) for i in done.ignored if i.sheet == "事项")
    assert "责任单位" in said["事项", 2]
    assert "措施" in said["措施", 2]
    assert "备注" in said["措施", 1]
    assert "删去" in said["节点", 2]
    assert "没有读取" in said["附表", 1]


def test_foreign_copied_or_added_rows_are_refused(database: Database) -> None:
    world, other = a_ledger(database), a_ledger(database)
    book = exported(world)
    book["措施"]["A2"] = other.of(Measure)[0].id
    book["措施"].append(["x", 1, "1", "新措施", "未完成", None])
    book["措施"].append([cell.value for cell in book["措施"][3]])
    shown = check_import(database, saved(book), actor=CLERK, now=NOW)
    assert [w.row for w in shown.wrong] == [2, 5, 6]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda book: book.remove(book["说明"]), "说明"),
        (lambda book: book["说明"].cell(1, 2, "other"), "form and plan"),
        (lambda book: book["措施"].cell(1, 5, "进度"), "措施"),
    ],
)
def test_a_workbook_of_another_shape_is_refused(sqlite_database: Database, change: Any, reason: str) -> None:
    book = exported(a_ledger(sqlite_database))
    change(book)
    with pytest.raises(NotAnExport, match=reason):
        import_ledger(sqlite_database, saved(book), actor=CLERK, now=NOW)


def test_what_is_no_workbook_is_refused(sqlite_database: Database) -> None:
    with pytest.raises(Unreadable):
        import_ledger(sqlite_database, b"PK\x03\x04 not a zip", actor=CLERK, now=NOW)


def test_a_title_like_a_formula_stays_a_text_in_every_format(sqlite_database: Database) -> None:
    world = a_ledger(sqlite_database)
    ledger = ledger_of(sqlite_database, plan=world.plan.code, as_of=TODAY)
    sheet = openpyxl.load_workbook(io.BytesIO(as_workbook(ledger)))["事项"]
    assert (sheet["D3"].value, sheet["D3"].data_type) == ("=1+1", "s")
    rows = list(csv.reader(io.StringIO(as_csv(ledger))))
    assert rows[2][3] == "'=1+1"
    assert as_data(ledger)["sheets"]["事项"][1]["事项"] == "=1+1"
    assert as_data(ledger)["sheets"]["事项"][0]["责任单位"] == "区住建局"
