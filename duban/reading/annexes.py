"""Ledgers annexed to a document whose own items stand in prose: an opinion with its table of who does what by when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from duban.reading.lexicon import PARTY_ROLES, Lexicon
from duban.reading.model import Anomaly, Item
from duban.reading.source import Line
from duban.reading.structure import Draft
from duban.reading.structure_items import items_of
from duban.reading.structure_table_heads import head_of
from duban.reading.structure_tables import ledger_outline

_LONGEST_NAME = 40


@dataclass(slots=True)
class Annexes:
    """The items of annexed ledgers, the doubts about them, and the lines that stay when their tables are taken out."""

    items: list[Item] = field(default_factory=list)
    doubts: list[Anomaly] = field(default_factory=list)
    rest: list[Line] = field(default_factory=list)


def annexes_of(lines: Sequence[Line], lexicon: Lexicon, year: int | None) -> Annexes:
    """The ledgers among the tables of a document: those whose head names somebody who answers. Others stay text."""
    found = Annexes()
    for table, run in groupby(lines, key=lambda line: (line.sheet, line.table)):
        rows = list(run)
        drafts = _drafts(rows, lexicon) if table[1] is not None else []
        if not drafts:
            found.rest += rows
            continue
        above = found.rest[-1].text if found.rest else ""
        for draft in drafts:
            draft.path = [above, *draft.path] if 0 < len(above) <= _LONGEST_NAME else draft.path
        items, doubts = items_of(drafts, lexicon, year)
        found.items += items
        found.doubts += doubts
    return found


def _drafts(rows: Sequence[Line], lexicon: Lexicon) -> list[Draft]:
    if rows[0].cells is None:
        return []
    head = head_of(rows, lexicon)
    return ledger_outline(rows, lexicon).drafts if head is not None and PARTY_ROLES & set(head.roles) else []
