"""Heads of ledgers: which column holds what, told by the words above it, in one row or two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.source import Line
from duban.reading.structure_columns import told_body, told_head, with_told_columns

#: The first of two columns under 整改时间: when work begins is no limit.
_START = re.compile(r"^(?:计划)?(?:开始|启动|起始|开工)(?:时间|日期)?$")
#: Columns that each say what is to be reached by then: 一季度目标, 上半年, 9月底.
_PERIOD = re.compile(
    r"^(?:(?:20\d\d年)?(?P<when>第?[一二三四1-4]季度末?|[上下]半年|全年|\d{1,2}月(?:底|末)?|(?:20\d\d年?)?年底)(?:前)?)"
    r"(?:[(（].*[)）])?(?:年度|阶段|工作|形象|计划|推进|完成|任务|进度|目标|节点|安排|内容|要求|措施)*$"
)
#: 检视问题, 群众诉求: what kind of problem it is no word list knows.
_PROBLEM = re.compile(r"(?:问题|诉求|短板|不足|隐患)$")
#: What differs from row to row of one problem where the rows are items of their own.
PER_ROW = frozenset({*PARTY_ROLES, Role.TIME_LIMIT})


@dataclass(frozen=True, slots=True)
class Head:
    """What the columns of a table hold: a role for each that has one, and the words of its head."""

    roles: tuple[Role | None, ...]
    words: tuple[str, ...]
    depth: int  # rows that the head takes

    def periods(self) -> list[tuple[int, str]]:
        """Columns whose head is a part of the year, and that part: two at least, and none of limits."""
        if Role.TIME_LIMIT in self.roles:
            return []
        found = [
            (column, match["when"])
            for column, (word, role) in enumerate(zip(self.words, self.roles, strict=True))
            if role in (None, Role.GOAL) and (match := _PERIOD.match(word))
        ]
        return found if len(found) >= 2 else []

    def column(self, role: Role) -> int | None:
        """The first column of a role."""
        return self.roles.index(role) if role in self.roles else None


def head_of(rows: Sequence[Line], lexicon: Lexicon) -> Head | None:
    """The head among the first rows of a table: the row with the most column names, with a second row under it."""
    best, best_at = None, -1
    for index, row in enumerate(rows[:8]):
        head = _head(row.cells or (), lexicon)
        if head is not None and (best is None or _named(head) > _named(best)):
            best, best_at = head, index
    if best is None:
        if told := told_head(rows, lexicon):
            return Head(tuple(told[0]), tuple(told[1]), told[2] + 1)
        roles = told_body(rows, lexicon)
        return Head(tuple(roles), ("",) * len(roles), 0) if roles else None
    head = _with_second_row(best, best_at, rows, lexicon)
    return replace(head, roles=tuple(with_told_columns(head.roles, head.words, rows[head.depth :], lexicon)))


def goes_on(rows: Sequence[Line], above: Head) -> Head | None:
    """The head of the table before, where a table without one goes on with its columns: as wide, and numbered."""
    number = above.column(Role.NUMBER)
    if number is None or any(len(row.cells or ()) != len(above.roles) for row in rows):
        return None
    counted = sum(bool(re.fullmatch(r"[(\uff08]?\d{1,4}[)\uff09]?[.、]?", (row.cells or ())[number])) for row in rows)
    return Head(above.roles, above.words, 0) if counted >= 0.5 * len(rows) else None


def names_columns(cells: Sequence[str], lexicon: Lexicon) -> bool:
    """Whether the cells of a row are the names of a ledger's columns."""
    return _head(cells, lexicon) is not None


def _head(cells: Sequence[str], lexicon: Lexicon) -> Head | None:
    words = tuple(re.sub(r"\s", "", cell) for cell in cells)
    roles = [lexicon.role(word) if len(word) <= 20 else None for word in words]
    roles = _distinct([role or _problem_by_end(word, lexicon) for word, role in zip(words, roles, strict=True)])
    roles = _with_tasks(_led(roles, words), words)
    kinds = {role for role in roles if role is not None}
    if (
        len(kinds) < 2
        or not kinds & {Role.PROBLEM, Role.MEASURES, Role.GOAL, Role.SECTION}
        or not kinds & (PER_ROW | {Role.MEASURES})
    ):
        return None
    if any(len(word) > 30 for word in words):
        return None
    return Head(tuple(roles), words, 1)


def _problem_by_end(word: str, lexicon: Lexicon) -> Role | None:
    """督察发现问题 ends in 发现问题 and is a column of problems."""
    ends = (word[size:] for size in range(1, len(word) - 1)) if 4 < len(word) <= 12 else ()
    role = next((role for end in ends if (role := lexicon.role(end)) is not None), None)
    return role if role is Role.PROBLEM and word.endswith(("问题", "隐患", "事项", "任务")) else None


def _with_tasks(roles: list[Role | None], words: Sequence[str]) -> list[Role | None]:
    """The first column that no word list knows (民生实事, 目标与任务) holds the tasks beside number and units.

    A head is known by its other columns: 序号 and at least one of units, officials or limit.
    """
    kinds = set(roles)
    if Role.NUMBER not in kinds or not kinds & PER_ROW or Role.PROBLEM in kinds:
        return roles
    named = next((i for i, role in enumerate(roles) if role is None and _PROBLEM.search(words[i])), None)
    if named is not None:
        roles[named] = Role.PROBLEM
        return roles
    if Role.MEASURES in kinds:
        return roles
    unknown = [i for i, role in enumerate(roles) if role is None and words[i] and i > roles.index(Role.NUMBER)]
    for column in unknown[:1]:
        roles[column] = Role.PROBLEM
    return roles


def _led(roles: list[Role | None], words: Sequence[str]) -> list[Role | None]:
    """Beside a column of leaders (牵头领导) one of plain 责任人 names whom the unit sends, who leads nothing."""
    people = [column for column, role in enumerate(roles) if role is Role.LEAD_OFFICIALS]
    leaders = [column for column in people if "领导" in words[column]]
    if leaders:
        return [role if column not in people or column in leaders else None for column, role in enumerate(roles)]
    return roles


def _named(head: Head) -> int:
    return len({role for role in head.roles if role is not None})


def _distinct(roles: list[Role | None]) -> list[Role | None]:
    """A second column of problems (问题, then 整改任务) says what is done, if no column of measures does."""
    places = [i for i, role in enumerate(roles) if role is Role.PROBLEM]
    if len(places) == 2 and Role.SECTION not in roles and Role.MEASURES not in roles:
        roles[places[1]] = Role.MEASURES
    return roles


def _with_second_row(head: Head, at: int, rows: Sequence[Line], lexicon: Lexicon) -> Head:
    """The head with the names that a second row gives under merged cells: 责任单位 over 牵头 and 配合."""
    if at + 1 >= len(rows):
        return Head(head.roles, head.words, at + 1)
    below = rows[at + 1]
    cells, marks = below.cells or (), below.merged
    roles, words, seen = list(head.roles), list(head.words), 0
    above = rows[at]
    for column, cell in enumerate(cells[: len(roles)]):
        spanned = _spans(above, column)
        if (column < len(marks) and marks[column] == "up") or not cell or not spanned:
            continue
        word = re.sub(r"\s", "", cell)
        role = lexicon.role(word) or lexicon.role(word + "单位") or lexicon.role(words[column] + word)
        if len(word) > 12 or (role is None and not _START.search(word)):
            return Head(head.roles, head.words, at + 1)
        roles[column], seen = role, seen + 1
        words[column] = word
    if not seen:
        return Head(head.roles, head.words, at + 1)
    return Head(tuple(roles), tuple(words), at + 2)


def _spans(row: Line, column: int) -> bool:
    """Whether a head's cell covers several columns, merged or left empty behind the first."""
    cells, marks = row.cells or (), row.merged
    here = column < len(marks) and marks[column] == "left"
    following = column + 1 < len(cells) and (
        (column + 1 < len(marks) and marks[column + 1] == "left") or not cells[column + 1]
    )
    return here or following or not cells[column]
