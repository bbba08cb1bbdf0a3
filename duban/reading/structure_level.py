"""The item level: what starts an item in this document, found from what repeats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from duban.reading.lexicon import Role
from duban.reading.structure import Block
from duban.reading.structure_labels import Label
from duban.reading.structure_numbering import Numbered
from duban.reading.structure_prose import names_a_leader


class ItemLevel:
    """What starts an item in this document: a label word, or numbering styles."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.entries = _sub_entries(blocks)
        self.enumerators = _enumerators(blocks)
        self.measure_items = _measures_stand_alone(blocks)
        self.roles = {label.role for block in blocks for label in block.labels}
        above = [block for block in blocks if block.line.number not in self.entries]
        word = _problem_word(above)
        self.words = _of_one_kind(above, word) if word else frozenset()
        self.styles = frozenset() if word else _item_styles(above)
        self._by_markup = _items_are_headings(above, self.styles)

    def starts(self, block: Block) -> bool:
        """Whether the block may start an item (a numbered line may still turn out to be part of a list)."""
        if self.problem(block):
            return True
        if block.line.number in self.entries:
            return False
        if self.styles and self._by_markup and not block.line.level:
            return False  # 1. under ## 1. counts measures
        return block.mark is not None and block.mark.style in self.styles and not self._is_field(block)

    def problem(self, block: Block) -> Label | None:
        """The label that names the problem, if the block opens with one."""
        if block.opens_with_label and block.labels[0].role is Role.PROBLEM:
            label = block.labels[0]
            if self.words and (label.word in self.words or label.number is not None):
                return label
        return None

    def role_within(self, label: Label) -> Role:
        """A second kind of problem label within an item describes it (表现), or says what is to be done (任务)."""
        if label.role is not Role.PROBLEM:
            return label.role
        if not re.search(r"任务|工作|内容", label.word):
            return Role.NOTE
        missing = [role for role in (Role.MEASURES, Role.GOAL) if role not in self.roles]
        return missing[0] if missing else Role.NOTE

    def _is_field(self, block: Block) -> bool:
        return block.opens_with_label and block.labels[0].role is not Role.PROBLEM


def _problem_word(blocks: Sequence[Block]) -> str | None:
    """The label word that starts items: the first of those that come most often."""
    counts: dict[str, int] = {}
    roles: dict[Role, int] = {}
    late = _words_behind_fields(blocks)
    for block in blocks:
        for label in block.labels:
            if label.role is Role.NOTE:
                continue  # words of many kinds
            if label.role is not Role.PROBLEM:
                roles[label.role] = roles.get(label.role, 0) + 1
            elif label.word in late and label.number is None:
                continue
            elif label.number is not None or label.opens == "line" or (label.opens == "alone" and block.mark is None):
                counts[label.word] = counts.get(label.word, 0) + 1 + (label.number is not None)
    most = max(counts.values(), default=0)
    if most < 0.4 * max(roles.values(), default=1):
        return None
    return next(word for word, times in counts.items() if times >= 0.6 * most)


def _of_one_kind(blocks: Sequence[Block], word: str) -> frozenset[str]:
    """The word that starts items, with others that the same labels follow: 建议名称 and 提案名称 by turns."""
    following: dict[str, Counter[Role]] = {}
    times: Counter[str] = Counter()
    current: Counter[Role] | None = None
    for block in blocks:
        for label in block.labels:
            if label.role is not Role.PROBLEM:
                if current is not None:
                    current[label.role] += 1
            elif label.number is None and label.opens == "line":
                times[label.word] += 1
                current = following.setdefault(label.word, Counter())
    usual = {
        one: frozenset(role for role, count in roles.items() if 2 * count > times[one])
        for one, roles in following.items()
    }
    return frozenset({word, *(one for one, roles in usual.items() if roles and roles == usual.get(word))})


def _words_behind_fields(blocks: Sequence[Block]) -> frozenset[str]:
    """Words that name what is to be done (整改内容) where they follow the other labels of an item with a number."""
    times: dict[str, int] = {}
    late: dict[str, int] = {}
    fresh, fields = False, 0  # a numbered line without labels since the word came last; other labels since that line
    for block in blocks:
        if block.mark and not block.labels:
            fresh, fields = True, 0
        for label in block.labels:
            if label.role is Role.PROBLEM and label.opens == "line":
                times[label.word] = times.get(label.word, 0) + 1
                late[label.word] = late.get(label.word, 0) + (fresh and fields > 0)
                fresh = False
            elif label.role not in (Role.PROBLEM, Role.NUMBER, Role.SECTION, Role.CATEGORY):
                fields += 1
    return frozenset(word for word, count in times.items() if count >= 2 and late[word] > 0.6 * count)


def _enumerators(blocks: Sequence[Block]) -> frozenset[str]:
    """Numbering styles that count the labels within an item (1.问题表现 2.整改目标 3.整改措施), not the items."""
    fields: dict[str, int] = {}
    problems: dict[str, int] = {}
    for block in blocks:
        if block.opens_with_label and block.mark is not None:
            counts = problems if block.labels[0].role is Role.PROBLEM else fields
            counts[block.mark.style] = counts.get(block.mark.style, 0) + 1
    return frozenset(style for style, times in fields.items() if times >= max(2, problems.get(style, 0)))


def _measures_stand_alone(blocks: Sequence[Block]) -> bool:
    """Whether numbered measures (整改措施1, 整改措施2) each have units or a limit of their own."""
    labels = [label for block in blocks for label in block.labels]
    after = [below.role for above, below in pairwise(labels) if above.role is Role.MEASURES and above.number]
    own = sum(role not in (Role.MEASURES, Role.PROBLEM, Role.GOAL) for role in after)
    return own >= 2 and own > len(after) / 2


def _sub_entries(blocks: Sequence[Block]) -> frozenset[int]:
    """Lines of numbered measures that each name their own units or limit: entries of an item, not items.

    Two at least must follow each other, from 1: a list's last line may just be where the next labels stand.
    """
    entries: set[int] = set()
    run: list[Block] = []
    measures, opened = 0, False
    for block in blocks:
        if block.opens_with_label:
            opened = block.labels[-1].role is Role.MEASURES
            measures += opened
            run = []
        elif opened and block.mark is not None and block.labels:
            run = [*run, block] if block.mark.value == len(run) + 1 else []
            if len(run) >= 2:
                entries |= {one.line.number for one in run}
        elif block.mark is not None:
            run = []
    return frozenset(entries) if measures >= 2 else frozenset()


def _item_styles(blocks: Sequence[Block]) -> frozenset[str]:
    """The numbering styles that own fields: each cycle of labels votes for the nearest number before it."""
    votes: dict[str, int] = {}
    opening = _opening_role(blocks)
    mark: Numbered | None = None
    for block in blocks:
        if block.mark and not (block.opens_with_label and block.labels[0].role is not Role.PROBLEM):
            mark = block.mark
        if mark and any(label.role is opening for label in block.labels):
            votes[mark.style] = votes.get(mark.style, 0) + 1
    if not votes:
        votes = _votes_of_prose(blocks)
    if not votes:
        return frozenset()
    least = max(1.0, 0.3 * max(votes.values()))
    styles = frozenset(style for style, times in votes.items() if times >= least)
    return frozenset({around}) if (around := _one_cycle_each(blocks, styles, opening)) else styles


def _one_cycle_each(blocks: Sequence[Block], styles: frozenset[str], opening: Role | None) -> str | None:
    """The numbering around the one that seems to own the labels, where each of its parts has just one cycle of them.

    Several sub-problems (1. 2. 3. under (一)) with one set of fields behind the last: the fields are for them all.
    """
    if len(styles) != 1 or opening is None:
        return None
    inner = next(iter(styles))
    free = owning = 0
    outer: list[tuple[Numbered, list[Block]]] = []  # each part: its number, and what is in it
    listing = False  # within prose behind a label a number counts its entries
    for block in blocks:
        mark = block.mark
        if mark and not block.opens_with_label and (mark.style == inner or not listing or mark.style in _OUTER):
            if mark.style != inner:
                listing = False
                outer.append((mark, []))
                continue
            free += not listing
        if outer:
            outer[-1][1].append(block)
        if block.labels:
            last = block.labels[-1].role
            listing = last in (Role.MEASURES, Role.GOAL, Role.STATUS)
            owning += any(label.role is opening for label in block.labels)
    if owning >= free:
        return None
    return _around(outer, inner, opening)


#: A line numbered so ends a list of entries.
_OUTER = ("一、", "(一)", "第一章", "第一节", "第一条")


def _around(outer: Sequence[tuple[Numbered, list[Block]]], inner: str, opening: Role) -> str | None:
    """The style whose parts with labels nearly all have one cycle of them, in some behind two or more inner numbers."""
    for style in dict.fromkeys(mark.style for mark, _ in outer):
        parts = [blocks for mark, blocks in outer if mark.style == style]
        cycles = [sum(label.role is opening for block in part for label in block.labels) for part in parts]
        owners = [part for part, count in zip(parts, cycles, strict=True) if count]
        several = any(sum(b.mark is not None and b.mark.style == inner for b in part) >= 2 for part in owners)
        if len(owners) >= 2 and several and cycles.count(1) >= 0.8 * len(owners):
            return style
    return None


def _items_are_headings(blocks: Sequence[Block], styles: frozenset[str]) -> bool:
    """Whether the items are headings by markup: of the last numbered heading and number before a label, the heading."""
    marked = [block for block in blocks if block.mark and block.mark.style in styles and not block.labels]
    headings = [block for block in marked if block.line.level]
    followed = [above for above, below in pairwise(blocks) if below.labels and above.line.level and above in headings]
    return len(headings) >= 2 and len(followed) >= 0.6 * len(headings)


def _votes_of_prose(blocks: Sequence[Block]) -> dict[str, int]:
    """Without any label: numbered paragraphs that say who leads."""
    votes: dict[str, int] = {}
    mark: Numbered | None = None
    for block in blocks:
        mark = block.mark or mark
        if mark and names_a_leader(block.line.text):
            votes[mark.style] = votes.get(mark.style, 0) + 1
    return votes


def _opening_role(blocks: Sequence[Block]) -> Role | None:
    """The role that most often comes first after a numbered line."""
    counts: dict[Role, int] = {}
    fresh = False
    for block in blocks:
        is_field = block.opens_with_label and block.labels[0].role is not Role.PROBLEM
        if block.mark and not is_field:
            fresh = True
        if block.labels and fresh:
            role = next((label.role for label in block.labels if label.role is not Role.PROBLEM), None)
            if role:
                counts[role] = counts.get(role, 0) + 1
                fresh = False
    return max(counts, key=lambda role: (counts[role], role in (Role.MEASURES, Role.GOAL))) if counts else None
