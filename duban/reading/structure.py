"""Structure: which lines start an item, which are headings, and which text belongs to which field.

The item level is found from what repeats: labels that return (整改事项, 问题), else the numbering that owns the
labels. A torn place stays torn: text that belongs to no open field is an orphan, never moved to a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.source import Line, glue
from duban.reading.structure_labels import Label, Labeller
from duban.reading.structure_numbering import Numbered, numbered
from duban.reading.structure_prose import bracket_labels, tail_labels

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

    def take(self, more: Field) -> None:
        """Goes on with another field of its role; names behind names are parted, a name that wraps stays one."""
        apart = "、" if self.role in PARTY_ROLES and self.pieces else ""
        self.pieces += [replace(piece, text=apart + piece.text) for piece in more.pieces[:1]] + more.pieces[1:]

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
    under: str = ""  # the heading from which an item without a number of its own has it
    given: list[Field] = field(default_factory=list)  # what a line above says of it, unless it says so itself
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
        return bool(self.labels) and self.labels[0].opens in ("line", "alone", "spaced", "counted")


def balanced(text: str) -> bool:
    """Whether brackets and book-title marks that open also close."""
    return all(text.count(a) + text.count(b) <= text.count(c) + text.count(d) for a, b, c, d in _PAIRS)


_PAIRS = (("(", "（", ")", "）"), ("《", "《", "》", "》"), ("“", "“", "”", "”"), ("〈", "〈", "〉", "〉"))


def blocks_of(lines: Iterable[Line], labeller: Labeller, lexicon: Lexicon) -> list[Block]:
    """Each line with its number and labels; a bracket at its end that names parties counts as labelled."""
    blocks = []
    for line in lines:
        labels = (
            tuple(labeller.labels(line.text)) or bracket_labels(line.text, lexicon) or tail_labels(line.text, lexicon)
        )
        blocks.append(Block(line, numbered(line.text), labels))
    return blocks
