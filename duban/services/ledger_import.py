"""An exported workbook comes back: every open cell that somebody touched is an update, checked row by row.

What was touched is told by the cells as they were exported, which the workbook carries: a row that nobody touched is
never refused because somebody else has reported on it. All updates are one transaction: where one row is wrong
nothing is written, and every wrong row is named. What can not come back this way is named too: nothing is dropped in
silence.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database, OneTransaction
from duban.domain.actors import Actor
from duban.errors import DubanError, Unreadable
from duban.reading.text.archive import Archive
from duban.services.event_log import lock_items
from duban.services.ledger_export import (
    ABOUT,
    MARK,
    MEASURES,
    MILESTONES,
    NO,
    ORIGINALS,
    PROGRESS_ZH,
    REGULATIONS,
    SHEETS,
    TARGETS,
    YES,
    SheetShape,
    read_rows,
)
from duban.services.plan_lookup import plan_id_of
from duban.services.progress import report_measure, report_milestone, report_regulation
from duban.services.rules import business_date
from duban.services.targets import report_target
from models import Item

MOST_ROWS = 100_000
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_WORDS = {words: progress for progress, words in PROGRESS_ZH.items()}


class ImportRefused(DubanError):
    """{count} rows are wrong, nothing was written: {rows}.

    Mend each row named above and import the file again; the ledger is as it was.
    """

    code = "import_refused"
    status = 422


class NotAnExport(DubanError):
    """The file is no ledger that duban exported: {reason}.

    Fill in a workbook written by `duban export PLAN --xlsx FILE`, and keep its sheets and its first columns.
    """

    code = "not_an_export"
    status = 422
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that differs from the ledger."""

    sheet: str
    row: int
    number: str
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """One row that cannot be taken, and why."""

    sheet: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.sheet}第{self.row}行:{self.reason}"


@dataclass(slots=True)
class Imported:
    """What an import would change, or changed, what is wrong with it, and what of it is not taken over, and why."""

    plan: str
    rows: int = 0
    changes: list[Change] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    ignored: list[Wrong] = field(default_factory=list)
    applied: bool = False


def import_ledger(database: Database, content: bytes, *, actor: Actor, now: dt.datetime) -> Imported:
    """Enters what an exported workbook was filled in with. Raises NotAnExport, Unreadable or ImportRefused."""
    done = _run(database, content, actor, now, commit=True)
    if done.wrong:
        shown = ";".join(map(str, done.wrong[:20])) + (";…" if len(done.wrong) > 20 else "")
        raise ImportRefused(count=len(done.wrong), rows=shown)
    return done


def check_import(database: Database, content: bytes, *, actor: Actor, now: dt.datetime) -> Imported:
    """What the same import would do: really done, and rolled back. Raises NotAnExport or Unreadable."""
    return _run(database, content, actor, now, commit=False)


def _run(database: Database, content: bytes, actor: Actor, now: dt.datetime, *, commit: bool) -> Imported:
    book = read_workbook(content)
    plan_id = plan_id_of(database, book.code)
    done = Imported(book.code, ignored=list(book.ignored))
    with database.write() as session:
        lock_items(session, set(session.scalars(select(Item.id).where(Item.plan_id == plan_id))))
        present = read_rows(session, plan_id, business_date(now))
        for shape in SHEETS:
            if shape.name not in book.rows:
                continue
            seen = _Seen(shape, {row[0]: row for row in present[shape.name]}, book.originals[shape.name])
            for number, row in book.rows[shape.name]:
                done.rows += shape.name in ENTER
                _take(session, database, seen, number, row, actor, now, done)
            _name_missing(seen, book.rows[shape.name], done)
        done.applied = commit and not done.wrong
        if not done.applied:
            session.rollback()
    return done


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a sheet's rows are held against, by id: as they stand, and as they were exported."""

    shape: SheetShape
    present: dict[Any, tuple[Any, ...]]
    exported: dict[Any, tuple[Any, ...]]
    taken: set[int] = field(default_factory=set)


def _take(
    session: Session,
    database: Database,
    seen: _Seen,
    number: int,
    row: tuple[Any, ...],
    actor: Actor,
    now: dt.datetime,
    done: Imported,
) -> None:
    """One row under a savepoint of its own: what is wrong with it is noted, and the next one is looked at."""
    shape, key = seen.shape, _id(row[0])
    before, exported = seen.present.get(key), seen.exported.get(key)
    differing: _Differing = []
    try:
        if key is None or before is None or exported is None:
            raise _WrongCell("编号不是本方案导出的：不能在表中添加行，也请勿改动编号")
        if key in seen.taken:
            raise _WrongCell("编号与上面的一行相同：请勿复制行")
        seen.taken.add(key)
        _name_closed(shape, number, exported, row, done)
        if touched := _touched(shape, exported, row):
            wanted = _merged(shape, before, exported, row, touched)
            differing = ENTER[shape.name](OneTransaction(database, session), before, wanted, actor, now)
    except DubanError as error:
        done.wrong.append(Wrong(shape.name, number, f"{error.message} {error.remedy}".strip()))
        return
    done.changes += [
        Change(shape.name, number, str(row[2]), what, _shown(was), _shown(now_is)) for what, was, now_is in differing
    ]


def _touched(shape: SheetShape, exported: tuple[Any, ...], row: tuple[Any, ...]) -> list[int]:
    """The open cells that are other than they were exported, by their places."""
    return [n for n, c in enumerate(shape.columns) if c.open and not _alike(exported[n], row[n])]


def _merged(
    shape: SheetShape, before: tuple[Any, ...], exported: tuple[Any, ...], row: tuple[Any, ...], touched: list[int]
) -> tuple[Any, ...]:
    """The row as it stands, with the touched cells. Raises _WrongCell where somebody else has changed one since."""
    for place in touched:
        if not _alike(before[place], exported[place]) and not _alike(before[place], row[place]):
            heading, now_is = shape.columns[place].heading, _shown(before[place]) or "空"
            given = _shown(row[place]) or "空"
            raise _WrongCell(f"“{heading}”在导出以后已改为{now_is}，表中填的是{given}；请重新导出后填报")
    return tuple(row[n] if n in touched else value for n, value in enumerate(before))


def _name_closed(
    shape: SheetShape, number: int, exported: tuple[Any, ...], row: tuple[Any, ...], done: Imported
) -> None:
    """Edits of cells that cannot come back this way: limits, parties, texts."""
    for place, column in enumerate(shape.columns):
        if place and not column.open and not _alike(exported[place], row[place]):
            was, now_is = _shown(exported[place]) or "空", _shown(row[place]) or "空"
            done.ignored.append(Wrong(shape.name, number, f"“{column.heading}”的改动没有录入（{was} → {now_is}）"))


def _name_missing(seen: _Seen, rows: Sequence[tuple[int, tuple[Any, ...]]], done: Imported) -> None:
    """Rows that were exported and are not in the file: nothing is deleted by leaving them out."""
    there = {_id(row[0]) for _, row in rows}
    for place, (key, row) in enumerate(seen.exported.items(), start=2):
        if key not in there:
            said = f"这一行已从表中删去（第{row[2]}项：{str(row[3])[:30]}），台账未变"
            done.ignored.append(Wrong(seen.shape.name, place, said))


def _alike(one: object, other: object) -> bool:
    return _plain(one) == _plain(other)


def _plain(value: object) -> object:
    """A cell as it is compared: however a spreadsheet stores it."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, (int, float, Decimal)):
        return Decimal(str(value)).normalize()
    return value if isinstance(value, dt.date) else _text(value)


class _WrongCell(DubanError):
    """{reason}"""

    code = "wrong_cell"
    status = 422

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


_Differing = list[tuple[str, object, object]]


def _measure(database: Database, before: tuple[Any, ...], row: tuple[Any, ...], actor: Actor, now: dt.datetime) -> Any:
    words, on = _word(row[MEASURES.at("进展")], "进展", tuple(_WORDS)), _date(row[MEASURES.at("完成日期")])
    found = _differences(MEASURES, before, {"进展": words, "完成日期": on})
    if not found:
        return found
    if on is not None and words != "已完成":
        raise _WrongCell(f"填了完成日期{on},进展却是{words}")
    report_measure(
        database,
        measure_id=before[0],
        progress=_WORDS[words],
        actor=actor,
        expected_version=None,
        now=now,
        done_on=on,
        reason="导入填报表",
    )
    return found


def _milestone(
    database: Database, before: tuple[Any, ...], row: tuple[Any, ...], actor: Actor, now: dt.datetime
) -> Any:
    done, on = _word(row[MILESTONES.at("已完成")], "已完成", (YES, NO)), _date(row[MILESTONES.at("完成日期")])
    found = _differences(MILESTONES, before, {"已完成": done, "完成日期": on})
    if not found:
        return found
    if before[MILESTONES.at("已完成")] == YES:
        raise _WrongCell("该节点已经完成,不能在表中改动")
    if done == NO:
        raise _WrongCell(f"填了完成日期{on},却没有填「是」")
    report_milestone(
        database,
        milestone_id=before[0],
        actor=actor,
        expected_version=None,
        now=now,
        done_on=on,
        reason="导入填报表",
    )
    return found


def _regulation(
    database: Database, before: tuple[Any, ...], row: tuple[Any, ...], actor: Actor, now: dt.datetime
) -> Any:
    number, on = _text(row[REGULATIONS.at("文号")]), _date(row[REGULATIONS.at("印发日期")])
    found = _differences(REGULATIONS, before, {"文号": number, "印发日期": on})
    if not found:
        return found
    if any(was is not None and now_is is None for _, was, now_is in found):
        raise _WrongCell("已登记的文号、日期不能在表中清空")
    report_regulation(
        database,
        regulation_id=before[0],
        document_number=number,
        issued_on=on,
        actor=actor,
        expected_version=None,
        now=now,
    )
    return found


def _target(database: Database, before: tuple[Any, ...], row: tuple[Any, ...], actor: Actor, now: dt.datetime) -> Any:
    reached, on = _figure(row[TARGETS.at("已达")]), _date(row[TARGETS.at("截至日")])
    found = _differences(TARGETS, before, {"已达": reached, "截至日": on})
    if not found:
        return found
    if reached is None:
        raise _WrongCell("没有填数值" if on else "已报的数值不能在表中清空")
    report_target(
        database,
        target_id=before[0],
        reached=reached,
        reached_on=on,
        actor=actor,
        expected_version=None,
        now=now,
        note="导入填报表",
    )
    return found


#: How the rows of each sheet are entered; the sheet of items is only to be read.
ENTER: dict[str, Callable[..., _Differing]] = {
    MEASURES.name: _measure,
    MILESTONES.name: _milestone,
    REGULATIONS.name: _regulation,
    TARGETS.name: _target,
}


def _differences(shape: SheetShape, before: tuple[Any, ...], given: dict[str, object]) -> _Differing:
    return [(h, before[shape.at(h)], value) for h, value in given.items() if before[shape.at(h)] != value]


# -- reading -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Filled:
    """A workbook that came back: its plan's code, the rows of each sheet with their numbers, and as exported by id."""

    code: str
    rows: dict[str, list[tuple[int, tuple[Any, ...]]]] = field(default_factory=dict)
    originals: dict[str, dict[Any, tuple[Any, ...]]] = field(default_factory=dict)
    ignored: list[Wrong] = field(default_factory=list)


def read_workbook(content: bytes) -> Filled:
    """What an exported workbook holds by now. Raises NotAnExport or Unreadable."""
    from openpyxl import load_workbook

    archive = Archive(content)
    if not archive.has("xl/workbook.xml"):
        raise NotAnExport(reason="it is no .xlsx workbook")
    for name in archive.names:  # every part is checked for size and entities before the library sees the file
        if name.endswith((".xml", ".rels")):
            archive.part(name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            return _parse(book)
    except DubanError:
        raise
    except Exception as error:  # a damaged workbook fails in openpyxl in many ways, none of them documented
        raise Unreadable(reason="the workbook is damaged", remedy="Open it and save it again as .xlsx.") from error


def _parse(book: Any) -> Filled:
    if ABOUT not in book.sheetnames or ORIGINALS not in book.sheetnames:
        missing = ORIGINALS if ABOUT in book.sheetnames else ABOUT
        raise NotAnExport(reason=f"the sheet {missing} is missing")
    about = {row[0]: row[1] for row in book[ABOUT].iter_rows(max_row=20, max_col=2, values_only=True) if len(row) == 2}
    if about.get("格式") != MARK or not about.get("方案"):
        raise NotAnExport(reason=f"the sheet {ABOUT} does not name its form and plan")
    found = Filled(str(about["方案"]), originals={shape.name: {} for shape in SHEETS})
    widths = {shape.name: len(shape.columns) for shape in SHEETS}
    for cells in book[ORIGINALS].iter_rows(values_only=True):
        if cells and cells[0] in widths:
            row = _of_width(cells[1:], widths[cells[0]])
            found.originals[cells[0]][_id(row[0])] = row
    for shape in SHEETS:
        if shape.name in book.sheetnames:
            found.rows[shape.name] = list(_rows(book[shape.name], shape, found))
        elif found.originals[shape.name]:
            found.ignored.append(Wrong(shape.name, 1, "整张工作表已删去，台账未变"))
    if not found.rows:
        raise NotAnExport(reason="none of its sheets is there")
    ours = {ABOUT, ORIGINALS, *widths}
    found.ignored += [Wrong(name, 1, "不是导出的工作表，没有读取") for name in book.sheetnames if name not in ours]
    return found


def _rows(sheet: Any, shape: SheetShape, found: Filled) -> Iterator[tuple[int, tuple[Any, ...]]]:
    sheet.reset_dimensions()
    width = len(shape.columns)
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        row = _of_width(cells, width)
        if number == 1:
            if [_text(cell) for cell in row] != [column.heading for column in shape.columns]:
                raise NotAnExport(reason=f"the headings of the sheet {shape.name} were changed")
            added = [words for cell in cells[width:] if (words := _text(cell))]
            found.ignored += [Wrong(shape.name, 1, f"“{heading}”一列不是导出的，没有读取") for heading in added]
            continue
        if number > MOST_ROWS:
            raise NotAnExport(reason=f"the sheet {shape.name} has more than {MOST_ROWS} rows")
        if any(_text(cell) for cell in row):
            yield number, row


def _of_width(cells: Sequence[Any], width: int) -> tuple[Any, ...]:
    return (*cells[:width], *(None,) * (width - len(cells[:width])))


def _id(value: object) -> int | None:
    try:
        figure = Decimal(str(value))
    except InvalidOperation:
        return None
    return int(figure) if figure.is_finite() and figure == figure.to_integral_value() and abs(figure) < 2**62 else None


def _text(value: object) -> str | None:
    words = str(value).strip() if value is not None else ""
    return words or None


def _word(value: object, heading: str, choices: tuple[str, ...]) -> str:
    words = _text(value)
    if words not in choices:
        raise _WrongCell(f"{heading}「{words or ''}」不对,应填{'、'.join(choices)}")
    return words


def _date(value: object) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if value is None or isinstance(value, dt.date):
        return value
    words = _text(value)
    if words is None:
        return None
    match = _DATE.fullmatch(words)
    try:
        if match:
            return dt.date(*(int(part) for part in match.groups()))
    except ValueError:
        pass
    raise _WrongCell(f"「{words}」不是日期,请写成2026-07-15")


def _figure(value: object) -> Decimal | None:
    words = _text(value)
    if words is None:
        return None
    try:
        figure = Decimal(words.replace(",", "").replace("，", ""))
    except InvalidOperation:
        raise _WrongCell(f"「{words}」不是数值") from None
    if not figure.is_finite():
        raise _WrongCell(f"「{words}」不是数值")
    return figure


def _shown(value: object) -> str:
    return "" if value is None else str(value)
