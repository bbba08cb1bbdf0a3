"""Columns that no word list names: their cells tell what they hold: dates, people, units or running text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.source import Line
from duban.reading.structure_inference import NO_LEADER, NO_LIMIT, role_of_known_end, role_of_texts, with_part
from duban.reading.structure_items import status_of

_SAMPLE = 40
#: Fewer rows are chance.
_LEAST_ROWS = 2
_LONGEST_NAME = 14
_MOSTLY = 0.75
#: A table without a head needs more rows, and a column each for number, task and who answers.
_LEAST_UNHEADED, _LEAST_WIDTH = 3, 3
#: From this mean length on the cells of a column are running text.
_LEAST_TEXT = 5.0
_COUNTED = re.compile(r"^[(（第]?[A-Za-z]{0,8}\d[\d\-—.]{0,18}[)）号]?[.、]?$|^[一二三四五六七八九十]{1,3}$")
_WORDED = re.compile(r"^(?P<word>[\u4e00-\u9fff]{1,4}?)[一二三四五六七八九十\d]{1,3}$")
#: 河湖名称, 点位 look like names of people or of units, and say where.
_WHERE = re.compile(r"名称$|[地点]点|点位|地址|地段|位置|区域|范围|河段|道路")
_OF_SUPPORT = re.compile(r"协|配合|会办|参|助")


def with_told_columns(
    roles: Sequence[Role | None], words: Sequence[str], body: Sequence[Line], lexicon: Lexicon
) -> list[Role | None]:
    """The roles of a head's columns, with those that only the cells below it tell."""
    found = list(roles)
    for column, role in enumerate(roles):
        if role is None and words[column] and (told := _told(words[column], _cells(body, column), lexicon)):
            if told in PARTY_ROLES and told in found:
                helps = told is Role.RESPONSIBLE_UNITS and _OF_SUPPORT.search(words[column])
                told = Role.SUPPORT_UNITS if helps else None
            found[column] = told if told not in found or told is Role.STATUS else None
    if found[:1] == [None] and Role.NUMBER not in found and _count(_cells(body, 0)):
        found[0] = Role.NUMBER
        _add_problem(found, words, body)
        if Role.MEASURES in found and not {Role.PROBLEM, Role.GOAL, Role.SECTION} & set(found):
            found[found.index(Role.MEASURES)] = Role.PROBLEM  # 建设内容 alone is the task itself
    _add_problem(found, words, body)
    return found


def _add_problem(found: list[Role | None], words: Sequence[str], body: Sequence[Line]) -> None:
    """Left of the measures the first unknown column of text has the problems."""
    if Role.MEASURES not in found or {Role.PROBLEM, Role.GOAL, Role.SECTION} & set(found):
        return
    for column in range(found.index(Role.MEASURES)):
        if found[column] is None and words[column] and _is_text(_cells(body, column)):
            found[column] = Role.PROBLEM
            return


def _count(cells: Sequence[str]) -> bool:
    """Whether cells count the rows: 1, A2, or one word with a numeral that differs (项目一, 项目二)."""
    counted = len(cells) >= _LEAST_ROWS and len(set(cells)) == len(cells)
    if counted and all(map(_COUNTED.match, cells)):
        return True
    worded = [_WORDED.match(cell) for cell in cells]
    return counted and len({match["word"] if match else None for match in worded}) == 1 and None not in worded


def told_head(rows: Sequence[Line], lexicon: Lexicon) -> tuple[list[Role | None], list[str], int] | None:
    """Roles, words and place of a head of which too few words are known; None where the cells make no ledger either."""
    for at, row in enumerate(rows[:5]):
        words = [re.sub(r"\s", "", cell) for cell in row.cells or ()]
        if not may_be_head(words) or len(rows) - at - 1 < _LEAST_ROWS:
            continue
        body = rows[at + 1 :]
        roles = with_told_columns([lexicon.role(word) for word in words], words, body, lexicon)
        roles = _with_texts(roles, words, body)
        kinds = set(roles)
        answers = kinds & PARTY_ROLES
        if Role.PROBLEM in kinds and answers and kinds & {Role.NUMBER, Role.TIME_LIMIT}:
            return roles, words, at
        return None
    return None


def told_body(rows: Sequence[Line], lexicon: Lexicon) -> list[Role | None] | None:
    """Roles of the columns of a table without a head: a number, a text, and units or people, each told by the cells."""
    width = len(rows[0].cells or ())
    if len(rows) < _LEAST_UNHEADED or width < _LEAST_WIDTH or any(len(row.cells or ()) != width for row in rows):
        return None
    columns = [_cells(rows, column) for column in range(width)]
    if len(columns[0]) < len(rows) or not _count(columns[0]):
        return None
    told = (role_of_texts(cells, lexicon) if cells else None for cells in columns[1:])
    roles: list[Role | None] = [Role.NUMBER, *told]
    for column, role in enumerate(roles):
        if (role not in (Role.TIME_LIMIT, Role.NUMBER) and role not in PARTY_ROLES) or role in roles[:column]:
            roles[column] = None
    text = next((i for i, cells in enumerate(columns) if roles[i] is None and _is_text(cells)), None)
    if text is None or not PARTY_ROLES & set(roles):
        return None
    roles[text] = Role.PROBLEM
    return roles


def may_be_head(words: Sequence[str]) -> bool:
    """Whether a row may name columns: short words, all different, none of them a figure or a date."""
    named = [word for word in words if word]
    short = all(len(word) <= _LONGEST_NAME and not re.search(r"\d", word) for word in named)
    return len(named) >= 3 and len(named) >= 0.8 * len(words) and len(set(named)) == len(named) and short


def _cells(body: Sequence[Line], column: int) -> list[str]:
    """The cells of a column, merged ones once."""
    found = []
    for row in body:
        cells, marks = row.cells or (), row.merged
        if column < len(cells) and cells[column] and not (column < len(marks) and marks[column]):
            found.append(cells[column])
            if len(found) == _SAMPLE:
                break
    return found


def _told(word: str, cells: Sequence[str], lexicon: Lexicon) -> Role | None:
    """Limits, officials or units, as most of the cells say and nothing in the head denies."""
    if len(cells) < _LEAST_ROWS:
        return None
    if not re.search(r"\d", word) and (ends := role_of_known_end(word, cells, lexicon)) is not None:
        return ends
    if sum(len(cell) <= _LONGEST_NAME and status_of(cell) is not None for cell in cells) >= _MOSTLY * len(cells):
        return Role.STATUS
    role = role_of_texts(cells, lexicon)
    if role is Role.TIME_LIMIT:
        return None if NO_LIMIT.search(word) else role
    if role is Role.NOTE or NO_LEADER.search(word) or _WHERE.search(word):
        return None
    return role if role is Role.LEAD_OFFICIALS else with_part(word, role)


def _with_texts(roles: list[Role | None], words: Sequence[str], body: Sequence[Line]) -> list[Role | None]:
    """The first unknown column of figures is the number; the first two of text are the problem and its measures."""
    cells = {i: _cells(body, i) for i, role in enumerate(roles) if role is None and words[i]}
    if Role.NUMBER not in roles:
        counted = [at for at, texts in cells.items() if len(texts) >= _LEAST_ROWS and all(map(_COUNTED.match, texts))]
        if counted and counted[0] <= 1:
            roles[counted[0]] = Role.NUMBER
    for role in (Role.PROBLEM, Role.MEASURES):
        column = next((i for i, texts in cells.items() if roles[i] is None and _is_text(texts)), None)
        if role not in roles and column is not None and not (role is Role.PROBLEM and Role.MEASURES in roles):
            roles[column] = role
    if Role.PROBLEM not in roles:
        known = next((i for i, role in enumerate(roles) if role in (Role.MEASURES, Role.GOAL)), None)
        if known is not None:
            roles[known] = Role.PROBLEM
    return roles


def _is_text(texts: Sequence[str]) -> bool:
    return bool(texts) and sum(map(len, texts)) >= _LEAST_TEXT * len(texts)
