"""Policy opinions (意见, 若干措施, 实施意见): numbered clauses in parts, with goals that name a year."""

from __future__ import annotations

import re
from collections import Counter

from duban.domain.date_phrases import find_dates
from duban.domain.limits import Milestone, read_limit
from duban.errors import Unreadable
from duban.reading.annexes import annexes_of
from duban.reading.lexicon import Lexicon
from duban.reading.lint import lint
from duban.reading.model import Anomaly, AnomalyCode, Item, Kind, Reading
from duban.reading.prose import SAMPLE, Part, Prose, lead_and_rest, prose_of, sentences
from duban.reading.prose_items import Reader, has_units
from duban.reading.prose_sections import under_sections
from duban.reading.source import Source
from duban.reading.states import opening_state
from duban.reading.structure_front import front_of
from duban.reading.structure_measures import split_measures
from duban.reading.structure_tables import as_text
from duban.reading.targets import find_targets

_TITLE = re.compile(
    r"(?:意见|若干措施|若干规定|政策措施|[政策条]举措|若干政策|条(?:措施|政策|意见|规定)|(?:行动|实施|发展|提升|专项|[三五]年)计划|行动方案|实施方案|工作方案|实施办法|规划|纲要|决定)(?:\s*[(\uff08][^()\uff08\uff09]{1,12}[)\uff09])?》?$"
)
#: Titles that no task list has; a 方案 may be either.
_SURELY = re.compile(
    r"(?:意见|若干措施|若干规定|政策措施|政策举措|若干举措|若干政策|条(?:措施|政策|意见|规定)|规划|纲要|决定)(?:\s*[(\uff08][^()\uff08\uff09]{1,12}[)\uff09])?》?$"
)
#: A notice that sets tasks of its own, and does not only send a plan.
_NOTICE = re.compile(r"关于(?!印发|转发|下达|分解|公布)[^。]{4,60}的通知$")
_TASKED = re.compile(
    r"[(\uff08][^()\uff08\uff09]{0,60}(?:责任单位|责任部门|牵头|配合|负责)[^()\uff08\uff09]{0,60}[)\uff09]"
)
#: What stands behind the last clause: from when the opinion is in force.
_IN_FORCE = re.compile(
    r"^(?:本|此)(?:[\u4e00-\u9fff]{0,6})自.{2,24}起?(?:施行|实施|执行|生效)|起(?:施行|实施|执行|生效)|有效期"
)
_OPENING = re.compile(
    r"指导思想|总体思路|总体要求|基本原则|工作目标|主要目标|总体目标|发展目标|组织实施|保障措施|组织领导|保障机制"
)
_GOAL = re.compile(r"目标")


def score(source: Source, _lexicon: Lexicon) -> float:
    """A title of that kind over numbered clauses with the words that open and close opinions."""
    head = [line.text for line in source.lines[:12]]
    titled = any(_TITLE.search(text) and len(text) <= 80 for text in head) or bool(_TITLE.search(source.title or ""))
    surely = any(_SURELY.search(text) and len(text) <= 80 and "关于" in text for text in head)
    text = source.text[:200_000]
    orders = any(_NOTICE.search(t) and len(t) <= 80 for t in head) and len(_TASKED.findall(text)) >= 2
    words = min(1.0, len(set(_OPENING.findall(text))) / 4)
    clauses = min(1.0, sum(bool(part.text) for part in prose_of(as_text(source.lines[:SAMPLE])).walk()) / 10)
    foreign = min(1.0, len(re.findall(r"整改(?:目标|措施|时限|事项|进展)|针对[^。]{2,40}问题", text)) / 8)
    titles = 0.35 * titled + 0.2 * surely + 0.25 * (orders and not titled)
    return max(0.0, titles + 0.3 * words * (titled or words > 0.7) + 0.1 * clauses - 0.5 * foreign)


def read(source: Source, lexicon: Lexicon) -> Reading:
    """The opinion's clauses as items, its goals with their years; `Unreadable` when it has no numbered clauses."""
    prose = prose_of(as_text(annexes_of(source.lines, lexicon, None).rest))
    _drop_in_force(prose)
    front = front_of(source, prose.front or source.lines[:10])
    reader = Reader(lexicon, front.year)
    parts = clause_parts(prose)
    items = [_clause(part, part.number or str(n), reader) for n, part in enumerate(parts, start=1)]
    if not items:
        raise Unreadable(
            reason="it has no numbered clauses",
            remedy="Give the opinion itself, not the notice that forwards it; or say its kind with --as.",
        )
    reading = Reading(Kind.POLICY_OPINION, front.title, front.issuer, front.reference, front.issued_on, front.year)
    annexes = annexes_of(source.lines, lexicon, front.year)
    reading.items = [*under_sections(parts, items, reader), *annexes.items]
    reading.figures = {"parts": len({tuple(item.path) for item in items if item.path}) or 1, "clauses": len(items)}
    named = {tuple(item.path) for item in items if has_units(item)}
    waived = {item.place.line for item in items if item.goal or tuple(item.path) not in named or _is_frame(item)}
    reading.anomalies = [a for a in lint(items) if not _is_usual(a, waived)] + annexes.doubts + lint(annexes.items)
    return reading


def _drop_in_force(prose: Prose) -> None:
    """Take 本意见自…起施行 from the last clause, where it stands as a paragraph behind it."""
    for part in list(prose.walk())[-1:]:
        while part.body and _IN_FORCE.match(part.body[-1].text):
            prose.tail.append(part.body.pop())


def _is_frame(item: Item) -> bool:
    """Whether a clause says how the opinion is to be understood, and sets nobody a task."""
    return bool(re.search(r"指导思想|总体思路|基本原则|工作原则|目标|附则|适用范围|施行|解释", item.title[:20]))


def _is_usual(doubt: Anomaly, waived: set[int]) -> bool:
    """What is no doubt in an opinion: a clause of goals has no measures, and the other clauses have no goal.

    Nor is it one that a clause names no unit where it sets no task, or where no clause of its part names any.
    """
    if doubt.code is AnomalyCode.CUT_TEXT:
        return doubt.field == "title"  # a heading on a line of its own ends without a full stop
    if doubt.code is not AnomalyCode.MISSING_FIELD:
        return False
    return doubt.field in ("measures", "goal") or doubt.item_line in waived


def clause_parts(prose: Prose) -> list[Part]:
    """The parts that are clauses: the outermost ones with a text of their own behind their lead, or with no parts.

    A heading that only holds others is none, unless its numbering is rather that of clauses (第二条 支持对象: (一)…).
    """
    own: Counter[str] = Counter(part.style for part in prose.walk() if _says_something(part))
    found: list[Part] = []
    waiting = list(reversed(prose.parts))
    while waiting:
        part = waiting.pop()
        if _says_something(part) or own[part.style] > own[part.children[0].style]:
            found.append(part)
        else:
            waiting += reversed(part.children)
    return found


def _says_something(part: Part) -> bool:
    return not part.children or bool(lead_and_rest(part.text)[0])


def _clause(part: Part, number: str, reader: Reader) -> Item:
    """A clause: its lead is the title, the rest what is to be done; a clause of goals has them as its goal."""
    item = reader.item(part, number)
    whole = item.title
    text = "".join([whole if whole.endswith("。") else f"{whole}。", *item.measures])
    lead, rest = lead_and_rest(whole)
    if lead:
        item.title = lead
        item.measures = split_measures([rest]) + item.measures
    item.time_limit = None if item.time_limit and item.time_limit in whole else item.time_limit
    if _GOAL.search(item.title) and item.measures:
        item.goal = "".join(item.measures)
        item.measures = []
    item.targets = find_targets(item.goal or text, year=reader.year)
    item.milestones = [*read_limit(item.time_limit, year=reader.year).milestones] if item.time_limit else []
    item.milestones += goals_with_a_year(item.goal or text, reader.year)
    item.category = "by_deadline" if any(m.due_on for m in item.milestones) else item.category
    item.state = opening_state(item)
    return item


def goals_with_a_year(text: str, year: int | None) -> list[Milestone]:
    """到2020年,…基本形成。: what is to be reached by the end of a year, one milestone a sentence."""
    found: list[Milestone] = []
    for sentence in _dated_pieces(text, year):
        if _IN_FORCE.search(sentence):
            continue  # 自2024年5月1日起施行 is no goal
        dates = [d for d in find_dates(sentence, year=year) if d.due_on and not d.status]
        if not dates:
            continue
        first = dates[0]
        before = sentence[: first.begin].removesuffix("到").lstrip(" ,\uff0c")
        rest = sentence[first.end :].rstrip(" 。;\uff1b")
        rest = rest if before and not before.endswith((",", "\uff0c")) else rest.lstrip(" ,\uff0c")
        found.append(
            Milestone(
                text=before + rest or sentence,
                start_on=first.start_on,
                due_on=first.due_on,
                confidence="ambiguous" if first.ambiguous else "sure",
                alternative_due_on=first.alternative_due_on,
            )
        )
    return found


def _dated_pieces(text: str, year: int | None) -> list[str]:
    """Sentences; of one that names several years (到2025年…;到2030年…) the parts between semicolons."""
    pieces: list[str] = []
    for sentence in sentences(text):
        parts = [part for part in re.split(r"(?<=[;\uff1b])", sentence) if part.strip()]
        dated = [bool(find_dates(part, year=year)) for part in parts]
        if sum(dated) < 2:
            pieces.append(sentence)
            continue
        for part, has_date in zip(parts, dated, strict=True):
            if has_date or not pieces:
                pieces.append(part)
            else:
                pieces[-1] += part
    return pieces
