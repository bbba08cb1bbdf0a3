"""Progress reports (整改进展情况的通报): numbered problems, what was done about each, and the totals stated."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.domain.limits import read_limit
from duban.errors import Unreadable
from duban.reading.bracketed import trailing
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.lint import lint
from duban.reading.model import Item, Kind, Reading
from duban.reading.progress_doers import name_doers
from duban.reading.progress_entries import names_problem, problem_parts, title_of, told_parts, unnumbered
from duban.reading.progress_figures import is_summary, stated_figures
from duban.reading.progress_parted import parted_problems
from duban.reading.progress_reached import reached
from duban.reading.progress_status import (
    LABEL,
    LONG_TERM,
    ONLY_STATUS,
    SPEAKS_OF_IT,
    STATUS,
    closing_status,
    entry_status,
    joined,
    promised,
    settle_status,
    share_status,
    status_above,
    status_in,
    status_of_headings,
    status_year,
    without_status,
)
from duban.reading.prose import SAMPLE, Part, Prose, prose_of, sentences
from duban.reading.prose_items import Reader, has_units
from duban.reading.regulations import find_regulations
from duban.reading.source import Source
from duban.reading.structure_assembly import outline_of
from duban.reading.structure_front import front_of
from duban.reading.structure_items import items_of, limit_texts, orphan_anomalies, read_item_limit
from duban.reading.structure_measures import split_measures
from duban.reading.structure_numbering import numbered
from duban.reading.structure_tables import as_text, ledger_outline

_TITLE = re.compile(
    r"(?:整改|落实|办理)[^,\uff0c。]{0,12}(?:进展|情况|结果|成效)[^,\uff0c。]{0,8}(?:通报|报告|公示|公告|公布|的函)?"
)
_REPORT = re.compile(
    r"(?:(?:进展|落实|完成|整改|销号|办理|推进|督查|实施)(?:工作)?情况|(?:整改|办理|落实|工作|实施|推进|完成|建设)(?:进展|进度))(?:的)?(?:通报|报告|公告|公示|通告|说明|函)"
    r"|方案(?:的)?(?:进展|落实|完成)(?:工作)?情况|边督边改公开情况|督[查办](?:情况)?(?:通报|专报|报告)"
)
#: A ledger by such a title reports only where a column says how things stand: 整改情况台账 may as well set tasks.
_LEDGER = re.compile(
    r"(?:(?:进展|落实|完成|整改|销号|办理|推进|实施)(?:工作)?情况|(?:整改|办理|落实|工作|实施|推进|完成|建设)(?:进展|进度))的?"
    r"(?:公开)?(?:台账|一览表|汇总表|统计表|明细表|清单|表)"
)
_STATUS_LABEL = re.compile(
    r"(?:^|\n|[。;\uff1b]\s*)(?:整改|目前|当前|最新)?(?:完成|落实|进展|整改|办理)(?:完成|落实|进展)?(?:情况|结果|成效|状态)?\s*[:\uff1a]"
)
_ENTRY_ROLES = PARTY_ROLES | {Role.GOAL, Role.MEASURES, Role.TIME_LIMIT}
_STATUS_HEAD = re.compile(
    r"^(?:整改|目前|当前|最新|第?[一二三四]季度|[上下]半年|\d{1,2}月份?|本[周月季])?(?:完成|进展|落实|整改|办理|销号)(?:情况|状态|进度|结果|进展)?$|^是否(?:完成|销号)$"
)


def score(source: Source, _lexicon: Lexicon) -> float:
    """A title of a report on rectification, over problems that are named as such and deeds in the past."""
    head = " ".join(line.text for line in source.lines[:6])[:400] + (source.title or "")
    status = _has_status_column(source)
    titled = 0.55 if _REPORT.search(head) or (status and _LEDGER.search(head)) else 0.3 if _TITLE.search(head) else 0.0
    prose = prose_of(as_text(source.lines[:SAMPLE]))
    named = sum(map(names_problem, prose.walk())) or len(unnumbered(prose))
    problems = min(1.0, named / 6)
    if titled > 0.5 and "整改" in head and named >= 2:
        return 0.9
    stated = bool(stated_figures(source.text[-8_000:]).get("problems_closed"))
    planned = len(re.findall(r"整改时限|完成时限|整改目标\s*[:\uff1a]|整改期限", source.text[:100_000]))
    if titled > 0.5 and (len(_STATUS_LABEL.findall(source.text[:200_000])) >= 2 or status):
        return 0.95  # a ledger or labelled entries that say how each problem stands
    if titled > 0.5 and "整改" in head and _STATUS_LABEL.search(source.text[:200_000]):
        return 0.85  # what was done about a single problem
    if titled > 0.5 and named < 2 and len(told_parts(prose)) >= 3:
        return 0.85  # a report on tasks or projects
    return max(0.0, titled * (0.4 + 0.6 * problems) + 0.25 * problems + 0.2 * stated - 0.05 * min(planned, 10))


def _has_status_column(source: Source) -> bool:
    return any(_STATUS_HEAD.match(re.sub(r"\s", "", cell)) for line in source.lines for cell in line.cells or ())


def read(source: Source, lexicon: Lexicon) -> Reading:
    """The report's problems as items with what was done; `Unreadable` when it names no problem."""
    if source.has_tables and (reading := _from_tables(source, lexicon)).items:
        return reading
    prose = prose_of(as_text(source.lines))
    front = front_of(source, prose.front or source.lines[:10])
    reader = Reader(lexicon, front.year or status_year(source.text))
    items = parted_problems(prose, reader)
    parts = [] if items or _is_form(prose, lexicon) else problem_parts(prose) or unnumbered(prose)
    if not items and (not parts or _are_entries(parts, lexicon)):
        items = _labelled(source, reader)
    if not parts and len(told := _told(prose, reader)) >= len(items) and _tells_more(told, items):
        items = told
    if not items:
        items = [_problem(part, part.number or str(n), reader) for n, part in enumerate(parts, start=1)]
        name_doers(items, lexicon)
    if not items:
        raise Unreadable(
            reason="it names no problems: no numbered lines such as 针对…问题 with what was done below them",
            remedy="Give the report itself; or say its kind with --as.",
        )
    year = front.year or status_year(source.text)
    reading = Reading(Kind.PROGRESS_REPORT, front.title, front.issuer, front.reference, front.issued_on, year)
    reading.items = items
    reading.figures = stated_figures(source.text)
    reading.anomalies = lint(items)
    return reading


def _told(prose: Prose, reader: Reader) -> list[Item]:
    """The tasks or projects of a report that names no problems, each with how it stands."""
    found: list[Item] = []
    for n, part in enumerate(told_parts(prose), start=1):
        text = joined([part.text, *(line.text for line in part.body)])
        item = _problem(part, part.number or str(n), reader)
        item.status = item.status or entry_status(text)
        found.append(item)
    name_doers(found, reader.lexicon)
    return found


def _tells_more(told: Sequence[Item], others: Sequence[Item]) -> bool:
    """Whether more of these items say how they stand, and most of them do."""
    statuses = sum(bool(item.status) for item in told)
    return statuses >= 0.6 * len(told) and statuses > sum(bool(item.status) for item in others)


def _is_form(prose: Prose, lexicon: Lexicon) -> bool:
    """Whether labels above all numbered lines name the problem and its sides: 整改任务:…, 整改目标:…, 责任单位:…"""
    roles = {_label_role(line.text, lexicon) for line in prose.front}
    return Role.PROBLEM in roles and len(roles & _ENTRY_ROLES) >= 2


def _are_entries(parts: list[Part], lexicon: Lexicon) -> bool:
    """Whether most problems are entries of labelled lines (整改目标:… 整改措施:… 责任单位:…) and no prose."""
    labels = [sum(_label_role(line.text, lexicon) in _ENTRY_ROLES for line in part.body) for part in parts]
    return sum(count >= 2 for count in labels) >= 0.5 * len(parts)


def _label_role(text: str, lexicon: Lexicon) -> Role | None:
    match = re.match(r"^[【\[]?(?P<word>[\u4e00-\u9fff]{2,10})[】\]]?\s*[:\uff1a]", text)
    return lexicon.role(match["word"]) if match else None


def _labelled(source: Source, reader: Reader) -> list[Item]:
    """Problems whose texts stand under labels: 问题一:… 整改措施:… 整改完成情况:…"""
    outline = outline_of(as_text(source.lines), reader.lexicon)
    settle_status(outline.drafts)
    items, _ = items_of(outline.drafts, reader.lexicon, reader.year)
    for orphan in outline.orphans:  # 该任务已完成整改 as a paragraph behind the list of what was done
        above = [item for item in items if item.place.end_line < orphan.line][-1:]
        for item in above if SPEAKS_OF_IT.match(orphan.text) else ():
            item.status = item.status or status_in(orphan.text)
    for item in items:
        _as_done(item)
        if found := STATUS.search(item.title):
            item.status = item.status or status_in(found.group())
            item.title = without_status(item.title).strip()
        item.status = item.status or status_in(joined(item.measures)) or status_of_headings(item.path)
    return items


def _as_done(item: Item) -> None:
    """What a report says of measures and regulations lies in the past."""
    for child in item.children:
        _as_done(child)
    item.regulations = find_regulations(item.measures, item.time_limit, default_status="issued")
    if item.measures or item.status:
        item.state = "ongoing"


def _from_tables(source: Source, lexicon: Lexicon) -> Reading:
    outline = ledger_outline(source.lines, lexicon)
    front = front_of(source, outline.front, limit_texts(outline.drafts))
    settle_status(outline.drafts)
    items, repeated = items_of(outline.drafts, lexicon, front.year)
    for item in items:
        _as_done(item)
        told = item.progress or joined(item.measures)
        item.status = item.status or reached(item.goal, told) or share_status(told)
    reading = Reading(Kind.PROGRESS_REPORT, front.title, front.issuer, front.reference, front.issued_on, front.year)
    reading.items = items
    reading.figures = stated_figures(source.text)
    reading.anomalies = [*orphan_anomalies(outline.orphans), *repeated, *lint(items)]
    return reading


# --- one problem -----------------------------------------------------------------------------------------------------


def _problem(part: Part, number: str, reader: Reader) -> Item:
    part.body = [line for line in part.body if not is_summary(line.text)]
    limits = reader.labelled_limits
    item = reader.item(part, number)
    limit = item.time_limit if reader.labelled_limits > limits else None
    below = [line.text for one in part.children for inner in one.walk() for line in (inner.line, *inner.body)]
    text = joined([part.text, *(line.text for line in part.body), *below])
    title, rest = title_of(part)
    item.title = trailing(title.strip(), part.line.number, reader.lexicon)[0]
    done = [rest, *(line.text for line in part.body if not _labels_only(line.text))]
    item.measures = _deeds(done, part.line.number, reader) or item.measures
    item.status = status_in(text) or item.status or closing_status(text) or status_above(part)
    item.targets, item.milestones, item.time_limit, item.category = [], [], limit, None
    if limit:
        read_item_limit(item, reader.year)
    elif found := STATUS.search(text):
        item.long_term = bool(LONG_TERM.search(re.split(r"[。\n]", text[found.start() :].lstrip("。"))[0][:24]))
        if item.status == "open" and any(m.due_on for m in read_limit(found.group(), year=reader.year).milestones):
            item.time_limit = found.group().strip("()\uff08\uff09[]【】")
            read_item_limit(item, reader.year)
    if item.time_limit is None and item.status != "done" and (clause := promised(text)):
        item.time_limit = clause
        read_item_limit(item, reader.year)
    _take_in(item, part, reader)
    item.regulations = find_regulations(item.measures, default_status="issued")
    item.state = "ongoing" if item.measures or item.status == "done" or item.children else "assigned"
    return item


def _deeds(paragraphs: list[str], line: int, reader: Reader) -> list[str]:
    """What was done: without labels, fields behind it, and paragraphs that only say how the problem stands."""
    bare = [trailing(LABEL.sub("", text), line, reader.lexicon)[0] for text in paragraphs if text]
    return split_measures([text for text in bare if text and not ONLY_STATUS.match(text)])


def _take_in(item: Item, part: Part, reader: Reader) -> None:
    """Numbered lines under a problem say what was done; they are items of their own only where they name units."""
    if any(has_units(child) for child in item.children):
        for child in item.children:
            child.state, child.targets, child.milestones, child.time_limit = "ongoing", [], [], None
            child.regulations = find_regulations([child.title, *child.measures], default_status="issued")
        return
    for done in (one for below in part.children for one in below.walk()):
        deeds = [_bare(text) for text in (done.line.text, *(line.text for line in done.body))]
        item.measures += _deeds(deeds, done.line.number, reader)
    item.children = []


def _bare(text: str) -> str:
    """A deed with its number, without a label between them: ①整改情况:制定方案 is ①制定方案."""
    mark = numbered(text)
    rest = LABEL.sub("", mark.rest) if mark else text
    return text if mark is None or rest == mark.rest else text[: len(text) - len(mark.rest)] + rest


def _labels_only(text: str) -> bool:
    """Lines that are fields (责任单位:…), read by the reader already."""
    return (
        bool(re.match(r"^(?:牵头|责任|配合|主办|承办|协办|督导)(?:单位|部门|领导)\s*[:\uff1a]", text))
        and len(sentences(text)) <= 1
    )
