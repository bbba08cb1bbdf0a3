"""Headings of prose that name who answers for what is below them: 一、副市长陈晓红牵头的任务, 二、投资(区发改局牵头).

Nothing is copied into the items: they become children of an item that stands for the heading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from duban.reading.bracketed import all_known, brackets, labelled, outside
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.model import Item, Place
from duban.reading.parties import split_parties
from duban.reading.prose import Part
from duban.reading.prose_items import Reader
from duban.reading.source import Line
from duban.reading.states import opening_state
from duban.reading.structure import Field, Piece
from duban.reading.structure_items import read_item_limit, set_field
from duban.reading.structure_numbering import numbered

_SHARED = PARTY_ROLES | {Role.TIME_LIMIT}
_LONGEST = 60
_LONGEST_OFFICE = 24
_PARTY_LABEL = re.compile(r"^(?P<word>[\u4e00-\u9fff]{2,8})\s*[:\uff1a]\s*(?P<names>[^:\uff1a。]{2,60})$")
_COUNT = re.compile(r"\s*[(\uff08]\s*(?:共|合计)?\s*\d+\s*[项条个件]?\s*[)\uff09]\s*$")
#: How a heading that is an office's name ends; 产业兴镇 is none.
_OFFICE = re.compile(r"(?:局|委|办|办公室|委员会|厅|中心|院|公司|集团|政府|街道|部|处|科|署|联合会|站|所|队)$")
_LED = re.compile(
    r"^由?(?P<who>[^。;\uff1b:\uff1a,\uff0c]{2,40}?)(?:同志)?(?P<verb>牵头|领衔|主抓|包抓|分管|负责|承办|主办)"
    r"(?:负责|落实|办理|推进|督办|抓好|实施)*的?(?:重点|主要)?(?:任务|工作|事项|项目|部分|目标)*$"
)


def section_fields(part: Part, reader: Reader) -> list[Field]:
    """The officials, units and limit that a heading gives for all below it: in its text or in lines right under it."""
    if not part.children or len(part.text) > _LONGEST:
        return []
    found = [field for bracket in brackets(part.text, part.line.number, reader.lexicon) for field in bracket.fields]
    found = (
        found or labelled(part.text, part.line.number, reader.lexicon) or _led(part, reader) or _all_names(part, reader)
    )
    for line in part.body:
        found += labelled(line.text.strip("()\uff08\uff09"), line.number, reader.lexicon)
    roles = {field.role for field in found}
    return found if roles & PARTY_ROLES and roles <= _SHARED else []


def _led(part: Part, reader: Reader) -> list[Field]:
    """The people or units of 副市长陈晓红牵头的任务."""
    led = _LED.match(_COUNT.sub("", part.text))
    if led is None:
        return []
    piece = [Piece(led["who"], part.line.number, part.line.last)]
    people = split_parties(led["who"], reader.lexicon)
    if people and all(one.kind == "person" and not one.collective for one in people):
        return [Field(Role.LEAD_OFFICIALS, "", part.line.number, piece)]
    if not all_known(led["who"], reader.lexicon):
        return []
    role = Role.LEAD_UNITS if led["verb"] in ("牵头", "领衔", "主办") else Role.RESPONSIBLE_UNITS
    return [Field(role, "", part.line.number, piece)]


def _all_names(part: Part, reader: Reader) -> list[Field]:
    """The units of a heading that is nothing else, at the top: 一、区财政局(5项)."""
    if part.parent is not None or not (part.number or part.style.startswith("#")):
        return []
    text = _COUNT.sub("", part.text)
    if not all_known(text, reader.lexicon) or not all(map(_OFFICE.search, re.split("[、和及]", text))):
        return []
    return [Field(Role.RESPONSIBLE_UNITS, "", part.line.number, [Piece(text, part.line.number, part.line.last)])]


def with_unit_headings(lines: Sequence[Line], lexicon: Lexicon) -> list[Line]:
    """The lines, those that are nothing but an office above a list that begins anew as headings; one alone is none."""
    found = [
        at
        for at, (line, below) in enumerate(pairwise(lines))
        if 3 <= len(line.text) <= _LONGEST_OFFICE
        and line.cells is None
        and (mark := numbered(below.text)) is not None
        and mark.value == 1
        and _OFFICE.search(line.text)
        and all_known(line.text, lexicon)
    ]
    labels = _labels_above(lines, lexicon)
    if len(found) < 2 and not labels:
        return list(lines)
    headings = frozenset([*(found if len(found) >= 2 else ()), *labels])
    return [replace(line, level=2) if at in headings else line for at, line in enumerate(lines)]


def _labels_above(lines: Sequence[Line], lexicon: Lexicon) -> list[int]:
    """Labels of units that stand above the tasks and not below them: one above the first, and a number behind each."""
    counted = [numbered(line.text) is not None for line in lines]
    first = counted.index(True) if True in counted else 0
    if first == 0 or lines[first].cells is not None:
        return []
    found = [at for at, line in enumerate(lines) if not counted[at] and _is_party_label(line.text, lexicon)]
    above = [at for at in found if at + 1 < len(lines) and counted[at + 1]]
    return above if len(above) >= 2 and above == found and above[0] == first - 1 else []


def _is_party_label(text: str, lexicon: Lexicon) -> bool:
    match = _PARTY_LABEL.match(text)
    return match is not None and lexicon.role(match["word"]) in PARTY_ROLES and all_known(match["names"], lexicon)


def under_sections(parts: Sequence[Part], items: Sequence[Item], reader: Reader) -> list[Item]:
    """The items, those below a heading with fields of its own as children of an item that stands for it."""
    kept: list[Item] = []
    over: dict[int, Item | None] = {}
    for part, item in zip(parts, items, strict=True):
        holder = _section_of(part, over, reader)
        if holder is None:
            kept.append(item)
            continue
        if not holder.children:
            kept.append(holder)
        holder.children.append(item)
        holder.place = Place(holder.place.line, item.place.end_line, holder.place.page, holder.place.sheet)
        holder.state = opening_state(holder)
    return kept


def _section_of(part: Part, over: dict[int, Item | None], reader: Reader) -> Item | None:
    """The outermost heading above a part that has fields, as an item; each heading is looked at once."""
    above: list[Part] = []
    parent = part.parent
    while parent is not None:
        above.insert(0, parent)
        parent = parent.parent
    for one in above:
        if id(one) not in over:
            fields = section_fields(one, reader)
            count = 1 + sum(known is not None for known in over.values())
            over[id(one)] = _as_item(one, one.number or str(count), fields, reader) if fields else None
        if (known := over[id(one)]) is not None:
            return known
    return None


def _as_item(part: Part, number: str, fields: Sequence[Field], reader: Reader) -> Item:
    line = part.line
    item = Item(number, Place(line.number, line.last, line.page, line.sheet), part.path)
    item.title = outside(part.text, brackets(part.text, line.number, reader.lexicon))
    for field in fields:
        set_field(item, field, reader.lexicon)
    read_item_limit(item, reader.year)
    return item


def under_named_rows(items: Sequence[Item], lexicon: Lexicon) -> list[Item]:
    """The items of a table, those below a row such as 二、民生保障(责任领导:方圆) within an item of its own."""
    kept: list[Item] = []
    over: dict[tuple[str, ...], Item | None] = {}
    for item in items:
        for depth, text in enumerate(item.path, start=1):
            key = tuple(item.path[:depth])
            if key not in over:
                over[key] = _of_row(text, item, lexicon)
                kept += [one for one in [over[key]] if one is not None]
            if (holder := over[key]) is not None:
                holder.children.append(item)
                holder.state = opening_state(holder)
                break
        else:
            kept.append(item)
    return kept


def _of_row(text: str, first: Item, lexicon: Lexicon) -> Item | None:
    """The item of a heading with fields in brackets; None where it has none."""
    found = brackets(text, first.place.line, lexicon)
    fields = [field for bracket in found for field in bracket.fields]
    roles = {field.role for field in fields}
    if not roles & PARTY_ROLES or not roles <= _SHARED:
        return None
    title = outside(text, found)
    mark = numbered(title)
    item = Item(mark.number if mark else "", first.place, first.path[: first.path.index(text)])
    item.title = mark.rest if mark else title
    for field in fields:
        set_field(item, field, lexicon)
    return item
