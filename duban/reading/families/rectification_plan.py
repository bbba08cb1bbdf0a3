"""Rectification plans (整改方案, 整改台账): numbered problems with goal, measures, officials, units and limit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.errors import Unreadable
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.lint import lint
from duban.reading.model import Anomaly, AnomalyCode, Kind, Reading
from duban.reading.several import SeveralPlans
from duban.reading.source import Line, Source
from duban.reading.structure import Outline
from duban.reading.structure_assembly import outline_of
from duban.reading.structure_front import front_of, is_plan_title, named_as
from duban.reading.structure_items import items_of, limit_texts, orphan_anomalies
from duban.reading.structure_labels import Labeller
from duban.reading.structure_paragraphs import divide_paragraphs
from duban.reading.structure_tables import as_text, ledger_outline

#: A list that is annexed, as its number says, is of the plan that it stands with.
_ANNEX = re.compile(r"^附\s*[件表]\s*[\d一二三四五六七八九十]")
_WORDS = re.compile(r"整改(?:方案|台账|清单|任务|措施|目标|时限|事项)|(?:问题|任务|责任)清单|销号")


_TITLE = re.compile(r"整改(?!.{0,8}(?:进展|情况|报告))|问题清单")
#: 台账 and 责任清单 may also be of tasks: then the text does not speak of what was found wrong.
_LOOSE_TITLE = re.compile(r"(?:任务|责任)清单|台账")
_FOUND_WRONG = re.compile(r"整改|巡视|巡察|督察|审计|存在问题|反馈|隐患|问题清单|检视|查摆")
_WRONG = re.compile(rf"{_FOUND_WRONG.pattern}|问题|整治|不足|曝光|短板")
_WRONG_ROLES = frozenset({Role.PROBLEM, Role.GOAL, Role.MEASURES})
_DIVIDES = re.compile(r"(?:任务|责任|工作)(?:分工|分解)表?$")
_REPORT = re.compile(r"(?:进展|落实|完成|销号|整改)情况|通报|工作报告")


def score(source: Source, lexicon: Lexicon) -> float:
    """How much of the document is labels of rectification: goal, measures, limit, beside problem and units."""
    sample = source.lines[:400]
    counts = _roles(sample, lexicon)
    kinds = sum(role in counts for role in (Role.PROBLEM, Role.GOAL, Role.MEASURES, Role.TIME_LIMIT))
    parties = any(role in counts for role in PARTY_ROLES)
    words = min(len(_WORDS.findall(source.text[:20_000])), 10) / 10
    titles = [line.text for line in sample[:8] if 8 <= len(line.text) <= 80 and not re.search(r"[:：。;；]", line.text)]
    loosely = len(_FOUND_WRONG.findall(source.text[:20_000])) >= 2
    named = any(_TITLE.search(text) or (loosely and _LOOSE_TITLE.search(text)) for text in titles)
    titled = named - 0.5 * any(_REPORT.search(text) for text in titles)
    if titled > 0 and not counts & _WRONG_ROLES and any(_DIVIDES.search(text) for text in titles):
        titled = 0.0  # 整改任务分工: tasks and who has them, without a word of problem, goal or measures
    least = 1.0 if _WRONG.search(source.text[:20_000]) else 0.5
    return max(0.0, min(1.0, least * (0.15 * kinds + 0.1 * parties) + 0.15 * words + 0.5 * titled))


def _roles(lines: Sequence[Line], lexicon: Lexicon) -> set[Role]:
    """The roles of all labels, and of the heads of tables."""
    labeller = Labeller(lines, lexicon)
    found = {label.role for line in lines for label in labeller.labels(line.text)}
    found |= {
        role
        for line in lines
        for cell in line.cells or ()
        if len(cell) <= 20 and (role := lexicon.role(cell)) is not None
    }
    return found


def read(source: Source, lexicon: Lexicon) -> Reading:
    """The plan as items; `Unreadable` when nothing in it is an item."""
    outline = structure_of(source, lexicon)
    if not outline.drafts:
        raise Unreadable(
            reason="it has no items: no numbered or labelled problems with measures, units or limits",
            remedy="Give the plan itself, not the notice that forwards it; or say its kind with --as.",
        )
    return _reading(source, outline, lexicon)


def structure_of(source: Source, lexicon: Lexicon) -> Outline:
    """The items of the tables where there are ledgers, else those of the running text."""
    if source.has_tables:
        outline = ledger_outline(source.lines, lexicon)
        if outline.drafts:
            return outline
    return outline_of(as_text(source.lines), lexicon)


def _reading(source: Source, outline: Outline, lexicon: Lexicon) -> Reading:
    _refuse_several(source, outline)
    divide_paragraphs(outline.drafts)
    front = front_of(source, outline.front, limit_texts(outline.drafts))
    items, repeated = items_of(outline.drafts, lexicon, front.year)
    if outline.counted:
        detail = "文中没有印序号,按先后次序编号"
        repeated.append(Anomaly(AnomalyCode.NUMBER_GAP, detail, items[0].place.line, field="number"))
    anomalies = [*orphan_anomalies(outline.orphans), *repeated, *lint(items)]
    anomalies.sort(key=lambda a: (a.line, a.code.value, a.field or ""))
    title = named_as(front.title, "整改方案")
    reading = Reading(Kind.RECTIFICATION_PLAN, title, front.issuer, front.reference, front.issued_on, front.year)
    reading.items, reading.anomalies = items, anomalies
    return reading


def _refuse_several(source: Source, outline: Outline) -> None:
    """Two plans in one file: a title in the midst of the text, and behind it a numbering that starts again."""
    first = outline.drafts[0].line
    starts = {draft.line for draft in outline.drafts[1:] if draft.value == 1}
    whole = [draft.line for draft in outline.drafts if draft.fields or draft.children]
    titles: list[str] = []
    begins = [1]
    if len({draft.sheet for draft in outline.drafts}) > 1:
        return  # a workbook's sheets are the parts of one plan, each with a title of its own
    last: Line | None = None
    since = 0  # where the plan of the title before begins
    for line in source.lines:
        if is_plan_title(line.text) and not _ANNEX.match(line.text):
            last = line
            if line.number < first or not titles:
                titles[:] = [line.text]
        elif last is not None and line.number in starts and last.number > first and line.number - last.number <= 12:
            if last.text not in titles and any(since <= at < last.number for at in whole):
                titles.append(last.text)
                begins.append(last.number)
            since = last.number
    if len(titles) > 1:
        raise SeveralPlans(titles, begins)
