"""What a numbered line is beside what is open: a heading that ends the item, or an entry of a list within it."""

from __future__ import annotations

from dataclasses import dataclass

from duban.reading.lexicon import Role
from duban.reading.structure import PROSE_ROLES, Block, Draft, Field
from duban.reading.structure_continuation import SENTENCE_END
from duban.reading.structure_headings import Headings
from duban.reading.structure_lookahead import Lookahead
from duban.reading.structure_numbering import Numbered

_LONGEST_HEADING = 60


@dataclass(frozen=True, slots=True)
class Open:
    """The open item with its open field, the last number of a list within that, and the open headings."""

    item: Draft | None
    field: Field | None
    list_value: int
    headings: Headings

    def is_heading(self, index: int, block: Block, ahead: Lookahead) -> bool:
        """Whether a block is a heading: by markup, or a numbered line that opens a part."""
        line, mark = block.line, block.mark
        if line.level and not block.opens_with_label:
            return True
        if mark is None or mark.style in ("一是", "第一,", "①"):
            return False
        if block.opens_with_label:
            alone = block.labels[0].opens == "alone" and mark.style in ("一、", "第一章", "第一节", "(一)")
            return alone and ahead.kind(index) != "field"
        return self.item is None or self._ends_item(index, mark, ahead)

    def _ends_item(self, index: int, mark: Numbered, ahead: Lookahead) -> bool:
        """Whether a numbered line behind an item's text is a heading, not an entry of its list."""
        heading = len(mark.rest) <= _LONGEST_HEADING and not SENTENCE_END.search(mark.rest)
        if heading and self.headings.follows(mark) and ahead.is_shared(index):
            return True
        if self.field is not None and self.field.role in PROSE_ROLES and self.field.pieces:
            in_list = self.list_value > 0 and mark.value == self.list_value + 1
            return heading and not in_list and ahead.kind(index) == "item"
        return ahead.kind(index) != "field" and (heading or self.headings.follows(mark))

    def is_list_entry(self, index: int, block: Block, ahead: Lookahead) -> bool:
        """Whether a numbered line continues a list within the open field, rather than starting an item.

        What decides is the label that comes next: one that the item still lacks goes on with this item.
        """
        item, one, mark = self.item, self.field, block.mark
        if item is None or one is None or mark is None or block.line.level or block.labels:
            return False
        if one.role not in PROSE_ROLES or one is item.title:
            return False
        role = ahead.role(index)
        if role is None or role is Role.PROBLEM or item.having(role):
            return one.role is Role.MEASURES and self._is_last_list(index, one, mark, ahead)
        if mark.value == self.list_value + 1 and (self.list_value or mark.style != item.style):
            return True
        return mark.value == 1 and not (mark.style == item.style and item.value == 0)

    def _is_last_list(self, index: int, measures: Field, mark: Numbered, ahead: Lookahead) -> bool:
        """Whether a line is in a list that ends its item (措施 comes last): an item would go on with labels."""
        if mark.value == 1 and not measures.pieces:
            return True
        return self.list_value > 0 and mark.value == self.list_value + 1 and not ahead.is_labelled(index)
