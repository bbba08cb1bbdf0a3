"""Rectification plans (整改方案, 整改台账): numbered problems with goal, measures, officials, units and limit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.errors import Unreadable
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role, load_lexicon
from duban.reading.lint import lint
from duban.reading.model import Kind, Reading
from duban.reading.source import Source
from duban.reading.structure import Draft, Outline
from duban.reading.structure_assembly import outline_of
from duban.reading.structure_front import front_of
from duban.reading.structure_items import items_of, limit_texts, orphan_anomalies
from duban.reading.structure_labels import Labeller
from duban.reading.structure_tables import as_text, ledger_outline

_WORDS = re.compile(r"整改(?:方案|台账|清单|任务|措施|目标|时限|事项)|(?:问题|任务|责任)清单|销号")


def score(source: Source) -> float:
    """How much of the document is labels of rectification: goal, measures, limit, beside problem and units."""
    labeller = Labeller(source.lines[:400], load_lexicon())
    counts: dict[Role, int] = {}
    for line in source.lines[:400]:
        roles = [label.role for label in labeller.labels(line.text)]
        if line.cells:
            roles += [role for cell in line.cells if (role := load_lexicon().role(cell)) is not None]
        for role in roles:
            counts[role] = counts.get(role, 0) + 1
    kinds = sum(role in counts for role in (Role.PROBLEM, Role.GOAL, Role.MEASURES, Role.TIME_LIMIT))
    parties = any(role in counts for role in PARTY_ROLES)
    words = min(len(_WORDS.findall(source.text[:20_000])), 10) / 10
    return min(1.0, 0.2 * kinds + 0.1 * parties + 0.2 * words) if kinds else 0.0


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
    front = front_of(source, outline.front, limit_texts(outline.drafts))
    items, repeated = items_of(outline.drafts, lexicon, front.year)
    anomalies = [*orphan_anomalies(outline.orphans), *repeated, *lint(items)]
    anomalies.sort(key=lambda a: (a.line, a.code.value, a.field or ""))
    reading = Reading(Kind.RECTIFICATION_PLAN, front.title, front.issuer, front.reference, front.issued_on, front.year)
    reading.items, reading.anomalies = items, anomalies
    reading.figures = _figures(outline.drafts)
    return reading


def _figures(drafts: Sequence[Draft]) -> dict[str, int | float]:
    return {}
