"""Paragraphs whose clauses each have a bracket of their own: 一是…(责任单位:甲)二是…(责任单位:乙)."""

from __future__ import annotations

from dataclasses import dataclass

from duban.reading.bracketed import brackets, clauses
from duban.reading.lexicon import Lexicon, Role
from duban.reading.prose import sentences
from duban.reading.prose_items import CLAUSE_MARK, clause_number
from duban.reading.structure import Block, Draft, Field, Piece


@dataclass(frozen=True, slots=True)
class Clauses:
    """What leads in before the first clause, and the clauses as drafts with a measure, parties and limit each."""

    lead: str
    drafts: list[Draft]


def clauses_of(block: Block, begin: int, item: Draft, lexicon: Lexicon) -> Clauses | None:
    """The clauses of a paragraph from `begin` on; None where no two brackets give the same field."""
    text, line = block.line.text[begin:], block.line
    several = len(block.labels) >= 2 and len({label.role for label in block.labels}) < len(block.labels)
    if not block.labels or not (several or text.count("(") + text.count("（") >= 2):
        return None
    found = brackets(text, line.number, lexicon)
    if len(found) < 2:
        return None
    stretches = [(body, fields) for body, fields in clauses(text, found) if body]
    owned = [fields for _, fields in stretches if fields]
    shared = len({one.role for fields in owned for one in fields}) < sum(map(len, owned))
    if len(owned) < 2 or len(owned) < len(stretches) - 1 or not shared:
        return None
    mark = CLAUSE_MARK.search(stretches[0][0])
    lead, first = _led_in(stretches[0][0], mark.start() if mark else None)
    stretches[0] = (first, stretches[0][1])
    return Clauses(lead, [_draft(n, body, fields, block, item) for n, (body, fields) in enumerate(stretches, start=1)])


def _led_in(body: str, mark: int | None) -> tuple[str, str]:
    """What stands before the first mark, or else the first of several sentences: the problem."""
    if mark is not None:
        return body[:mark].strip(), body[mark:]
    first, *rest = sentences(body)
    return (first, body[len(first) :].strip()) if rest else ("", body)


def _draft(position: int, text: str, fields: list[Field], block: Block, item: Draft) -> Draft:
    line, mark = block.line, CLAUSE_MARK.search(text)
    number = clause_number(mark) if mark else f"{item.number}.{position}"
    draft = Draft(number, line.number, line.last, list(item.path), style="entry")
    piece = Piece(text[mark.end() :].strip() if mark else text, line.number, line.last)
    draft.fields = [Field(Role.MEASURES, "", line.number, [piece]), *fields]
    return draft
