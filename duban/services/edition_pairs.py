"""Which item of the ledger each item of a later document is: by what both say, and not by their number alone."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from duban.reading import model as read
from models import Item

#: Two titles are one item's from here on; with the same number less is enough.
ALIKE, ALIKE_WITH_NUMBER = 0.62, 0.3
#: Beyond this many pairs left over, only numbers and equal titles are looked at.
MOST_PAIRS = 200_000


def pair(keyed: Sequence[tuple[str, read.Item]], rows: Sequence[Item]) -> dict[str, Item]:
    """Which row each item of the reading is: by number and title, by title alone, then by what looks most alike."""
    pairs: dict[str, Item] = {}
    left, free = dict(keyed), {r.id: r for r in rows}

    def settle(of_item: Callable[[read.Item], Any], of_row: Callable[[Item], Any], *, alone: bool) -> None:
        by: dict[Any, list[Item]] = defaultdict(list)
        for row in free.values():
            by[of_row(row)].append(row)
        wanted = Counter(of_item(i) for i in left.values())
        for key, item in list(left.items()):
            same = by.get(of_item(item), [])
            if same and (not alone or (len(same) == 1 and wanted[of_item(item)] == 1)):
                row = same.pop(0)
                pairs[key] = row
                del left[key], free[row.id]

    def said(i: read.Item) -> str:
        return i.title or i.goal or (i.measures[0] if i.measures else i.number)

    settle(lambda i: (i.number, said(i), i.place.line), lambda r: (r.number, r.title, r.source_line), alone=False)
    settle(lambda i: (i.number, said(i), tuple(i.path)), lambda r: (r.number, r.title, tuple(r.path)), alone=False)
    settle(lambda i: (i.number, said(i)), lambda r: (r.number, r.title), alone=False)
    settle(said, lambda r: r.title, alone=True)
    _pair_alike(pairs, left, free, said)
    return pairs


def _pair_alike(
    pairs: dict[str, Item], left: dict[str, read.Item], free: dict[int, Item], said: Callable[[read.Item], str]
) -> None:
    every = len(left) * len(free) <= MOST_PAIRS
    by_number: dict[str, list[Item]] = defaultdict(list)
    for row in free.values():
        by_number[row.number].append(row)
    scored: list[tuple[float, str, int]] = []
    for key, item in left.items():
        matcher = difflib.SequenceMatcher(None, autojunk=False)
        matcher.set_seq2(said(item)[:400])
        for row in free.values() if every else by_number[item.number]:
            least = ALIKE_WITH_NUMBER if row.number == item.number else ALIKE
            matcher.set_seq1(row.title[:400])
            if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
                ratio = matcher.ratio()
                if ratio >= least:
                    bonus = 0.2 * (row.number == item.number) + 0.1 * (row.path == item.path)
                    scored.append((-ratio - bonus, key, row.id))
    for _, key, row_id in sorted(scored):
        if key in left and row_id in free:
            pairs[key] = free.pop(row_id)
            del left[key]
