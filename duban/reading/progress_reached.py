"""Whether what a report says was reached is what was to be reached: 建成1.2万亩 beside 已建成0.8万亩."""

from __future__ import annotations

from decimal import Decimal

from duban.reading.baselines import scale_of
from duban.reading.targets import find_targets

_LEAST = (">=", "=")


def reached(goal: str | None, progress: str | None) -> str | None:
    """`done` or `open` by the first figure of the goal and those of the progress in the same unit; else None."""
    if not goal or not progress:
        return None
    wanted = next((one for one in find_targets(goal) if one.comparator in _LEAST), None)
    if wanted is None:
        return None
    got = [one for one in find_targets(progress) if _plain(one.unit) == _plain(wanted.unit)]
    if not got:
        return None
    value = max(Decimal(one.value) * scale_of(one.unit) for one in got)
    return "done" if value >= wanted.value * scale_of(wanted.unit) else "open"


def _plain(unit: str) -> str:
    """The unit without its scale: 万亩 and 亩 are one."""
    return unit.lstrip("百千万亿") or unit
