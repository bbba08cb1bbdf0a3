"""Tables of indicators: a name, the past year's figure and the year's target a row, in reports and lists of targets.

The head says which column is which: 指标名称, 计量单位, 2024年完成, 2025年目标, 增幅.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from duban.reading.model import Target
from duban.reading.source import Line
from duban.reading.targets import find_targets

_NAME = re.compile(r"^(?:主要|考核|经济|具体|年度|目标)*(?:指标|项目|任务)(?:名称|内容)?$|^名称$")
_UNIT = re.compile(r"^(?:计量)?单位$")
_YEAR = re.compile(r"(?:19|20)\d\d(?=年)")
_GOAL = re.compile(r"目标|计划|预期|任务数|安排")
_PAST = re.compile(r"完成|实际|实绩|执行|基数|上年|去年|上一年")
_GROWTH = re.compile(r"^(?:同比)?(?:增长|增速|增幅)(?:率|目标)?(?:[(\uff08]?[%\uff05][)\uff09]?)?$")
#: A cell that holds a figure and no sentence: 46, 8%以上, 增长6%左右, ≥98%; not 新增学位3000个.
_FIGURE = re.compile(
    r"^(?:同比|年均|力争|确保)*(?:增长|下降|提高|降低|达到?|保持在|控制在|稳定在|突破|超过|高于|低于|不[低少高超大][于过])*[到至]?"
    r"[+≥≤≧≦><=约\-]*\d|翻番|翻[一两]番"
)
_BARE = re.compile(r"^[^\u4e00-\u9fff%\uff05‰]*\d[\d,.]*(?P<bound>(?:以上|以内|以下|左右)?)$")


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row: its name, its target as printed, the targets read from it, and the past figures by the same name."""

    name: str
    printed: str
    targets: tuple[Target, ...]
    past: tuple[Target, ...]
    line: Line

    def compared(self) -> list[Target]:
        """The targets, each with the past figure of its own kind and unit beside it."""
        found = []
        for target in self.targets:
            alike = (one.value for one in self.past if one.unit == target.unit and _growth(one) == _growth(target))
            found.append(
                replace(target, baseline=target.baseline if target.baseline is not None else next(alike, None))
            )
        return found


def _growth(target: Target) -> bool:
    return target.comparator in ("+%", "-%")


@dataclass(frozen=True, slots=True)
class _Columns:
    name: int
    goal: int
    past: int | None
    unit: int | None
    growth: int | None


def indicators(lines: Sequence[Line], year: int | None) -> list[Indicator]:
    """The rows of all tables of indicators, in document order; rows of other tables are none."""
    found: list[Indicator] = []
    for table, run in groupby(lines, key=lambda line: (line.sheet, line.table)):
        rows = list(run)
        if table[1] is None and rows[0].cells is None:
            continue
        at, columns = _head(rows)
        if columns is not None:
            found += _read(rows[at + 1 :], columns, year)
    return found


def _head(rows: Sequence[Line]) -> tuple[int, _Columns | None]:
    for at, row in enumerate(rows[:4]):
        words = [re.sub(r"\s", "", cell) for cell in row.cells or ()]
        name = next((i for i, word in enumerate(words) if _NAME.match(word)), None)
        if name is None:
            continue
        years = {i: int(match[0]) for i, word in enumerate(words) if (match := _YEAR.search(word))}
        last = max(years.values(), default=0)
        goal = [i for i, word in enumerate(words) if i != name and _GOAL.search(word) and years.get(i, last) == last]
        if goal:
            earlier = (i for i, word in enumerate(words) if i not in (name, goal[0]) and _PAST.search(word))
            unit = (i for i, word in enumerate(words) if _UNIT.match(word))
            growth = (i for i, word in enumerate(words) if _GROWTH.match(word))
            return at, _Columns(name, goal[0], next(earlier, None), next(unit, None), next(growth, None))
    return 0, None


def _read(rows: Sequence[Line], columns: _Columns, year: int | None) -> Iterator[Indicator]:
    for row in rows:
        name, goal = _cell(row, columns.name), _cell(row, columns.goal)
        if not name or name == goal or not _FIGURE.search(goal):
            continue
        unit = _cell(row, columns.unit)
        targets = list(_targets(name, goal, unit, year))
        growth = _cell(row, columns.growth)
        if growth and _FIGURE.search(growth):
            targets += _targets(name, f"增长{growth}", "%", year)
        past = tuple(_targets(name, _cell(row, columns.past), unit, None))
        if targets:
            yield Indicator(name, _with_unit(goal, unit), tuple(targets), past, row)


def _targets(name: str, printed: str, unit: str, year: int | None) -> Iterator[Target]:
    """The targets of a cell; a bare figure has the unit of its row: 46 and 亿元, 3以内 and %."""
    if not _FIGURE.search(printed):
        return
    text = name + _with_unit(printed, unit)
    for target in find_targets(text, year=year):
        yield replace(target, name=name, text=text)


def _with_unit(printed: str, unit: str) -> str:
    bare = _BARE.match(printed)
    bound = bare["bound"] if bare else ""
    return f"{printed.removesuffix(bound)}{unit}{bound}" if bare else printed


def _cell(row: Line, column: int | None) -> str:
    cells = row.cells or ()
    return re.sub(r"\s", "", cells[column]) if column is not None and column < len(cells) else ""
