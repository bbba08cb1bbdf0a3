"""时限: the words of a time limit become milestones, a tail and a category.

Each clause is a dated part, a done part, a start, a check-in, or the tail (持续推进). Within a sentence a clause
without a date takes the date of the clause before it: in 「2014年内出台《实施办法》,完成平台建设,持续推进。」 both the
regulation and the platform are due on 12-31. A semicolon or full stop ends that. Dates are nominal, not yet rolled
to a working day; the relation to the calendar is the clock's.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from duban.domain.calendar import Calendar
from duban.domain.date_phrases import DatePhrase, find_dates
from duban.domain.seasons import DEFAULT_SEASONS, Seasons


@dataclass(frozen=True, slots=True)
class Milestone:
    """One dated (or done) part of a time limit. Dates are nominal: not yet rolled to a working day."""

    text: str
    kind: str = "complete"  # issue_regulation | complete | start | check_in
    start_on: dt.date | None = None
    due_on: dt.date | None = None
    done: bool = False
    confidence: str = "sure"  # sure | ambiguous
    alternative_due_on: dt.date | None = None  # the other reading of an ambiguous date; the earlier one is `due_on`
    eve: bool = False  # before a feast or season: a rest day rolls back, since the next working day is after it

    def last_day(self, calendar: Calendar) -> dt.date | None:
        """The nominal last day: 春节前 is the last working day before it, every other date stays as printed."""
        return calendar.roll_back(self.due_on) if self.eve and self.due_on else self.due_on


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit, read: its dated parts, whether it is kept up afterwards, and the category that its words name."""

    text: str
    milestones: tuple[Milestone, ...] = ()
    long_term: bool = False
    category: str | None = None  # immediate | by_deadline | long_term


_IMMEDIATE = re.compile(
    r"立[行知整查说即]立?即?改|即[知行查说时]即?整?改|立即(?:整改|落实|执行|完成|办理|改正)|马上(?:整改|就改)|(?:随即|当即|即时|现场|当场)整改"
    r"|^(?:立即|马上|即刻|当即|立改|即改|当日|当天|当场)(?=[,\uff0c;\uff1b。]|$)"
    r"|边[查学]边改|即行整改"
)
_LONG = r"(?:持续|长期|常年|常态化?(?:长效)?|长效化?|不断|滚动|坚持不懈|常抓不懈|久久为功|一以贯之)"
_TAIL = re.compile(
    rf"^(?:并|且|再|同时|后续|此后|今后|之后|其他工作|其他|转入|进入|实现|形成)*{_LONG}(?!机制)|^坚持|"
    rf"{_LONG}(?:推进|坚持|整改|巩固|深化|落实|实施|开展|抓好|保持|执行|管理|改进|提升|加强|跟进|用力|做好|完善)|"
    r"(?:常态化|长效化|常抓不懈|久久为功|坚持不懈|持续|长期|常年)$|动态(?:清零|管理|调整|更新)"
)
_TAIL_OF_DATED = re.compile(
    rf"(?:^|[,、并且后和及]|再|转入|进入)\s?{_LONG}(?:推进|坚持|整改|巩固|深化|落实|实施|开展|抓好|保持|执行|管理|改进|提升|加强)?\w{{0,6}}$"
)
_BY_DEADLINE = re.compile(r"限期(?:整改|完成|办结|改正)")
_DONE = re.compile(
    r"(?:业已|(?<!业)已)(?:经|全部|全面|基本|按时|如期|提前|初步)*[^,;。]{0,40}?"
    r"(?:出台|实施|完成|制定|制订|印发|下发|修订|发布|颁布|建立|建成|整改|调整|到位|落实|启用|启动|开展|办结|销号|解决|纠正|清退|拆除"
    r"|组建|成立|执行|运行|实现|达标|达到|完毕|整治|归还|移交|公布|明确|形成|取消|完善|安装|竣工)(?!的)"
)
_FINISHED = re.compile(r"^(?:整改|全部|工作)*(?:完成|完毕|到位|办结)(?:整改)?$")  # a status where a date should stand
_UNDERWAY = re.compile(r"^(?:今$|截[至止]|(?:目前|当前)?$|(?:目前|当前)?(?:正在|未完成|尚未|整改中|推进中|进行中))")
_START = re.compile(r"启动|开工|动工|着手|开始|开展前期")
_END_OF_WORK = re.compile(r"完成|竣工|建成|结束|办结|完毕|通过|验收|出台|印发|投用|投入使用|到位")
_CHECK_IN = re.compile(
    r"每\s?个?(?:年度?|季度?|月|半年|半月|周|两周|两个月|旬|日|天)|逐[月季年]|按[月季年]度?(?=[通上汇调考检报推])"
)
_INSTRUMENT = re.compile(
    r"(?:出台|印发|颁布|发布|制定|制订|修订|修编|建立|完善|下发|起草|拟定)[^,;。]{0,30}?"
    r"(?:□|办法|制度|规定|细则|条例|规程|规则|规章|章程|实施意见|指导意见|管理规范|文件)"
    r"|(?:□|办法|制度|规定|细则|条例|规程|规则|意见)[^,;。]{0,6}?(?:出台|印发|颁布|发布|制定|制订|修订|修编)"
)
_POSTPONED = re.compile(r"(?:延[期长]|顺延|推迟|调整|变更)[^,;。]{0,6}(?:至|到|为)\s?$")
_STATUS_WORD = re.compile(r"(?:截至|截止[到至]?|统计至)[^,;。]{0,8}$")
_DANGLING = re.compile(r"(?:已?[于在]|[至到自从由]|每年|延[期长]至?)\s?$")
_EDGE = re.compile(r"^(?:[\s、,，:：;；。.)）]|[并且](?!联|轨|网|行)|前(?![期段往置沿]))+|[\s、,，:：;；。.(（]+$")
_NUMBERED = re.compile(r"^\s*(?:[((（]?[\d一二三四五六七八九十]{1,3}[)）、](?!$)|\d{1,2}[.．](?!\d)|[①-⑳])\s*")
_ONLY_LABEL = re.compile(
    r"^(?:(?:整改|完成|办结|销号)?(?:时限|期限|时间|日期)(?:要求)?|[自从]?即日起?|原则上|计划|预计|拟|力争|确保|争取)$"
)
_NOBODY = re.compile(r"^[\s/／—–\-－无]*$")
_EMPTY_BRACKETS = re.compile(r"[((（][\s,,、]*[))）]")
_OPENING, _CLOSING = frozenset("(（《〈[【“"), frozenset(")）》〉]】”")
_BRACKETED = re.compile(r"[(（][^()（）]*[)）]?$")
_SENTENCE_ENDS, _CLAUSE_ENDS = frozenset(";；。\n"), frozenset(",，")


def read_limit(
    text: str, *, year: int | None, seasons: Seasons = DEFAULT_SEASONS, issued_on: dt.date | None = None
) -> Limit:
    """Read a time limit.

    `year` is the document's, for phrases that print none; without it such a phrase is a milestone with no date.
    `seasons` names feasts and seasons such as 汛期. With `issued_on`, days before the document or many years after it
    are ambiguous. Words of which nothing can be told are an ambiguous part without a date. Never raises; time is
    linear in the text.
    """
    dates = find_dates(text, year=year, seasons=seasons, issued_on=issued_on)
    found = _Found()
    for begin, end in _split(text, 0, len(text), _SENTENCE_ENDS):
        _read_sentence(text, begin, end, dates, found)
    category = _category(text, found)
    if not dates and category is None and not any(part.done or part.kind == "check_in" for part in found.milestones):
        found.milestones = [replace(part, confidence="ambiguous") for part in found.milestones]
    return Limit(text, tuple(found.milestones), found.long_term, category)


@dataclass(slots=True)
class _Found:
    """What has been read so far."""

    milestones: list[Milestone] = field(default_factory=list)
    long_term: bool = False
    has_deadline: bool = False


def _category(text: str, found: _Found) -> str | None:
    """The words decide: 立行立改 is immediate also with a date; a date is a deadline also with a tail after it."""
    if _IMMEDIATE.search(text):
        return "immediate"
    if found.has_deadline or _BY_DEADLINE.search(text):
        return "by_deadline"
    return "long_term" if found.long_term else None


# --- clauses ---------------------------------------------------------------------------------------------------------


def _split(text: str, begin: int, end: int, marks: frozenset[str]) -> Iterator[tuple[int, int]]:
    """The parts of `text[begin:end]` between marks that stand outside brackets and titles."""
    depth, start = 0, begin
    for i in range(begin, end):
        ch = text[i]
        if ch in _OPENING:
            depth += 1
        elif ch in _CLOSING:
            depth = max(0, depth - 1)
        elif ch in marks and (depth == 0 or ch in "。\n") and not _inside_figure(text, i):
            yield start, i
            depth, start = 0, i + 1
    yield start, end


def _inside_figure(text: str, i: int) -> bool:
    """Whether the comma parts thousands: 1,000."""
    return text[i] == "," and text[max(0, i - 1) : i].isdigit() and bool(re.match(r"\d{3}(?!\d)", text[i + 1 : i + 5]))


def _within(dates: list[DatePhrase], begin: int, end: int) -> list[DatePhrase]:
    first = bisect_left(dates, begin, key=lambda d: d.begin)
    return dates[first : bisect_left(dates, end, key=lambda d: d.begin)]


def _clauses(text: str, begin: int, end: int, dates: list[DatePhrase]) -> Iterator[tuple[int, int, DatePhrase | None]]:
    """Clauses of a sentence, each with at most one date: 6月底前完成A、9月底前完成B are two."""
    for b, e in _split(text, begin, end, _CLAUSE_ENDS):
        inside = _within(dates, b, e)
        if len(inside) < 2:
            yield b, e, inside[0] if inside else None
            continue
        pieces = list(_split(text, b, e, frozenset("、")))
        if all(len(_within(dates, *piece)) == 1 for piece in pieces):
            yield from ((pb, pe, _within(dates, pb, pe)[0]) for pb, pe in pieces)
            continue
        starts = [b, *(d.begin for d in inside[1:]), e]
        yield from ((starts[i], starts[i + 1], date) for i, date in enumerate(inside))


def _read_sentence(text: str, begin: int, end: int, dates: list[DatePhrase], found: _Found) -> None:
    waiting: list[str] = []  # clauses before the first date of the sentence: they are what it dates
    ruling: DatePhrase | None = None
    bare: Milestone | None = None  # 「2025年底前,完成A」: the date stands alone and belongs to what follows
    for b, e, date in _clauses(text, begin, end, dates):
        clause = _without_number(text[b:e])
        if date is not None and not date.status:
            if _POSTPONED.search(text[max(0, date.begin - 12) : date.begin]):
                found.milestones[:] = [m for m in found.milestones if m.done or m.due_on is None]
            body = ",".join([*waiting, _without_date(text, b, e, date)])
            milestone = _dated(body, clause, date, found)
            bare = milestone if not body else None
            waiting.clear()
            ruling = None if milestone is None or milestone.done or milestone.kind == "start" else date
            found.milestones += [milestone] if milestone else []
            continue
        if date is not None:
            clause = _without_date(text, b, e, date)
        kept = _undated(clause, ruling, found)
        if kept and ruling is None:
            waiting.append(kept)
        elif kept and found.milestones[-2:-1] == [bare]:
            del found.milestones[-2]
    found.milestones += [Milestone(clause, kind=_kind(clause)) for clause in waiting]


def _without_number(clause: str) -> str:
    """A clause without its number and what stands at its edges; a bracket that opens or closes elsewhere goes too."""
    text = _EDGE.sub("", _NUMBERED.sub("", clause.strip())).strip()
    opened, closed = (sum(text.count(ch) for ch in marks) for marks in ("(\uff08", ")\uff09"))
    if opened > closed and text[:1] in ("(", "\uff08"):
        text = text[1:]
    if closed > opened and text[-1:] in (")", "\uff09"):
        text = text[:-1]
    return text.strip()


def _without_date(text: str, begin: int, end: int, date: DatePhrase) -> str:
    before = _STATUS_WORD.sub("", text[begin : date.begin]) if date.status else text[begin : date.begin]
    while (shorter := _DANGLING.sub("", before)) != before:
        before = shorter
    return _without_number(_EMPTY_BRACKETS.sub("", before + text[min(date.end, end) : end]))


def _dated(body: str, clause: str, date: DatePhrase, found: _Found) -> Milestone | None:
    body = _EDGE.sub("", _IMMEDIATE.sub("", body))
    body = "" if _ONLY_LABEL.match(body) else body
    if any(_TAIL_OF_DATED.search(part) for part in (body, _BRACKETED.sub("", body), body.strip("()（）"))):
        found.long_term = True
        if date.open_ended:
            return None
    done = bool(_DONE.search(clause))
    kind = "check_in" if date.recurring or _CHECK_IN.search(body) else "start" if date.open_ended else _kind(body)
    found.has_deadline = found.has_deadline or not done
    relative = date.due_on is None and not date.open_ended and kind != "check_in"  # its anchor stands in the clause
    return _milestone(clause if done or relative else body or clause, kind, date, done=done)


def _undated(clause: str, ruling: DatePhrase | None, found: _Found) -> str:
    """Read a clause without a date; returns it where it is neither tail nor done and nothing dates it yet."""
    clause = _EDGE.sub("", _IMMEDIATE.sub("", clause))
    if _NOBODY.match(clause) or _UNDERWAY.search(clause) or _BY_DEADLINE.fullmatch(clause):
        return ""
    found.long_term = found.long_term or bool(_TAIL_OF_DATED.search(clause))
    if _DONE.search(clause) or (ruling is None and _FINISHED.search(clause)):
        found.milestones.append(Milestone(clause, kind=_kind(clause), done=True))
        return ""
    if _CHECK_IN.search(clause):
        found.milestones.append(Milestone(clause, kind="check_in"))
        return ""
    if _TAIL.search(clause):
        found.long_term = True
        return ""
    if ruling is not None:
        found.milestones.append(_milestone(clause, _kind(clause), ruling, done=False))
    return clause


def _milestone(text: str, kind: str, date: DatePhrase, *, done: bool) -> Milestone:
    return Milestone(
        text,
        kind=kind,
        start_on=date.start_on,
        due_on=date.due_on,
        done=done,
        confidence="ambiguous" if date.ambiguous else "sure",
        alternative_due_on=date.alternative_due_on,
        eve=date.eve,
    )


def _kind(clause: str) -> str:
    if _INSTRUMENT.search(re.sub(r"《[^》]*(?:》|$)", "□", clause)):
        return "issue_regulation"
    if _START.search(clause) and not _END_OF_WORK.search(clause):
        return "start"
    return "complete"
