"""Structure: which lines start an item, which are headings, and which text belongs to which field.

The item level is found from what repeats: labels that return (整改事项, 问题), else the numbering that owns the
labels. A torn place stays torn: text that belongs to no open field is an orphan, never moved to a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from duban.reading.lexicon import Lexicon, Role
from duban.reading.source import Line, glue
from duban.reading.structure_labels import Label, Labeller
from duban.reading.structure_numbering import Numbered, numbered
from duban.reading.structure_prose import bracket_labels, names_a_leader

#: Roles whose text is prose and may go on over several paragraphs.
PROSE_ROLES = frozenset({Role.PROBLEM, Role.GOAL, Role.MEASURES, Role.STATUS, Role.NOTE, Role.REGULATIONS})
_SENTENCE_ENDS = "。!?;！？；…"


@dataclass(slots=True)
class Piece:
    """One paragraph of a field, with its lines in the source."""

    text: str
    line: int
    end_line: int


@dataclass(slots=True)
class Field:
    """The text under one label of one item."""

    role: Role
    word: str
    line: int
    pieces: list[Piece] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The field's paragraphs as one text."""
        parts: list[str] = []
        for piece in self.pieces:
            joint = glue(parts[-1][-1:], piece.text[:1]) if parts else ""
            parts.append(" " + piece.text if " " in joint[1:-1] else piece.text)
        return "".join(parts)

    @property
    def last(self) -> str:
        """The last paragraph."""
        return self.pieces[-1].text if self.pieces else ""

    def unfinished(self) -> bool:
        """Whether the text stops within a sentence, a bracket or a list."""
        text = self.last
        if not text:
            return True
        return text[-1] not in _SENTENCE_ENDS + ")）”’》" or not balanced(text)


@dataclass(slots=True)
class Draft:
    """An item as it stands: its printed number, its title and its fields, each as often as printed."""

    number: str
    line: int
    end_line: int
    path: list[str] = field(default_factory=list)
    title: Field = field(default_factory=lambda: Field(Role.PROBLEM, "", 0))
    fields: list[Field] = field(default_factory=list)
    style: str = ""
    value: int | None = None
    page: int | None = None
    sheet: str | None = None
    group: str = ""
    children: list[Draft] = field(default_factory=list)

    def having(self, role: Role) -> list[Field]:
        """The fields of a role, in order."""
        return [f for f in self.fields if f.role is role]


@dataclass(slots=True)
class Orphan:
    """Text, or labelled fields, that belong to no item."""

    line: int
    end_line: int
    text: str


@dataclass(slots=True)
class Outline:
    """A document taken apart: what stands before the items, the items, and what belongs to none of them."""

    front: list[Line] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    orphans: list[Orphan] = field(default_factory=list)
    tail: list[Line] = field(default_factory=list)
    counted: bool = False  # the document prints no numbers; items are counted by position


@dataclass(frozen=True, slots=True)
class Block:
    """A line with what it starts with: a number, labels, or neither."""

    line: Line
    mark: Numbered | None
    labels: tuple[Label, ...]

    @property
    def opens_with_label(self) -> bool:
        """Whether a label stands at the start of the line (after its number, if any)."""
        return bool(self.labels) and self.labels[0].opens in ("line", "alone")


def balanced(text: str) -> bool:
    """Whether brackets and book-title marks that open also close."""
    return all(text.count(a) + text.count(b) <= text.count(c) + text.count(d) for a, b, c, d in _PAIRS)


_PAIRS = (("(", "（", ")", "）"), ("《", "《", "》", "》"), ("“", "“", "”", "”"), ("〈", "〈", "〉", "〉"))


def blocks_of(lines: Iterable[Line], labeller: Labeller, lexicon: Lexicon) -> list[Block]:
    """Each line with its number and labels; a bracket at its end that names parties counts as labelled."""
    blocks = []
    for line in lines:
        labels = tuple(labeller.labels(line.text)) or bracket_labels(line.text, lexicon)
        blocks.append(Block(line, numbered(line.text), labels))
    return blocks


class ItemLevel:
    """What starts an item in this document: a label word, or numbering styles."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.entries = _sub_entries(blocks)
        above = [block for block in blocks if block.line.number not in self.entries]
        self.word = _problem_word(above)
        self.styles = frozenset() if self.word else _item_styles(above)

    def starts(self, block: Block) -> bool:
        """Whether the block may start an item (a numbered line may still turn out to be part of a list)."""
        if self.problem(block):
            return True
        if block.line.number in self.entries:
            return False
        return block.mark is not None and block.mark.style in self.styles and not self._is_field(block)

    def problem(self, block: Block) -> Label | None:
        """The label that names the problem, if the block opens with one."""
        if block.opens_with_label and block.labels[0].role is Role.PROBLEM:
            label = block.labels[0]
            if self.word is not None and (label.word == self.word or label.number is not None):
                return label
        return None

    def _is_field(self, block: Block) -> bool:
        return block.opens_with_label and block.labels[0].role is not Role.PROBLEM


def _problem_word(blocks: Sequence[Block]) -> str | None:
    """The label word that starts items: the first of those that come most often."""
    counts: dict[str, int] = {}
    roles: dict[Role, int] = {}
    for block in blocks:
        for label in block.labels:
            if label.role is not Role.PROBLEM:
                roles[label.role] = roles.get(label.role, 0) + 1
            elif label.number is not None or label.opens == "line" or (label.opens == "alone" and block.mark is None):
                counts[label.word] = counts.get(label.word, 0) + 1 + (label.number is not None)
    most = max(counts.values(), default=0)
    if most < 0.4 * max(roles.values(), default=1):
        return None
    return next(word for word, times in counts.items() if times >= 0.6 * most)


def _sub_entries(blocks: Sequence[Block]) -> frozenset[int]:
    """Lines of numbered measures that each name their own units or limit: entries of an item, not items."""
    entries: set[int] = set()
    measures, opened = 0, False
    for block in blocks:
        if block.opens_with_label:
            opened = block.labels[-1].role is Role.MEASURES
            measures += opened
        elif opened and block.mark is not None and block.labels:
            entries.add(block.line.number)
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
    return frozenset(style for style, times in votes.items() if times >= least)


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
    return max(counts, key=lambda role: counts[role]) if counts else None
