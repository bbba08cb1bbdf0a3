"""Limits that no label names: 「…,11月10日前完成。」 within what is to be done is the limit of an item without another.

Precision first: only a day or period with 前 and a word for the end of the work behind it, nothing that has been done
or was missed, and no item whose siblings have a limit of their own that it lacks: that one stays for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from duban.domain.date_phrases import find_dates
from duban.reading.model import AnomalyCode, Item, Kind, Reading
from duban.reading.states import opening_state
from duban.reading.structure_items import read_item_limit

_KINDS = frozenset({Kind.RECTIFICATION_PLAN, Kind.TASK_BREAKDOWN, Kind.PROGRESS_REPORT})
_ENDS = re.compile(
    r"[,\uff0c]?[^,\uff0c。;\uff1b:\uff1a]{0,16}?"
    r"(?:完成|办结|退出|到位|销号|清零|竣工|完工|建成|投用|清退|拆除|退还|收回|报送|上报|整改完毕|复工|移交|恢复)(?!了|情况|率|后)"
)
_PAST = re.compile(r"已|未|没有|逾期|曾|原计划|原定|本应|规定|每")
_REST = re.compile(r"剩余|其余|余下|尚余|计划|预计|拟|力争|确保|将于|下一步")
_MARKS = ",\uff0c。;\uff1b:\uff1a"


def limits_in_texts(reading: Reading) -> None:
    """Give the items without a limit the one that their own text names."""
    if reading.kind not in _KINDS:
        return
    missing = {
        (one.number, one.item_line)
        for one in reading.anomalies
        if one.code is AnomalyCode.MISSING_FIELD and one.field == "time_limit"
    }
    for item in reading.walk():
        if (
            (item.number, item.place.line) in missing
            or item.status == "done"
            or any(one.time_limit for one in _tree(item))
        ):
            continue
        found = [clause for text in (item.goal or "", *item.measures) for clause in _dated(text, reading, item)]
        if found:
            item.time_limit = ";".join(dict.fromkeys(found))
            read_item_limit(item, reading.year)
            item.state = item.state if reading.kind is Kind.PROGRESS_REPORT else opening_state(item)


def _tree(item: Item) -> Iterator[Item]:
    yield item
    for child in item.children:
        yield from _tree(child)


def _dated(text: str, reading: Reading, item: Item) -> Iterator[str]:
    """The clauses of a text that say by when its work ends; of a report only what is still to come."""
    for date in find_dates(text, year=reading.year):
        end = _ENDS.match(text, date.end)
        if date.due_on is None or date.status or date.recurring or end is None or text[date.end - 1] != "前":
            continue
        begin = max(text.rfind(mark, 0, date.begin) for mark in _MARKS) + 1
        clause = text[begin : end.end()].strip()
        to_come = reading.kind is not Kind.PROGRESS_REPORT or item.status == "open" or _REST.search(clause)
        if to_come and not _PAST.search(clause):
            yield clause
