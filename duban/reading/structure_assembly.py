"""Assembly: the blocks of a document, one after the other, become items, headings and orphans."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.reading.lexicon import Lexicon, Role
from duban.reading.signature import without_signature
from duban.reading.source import Line
from duban.reading.structure import PROSE_ROLES, Block, Draft, Field, Orphan, Outline, Piece, blocks_of
from duban.reading.structure_clauses import Clauses, clauses_of
from duban.reading.structure_continuation import append_text, goes_on, lists_names, torn_front, trimmed
from duban.reading.structure_headings import Headings
from duban.reading.structure_labels import Label, Labeller, join_broken_labels
from duban.reading.structure_level import ItemLevel
from duban.reading.structure_lookahead import Lookahead
from duban.reading.structure_numbering import Numbered
from duban.reading.structure_open import Open
from duban.reading.structure_sections import Sections, above_by, heading_alone, heading_fields, share_above, shares
from duban.reading.structure_tidy import tidy

#: A line that begins a part of its own: what was open ends above it, and numbers begin anew.
_ANNEX = re.compile(r"^附\s*[件表录]\s*[\d一二三四五六七八九十]{0,2}\s*[:：]?$")


def outline_of(lines: Sequence[Line], lexicon: Lexicon) -> Outline:
    """The structure of running text (no tables)."""
    running = without_signature([line for line in lines if line.cells is None])
    joined = join_broken_labels(running, lexicon)
    blocks = blocks_of(joined, Labeller(joined, lexicon), lexicon)
    return _Assembler(blocks, lexicon).run()


class _Assembler:
    """Walks the blocks once; `_item` is the open item, `_field` its open field, `_stray` an open orphan."""

    def __init__(self, blocks: Sequence[Block], lexicon: Lexicon) -> None:
        self._blocks = blocks
        self._lexicon = lexicon
        self._level = ItemLevel(blocks)
        self._ahead = Lookahead(blocks, self._level)
        self._outline = Outline()
        self._headings = Headings()
        self._sections = Sections()
        self._heading: tuple[Line, Numbered | None] | None = None  # the last heading, while nothing follows it
        self._item: Draft | None = None
        self._field: Field | None = None
        self._stray: Orphan | None = None
        self._list_value = 0  # the last number of a list within the open field
        self._number: str | None = None  # a number that stands before its item under a label of its own
        self._parent: Draft | None = None  # the item of an open measure that is an item of its own
        self._given: list[Field] = []  # what the last line of units alone says of the items below it
        self._annexed = False  # below 附件, above what it lists

    def run(self) -> Outline:
        """The whole document."""
        for index, block in enumerate(self._blocks):
            self._take(index, block)
        self._sections.settle(self._outline)
        tidy(self._outline, self._lexicon)
        return self._outline

    def _take(self, index: int, block: Block) -> None:
        if self._takes_annex(block):
            self._outline.tail.append(block.line)
        elif self._assigns(block):
            return
        elif block.opens_with_label and block.labels[0].role is Role.NUMBER:
            self._number_label(block)
        elif self._item is not None and block.line.number in self._level.entries:
            self._entry(self._item, block)
        elif (label := self._level.problem(block)) is not None:
            self._start_labelled(block, label)
        elif self._level.starts(block) and not self._open.is_list_entry(index, block, self._ahead):
            self._start_numbered(block)
        elif self._open.is_heading(index, block, self._ahead):
            self._open_heading(block)
        elif block.opens_with_label and not self._is_title(block):
            self._labelled(block)
        elif (
            self._item is None
            and not self._outline.drafts
            and self._stray is None
            and (not block.labels or self._is_title(block))
        ):
            self._outline.front.append(block.line)
        else:
            self._text(index, block)

    @property
    def _open(self) -> Open:
        return Open(self._item, self._field, self._list_value, self._headings)

    def _takes_annex(self, block: Block) -> bool:
        """附件 alone ends what was open and lets numbers begin anew; what follows up to its first number names it."""
        if _ANNEX.match(block.line.text):
            self._close_item()
            self._headings, self._heading, self._annexed = Headings(), None, True
            return True
        return self._annexed and block.mark is None and not block.labels

    def _is_title(self, block: Block) -> bool:
        """整改方案 alone, before any item, is the document's name and not a label."""
        alone = bool(block.labels) and block.labels[0].opens == "alone"
        return alone and self._item is None and not self._outline.drafts and self._stray is None

    def _assigns(self, block: Block) -> bool:
        """Whether a line says who answers for the items below (【市教育局】) or above it (以上由…负责)."""
        if block.mark is None and (units := heading_fields(block, self._lexicon)):
            self._close_item()
            self._given = units
            return True
        if names := above_by(block):
            self._above(block, names)
            return True
        return False

    def _above(self, block: Block, names: list[Field]) -> None:
        """A line that says who answers for what stands above it: for the section, or without one for the items."""
        if self._headings.path:
            self._sections.of(self._headings.path, block.line).fields += names
        elif share_above(self._outline.drafts, names):
            self._close_item()
        else:
            self._orphaned(block.line)

    # -- items

    def _start_labelled(self, block: Block, label: Label) -> None:
        """An item that opens with a label: its number is the label's, the line's, or that of the heading above."""
        mark = block.mark if block.mark and block.mark.style not in self._level.enumerators else None
        number = label.number or (mark.number if mark else None) or self._number
        under = ""
        if number is None and self._heading is not None and self._heading[1] is not None:
            number = self._heading[1].number
        if label.number is None and mark is None and self._heading is not None:
            under = self._heading[0].text
        item = self._open_item(block, number, "label")
        item.under = under
        item.title.word = label.word
        self._spread(item, block, label.end, block.labels.index(label) + 1)

    def _start_numbered(self, block: Block) -> None:
        """An item that opens with its number."""
        mark, text = block.mark, block.line.text
        if mark is not None:
            item = self._open_item(block, mark.number, mark.style)
            self._spread(item, block, len(text) - len(mark.rest), 0)

    def _open_item(self, block: Block, number: str | None, style: str) -> Draft:
        line = block.line
        item = Draft(number or "", line.number, line.last, self._headings.path, page=line.page, sheet=line.sheet)
        self._annexed = False
        item.style = style
        item.given = list(self._given)
        item.title = Field(Role.PROBLEM, "", line.number)
        self._outline.drafts.append(item)
        self._item, self._field, self._stray, self._heading = item, item.title, None, None
        self._list_value, self._parent, self._number = 0, None, None
        return item

    def _close_item(self) -> None:
        self._item = self._field = self._stray = self._parent = None

    def _number_label(self, block: Block) -> None:
        """序号:3 on a line of its own, or before the problem on the same line."""
        label, after = block.labels[0], block.labels[1] if len(block.labels) > 1 else None
        printed = trimmed(block.line.text[label.end : after.start if after else None]).strip("。;；")
        self._number = label.number if label.opens == "counted" else printed
        self._close_item()
        if after is not None and after.role is Role.PROBLEM:
            self._start_labelled(block, after)

    def _entry(self, item: Draft, block: Block) -> None:
        """A numbered measure with units or a limit of its own becomes a child of the open item."""
        line, mark = block.line, block.mark
        if mark is None:
            return
        child = Draft(mark.number, line.number, line.last, list(item.path), style="entry", value=mark.value)
        measure = trimmed(line.text[len(line.text) - len(mark.rest) : block.labels[0].start])
        child.fields.append(Field(Role.MEASURES, "", line.number, [Piece(measure, line.number, line.last)]))
        item.children.append(child)
        outer = self._field
        self._spread(child, block, block.labels[0].start, 0)
        self._field = outer

    # -- headings

    def _open_heading(self, block: Block) -> None:
        line = block.line
        if line.level == 1 and block.mark is None and not self._headings.path and not self._outline.drafts:
            self._outline.front.append(line)  # the document's title is no part of it
            return
        shared = shares(block) and not block.opens_with_label
        line = heading_alone(block) if shared else line
        self._headings.open(line, block.mark)
        self._heading = (line, block.mark)
        self._given = []
        self._close_item()
        if shared:
            self._share(block, block.labels[0].start)
        elif own := heading_fields(block, self._lexicon):
            section = self._sections.of(self._headings.path, block.line)
            section.style = "section-heading"
            section.fields += own
        if not self._outline.drafts:
            self._outline.front.append(line)

    def _share(self, block: Block, begin: int) -> None:
        """Fields that hold for everything below the open heading."""
        self._spread(self._sections.of(self._headings.path, block.line), block, begin, 0)
        self._field = None

    # -- fields and text

    def _labelled(self, block: Block) -> None:
        item, label = self._item, block.labels[0]
        if item is None and self._heading is not None and self._headings.path and shares(block):
            self._sections.of(self._headings.path, block.line).style = "section-lines"
            self._share(block, label.start)
            return
        if item is None:
            self._orphaned(block.line)
            return
        if self._stray is not None and item.having(label.role):
            self._item = None  # behind a torn place a field that the item has is another item's
            self._orphaned(block.line)
            return
        self._stray = None
        if label.role is Role.MEASURES and label.number:
            self._numbered_measure(item, block, label)
        else:
            self._spread(item, block, label.start, 0)

    def _numbered_measure(self, item: Draft, block: Block, label: Label) -> None:
        """整改措施2: a child where such measures have their own units, else a further part of the one field."""
        line = block.line
        known = item.having(Role.MEASURES)
        if self._level.measure_items:
            parent = self._parent or item
            child = Draft(label.number or "", line.number, line.last, list(parent.path), style="entry")
            parent.children.append(child)
            self._parent, self._item = parent, child
            self._spread(child, block, label.start, 0)
        elif known and len(block.labels) == 1:
            self._field = known[0]
            append_text(known[0], line.text[label.end :], line)
        else:
            self._spread(item, block, label.start, 0)

    def _spread(self, item: Draft, block: Block, begin: int, first: int) -> None:
        """Text from `begin` to the open field, then each label's text to a field of its own."""
        line, labels = block.line, block.labels[first:]
        opens = bool(labels) and labels[0].role is Role.MEASURES and labels[0].start <= begin
        if parts := clauses_of(block, labels[0].end if opens else begin, item, self._lexicon):
            self._take_clauses(item, parts, block)
            return
        if self._field is not None:
            append_text(self._field, line.text[begin : labels[0].start] if labels else line.text[begin:], line)
        for label, after in zip(labels, (*labels[1:], None), strict=False):
            if label.role is Role.PROBLEM and not item.title.pieces:
                self._field = item.title  # 整改任务一 alone, and the problem under it
            else:
                self._field = Field(self._level.role_within(label), label.word, line.number)
                item.fields.append(self._field)
            append_text(self._field, line.text[label.end : after.start if after else None], line)
        item.end_line = line.last
        if item.value is None and block.mark is not None:
            item.value = block.mark.value

    def _take_clauses(self, item: Draft, parts: Clauses, block: Block) -> None:
        """Clauses with a bracket each become children; what leads in goes on with the open field."""
        if self._field is not None:
            append_text(self._field, parts.lead, block.line)
        item.children += parts.drafts
        item.end_line = block.line.last
        if item.value is None and block.mark is not None:
            item.value = block.mark.value

    def _text(self, index: int, block: Block) -> None:
        item, one, line = self._item, self._field, block.line
        if item is None:
            if self._stray is not None or (not self._headings.path and self._outline.drafts):
                self._orphaned(line)
        elif (
            one is not None
            and self._stray is None
            and (goes_on(one, block, self._lexicon) or self._is_within(index, item, one))
        ):
            if lists_names(one, block, self._lexicon):
                one.pieces.append(Piece(f"、{line.text}", line.number, line.last))
                item.end_line = line.last
                return
            self._spread(item, block, 0, 0)
            self._list_value = block.mark.value if block.mark else self._list_value
        else:
            self._orphaned(line)

    def _is_within(self, index: int, item: Draft, one: Field) -> bool:
        """Whether a short paragraph stands between two labels of one item: the next is one that it still lacks."""
        role = self._ahead.role(index)
        lacks = role is not None and role is not Role.PROBLEM and not item.having(role)
        return lacks and one.role in PROSE_ROLES and one is not item.title and self._ahead.kind(index) == "field"

    def _orphaned(self, line: Line) -> None:
        if self._stray is None:
            self._stray = torn_front(self._outline, line, self._headings.path) or Orphan(
                line.number, line.last, line.text
            )
            self._outline.orphans.append(self._stray)
        else:
            self._stray.end_line = line.last
            self._stray.text = f"{self._stray.text}\n{line.text}"
