"""Which item a reported problem seems to be: proposed by its words, the likeliest first, and never assumed."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from duban.reading import model as read
from models import Item

#: Below this share of common text two titles are not proposed as one matter.
LEAST_ALIKE = 0.5
#: So many items are shown beside a problem to choose from, from this likeness on.
MOST_SHOWN, LEAST_SHOWN = 5, 0.25
#: In a plan of more items, only so many of those that share most pairs of letters are looked at closely.
FEW, CLOSELY = 400, 40
_FRAME = re.compile(r"^(?:针对|关于)|(?:方面|问题|的问题|等问题|的情况)?[。;;,,]?$|[\s“”\"《》〈〉]")


class Matcher:
    """The titles of a plan's items, to hold problems against."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._bare = [bare(item.title) for item in items]
        self._having: dict[str, list[int]] = defaultdict(list)
        if len(items) > FEW:
            for place, title in enumerate(self._bare):
                for pair in _pairs(title):
                    self._having[pair].append(place)

    def likeliest(self, problem: read.Item) -> list[tuple[Item, float]]:
        """The items that a problem is most alike, with the share of common text from 0 to 1."""
        wanted = bare(said_of(problem))
        matcher = difflib.SequenceMatcher(None, autojunk=False)
        matcher.set_seq2(wanted)
        found: list[tuple[float, int]] = []
        for place in self._candidates(wanted):
            matcher.set_seq1(self._bare[place])
            if matcher.real_quick_ratio() >= LEAST_SHOWN and matcher.quick_ratio() >= LEAST_SHOWN:
                found.append((-matcher.ratio(), place))
        best = [(self._items[place], -share) for share, place in sorted(found)[:MOST_SHOWN]]
        return [(item, share) for item, share in best if share >= LEAST_SHOWN]

    def _candidates(self, wanted: str) -> Sequence[int]:
        if len(self._items) <= FEW:
            return range(len(self._items))
        shared: Counter[int] = Counter()
        for pair in _pairs(wanted):
            having = self._having.get(pair, ())
            if len(having) * 2 < len(self._items):  # what half of all titles have tells nothing
                shared.update(having)
        return [place for place, _ in shared.most_common(CLOSELY)]


def said_of(problem: read.Item) -> str:
    """What a report says of a problem: its title, else the first thing that was done."""
    return problem.title or problem.measures[0]


def bare(title: str) -> str:
    """A title without the words that frame it."""
    return _FRAME.sub("", _FRAME.sub("", title.strip()))


def _pairs(title: str) -> set[str]:
    return {title[i : i + 2] for i in range(len(title) - 1)}
