"""The forms in which official prose writes a date: 2025年10月底, 2025.9.30, 二〇二五年, 第一季度末, 上半年, 年底.

Each form is a pattern and a reader that turns its match into a `Period` of nominal days. What a period means as a
limit (ranges, 前 and 内, years left out) is settled in `date_phrases`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

#: A year as printed: 2025, one of 今本当明次后 before 年, or none at all.
PrintedYear = int | str | None


@dataclass(frozen=True, slots=True)
class Period:
    """What a form matched at `begin:end`, its first and last day; day 0 is the month's last day.

    `exact`: 前 includes the last day (6月30日前, 10月底前), where it does not the phrase has two readings (8月前).
    """

    begin: int
    end: int
    start_year: PrintedYear
    first: tuple[int, int]
    year: PrintedYear
    last: tuple[int, int]
    exact: bool
    plain: bool  # no more than a year or a month: a limit only where it stands alone or leads its clause
    suffix: str = ""
    is_range: bool = False


_LAST_YEAR_OF_PLAN = {"十一五": 2010, "十二五": 2015, "十三五": 2020, "十四五": 2025, "十五五": 2030, "十六五": 2035}
_CHINESE_DIGITS = {ch: str(n) for n, ch in enumerate("零一二三四五六七八九")} | dict.fromkeys("〇○ＯOo", "0")

_ENDS = r"(?=之?以?[前,，。;；)）、]|$)"
NUMBER = r"(?:\d{1,2}|元|[一二三四五六七八九十]{1,3})"
_YEAR = (
    r"(?:(?P<y>(?<!\d)(?:19|20)\d\d|[一二][〇○零Oo0一二三四五六七八九]{3}|(?<![\d.])[12]\d(?=\s?年\s?(?:\d|底|末))"
    r"|(?<!\d)[今本当明次后])\s?年(?:度)?(?![轻龄级检审])(?!度))"
)
_LAST = r"(?:底(?![线数层册板图座])|末(?![端尾]))"
_PART = rf"(?P<part>上旬|中旬|下旬|月?{_LAST}|初{_ENDS}|中{_ENDS})"
_SUFFIX = re.compile(
    r"\s?(?P<suffix>(?:之|以)?前(?![期段往置沿列后瞻景])|(?:之|以)?内(?![容部控外涝环需涵])|起(?![草步诉降重源到伏])|以来|开始|起?至(?=今|长期|持续|常态))"
)


def number(printed: str) -> int:
    """A number up to 99, or a year, in Arabic or Chinese figures: 12, 十二, 元, 二〇二五."""
    if printed.isdigit():
        return int(printed)
    if printed == "元":
        return 1
    if "十" in printed:
        tens, _, ones = printed.partition("十")
        return int(_CHINESE_DIGITS.get(tens, "1")) * 10 + int(_CHINESE_DIGITS.get(ones, "0"))
    return int("".join(_CHINESE_DIGITS.get(ch, ch) for ch in printed))


def _printed_year(match: re.Match[str]) -> PrintedYear:
    printed = match["y"]
    if printed is None or printed in "今本当明次后":
        return printed
    value = number(printed)
    return value + 2000 if value < 100 else value


def _period(
    match: re.Match[str],
    year: PrintedYear,
    first: tuple[int, int],
    last: tuple[int, int],
    *,
    exact: bool,
    plain: bool = False,
) -> Period | None:
    valid = all(1 <= month <= 12 and 0 <= day <= 31 for month, day in (first, last))
    return Period(*match.span(), year, first, year, last, exact, plain) if valid else None


def _of_month(match: re.Match[str], year: PrintedYear, month: int, day: int | None) -> Period | None:
    """A month, a part of it, or a day of it."""
    part = match["part"]
    if day is not None:
        return _period(match, year, (month, day), (month, day), exact=True) if day else None
    if part is None:
        return _period(match, year, (month, 1), (month, 0), exact=False, plain=True)
    first, last = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 0), "初": (1, 10), "中": (11, 15)}.get(part, (1, 0))
    return _period(match, year, (month, first), (month, last), exact="底" in part or "末" in part)


def _month(match: re.Match[str]) -> Period | None:
    return _of_month(match, _printed_year(match), number(match["m"]), number(match["d"]) if match["d"] else None)


def _numeric(match: re.Match[str]) -> Period | None:
    year, month, *rest = (int(part) for part in re.findall(r"\d+", match["iso"]))
    return _of_month(match, year, month, rest[0] if rest else None)


def _month_and_day(match: re.Match[str]) -> Period | None:
    month, day = int(match["m"]), int(match["d"])
    return _period(match, None, (month, day), (month, day), exact=True)


def _compact(match: re.Match[str]) -> Period | None:
    month, day = int(match[0][4:6]), int(match[0][6:])
    return _period(match, int(match[0][:4]), (month, day), (month, day), exact=True) if day else None


def _quarter(match: re.Match[str]) -> Period | None:
    last = number(match["quarter"]) * 3
    return _period(match, _printed_year(match), (last - 2, 1), (last, 0), exact=bool(match["last"]))


def _half(match: re.Match[str]) -> Period | None:
    last = 6 if match["half"] == "上半年" else 12
    return _period(match, _printed_year(match), (last - 5, 1), (last, 0), exact=bool(match["last"]))


def _whole_year(match: re.Match[str]) -> Period | None:
    part = match["part"] or ""
    last = {"中": (6, 0), "初": (1, 0)}.get(part, (12, 0))
    return _period(match, _printed_year(match), (1, 1), last, exact=part not in ("", "中", "初"), plain=not part)


def _years(match: re.Match[str]) -> Period | None:
    begun, ended = int(match["from"]), int(match["to"])
    return Period(*match.span(), begun, (1, 1), ended, (12, 0), exact=True, plain=False, is_range=True)


def _this_year(match: re.Match[str]) -> Period | None:
    last = (6, 0) if "中" in match[0] else (12, 0)
    return _period(match, None, (1, 1), last, exact=True)


def _five_years(match: re.Match[str]) -> Period | None:
    year = _LAST_YEAR_OF_PLAN[match["plan"]]
    return _period(match, year, (1, 1), (12, 0), exact=True)


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Period | None]], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (r"[“\"]?(?P<plan>十[一二三四五六]五)[”\"]?(?:规划)?(?:期末|末|期间|时期)", _five_years),
        (r"(?<!\d)20\d{6}(?!\d)", _compact),
        # 6.30前: only with 前 behind it, since a figure with a point is more often a number than a day
        (
            r"(?<![\d.])(?P<m>1[0-2]|0?[1-9])\.(?P<d>3[01]|[12]\d|0?[1-9])(?=\s?[日号]?(?:之|以)?前)[日号]?",
            _month_and_day,
        ),
        (r"(?<!\d)(?P<from>20\d\d)\s?(?:[—–~～―-]{1,2}|至|到)\s?(?P<to>20\d\d)(?!\d|\s?[年./])", _years),
        (
            rf"(?<![\d.])(?P<iso>(?:19|20)\d\d(?P<sep>[./-])\d{{1,2}}(?:(?P=sep)\d{{1,2}})?)(?![\d%])"
            rf"(?:[\sT]?00:00(?::00)?)?(?:日|月(?=[份底末初中上下前内,;。]|$))?份?{_PART}?",
            _numeric,
        ),
        (
            rf"{_YEAR}?\s?(?:第?[一二三1-3]\s?[、和]\s?)?第?(?P<quarter>[一二三四1234])季度?(?P<last>末|底)?(?<=[季度末底])(?!末)",
            _quarter,
        ),
        (rf"(?:{_YEAR})?\s?Q(?P<quarter>[1-4])(?P<last>末|底)?(?![0-9A-Za-z])", _quarter),
        (rf"{_YEAR}?\s?(?P<half>上半年|下半年)(?P<last>末|底)?", _half),
        (
            rf"{_YEAR}?\s?(?<![\d个])(?P<m>{NUMBER})\s?月(?:份)?\s?(?:(?P<d>{NUMBER})\s?(?:[日号]|(?=前))\s?)?"
            rf"{_PART}?(?:24时|24:00|24点)?",
            _month,
        ),
        (rf"{_YEAR}\s?(?:年?(?P<part>{_LAST}|中{_ENDS}|初{_ENDS})|全年|年(?=内))?", _whole_year),
        (
            rf"(?<![\d今本当明次后半每两数几多〇零一二三四五六七八九十])(?:年(?:底|末)|年内|全年(?!度)|年中{_ENDS})",
            _this_year,
        ),
    )
)


def periods(text: str) -> list[Period]:
    """Every period in a text, in order; where forms overlap the one that begins first and is longest stays.

    `text` has ASCII figures. Time is linear in its length.
    """
    found = [period for pattern, reader in _FORMS for m in pattern.finditer(text) if (period := reader(m)) is not None]
    found.sort(key=lambda p: (p.begin, -p.end))
    kept: list[Period] = []
    for period in found:
        if not kept or period.begin >= kept[-1].end:
            kept.append(_with_suffix(text, period))
    return kept


def _with_suffix(text: str, period: Period) -> Period:
    if text[period.begin : period.end].endswith("年内"):
        return replace(period, suffix="内")
    match = _SUFFIX.match(text, period.end)
    return replace(period, end=match.end(), suffix=match["suffix"]) if match else period
