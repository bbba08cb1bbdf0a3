"""Work reports (政府工作报告): the year's numeric targets as items, with the past year's figure beside each."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from duban.domain.date_phrases import find_dates
from duban.errors import Unreadable
from duban.reading.baselines import Baselines
from duban.reading.bracketed import brackets, outside
from duban.reading.indicator_tables import Indicator, indicators
from duban.reading.lexicon import Lexicon
from duban.reading.model import Item, Kind, Place, Reading, Target
from duban.reading.prose import SAMPLE, Part, Prose, heading, lead_and_rest, prose_of, sentences
from duban.reading.source import Line, Source
from duban.reading.states import opening_state
from duban.reading.structure_front import front_of
from duban.reading.structure_items import read_item_limit, set_field
from duban.reading.structure_numbering import numbered
from duban.reading.structure_tables import as_text
from duban.reading.targets import find_targets

_TITLE = re.compile(
    r"(?:政府|年度|党委|党组|工作)工作(?:报告|总结)|工作报告$|工作总结|工作总结和.{0,12}(?:计划|打算|安排)|年度工作(?:情况|要点)"
    r"|(?:经济|代表大会|人代会|全会|全体|工作|部署|动员)[\u4e00-\u9fff]{0,8}会议?上的(?:讲话|发言|报告)|国民经济和社会发展计划[^,\uff0c。]{0,30}报告"
    r"|件(?:民生|惠民|重点)?实事|为民(?:兴)?办实事(?:项目)?$|民生实事(?:项目)?$"
)
_REVIEW = re.compile(r"回顾|总结|工作情况|工作成效|主要成绩|取得的?成[绩效]|完成情况|过去[一五]年|所做的?工作|工作进展")
_PLAN = re.compile(
    r"(?:主要|重点)(?:工作|任务)|工作(?:安排|打算|思路|计划|部署|重点|目标)|目标任务|(?:主要|预期)目标|总体要求|下一步|今年|任务和措施|发展目标"
)
_AHEAD = re.compile(r"安排|打算|计划|下一步|下阶段|思路|部署|今年|明年|新一年")
_GOALS = re.compile(r"(?:主要)?(?:预期)?目标(?:任务)?(?:是|为|如下|包括)?\s*[:\uff1a]")
_SEMICOLON = re.compile(r"(?<=[;\uff1b])")
_LONGEST_HEADING = 60
#: A paragraph without a heading that turns to what is planned: 今年经济工作的主要目标是:…
_SPEAKS_AHEAD = re.compile(
    r"^(?:做好)?(?:今年|明年|新的一年|下一步|下阶段|(?:19|20)\d\d年)[^。;\uff1b]{0,24}(?:目标|任务|安排|预期|打算|思路)[^。;\uff1b]{0,8}[:\uff1a是为]"
)
#: How a heading that names no year begins where it looks one way: 过去一年工作, 今年主要目标.
_LOOKS = re.compile(r"(?:过去|今年|一年来|明年|新的?一年|下一步|工作回顾|主要(?:预期)?目标|工作安排|重点工作|上年)")
_YEAR = re.compile(r"(?:19|20)\d\d(?=\s*年)")


@dataclass(frozen=True, slots=True)
class _Passage:
    """A paragraph with its headings."""

    text: str
    line: Line
    path: tuple[str, ...]


def score(source: Source, _lexicon: Lexicon) -> float:
    """A report's title over a look back and a look ahead, with many numbers and no units in brackets."""
    head = [line.text for line in source.lines[:8]] + [source.title or ""]
    titled = any(_TITLE.search(text) and len(text) <= 60 for text in head)
    tops = [part.line.text for part in prose_of(as_text(source.lines[:SAMPLE])).walk() if len(part.line.text) <= 60]
    back, ahead = any(_REVIEW.search(t) for t in tops), any(_PLAN.search(t) for t in tops)
    numbers = min(1.0, len(re.findall(r"\d\s*(?:%|个|家|万|亿|户|项)", source.text[:60_000])) / 30)
    foreign = len(re.findall(r"整改|(?:牵头|责任)(?:单位|部门)\s*[:\uff1a]", source.text[:60_000]))
    parted = any(re.search(r"分解|分工|责任清单", text) for text in head if len(text) <= 60)
    told = 0.5 * titled + 0.15 * back + 0.15 * ahead + 0.15 * numbers
    return max(0.0, told - 0.02 * min(foreign, 30) - 0.3 * parted)


def read(source: Source, lexicon: Lexicon) -> Reading:
    """The targets as items; `Unreadable` when the report promises no number."""
    tables = {line.table for line in (one.line for one in indicators(source.lines, None))}
    lines = [line for line in source.lines if line.cells is None or line.table not in tables]
    prose = prose_of([_marked(line) for line in _with_plain_title(as_text(lines))])
    front = front_of(source, prose.front or source.lines[:10])
    issued_on = front.issued_on or _spoken_on(prose.front)
    year = _plan_year(prose, front.title, front.year or (issued_on.year if issued_on else None))
    review, plan = _halves(prose, year)
    past = [t for passage in review for t in find_targets(passage.text, year=year and year - 1)]
    rows = indicators(source.lines, year)
    past += [target for row in rows for target in row.past]
    baselines = Baselines(past)
    items: list[Item] = []
    for passage in plan:
        items += _items(passage, year, baselines, lexicon)
    items = sorted([*items, *(_of_row(row, prose) for row in rows)], key=lambda item: item.place.line)
    for count, item in enumerate(items, start=1):
        item.number = str(count)
    if not items:
        raise Unreadable(
            reason="it promises no numbers: no targets such as 增长7% or 新增40家 in what is planned",
            remedy="Give the report's full text; or say its kind with --as.",
        )
    issuer = front.issuer or _issuer(front.title)
    reading = Reading(Kind.WORK_REPORT, front.title, issuer, front.reference, issued_on, year)
    reading.items = items
    reading.figures = _figures(past)
    return reading


def _with_plain_title(lines: list[Line]) -> list[Line]:
    """The lines with the title as text where it is the only heading of the highest level: all would be its parts."""
    tops = [i for i, line in enumerate(lines) if line.level == 1 and numbered(line.text) is None]
    if len(tops) == 1 and tops[0] < 4:
        lines[tops[0]] = replace(lines[tops[0]], level=0)
    return lines


def _marked(line: Line) -> Line:
    """A short line without a number that says which way its part looks, as a heading."""
    is_heading = (
        len(line.text) <= 24
        and numbered(line.text) is None
        and not line.level
        and not re.search(r"[,\uff0c。;\uff1b:\uff1a]", line.text)
    )
    looks = _LOOKS.match(line.text) or _YEAR.search(line.text)
    looks = looks and (_REVIEW.search(line.text) or _PLAN.search(line.text) or _AHEAD.search(line.text))
    return replace(line, level=2) if is_heading and looks and not _TITLE.search(line.text) else line


# --- look back, look ahead -------------------------------------------------------------------------------------------


def _halves(prose: Prose, year: int | None) -> tuple[list[_Passage], list[_Passage]]:
    """The paragraphs that look back and those that look ahead. Without such headings all of them look ahead."""
    review: list[_Passage] = []
    plan: list[_Passage] = []
    looks_back: bool | None = None
    for part in _divisions(prose, year):
        looks_back = _looks_back(part.line.text, year, looks_back)
        for passage in _passages(part):
            (review if looks_back else plan).append(passage)
    front = [_Passage(line.text, line, ()) for line in prose.front]
    ahead = next((i for i, one in enumerate(front) if _SPEAKS_AHEAD.match(one.text)), len(front))
    if not prose.parts:
        return (front[:ahead], front[ahead:]) if 0 < ahead < len(front) else ([], front)
    return [*front[:ahead], *review], [*front[ahead:], *plan]


def _divisions(prose: Prose, year: int | None) -> Iterator[Part]:
    """The parts that look one way; a part over both (2024年总结和2025年计划) counts by the parts within it."""
    for part in prose.parts:
        ways = {_looks_back(child.line.text, year, None) for child in part.children if len(child.line.text) <= 40}
        if {True, False} <= ways and _YEAR.search("".join(child.line.text for child in part.children)):
            yield from part.children
        else:
            yield part


def _looks_back(title: str, year: int | None, before: bool | None) -> bool | None:
    """Whether a heading looks back on what was done; what says neither goes on as before."""
    years = [int(y) for y in _YEAR.findall(title)]
    if _AHEAD.search(title) and not (year and years and max(years) < year):
        return False
    if _REVIEW.search(title):
        return True
    if _PLAN.search(title) and not (year and years and max(years) < year):
        return False
    if year and years:
        return max(years) < year
    return before


def _plan_year(prose: Prose, title: str, year: int | None) -> int | None:
    """The year that is planned: the latest that the title or a heading names, a year ahead of the document at most."""
    texts = [title, *(part.line.text for part in prose.walk() if len(part.path) < 2 and len(part.line.text) <= 40)]
    years = [int(y) for text in texts for y in _YEAR.findall(text)]
    return max((y for y in years if year is None or y <= year + 1), default=year)


def _spoken_on(front: Sequence[Line]) -> dt.date | None:
    """The day on which the report was given: ——2025年1月10日在…会议上."""
    for line in front[:8]:
        if match := re.search(r"((?:19|20)\d\d)年(\d{1,2})月(\d{1,2})日在[^。]{4,60}(?:会议|大会|全会)", line.text):
            try:
                return dt.date(*(int(group) for group in match.groups()))
            except ValueError:
                return None
    return None


def _passages(part: Part) -> Iterator[_Passage]:
    """The paragraphs of a part and of all within it; a numbered line with more than a heading is one itself."""
    path = (*part.path, heading(part.line.text))
    lead, rest = lead_and_rest(part.text)
    if lead and not find_targets(lead):
        number = part.line.text[: len(part.line.text) - len(part.text)]
        path = (*part.path, f"{number}{lead}")
        yield _Passage(rest, part.line, path)
    elif lead or len(part.text) > _LONGEST_HEADING or not (part.children or part.body):
        yield _Passage(part.text, part.line, tuple(part.path))
    for line in part.body:
        yield _Passage(line.text, line, path)
    for child in part.children:
        yield from _passages(child)


# --- items -----------------------------------------------------------------------------------------------------------


def _of_row(row: Indicator, prose: Prose) -> Item:
    """A row of a table of indicators as an item, under the heading above its table."""
    line = row.line
    above = [part for part in prose.walk() if part.line.number < line.number][-1:]
    path = [*above[0].path, heading(above[0].line.text)] if above else []
    item = Item("", Place(line.number, line.last, line.page, line.sheet), path, row.name, row.printed)
    item.targets = row.compared()
    item.state = opening_state(item)
    return item


def _items(passage: _Passage, year: int | None, baselines: Baselines, lexicon: Lexicon) -> list[Item]:
    """One item a sentence that promises a number; a sentence of goals parted by semicolons is as many."""
    lead, rest = lead_and_rest(passage.text)
    path = [*passage.path, lead] if lead and not find_targets(lead, year=year) else list(passage.path)
    found: list[Item] = []
    for sentence in sentences(rest if lead and len(path) > len(passage.path) else passage.text):
        for text in _clauses(sentence):
            owned = brackets(text, passage.line.number, lexicon)
            title = outside(text, owned).rstrip(";\uff1b")
            targets = find_targets(title, year=year)
            if not any(target.name for target in targets):
                continue  # a cell of a table, or a figure that nothing names
            place = Place(passage.line.number, passage.line.last, passage.line.page, passage.line.sheet)
            item = Item("", place, path, title)
            for bracket in owned:
                for field in bracket.fields:
                    set_field(item, field, lexicon)
            item.targets = _with_baselines(targets, baselines)
            item.time_limit = item.time_limit or _limit(title, year)
            read_item_limit(item, year)
            item.state = opening_state(item)
            found.append(item)
    return found


def _clauses(sentence: str) -> Iterable[str]:
    goals = _GOALS.search(sentence)
    parts = _SEMICOLON.split(sentence[goals.end() :] if goals else sentence)
    if goals or len(parts) >= 3:
        return [part.strip() for part in parts if part.strip()]
    return [sentence]


def _with_baselines(targets: Sequence[Target], baselines: Baselines) -> list[Target]:
    """Each target with the past year's figure; of two of one name the first: 加装电梯50台,上半年完成20台."""
    seen: set[tuple[str, str, str]] = set()
    found = []
    for target in targets:
        key = (target.name, target.unit, target.comparator)
        known = target.baseline if target.baseline is not None or key in seen else baselines.of(target)
        found.append(replace(target, baseline=known))
        seen.add(key)
    return found


def _limit(text: str, year: int | None) -> str | None:
    """The phrase that dates the sentence: 年内, 全年, 年底前, 6月底前."""
    dates = [d for d in find_dates(text, year=year) if d.due_on and not d.status]
    return text[dates[0].begin : dates[0].end].strip() if dates else None


def _figures(past: Sequence[Target]) -> dict[str, int | float]:
    """The past year's figures by name and unit; growth has + or - before its unit."""
    figures: dict[str, int | float] = {}
    for target in past:
        sign = target.comparator[0] if target.comparator in ("+%", "-%") else ""
        whole = target.value == target.value.to_integral_value()
        figures.setdefault(f"{target.name}({sign}{target.unit})", int(target.value) if whole else float(target.value))
    return figures


def _issuer(title: str) -> str | None:
    match = re.match(
        r"^(?:(?:19|20)\d\d年)?(?P<who>[\u4e00-\u9fff]{2,20}?(?:政府|委员会|局|委|办公室))工作(?:报告|总结)", title
    )
    return match["who"] if match and not re.search(r"会议|大会|在", match["who"]) else None
