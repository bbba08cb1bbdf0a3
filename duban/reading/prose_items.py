"""Items from prose: a part's text, the fields in its brackets and in the lines under it become an `Item`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from duban.domain.date_phrases import find_dates
from duban.reading.bracketed import all_known, brackets, clauses, labelled, outside, trailing
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.model import Item, Place
from duban.reading.prose import Part, heading, sentences
from duban.reading.regulations import find_regulations
from duban.reading.source import Line
from duban.reading.states import opening_state
from duban.reading.structure import Field, Piece
from duban.reading.structure_items import read_item_limit, set_field
from duban.reading.structure_measures import split_measures
from duban.reading.targets import find_targets

_LED_BY = re.compile(
    r"由(?![于此来])(?P<names>[^。;\uff1b]{2,100}?(?:牵头|主办|承办|负责)(?:负责|落实|实施|推进|抓总|组织)*"
    r"(?:[,\uff0c][^。;\uff1b]{2,120}?(?:配合|协办|协助|参与|参加|负责)(?:实施|落实)?)*)(?=[,\uff0c。;\uff1b]|$)"
)
_WITH = re.compile(r"由(?![于此来])(?P<names>[^,\uff0c。;\uff1b]{2,40}会同[^,\uff0c。;\uff1b]{2,60})(?=[,\uff0c])")
_KEPT_UP = re.compile(
    r"(?:^|[,\uff0c。;\uff1b])(?P<tail>(?:持续|长期|常态化)(?:推进|坚持|整改|开展)|立行立改|即知即改|立即整改)[。;\uff1b]?$"
)
_LIMITED = re.compile(r"(?:前|底|末|年内|月内|日内|季度|半年|旬)$")
#: Names of offices before a colon; 美丽乡村 and 特色小镇 name what is to be done.
_OFFICE = (
    r"(?:(?:各|全)[^、,\uff0c和及]{1,12}|[^、,\uff0c]{1,18}(?:局|委|办|部|处|科|股|室|厅|院|中心|公司|集团|街道|政府|会|站|所|队|校"
    r"|(?<![小古城])镇|(?<!下)乡))"
)
_OFFICES = re.compile(rf"^{_OFFICE}(?:[、,\uff0c和及]{_OFFICE})*$")
_LONGEST_LABEL = 8
_NAMED_FIRST = re.compile(r"^(?P<names>[^:\uff1a。;\uff1b(\uff08]{3,60})[:\uff1a]\s*(?P<rest>[^:\uff1a]{4,}.*)$")
_DASHES = re.compile(r"^(?:[—–─]{1,3}|--+)\s*")
CLAUSE_MARK = re.compile(
    r"(?:^|(?<=[。;\uff1b:\uff1a]))\s*"
    r"(?:(?P<n>[一二三四五六七八九十]{1,3})(?:是(?!否)|要)|[(\uff08](?P<m>\d{1,2})[)\uff09]|(?P<c>[①-⑳]))\s*"
)


class Reader:
    """Reads the parts of one document; holds what is the same for all of them."""

    def __init__(self, lexicon: Lexicon, year: int | None) -> None:
        self.lexicon = lexicon
        self.year = year
        self.labelled_limits = 0  # limits that stand under a label: where siblings have them, one may be missing

    def fields(self, part: Part) -> bool:
        """Whether the part owns fields: in brackets, in lines under it, or in its own prose."""
        text, line = part.text, part.line.number
        if self._named_first(text)[0]:
            return True
        if brackets(text, line, self.lexicon) or self._led_by(text) or trailing(text, line, self.lexicon)[1]:
            return True
        return any(self._own_or_behind(line)[1] for line in part.body)

    def item(self, part: Part, number: str, path: Sequence[str] | None = None) -> Item:
        """The part as an item, with its bullets and numbered parts as children."""
        place = Place(part.line.number, part.end_line, part.line.page, part.line.sheet)
        item = Item(number, place, list(part.path if path is None else path))
        first, text = self._named_first(part.text)
        text, behind = trailing(text, part.line.number, self.lexicon)
        found = brackets(text, part.line.number, self.lexicon)
        item.title = outside(text, found)
        self._fill(item, [*first, *behind])
        stretches = clauses(text, found)
        if len(stretches) > 1 and len(found) > 1:
            item.children = [self._clause(item, i, *stretch) for i, stretch in enumerate(stretches, start=1)]
        else:
            self._fill(item, [field for bracket in found for field in bracket.fields])
        printed = part.line.text[: len(part.line.text) - len(part.text)] + item.title
        below = [*item.path, heading(printed)]
        self._body(item, part.body, below)
        self._finish(item, text)
        if item.children and item.title == outside(text, found):
            item.targets = []  # its clauses have them
        for index, child in enumerate(part.children, start=len(item.children) + 1):
            item.children.append(self.item(child, child.number or f"{number}.{index}", below))
        return item

    def _clause(self, item: Item, index: int, text: str, fields: list[Field]) -> Item:
        """A stretch of a paragraph that has a bracket of its own; what leads in before 一是 is the item's title."""
        mark = CLAUSE_MARK.search(text)
        child = Item(f"{item.number}.{index}", item.place, [*item.path], title=text)
        if mark is not None:
            child.number = clause_number(mark)
            child.title = text[mark.end() :]
            if index == 1 and (lead := text[: mark.start()].strip()):
                item.title = lead
        self._fill(child, fields)
        self._finish(child, child.title)
        return child

    def _fill(self, item: Item, fields: Iterable[Field]) -> None:
        for field in fields:
            set_field(item, field, self.lexicon)
            self.labelled_limits += field.role is Role.TIME_LIMIT

    def _body(self, item: Item, body: Sequence[Line], below: list[str]) -> None:
        """Lines under an item: fields, and else paragraphs that say how it is to be done."""
        paragraphs: list[str] = []
        read = [(line, *self._own_or_behind(line)) for line in body]
        owners = sum(bool(fields and text) for _, text, fields in read)
        for line, text, fields in read:
            if fields and text and (owners > 1 or has_units(item)):
                item.children.append(self._paragraph(item, line, text, fields, below))
                continue
            self._fill(item, fields)
            if text:
                paragraphs.append(text)
        item.measures += split_measures(paragraphs)

    def _own_or_behind(self, line: Line) -> tuple[str, list[Field]]:
        """A line's text and fields: it is nothing but fields, or has them in brackets or behind it."""
        if own := self._own_fields(line):
            return "", own
        text, behind = trailing(_DASHES.sub("", line.text), line.number, self.lexicon)
        found = brackets(text, line.number, self.lexicon)
        return outside(text, found), [*behind, *(field for bracket in found for field in bracket.fields)]

    def _paragraph(self, item: Item, line: Line, text: str, fields: Sequence[Field], path: list[str]) -> Item:
        """A paragraph under an item that names units of its own: a sub-task without a number."""
        place = Place(line.number, line.last, line.page, line.sheet)
        child = Item(f"{item.number}.{len(item.children) + 1}", place, [*path], title=text)
        self._fill(child, fields)
        self._finish(child, text)
        return child

    def _own_fields(self, line: Line) -> list[Field]:
        """The fields of a line that is nothing else: 牵头单位:…, 工作目标:…, (责任单位:…)."""
        if fields := labelled(line.text, line.number, self.lexicon):
            return fields
        if match := re.match(r"^(?P<word>[\u4e00-\u9fff]{2,10})\s*[:\uff1a]\s*(?P<text>.+)$", line.text):
            role = self.lexicon.role(match["word"])
            role = Role.GOAL if role is Role.PROBLEM and match["word"].startswith("目标") else role
            if role in (Role.GOAL, Role.MEASURES, Role.REGULATIONS):
                return [Field(role, match["word"], line.number, [Piece(match["text"], line.number, line.last)])]
        found = brackets(line.text, line.number, self.lexicon)
        return [field for bracket in found for field in bracket.fields] if not outside(line.text, found) else []

    def _named_first(self, text: str) -> tuple[list[Field], str]:
        """The units with which a task opens, and the task: 区教育局、区住建局:新建幼儿园4所."""
        word, _, rest = text.replace("\uff1a", ":").partition(":")
        if rest and len(word) <= _LONGEST_LABEL and self.lexicon.role(word) in PARTY_ROLES:
            return (labelled(text, 0, self.lexicon), text) if all_known(rest, self.lexicon) else ([], text)
        match = _NAMED_FIRST.match(text)
        if match is None or not _OFFICES.match(match["names"]) or not all_known(match["names"], self.lexicon):
            return [], text
        return [_field(Role.RESPONSIBLE_UNITS, match["names"])], match["rest"]

    def _led_by(self, text: str) -> str | None:
        """The parties of 由…牵头,…配合 in prose; None where what stands there are no parties."""
        for match in (*_LED_BY.finditer(text), *_WITH.finditer(text)):
            if all_known(match["names"], self.lexicon):
                return match["names"]
        return None

    def _finish(self, item: Item, text: str) -> None:
        """What the words themselves say: leads in prose, a limit, targets and regulations."""
        if not (item.lead_units or item.responsible_units) and (names := self._led_by(text)):
            set_field(item, _field(Role.RESPONSIBLE_UNITS, names), self.lexicon)
        item.time_limit = item.time_limit or limit_in(item.title, self.year)
        read_item_limit(item, self.year)
        item.targets = find_targets(item.title, year=self.year)
        for measure in item.measures:
            item.targets += find_targets(measure, year=self.year)
        item.regulations = find_regulations([item.title, *item.measures], item.time_limit)
        item.state = opening_state(item)


def clause_number(mark: re.Match[str]) -> str:
    """The number of a clause as printed (一 of 一是), a circled one as a figure."""
    printed = next(group for group in mark.groups() if group)
    return str("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳".find(printed) + 1) if mark["c"] else printed


def limit_in(text: str, year: int | None) -> str | None:
    """The part of a sentence, from its clause on, that dates a task (2025年6月底前完成…) or says that it is kept up.

    A year that only names a plan dates nothing.
    """
    for sentence in sentences(text):
        for date in find_dates(sentence, year=year):
            if not date.status and _LIMITED.search(sentence[date.begin : date.end]):
                comma = max(sentence.rfind(mark, 0, date.begin) for mark in ",\uff0c;\uff1b")
                return sentence[comma + 1 :].strip()
    tail = _KEPT_UP.search(text)
    return tail["tail"] if tail else None


def has_units(item: Item) -> bool:
    """Whether an item names any unit or official itself."""
    return bool(item.lead_units or item.responsible_units or item.lead_officials or item.support_units)


def _field(role: Role, text: str) -> Field:
    return Field(role, "", 0, [Piece(text, 0, 0)])
