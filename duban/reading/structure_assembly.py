"""Assembly: the blocks of a document, one after the other, become items, headings and orphans."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.parties import is_unit
from duban.reading.source import Line
from duban.reading.structure import (
    PROSE_ROLES,
    Block,
    Draft,
    Field,
    Orphan,
    Outline,
    Piece,
    balanced,
    blocks_of,
)
from duban.reading.structure_headings import Headings
from duban.reading.structure_labels import Label, Labeller, join_broken_labels
from duban.reading.structure_level import ItemLevel
from duban.reading.structure_numbering import Numbered, value_of
from duban.reading.structure_tidy import tidy

_NAMES_ONLY = re.compile(r"^[^。;；:：!?！？,，]{2,60}$|^[^。;；:：!?！？]{2,40}[、,，][^。;；:：!?！？]{2,60}$")
_NAME_MARKS = re.compile(r"[、,，;；\s]")
_LIMIT_REST = re.compile(r"^(?:年?(?:[底末]|\d{0,2}[月日])?前?|内)?(?:完成|整改|到位|实施|落实|出台|并?(?:长期坚持|持续推进))[^。]{0,8}[。.]?$|^年?[月底日末内前]{1,3}[。.]?$")
_SENTENCE_END = re.compile(r"[。!?！？;；]$")


def outline_of(lines: Sequence[Line], lexicon: Lexicon) -> Outline:
    """The structure of running text (no tables)."""
    joined = join_broken_labels([line for line in lines if line.cells is None], lexicon)
    blocks = blocks_of(joined, Labeller(joined, lexicon), lexicon)
    return _Assembler(blocks, lexicon).run()


class _Assembler:
    """Walks the blocks once; `_item` is the open item, `_field` its open field, `_stray` an open orphan."""

    def __init__(self, blocks: Sequence[Block], lexicon: Lexicon) -> None:
        self._blocks = blocks
        self._lexicon = lexicon
        self._level = ItemLevel(blocks)
        self._next_label = _labels_ahead(blocks, self._level)
        self._role_ahead = _roles_ahead(blocks, self._level)
        self._outline = Outline()
        self._headings = Headings()
        self._heading: tuple[Line, Numbered | None] | None = None  # the last heading, while nothing follows it
        self._item: Draft | None = None
        self._field: Field | None = None
        self._stray: Orphan | None = None
        self._list_value = 0
        self._number: str | None = None  # a number that stands before its item under a label of its own
        self._parent: Draft | None = None  # the item of an open measure that is an item of its own

    def run(self) -> Outline:
        for index, block in enumerate(self._blocks):
            self._take(index, block)
        tidy(self._outline, self._lexicon)
        return self._outline

    def _take(self, index: int, block: Block) -> None:
        if block.opens_with_label and block.labels[0].role is Role.NUMBER:
            self._number_label(block)
        elif self._item is not None and block.line.number in self._level.entries:
            self._entry(block)
        elif (label := self._level.problem(block)) is not None:
            self._start(block, label)
        elif self._level.starts(block) and not self._is_list_entry(index, block):
            self._start(block, None)
        elif self._is_heading(index, block):
            self._open_heading(block)
        elif block.opens_with_label:
            self._labelled(block, 0)
        elif self._item is None and not self._outline.drafts and self._stray is None and not block.labels:
            self._before_items(block)
        else:
            self._text(block)

    def _before_items(self, block: Block) -> None:
        self._outline.front.append(block.line)

    # -- items and headings

    def _start(self, block: Block, label: Label | None) -> None:
        line, mark = block.line, block.mark
        own = mark.number if mark and (label is None or mark.style not in self._level.enumerators) else None
        number = (label.number if label else None) or own or self._number
        self._number = None
        path = self._headings.path
        if number is None and self._heading is not None and self._heading[1] is not None:
            number = self._heading[1].number
        item = Draft(_ascii(number or ""), line.number, line.last, path, page=line.page, sheet=line.sheet)
        item.style = mark.style if mark and label is None else "label"
        item.under = self._heading[0].text if own is None and self._heading is not None and not (label and label.number) else ""
        item.title = Field(Role.PROBLEM, label.word if label else "", line.number)
        self._outline.drafts.append(item)
        self._item, self._field, self._stray, self._heading = item, item.title, None, None
        self._list_value, self._parent = 0, None
        begin = label.end if label else len(line.text) - len(mark.rest if mark else line.text)
        self._spread(block, begin, block.labels.index(label) + 1 if label else 0)

    def _number_label(self, block: Block) -> None:
        """序号:3 on a line of its own, or before the problem on the same line."""
        label, after = block.labels[0], block.labels[1] if len(block.labels) > 1 else None
        self._number = _trimmed(block.line.text[label.end : after.start if after else None]).strip("。;；")
        self._item = self._field = self._stray = self._parent = None
        if after is not None and after.role is Role.PROBLEM:
            self._start(block, after)

    def _is_heading(self, index: int, block: Block) -> bool:
        line, mark = block.line, block.mark
        if line.level and not block.opens_with_label:
            return True
        if mark is None or mark.style in ("一是", "第一,", "①"):
            return False
        if block.opens_with_label:
            alone = block.labels[0].opens == "alone" and mark.style in ("一、", "第一章", "(一)")
            return alone and self._next_label[index] != "field"
        if self._item is None:
            return True
        upcoming = self._next_label[index]
        if self._field is not None and self._field.role in PROSE_ROLES and self._field.pieces:
            if mark.value == self._list_value + 1 and self._list_value > 0:
                return False
            return upcoming == "item" and self._looks_like_heading(mark)
        return upcoming != "field" and (self._looks_like_heading(mark) or self._headings.follows(mark))

    def _looks_like_heading(self, mark: Numbered) -> bool:
        return len(mark.rest) <= 60 and not _SENTENCE_END.search(mark.rest)

    def _is_list_entry(self, index: int, block: Block) -> bool:
        """Whether a numbered line continues a list within the open field, rather than starting an item.

        What decides is the label that comes next: one that the item still lacks goes on with this item.
        """
        item, mark, role = self._item, block.mark, self._role_ahead[index]
        if item is None or mark is None or block.line.level or self._field is None or block.labels:
            return False
        if self._field.role not in PROSE_ROLES or self._field is item.title:
            return False
        if role is None or role is Role.PROBLEM or item.having(role):
            return self._is_last_list(index, mark)
        if mark.value == self._list_value + 1 and (self._list_value or mark.style != item.style):
            return True
        return mark.value == 1 and not (mark.style == item.style and item.value == 0)

    def _is_last_list(self, index: int, mark: Numbered) -> bool:
        """Whether a line is in a list that ends its item (措施 comes last): an item would go on with labels."""
        assert self._field is not None
        if self._field.role is not Role.MEASURES:
            return False
        if mark.value == 1 and not self._field.pieces:
            return True
        following = self._blocks[index + 1] if index + 1 < len(self._blocks) else None
        return bool(self._list_value) and mark.value == self._list_value + 1 and not (following and following.labels)

    def _open_heading(self, block: Block) -> None:
        if block.line.level == 1 and block.mark is None and not self._headings.path and not self._outline.drafts:
            self._outline.front.append(block.line)  # the document's title is no part of it
            return
        self._headings.open(block.line, block.mark)
        self._heading = (block.line, block.mark)
        self._item = self._field = self._stray = self._parent = None
        if not self._outline.drafts:
            self._outline.front.append(block.line)

    def _entry(self, block: Block) -> None:
        """A measure with units or a limit of its own becomes a child of the open item."""
        item, line, mark = self._item, block.line, block.mark
        assert item is not None and mark is not None
        child = Draft(_ascii(mark.number), line.number, line.last, list(item.path), style="entry", value=mark.value)
        measure = _trimmed(line.text[len(line.text) - len(mark.rest) : block.labels[0].start])
        child.fields.append(Field(Role.MEASURES, "", line.number, [Piece(measure, line.number, line.last)]))
        item.children.append(child)
        outer, self._item = self._field, child
        self._spread(block, block.labels[0].start, 0)
        self._item, self._field = item, outer
        item.end_line = line.last

    # -- fields and text

    def _labelled(self, block: Block, first: int) -> None:
        if self._item is None:
            self._orphaned(block.line)
            return
        label = block.labels[first]
        if self._stray is not None and self._item.having(label.role):
            self._item = None
            self._orphaned(block.line)
            return
        self._stray = None
        if label.role is Role.MEASURES and label.number and self._measure_label(block, label):
            return
        self._spread(block, label.start, first)

    def _measure_label(self, block: Block, label: Label) -> bool:
        """整改措施2: a child where such measures have their own units, else the second part of the one field."""
        assert self._item is not None
        if self._level.measure_items:
            parent = self._parent or self._item
            line = block.line
            child = Draft(label.number or "", line.number, line.last, list(parent.path), style="entry")
            parent.children.append(child)
            self._parent, self._item = parent, child
            return False
        known = self._item.having(Role.MEASURES)
        if known and len(block.labels) == 1:
            self._field = known[0]
            self._append(block.line.text[label.end :], block.line)
        return bool(known) and len(block.labels) == 1

    def _spread(self, block: Block, begin: int, first: int) -> None:
        """Text from `begin` to the open field, then each label's text to a field of its own."""
        item, line = self._item, block.line
        assert item is not None
        labels = block.labels[first:]
        head = line.text[begin : labels[0].start] if labels else line.text[begin:]
        self._append(head, line)
        for label, after in zip(labels, (*labels[1:], None), strict=False):
            role = self._role(label)
            self._field = Field(role, label.word, line.number)
            item.fields.append(self._field)
            self._append(line.text[label.end : after.start if after else None], line)
        item.end_line = line.last
        if item.value is None and block.mark is not None:
            item.value = block.mark.value

    def _role(self, label: Label) -> Role:
        """A second kind of problem label within an item describes it (表现), or says what is to be done (任务)."""
        if label.role is not Role.PROBLEM:
            return label.role
        if not re.search(r"任务|工作|内容", label.word):
            return Role.NOTE
        missing = [role for role in (Role.MEASURES, Role.GOAL) if role not in self._level.roles]
        return missing[0] if missing else Role.NOTE

    def _append(self, text: str, line: Line) -> None:
        assert self._field is not None
        text = _trimmed(text)
        if text:
            self._field.pieces.append(Piece(text, line.number, line.last))

    def _text(self, block: Block) -> None:
        line = block.line
        if self._item is None:
            if self._stray is not None or (not self._headings.path and self._outline.drafts):
                self._orphaned(line)
            return
        if self._stray is None and self._continues(block):
            assert self._field is not None
            if block.labels:
                self._spread(block, 0, 0)
            else:
                self._append(line.text, line)
            self._item.end_line = line.last
            self._list_value = block.mark.value if block.mark else self._list_value
            return
        self._orphaned(line)

    def _continues(self, block: Block) -> bool:
        """Whether a paragraph without a label goes on with the open field."""
        open_field, text = self._field, block.line.text
        if open_field is None:
            return False
        if not open_field.pieces or not balanced(open_field.last):
            return True
        if block.labels and not block.opens_with_label and not _SENTENCE_END.search(open_field.last):
            return block.labels[0].start <= 40  # 各区水务 / 局;整改时限:…
        if open_field.role in PARTY_ROLES:
            return self._names_go_on(open_field.last, text)
        if open_field.role is Role.TIME_LIMIT:
            return open_field.last[-1] in "、,，" or bool(_LIMIT_REST.match(text) and not _SENTENCE_END.search(open_field.last))
        if open_field.role in PROSE_ROLES:
            return open_field.unfinished() or block.mark is not None or len(text) > 15 or not _SENTENCE_END.search(text)
        return False

    def _names_go_on(self, above: str, below: str) -> bool:
        """Whether a list of names was broken: behind a comma, or within a name (各区水务 / 局)."""
        if not _NAMES_ONLY.match(below) or _SENTENCE_END.search(above):
            return False
        last, first = _NAME_MARKS.split(above)[-1], _NAME_MARKS.split(below)[0].rstrip("。")
        broken = is_unit(last + first, self._lexicon) and not is_unit(last, self._lexicon) and len(last + first) <= 16
        return above[-1] in "、,，和及" or broken

    def _orphaned(self, line: Line) -> None:
        if self._stray is None:
            self._stray = self._torn_front(line) or Orphan(line.number, line.last, line.text)
            self._outline.orphans.append(self._stray)
        else:
            self._stray.end_line = line.last
            self._stray.text = f"{self._stray.text}\n{line.text}"

    def _torn_front(self, line: Line) -> Orphan | None:
        """Fields before the first item: what stands right before them is the rest of that torn item, not a preface."""
        front = self._outline.front
        if self._outline.drafts or not front or not re.search(r"[。;；]$", front[-1].text) or self._headings.path:
            return None
        torn = front.pop()
        return Orphan(torn.number, line.last, f"{torn.text}\n{line.text}")


def _labels_ahead(blocks: Sequence[Block], level: ItemLevel) -> list[str]:
    """For each block what comes first after it: "item", "field" or "" (nothing)."""
    ahead, following = [""] * len(blocks), ""
    for index in range(len(blocks) - 1, -1, -1):
        ahead[index] = following
        block = blocks[index]
        if level.problem(block) is not None or level.starts(block):
            following = "item"
        elif block.labels:
            following = "field"
    return ahead


def _roles_ahead(blocks: Sequence[Block], level: ItemLevel) -> list[Role | None]:
    """For each block the role of the first label after it; PROBLEM where that is one of another item."""
    ahead: list[Role | None] = [None] * len(blocks)
    following: Role | None = None
    for index in range(len(blocks) - 1, -1, -1):
        ahead[index] = following
        block = blocks[index]
        if level.problem(block) is not None or (block.labels and not block.opens_with_label and level.starts(block)):
            following = Role.PROBLEM
        elif block.labels:
            following = block.labels[0].role
    return ahead


def _ascii(number: str) -> str:
    return str(value_of(number)) if number and number in "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳" else number


def _trimmed(text: str) -> str:
    """A field's text without the brackets and marks that only hold fields apart."""
    text = text.strip().lstrip(":：")
    text = re.sub(r"[(（【\[]\s*$", "", text).strip()
    if text and text[-1] in ")）】]" and not balanced_left(text):
        text = text[:-1].rstrip()
    return text.strip("  ")


def balanced_left(text: str) -> bool:
    """Whether every closing bracket has an opening one."""
    return text.count(")") + text.count("）") <= text.count("(") + text.count("（") and text.count("]") + text.count(
        "】"
    ) <= text.count("[") + text.count("【")
