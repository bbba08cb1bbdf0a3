"""Named days that limits refer to: feasts, which move with the lunar calendar, and seasons, which an office sets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Season:
    """A named season: the same (month, day) every year, or the days of the years that are known."""

    name: str
    start: tuple[int, int] | None = None
    by_year: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    source: str = ""

    def starts_on(self, year: int) -> dt.date | None:
        """The season's first day in a year; None where that year's day is not known."""
        found = self.by_year.get(year, self.start)
        return dt.date(year, *found) if found else None

    def next_after(self, day: dt.date) -> dt.date | None:
        """The first time that it begins after `day`; None where that is not known."""
        begins = (self.starts_on(year) for year in (day.year, day.year + 1))
        return next((first for first in begins if first is not None and first > day), None)


_FIRST_YEAR: Final = 2005
#: The first day of each lunar feast from 2005 on, as MMDD, a year each: 正月初一, 正月十五, 五月初五, 八月十五 of the
#: lunar calendar (GB/T 33661-2017). A test compares them with the State Council's published holidays.
_LUNAR: Final = {
    "春节": (
        "0209 0129 0218 0207 0126 0214 0203 0123 0210 0131 0219 0208 0128 0216 0205 0125 0212 0201 "
        "0122 0210 0129 0217 0206 0126 0213 0203 0123 0211 0131 0219 0208 0128 0215 0204 0124 0212 "
        "0201 0122 0210 0130 0217 0206 0126 0214 0202 0123"
    ),
    "元宵": (
        "0223 0212 0304 0221 0209 0228 0217 0206 0224 0214 0305 0222 0211 0302 0219 0208 0226 0215 "
        "0205 0224 0212 0303 0220 0209 0227 0217 0206 0225 0214 0305 0222 0211 0301 0218 0207 0226 "
        "0215 0205 0224 0213 0303 0220 0209 0228 0216 0206"
    ),
    "端午": (
        "0611 0531 0619 0608 0528 0616 0606 0623 0612 0602 0620 0609 0530 0618 0607 0625 0614 0603 "
        "0622 0610 0531 0619 0609 0528 0616 0605 0624 0612 0601 0620 0610 0530 0618 0607 0527 0614 "
        "0603 0622 0611 0531 0619 0608 0529 0615 0604 0623"
    ),
    "中秋": (
        "0918 1006 0925 0914 1003 0922 0912 0930 0919 0908 0927 0915 1004 0924 0913 1001 0921 0910 "
        "0929 0917 1006 0925 0915 1003 0922 0912 1001 0919 0908 0927 0916 1004 0924 0913 1002 0920 "
        "0910 0928 0917 1005 0925 0915 1004 0922 0911 0930"
    ),
}


def _days(printed: str) -> Mapping[int, tuple[int, int]]:
    days = [(int(day[:2]), int(day[2:])) for day in printed.split()]
    return MappingProxyType(dict(enumerate(days, start=_FIRST_YEAR)))


#: Seasons and feasts by name.
Seasons = Mapping[str, Season]

#: What a name means where the office's policy says nothing of its own.
DEFAULT_SEASONS: Final[Seasons] = MappingProxyType(
    {name: Season(name, by_year=_days(printed)) for name, printed in _LUNAR.items()}
    | {
        name: Season(name, day)
        for name, day in {
            "元旦": (1, 1), "两会": (3, 3), "清明": (4, 4), "五一": (5, 1), "劳动节": (5, 1),
            "汛期": (6, 1), "高温季节": (7, 1), "暑假": (7, 1), "七一": (7, 1), "八一": (8, 1), "开学": (9, 1),
            "国庆": (10, 1), "十一": (10, 1), "供暖季": (11, 15), "采暖季": (11, 15), "冬季": (12, 1),
        }.items()
    }
)  # fmt: skip
