"""What each kind of clock is called in a notice, and how near or past its day is put into words.

A limit is 逾期. A report that is owed, a receipt, a verification and a re-inspection each say what is late, so that
none of them is read as the item's own limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from duban.notices.context import KINDS_ZH


@dataclass(frozen=True, slots=True)
class ClockWords:
    """The words of one kind of clock: its day, its reminder before and after it, and where it stands."""

    day: str
    reminder: str
    late_reminder: str
    late: str
    today: str
    left: str


_LIMIT = ClockWords("到期日", "临近提醒", "逾期提醒", "已逾期", "今日到期", "距到期还有")
_PART = ClockWords("节点到期日", "节点提醒", "节点逾期提醒", "已逾期", "今日到期", "距到期还有")
WORDS: Mapping[str, ClockWords] = MappingProxyType(
    {
        "limit": _LIMIT,
        "check_in": ClockWords(
            "报告截止日", "长效报告提醒", "长效报告逾期提醒", "长效报告已逾期", "长效报告今日截止", "距长效报告截止还有"
        ),
        "acknowledge": ClockWords("签收截止日", "签收提醒", "签收提醒", "签收已超期", "签收今日截止", "距签收截止还有"),
        "verify": ClockWords(
            "核查期限", "核查提醒", "核查超期提醒", "核查已超期", "核查期限今日届满", "距核查期限届满还有"
        ),
        "re_inspect": ClockWords(
            "回头看日期", "回头看提醒", "回头看超期提醒", "回头看已超期", "今日开展回头看", "距回头看还有"
        ),
    }
)
"""The words of every kind of clock; a test holds them against the ledger's kinds."""


def words_of(kind: str, part: str | None) -> ClockWords:
    """The words of a clock; a dated part of a limit, named by `part`, is a 节点."""
    return _PART if part else WORDS[kind]


def named(kind: str, clock: Mapping[str, Any] | None) -> str:
    """What a notice is called: a reminder by its clock and by whether its day is over, any other by its kind.

    Nothing that is over is called 临近提醒.
    """
    if kind != "remind" or clock is None:
        return KINDS_ZH.get(kind, kind)
    words = words_of(clock["kind"], clock["part"])
    return words.late_reminder if clock["overdue"] else words.reminder


def standing(item: Mapping[str, Any]) -> str:
    """Where an item stands against its limit, as the board says it, with the marks beside its lamp.

    An item without a date is 无时限, never due today; a closed one has ended.
    """
    if item["closed"]:
        return str(item["state_zh"])
    if item["rolled_due_on"]:
        said = _said(_LIMIT, item)
    else:
        said = "无时限" if item["light"] == "none" else "有时限的部分已完成"
    return "，".join([said, *item["marks"]])


def clock_standing(clock: Mapping[str, Any]) -> str:
    """Where a notice's own clock stands against its day."""
    return _said(words_of(clock["kind"], clock["part"]), clock)


def _said(words: ClockWords, values: Mapping[str, Any]) -> str:
    days = values["days_overdue"]
    if values["overdue"]:
        return f"{words.late}{days}个工作日" if days else words.late  # no working day since
    return words.today if days == 0 else f"{words.left}{-days}个工作日"
