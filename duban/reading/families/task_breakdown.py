"""Task breakdowns (任务分解, 责任分工): numbered tasks with their sub-tasks, lead and responsible units in brackets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from duban.errors import Unreadable
from duban.reading.annexes import annexes_of
from duban.reading.bracketed import all_known
from duban.reading.indicator_tables import Indicator, indicators
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.lint import anomaly, lint
from duban.reading.model import Anomaly, AnomalyCode, Item, Kind, Reading
from duban.reading.prose import Part, Prose, prose_of
from duban.reading.prose_items import Reader, has_units, limit_in
from duban.reading.prose_sections import section_fields, under_named_rows, under_sections, with_unit_headings
from duban.reading.regulations import find_regulations
from duban.reading.source import Line, Source
from duban.reading.states import opening_state
from duban.reading.structure_front import front_of
from duban.reading.structure_items import items_of, limit_texts, orphan_anomalies, read_item_limit
from duban.reading.structure_numbering import numbered
from duban.reading.structure_tables import as_text, ledger_outline
from duban.reading.targets import find_targets

_TITLE = re.compile(
    r"任务分解|责任分解|任务分工|责任分工|分工方案|目标任务|任务清单|任务[卡单]|重点工作|工作要点|任务书|实事|责任清单|任务安排|工作任务|重点任务|任务表|督办事项|督查事项|重点事项|折子工程|重点项目|推进计划|攻坚任务|(?:项目|建设|工作)计划"
)
_POLICY = re.compile(
    r"关于(?!印发|转发|下达|分解)[^。]{2,60}(?:意见|若干措施|政策措施|规划|纲要|决定|通知)(?:\s*[(\uff08][^()\uff08\uff09]{1,12}[)\uff09])?》?$"
)
_RECTIFIES = re.compile(r"整改[^,，。]{0,6}(?:方案|台账|清单)$")
_PARTED = re.compile(r"分解|分工|清单|任务书|督[查办]|交办")
_SAMPLE = 1_500
_UNIT_ROLES = PARTY_ROLES - {Role.LEAD_OFFICIALS}
_UNITS = re.compile(
    r"(?:牵头|责任|配合|主办|承办|协办|负责)(?:单位|部门|处室|科室)?\s*[:\uff1a]|(?:牵头|负责|配合|参加)\s*[)\uff09〕】;\uff1b]"
    r"|由[^。;\uff1b]{2,60}(?:牵头|负责)|(?:牵头|主办|责任|承办|配合|协办)(?:单位|部门)\s*(?:\||$)"
)
_UNIT_HEAD = re.compile(
    r"^(?:牵头|主办|主责|主管|主要责任|牵头责任|责任|承办|配合|协同配合|协同|协作|参与|会办|协办|负责|实施)"
    r"(?:单位|部门|处室|科室)(?:及责任人|\(.{1,6}\))?$|^(?:责任分工|责任分解|分工)$"
)
_TASK_HEAD = re.compile(
    r"^(?!整改|问题|反馈)[\u4e00-\u9fff]{0,4}(?:任务|工作|项目|内容|事项|目标|工程|实事)(?:名称|内容|及内容|事项)?$"
)
_OTHER_KIND = re.compile(r"整改|巡视|巡察|反馈意见|存在问题")
#: A title that tells how tasks stand, and sets none.
_REPORTED = re.compile(
    r"(?:(?:进展|完成|落实|办理|推进|督查)(?:工作)?情况|(?:工作|实施|推进|完成|建设)(?:进展|进度))的?(?:通报|报告|公示|公告|通告|函)?表?(?:\s*[(\uff08].*[)\uff09])?$",
    re.M,
)
#: A task that is a figure's name (地区生产总值), with the figure in a column of its own.
_LONGEST_NAME = 24
_STATED = re.compile(
    r"(?P<n>\d+|[一二三四五六七八九十百]+)\s*个?(?P<what>大?方面|大?类|大?部分|[项条]"
    r"(?=[^\u4e00-\u9fff]|$|(?:主要|重点|具体|年度|工作|目标|实事)*(?:任务|工作|目标|事项|项目|措施|举措)))"
)
"""Parts and tasks that a document counts of itself; 5项制度 is no count of tasks."""


def score(source: Source, lexicon: Lexicon) -> float:
    """Tasks that end in a bracket or line of units, under a title of tasks; less where the words are of 整改."""
    text = source.text[:200_000]
    lines = max(1, len(source.lines))
    labels = sum(
        _names_units(line.text, lexicon) or _ends_in_units(line.text, lexicon)
        for line in source.lines[:_SAMPLE]
        if line.cells is None
    )
    named = 1.0 if _heads_of_units(source) else min(1.0, 2 * max(labels, len(_UNITS.findall(text))) / lines)
    head = "\n".join(line.text for line in _above_first_number(source.lines[:12]) if _may_be_title(line.text))
    titled = bool(_TITLE.search(head) or _TITLE.search(source.title or ""))
    if not titled and any(_POLICY.search(line.text) and len(line.text) <= 80 for line in source.lines[:12]):
        named *= 0.4  # an opinion also names the units of its clauses
    foreign = min(1.0, 4 * len(_OTHER_KIND.findall(text)) / lines)
    if _REPORTED.search(head):
        foreign = max(foreign, 0.4)
    by_name = 0.4 * titled * (named > 0) or 0.25 * bool(_PARTED.search(head))
    if any(_RECTIFIES.search(line.text) for line in source.lines[:8] if len(line.text) <= 60):
        foreign = 1.25
    return max(0.0, (0.55 if titled else 0.4) * named + by_name - 0.4 * foreign)


def _names_units(text: str, lexicon: Lexicon) -> bool:
    """Whether a line is a label of units with its text: 责任:档案科."""
    match = re.match(r"^(?P<word>[\u4e00-\u9fff]{2,8})\s*[:\uff1a]\s*\S", text)
    return match is not None and lexicon.role(match["word"]) in _UNIT_ROLES


def _ends_in_units(text: str, lexicon: Lexicon) -> bool:
    """Whether a line ends in a bracket of nothing but units: 完成投资320亿元。(市发展改革委)"""
    match = re.search(r"[(\uff08](?P<names>[^()\uff08\uff09]{3,80})[)\uff09]。?$", text)
    return match is not None and all_known(match["names"], lexicon)


def _above_first_number(lines: Sequence[Line]) -> list[Line]:
    """What stands above the first numbered line: the name of an annex below the clauses is not the title."""
    above = list(takewhile(lambda line: numbered(line.text) is None or line.text[:4].isdigit(), lines))
    return above or list(lines)


def _may_be_title(text: str) -> bool:
    """Whether a line may name a breakdown: no numbered heading (二、重点任务), no opinion on 重点工作."""
    return numbered(text) is None and (not _POLICY.search(text) or bool(_PARTED.search(text)))


def _heads_of_units(source: Source) -> bool:
    """Whether a table has a column of units beside one of tasks, or forms have such labels."""
    for line in source.lines:
        cells = [re.sub(r"\s", "", cell) for cell in line.cells or ()]
        if any(_UNIT_HEAD.search(c) for c in cells) and any(_TASK_HEAD.search(c) for c in cells):
            return True
    forms = [line.cells[::2] for line in source.lines if line.cells is not None and len(line.cells) in (2, 4, 6)]
    labels = {re.sub(r"\s", "", cell) for cells in forms[:40] for cell in cells}
    return any(map(_UNIT_HEAD.search, labels)) and any(map(_TASK_HEAD.search, labels))


def read(source: Source, lexicon: Lexicon) -> Reading:
    """The breakdown as items with child items; `Unreadable` when no task names a unit."""
    tables = _from_tables(source, lexicon) if source.has_tables else None
    if tables is not None and tables.items and not _mostly_prose(source, lexicon, len(tables.items)):
        return tables
    annexes = annexes_of(source.lines, lexicon, tables.year if tables else None)
    prose = prose_of(with_unit_headings(as_text(annexes.rest), lexicon))
    parts = _item_parts(prose, Reader(lexicon, None))
    front = front_of(source, _before(source.lines, prose, parts))
    reader = Reader(lexicon, front.year)
    tasks = [reader.item(part, part.number or str(n)) for n, part in enumerate(parts, start=1)]
    items = under_sections(parts, tasks, reader)
    if not items:
        raise Unreadable(
            reason="it has no tasks: no numbered lines that name units in brackets or in lines under them",
            remedy="Give the breakdown itself, not the notice that forwards it; or say its kind with --as.",
        )
    reading = Reading(Kind.TASK_BREAKDOWN, front.title, front.issuer, front.reference, front.issued_on, front.year)
    reading.items = [*items, *annexes.items]
    reading.figures = stated_totals(prose.front)
    doubts = [a for a in lint(items) if a.field != "time_limit" or a.code != "missing_field" or reader.labelled_limits]
    doubts += [*_children_without_units(items), *annexes.doubts, *lint(annexes.items)]
    reading.anomalies = sorted(doubts, key=lambda a: (a.line, a.code.value))
    return reading


def _mostly_prose(source: Source, lexicon: Lexicon, in_tables: int) -> bool:
    """Whether more tasks with units stand in the text than in the tables, which are then its annexes."""
    reader = Reader(lexicon, None)
    parts = _item_parts(prose_of([line for line in source.lines if line.cells is None]), reader)
    return sum(map(reader.fields, parts)) > in_tables


def _from_tables(source: Source, lexicon: Lexicon) -> Reading:
    outline = ledger_outline(source.lines, lexicon)
    front = front_of(source, outline.front, limit_texts(outline.drafts))
    items, repeated = items_of(outline.drafts, lexicon, front.year)
    reading = Reading(Kind.TASK_BREAKDOWN, front.title, front.issuer, front.reference, front.issued_on, front.year)
    reading.items = items
    limits = any(item.time_limit for item in reading.walk())
    for item in reversed(reading.walk()):  # children first: a parent's state is told from theirs
        texts = (item.title, item.goal or "", *item.measures)
        found = [target for text in texts for target in find_targets(text, year=front.year)]
        item.targets = [replace(t, name=t.name or item.title) if len(item.title) <= _LONGEST_NAME else t for t in found]
        if not limits and (limit := limit_in(item.title, front.year)):
            item.time_limit = limit  # a table without a column of limits has them in its tasks
            read_item_limit(item, front.year)
        item.regulations = find_regulations([item.title, *item.measures], item.time_limit)
        item.state = opening_state(item)
    _with_indicators(reading.walk(), indicators(source.lines, front.year))
    reading.items = under_named_rows(items, lexicon)
    reading.anomalies = [*orphan_anomalies(outline.orphans), *repeated, *lint(items)]
    return reading


def _with_indicators(items: Sequence[Item], found: Sequence[Indicator]) -> None:
    """The figures of a table of indicators as goals and targets of the tasks that their names are."""
    by_row = {one.line.number: one for one in found}
    for item in items:
        one = by_row.get(item.place.line)
        if one is not None and one.name == re.sub(r"\s", "", item.title):
            item.goal = item.goal or one.printed
            item.targets = one.compared()


def _before(lines: Sequence[Line], prose: Prose, items: Sequence[Part]) -> list[Line]:
    """What stands before the first item; the numbered paragraphs of a notice that sends the plan are no part of it."""
    first = min([part.line.number for part in items[:1]], default=0)
    numbered_lines = {part.line.number for part in prose.walk()}
    return [line for line in lines if line.number < first and line.number not in numbered_lines] or list(lines[:20])


def _item_parts(prose: Prose, reader: Reader) -> list[Part]:
    """The parts that are items: those of the outermost numbering whose parts, or their bullets, name units."""
    owners = {id(part) for part in prose.walk() if reader.fields(part)}
    style = _item_style(prose, owners)
    if style is None:
        return [child for part in prose.walk() if section_fields(part, reader) for child in part.children]
    chosen = [part for root in prose.parts if _owns(root, owners) for part in root.walk() if part.style == style]
    inside = {id(child) for part in chosen for child in part.walk() if child is not part}
    return [part for part in chosen if id(part) not in inside]


def _owns(part: Part, owners: set[int]) -> bool:
    return any(id(other) in owners for other in part.walk())


def _item_style(prose: Prose, owners: set[int]) -> str | None:
    """The outermost style of which at least two parts in five name units themselves or through their bullets."""
    totals: Counter[str] = Counter()
    owning: Counter[str] = Counter()
    depth: dict[str, int] = {}
    for root in prose.parts:
        for part in root.walk() if _owns(root, owners) else ():
            totals[part.style] += 1
            depth.setdefault(part.style, len(part.path))
            bullets = any(id(child) in owners and child.style == "▲" for child in part.children)
            owning[part.style] += id(part) in owners or bullets
    usual = [style for style in totals if owning[style] >= 0.4 * totals[style]]
    candidates = [style for style in usual if style != "▲"] or usual
    chosen = min(candidates, key=lambda style: (depth[style], -owning[style]), default=None)
    return _running_on_above(prose, chosen) or chosen


def _running_on_above(prose: Prose, style: str | None) -> str | None:
    """The style right above, where it numbers through all parts and the chosen one begins anew under each of it.

    1. 固定资产投资 (1)… (2)… 2. 招商引资 (1)…: 1., 2. are the items, (1), (2) their sub-tasks.
    """
    parts = [part for part in prose.walk() if part.style == style and part.style != "▲"]
    parents = list({id(part.parent): part.parent for part in parts if part.parent is not None}.values())
    if len(parents) < 2 or any(parent.parent is None for parent in parents):
        return None
    above = parents[0].style
    runs_on = all(b.value == a.value + 1 for a, b in pairwise(parents))
    restarts = sum(part.value == 1 for part in parts) >= 2
    over_parts = len({id(parent.parent) for parent in parents}) > 1
    return above if runs_on and restarts and over_parts and all(p.style == above for p in parents) else None


def stated_totals(front: Sequence[Line]) -> dict[str, int | float]:
    """What the document says of its own size: 分解为7大方面、80项."""
    from duban.reading.structure_numbering import value_of

    for line in front:
        match = re.search(
            r"(?:分解|细化|明确|梳理|确定|形成|共)[^。]{0,12}?\d+\s*(?:个|大)?(?:方面|类|部分|项|条)[^。]{0,30}",
            line.text,
        )
        found = {m["what"].lstrip("大"): value_of(m["n"]) for m in _STATED.finditer(match.group())} if match else {}
        totals = {
            "parts": found.get("方面") or found.get("类") or found.get("部分"),
            "items": found.get("项") or found.get("条"),
        }
        if any(totals.values()):
            return {name: value for name, value in totals.items() if value}
    return {}


def _children_without_units(items: Sequence[Item]) -> list[Anomaly]:
    """A sub-task that names nobody where its siblings all over the document do: nobody would be told of it."""
    children = [child for item in items for child in item.children]
    if len(children) < 4 or sum(map(has_units, children)) < 0.8 * len(children):
        return []
    return [
        anomaly(AnomalyCode.MISSING_FIELD, child, "缺少责任单位", field="responsible_units", blocks=True)
        for child in children
        if not has_units(child) and not child.children
    ]
