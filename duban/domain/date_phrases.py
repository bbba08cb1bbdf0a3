"""Date phrases as limits: what 2014年内, 10月底前, 2014年7月至2014年底前, 汛期前 and 40个工作日内 mean in days.

What is no limit (the year inside the title of a regulation, 截至2022年3月, 2014年考核政策) is left out or marked,
never guessed at. A phrase with two readings keeps both.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol, TypeVar

from duban.domain.date_forms import Period, PrintedYear, number, periods
from duban.domain.seasons import DEFAULT_SEASONS, Seasons

#: Beyond so many years after the day of issue a printed year is a misprint rather than a plan: 2062年 for 2026年.
FARTHEST_YEARS = 15

_ASCII = str.maketrans("０１２３４５６７８９．／－～，；：（）　", "0123456789./-~,;:() ")
_MAY_DATE = re.compile(r"[年月季旬日天周Q前末]|十[一二三四五六]五|\d[./\-．／－]\d|20\d{6}|[０-９]")
_LINK = r"\s?(?:[—–~～―─]{1,2}|-{1,2}|至|到)\s?"
_RANGE = re.compile(_LINK)
_SHORT_START = re.compile(
    rf"(?:(?P<y>(?:19|20)\d\d)\s?年\s?)?(?<![\d.第])(?P<n>\d{{1,4}}|[一二三四五六七八九十]{{1,3}}){_LINK}$"
)
_STATUS = re.compile(r"(?:截至|截止[到至]|统计至)[^,;。]{0,8}$")
_STATUS_OR_DEADLINE = re.compile(r"截止(?!时间|日期|期限)[^,;。]{0,4}$")
_RECURRING = re.compile(r"每\s?(?:年|季|季度|月|半年|周)\s?(?:度)?(?:的)?\s?$")
_LEAD_IN = re.compile(
    r"(?:(?:完成|整改)?(?:时限|期限|时间|日期)|力争|争取|确保|保证|预计|计划|拟|原则上|最迟|不晚于|不迟于|最晚|暂定|务必"
    r"|[应须并且于在到至自从:：、和及\s]|已[于在]|延[期长]|顺延|推迟|调整为?|\d{1,2}[.、)]|[(]\d{1,2}[)]|[①-⑳]|[(])*$"
)
_GARBLED = re.compile(r"\s?[0-9A-Za-z]{1,4}\s?[年月日号]")
_SEPARATORS = frozenset(",;。、\n")
_RELATIVE = re.compile(
    r"(?<![\d年月第])(?:(?:[\d.]+|[一二两三四五六七八九十百半]{1,4})\s?(?:个)?\s?(?:工作日|自然日|半年|日|天|周|星期|月|季度|年)(?:之|以)?内"
    r"|[本下当次]?月(?:底|末|内)(?:之?前)?|[本下]周(?:五|日|末)?(?:内|前)?|本?季度?末(?:之?前)?|任期内|本届(?:任期)?内)"
)


@dataclass(frozen=True, slots=True)
class DatePhrase:
    """A date phrase at `begin:end` of a text.

    `due_on` is the earlier reading, `alternative_due_on` the later one where there are two. Both are null for a
    relative phrase (3年内) and where no year is known. `open_ended` is 2025年1月起, `recurring` 每年12月底前, `status`
    截至2022年3月.
    """

    begin: int
    end: int
    start_on: dt.date | None = None
    due_on: dt.date | None = None
    alternative_due_on: dt.date | None = None
    ambiguous: bool = False
    status: bool = False
    open_ended: bool = False
    recurring: bool = False
    eve: bool = False  # before a feast or season: a rest day rolls back to the working day before it


def find_dates(
    text: str, *, year: int | None, seasons: Seasons = DEFAULT_SEASONS, issued_on: dt.date | None = None
) -> list[DatePhrase]:
    """The date phrases of a text, in order.

    `year` is the document's, for phrases that print none; a year that is printed also serves the phrases after it
    (2014年7月至年底前). With the day of issue, a feast without a year is the next one, and a day before the issue or
    many years after it is ambiguous.
    """
    if not _MAY_DATE.search(text):
        return []
    masked = _masked(text)
    named = list(_season_phrases(masked, year, seasons, issued_on))
    dated = _placed(masked, _joined(masked, _apart(periods(masked), named)))
    phrases = sorted([*named, *_resolved(masked, dated, year, issued_on)], key=lambda p: p.begin)
    return sorted([*phrases, *_apart(_relative_phrases(masked), phrases)], key=lambda p: p.begin)


class _Spanned(Protocol):
    @property
    def begin(self) -> int: ...
    @property
    def end(self) -> int: ...


_S = TypeVar("_S", bound=_Spanned)


def _apart(candidates: Iterable[_S], taken: Iterable[_Spanned]) -> list[_S]:
    """The candidates that overlap nothing taken. Both run in order of their place."""
    kept: list[_S] = []
    others = iter(taken)
    other = next(others, None)
    for candidate in candidates:
        while other is not None and other.end <= candidate.begin:
            other = next(others, None)
        if other is None or other.begin >= candidate.end:
            kept.append(candidate)
    return kept


def _masked(text: str) -> str:
    """The text in ASCII figures, of the same length, without what stands in 《》: a title holds no limit."""
    plain = text.translate(_ASCII)
    return re.sub(r"《[^》]*(?:》|$)", lambda m: "□" * len(m.group()), plain) if "《" in plain else plain


def _joined(text: str, found: list[Period]) -> list[Period]:
    """Two periods joined by 至, — or ~ become one; a figure before the sign is a month or a year (3-6月)."""
    joined: list[Period] = []
    for period in found:
        before = joined[-1] if joined else None
        link = _RANGE.match(text, before.end) if before and before.suffix in ("", "起", "开始") else None
        if before and link and link.end() == period.begin:
            joined[-1] = replace(
                period, begin=before.begin, first=before.first, start_year=before.start_year, is_range=True, plain=False
            )
            continue
        started = _with_short_start(text, period, before.end if before else 0)
        if before and before.plain and started.is_range and started.begin - before.end <= 1 and _of_whole_year(before):
            started = replace(started, begin=joined.pop().begin, start_year=before.year)  # 2026年 and 1-6月 are one
        joined.append(started)
    return joined


def _of_whole_year(period: Period) -> bool:
    return isinstance(period.year, int) and (period.first, period.last) == ((1, 1), (12, 0))


def _with_short_start(text: str, period: Period, floor: int) -> Period:
    window = max(floor, period.begin - 16)
    match = _SHORT_START.search(text, window, period.begin)
    if match is None:
        return period
    start, printed = number(match["n"]), match["y"]
    if 1900 < start < 2100 and isinstance(period.year, int) and start <= period.year:
        return replace(period, begin=match.start(), start_year=start, first=(1, 1), is_range=True, plain=False)
    if 1 <= start <= 12 and period.year is None and period.first[1] == 1:
        quarters = "季" in text[period.begin : period.end]
        first = (start * 3 - 2 if quarters and start <= 4 else start, 1)
        begun = int(printed) if printed else None
        return replace(period, begin=match.start(), start_year=begun, first=first, is_range=True, plain=False)
    return period


def _placed(text: str, found: list[Period]) -> list[Period]:
    """Without plain years and months inside a clause: 已对2014年考核政策作出调整 dates the policy, not the limit."""
    return [period for period in found if not period.plain or period.suffix or _stands_free(text, period)]


def _stands_free(text: str, period: Period) -> bool:
    window = text[max(0, period.begin - 40) : period.begin]
    lead = window[max(window.rfind(mark) for mark in _SEPARATORS) + 1 :]
    at_end = period.end >= len(text) or text[period.end] in ",;。)\n、."
    return bool(_LEAD_IN.match(lead)) or at_end


# --- meaning ---------------------------------------------------------------------------------------------------------


def _resolved(text: str, found: list[Period], year: int | None, issued_on: dt.date | None) -> Iterator[DatePhrase]:
    context, latest, printed = year, None, False
    for period in found:
        phrase, context = _meaning(period, year, context)
        if issued_on is not None and not phrase.ambiguous:
            phrase = _doubted(phrase, issued_on, yearless=period.year is None and not printed)
        if printed and period.year is None and period.start_year is None and phrase.due_on and latest:
            phrase = _next_year_too(phrase, latest)
        printed = printed or isinstance(period.year, int)
        latest = phrase.due_on or latest
        before = text[max(0, period.begin - 16) : period.begin]
        if _GARBLED.match(text, period.end):  # 6月l5日, 6月150日, 2026年13月: no day can be told
            phrase = replace(phrase, due_on=None, alternative_due_on=None, ambiguous=True)
        yield replace(phrase, status=_is_status(text, phrase), recurring=bool(_RECURRING.search(before)))


def _doubted(phrase: DatePhrase, issued_on: dt.date, *, yearless: bool) -> DatePhrase:
    """A day before the document was issued is a misprint, or of the next year where none is printed."""
    due = phrase.due_on
    if due is None or issued_on <= due <= issued_on.replace(year=issued_on.year + FARTHEST_YEARS, day=1):
        return phrase
    later = _a_year_later(due) if yearless and due < issued_on else None
    return replace(phrase, alternative_due_on=later, ambiguous=True)


def _is_status(text: str, phrase: DatePhrase) -> bool:
    """截至 is never a limit; 截止 is one where nothing but the date stands with it (a cell 截止2025年6月30日)."""
    before = text[max(0, phrase.begin - 16) : phrase.begin]
    more = text[phrase.end : phrase.end + 8].strip(" ,;。、\n")
    return bool(_STATUS.search(before) or more.startswith("今") or (more and _STATUS_OR_DEADLINE.search(before)))


def _meaning(period: Period, document_year: int | None, context: int | None) -> tuple[DatePhrase, int | None]:
    begun = _year(period.start_year, document_year, context)
    ended = _year(period.year, document_year, context)
    if period.is_range:
        if period.year is None and isinstance(period.start_year, int):
            ended = period.start_year + (period.last[0] < period.first[0])
        elif period.start_year is None and ended is not None:
            begun = ended - (period.first[0] > period.last[0])
    first, last = _day(begun, period.first), _day(ended, period.last)
    no_such_day = last is not None and last.day < period.last[1]  # 6月31日
    start = first if period.is_range else None
    phrase = DatePhrase(period.begin, period.end, start_on=start, due_on=last, ambiguous=no_such_day)
    if period.suffix in ("起", "开始", "以来") or period.suffix.endswith("至"):
        phrase = replace(phrase, start_on=first, due_on=None, open_ended=True)
    elif period.suffix.endswith("前") and not period.exact and last is not None:
        opening = first if not period.is_range else _day(ended, (period.last[0], 1))
        literal = opening - dt.timedelta(days=1) if opening else None
        phrase = replace(phrase, due_on=literal, alternative_due_on=last, ambiguous=True)
    return phrase, ended if ended is not None else context


def _year(printed: PrintedYear, document_year: int | None, context: int | None) -> int | None:
    if isinstance(printed, int):
        return printed
    if printed is None:
        return context
    base = context if printed in "当次" else document_year
    return None if base is None else base + {"明": 1, "次": 1, "后": 2}.get(printed, 0)


def _day(year: int | None, day: tuple[int, int]) -> dt.date | None:
    """The day itself; day 0, or a day that the month does not have (6月31日), is the month's last."""
    if year is None:
        return None
    last = calendar.monthrange(year, day[0])[1]
    return dt.date(year, day[0], min(day[1] or last, last))


def _next_year_too(phrase: DatePhrase, latest: dt.date) -> DatePhrase:
    """2024年12月底前完成A,3月底前完成B: the later phrase, without a year, may mean the next one."""
    if phrase.due_on is None or phrase.due_on >= latest or phrase.ambiguous:
        return phrase
    return replace(phrase, alternative_due_on=_a_year_later(phrase.due_on), ambiguous=True)


def _a_year_later(due: dt.date) -> dt.date | None:
    return _day(due.year + 1, (due.month, 0 if (due + dt.timedelta(days=1)).day == 1 else due.day))


def _season_phrases(text: str, year: int | None, seasons: Seasons, issued_on: dt.date | None) -> Iterator[DatePhrase]:
    """汛期前, 2015年春节前: the day before it begins. Without a year the next one after the day of issue is meant.

    One whose day in that year nobody knows is ambiguous, and has no day.
    """
    if not seasons or "前" not in text:
        return
    for match in _season_pattern(tuple(seasons)).finditer(text):
        printed = match["y"]
        season = seasons[match["name"] or match["short"] + "期"]
        of = _year(int(printed) if printed and printed.isdigit() else printed, year, year)
        first = season.starts_on(of) if of is not None else None
        if printed is None and issued_on is not None:
            first = season.next_after(issued_on)
        due = first - dt.timedelta(days=1) if first else None
        phrase = DatePhrase(*match.span(), due_on=due, ambiguous=of is not None and first is None, eve=True)
        yield replace(phrase, status=_is_status(text, phrase))


@cache
def _season_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    short = "|".join(re.escape(name[:-1]) for name in names if name.endswith("期"))  # 汛前
    return re.compile(
        r"(?:(?P<y>(?:19|20)\d\d|[今本当明次])\s?年)?\s?(?:主)?"
        rf"(?:(?P<name>{alternatives})(?:假期|节日?|到来|来临|开始)?(?:之|以)?"
        rf"|(?P<short>{short or '(?!)'}))前(?![期段])"
    )


def _relative_phrases(text: str) -> Iterator[DatePhrase]:
    for match in _RELATIVE.finditer(text):
        yield DatePhrase(match.start(), match.end())
