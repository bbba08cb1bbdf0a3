"""From drafts to items: each field's text is read into parties, limit, measures and regulations."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from duban.domain.limits import Limit, read_limit
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.lint import anomaly, field_name
from duban.reading.model import Anomaly, AnomalyCode, Item, Place
from duban.reading.parties import Named, split_parties, split_people, split_units
from duban.reading.regulations import find_regulations
from duban.reading.states import opening_state
from duban.reading.structure import Draft, Field, Orphan
from duban.reading.structure_limits import without_limit
from duban.reading.structure_measures import split_measures
from duban.reading.targets import find_targets

_DONE = re.compile(
    r"^100(?:\.0+)?%$|^(?:目前)?(?:均?已经?|全部|均|已全部|超额|提前|如期|按期)*(?:完成整改|整改完成|完成|销号|整改到位|办结|整改完毕|整改|解决|落实|采纳|办理完毕)(?:并?销号|到位|完毕)?(?=[,\uff0c。.;\uff1b、(\uff08并且]|$)|^是[。.]?$"
)
_OPEN = re.compile(
    r"未完成|未解决|未落实|正在|正[按加抓]|(?:推进|进行|整改|建设|实施|施工|办理)中|(?:正常|加快|加紧|顺利|按计划|按期)推进|在建|尚未|未销号|[未待](?:启动|开工|开展|整改|办结)|逾期|催办|停工|滞后|^否|^\d{1,2}(?:\.\d+)?%$|^未达|^(?:持续|长期|基本(?:完成|解决|落实)|列入(?:计划|规划)|(?:拟|逐步)解决|部分|阶段性|未整改|按序时|达到序时|有序|稳步|分阶段)|达到序时进度"
)
#: 是, 否, 已完成 and 正在办理 say how a problem stands and nothing of what was done.
_ONLY_STATUS = re.compile(
    r"^(?:[是否√×]|(?:已|正在|尚未|未|基本|部分)?(?:完成|整改|销号|办结|办理|推进|整改到位))[。.]?$"
)
_CATEGORIES = (
    ("immediate", re.compile(r"立行立改|即知即改|立知立改|立即整改|立查立改|立整立改")),
    ("by_deadline", re.compile(r"限期")),
    ("long_term", re.compile(r"长期")),
)


def items_of(drafts: Sequence[Draft], lexicon: Lexicon, year: int | None) -> tuple[list[Item], list[Anomaly]]:
    """The items of a document, and the doubts that only the drafts show (fields that stand twice)."""
    anomalies: list[Anomaly] = []
    _join_labels_of_one_role(drafts, lexicon)
    items = [_item(draft, lexicon, year, anomalies) for draft in drafts]
    return items, anomalies


#: Two labels of one role side by side (责任领导 and 责任人) name more of the same; two limits do not.
_BOTH = Role.UNITS_AND_OFFICIALS
_JOINED_ROLES = PARTY_ROLES | {Role.STATUS, Role.MEASURES, Role.GOAL}


def _join_labels_of_one_role(drafts: Sequence[Draft], lexicon: Lexicon) -> None:
    """Fields of one role under different words, where the words stand together in several items, are one field."""
    pairs: Counter[tuple[Role, str, str]] = Counter()
    flat = list(_all(drafts))
    for one in (one for draft in flat for one in draft.fields if one.role is Role.LEAD_OFFICIALS):
        if _OVERSEES.match(one.word) and all(party.kind == "unit" for party in _named(one.text, _BOTH, lexicon)):
            one.role = Role.SUPERVISING_UNITS  # 督办人:督查室
    for draft in flat:
        pairs.update({(one.role, first.word, one.word) for first, one in _beside(draft)})
    for draft in flat:
        for first, one in _beside(draft):
            if pairs[(one.role, first.word, one.word)] >= min(2, len(drafts)):
                first.take(one)
                draft.fields.remove(one)


def _beside(draft: Draft) -> list[tuple[Field, Field]]:
    """Each later field of a role under another word, with the first one."""
    first: dict[Role, Field] = {}
    found = []
    for one in draft.fields:
        known = first.setdefault(one.role, one)
        if known is not one and one.role in _JOINED_ROLES and one.word and known.word and one.word != known.word:
            found.append((known, one))
    return found


def _all(drafts: Iterable[Draft]) -> Iterable[Draft]:
    for draft in drafts:
        yield draft
        yield from _all(draft.children)


def limit_texts(drafts: Iterable[Draft]) -> list[str]:
    """All texts of time limits, children's too: they show the document's year."""
    found = []
    for draft in drafts:
        found += [f.text for f in draft.having(Role.TIME_LIMIT)]
        found += limit_texts(draft.children)
    return found


def orphan_anomalies(orphans: Iterable[Orphan]) -> list[Anomaly]:
    """One anomaly for each run of text that belongs to no item."""
    found = []
    for orphan in orphans:
        text = orphan.text.replace("\n", " ")
        detail = (
            f"不属于任何事项的文字(第{orphan.line}至{orphan.end_line}行):{text[:60]}{'…' if len(text) > 60 else ''}"
        )
        found.append(Anomaly(AnomalyCode.ORPHAN_TEXT, detail, orphan.line))
    return found


def _item(draft: Draft, lexicon: Lexicon, year: int | None, anomalies: list[Anomaly]) -> Item:
    item = Item(draft.number, Place(draft.line, draft.end_line, draft.page, draft.sheet), list(draft.path))
    item.title = draft.title.text
    seen: dict[Role, Field] = {}
    for one in _led(draft.fields):
        if one.role in seen:
            _repeated(item, seen[one.role], one, anomalies)
            continue
        seen[one.role] = one
        set_field(item, one, lexicon)
    read_item_limit(item, year)
    item.regulations = find_regulations(item.measures, item.time_limit)
    item.targets = [target for text in (item.goal or "", *item.measures) for target in find_targets(text, year=year)]
    item.children = [_item(child, lexicon, year, anomalies) for child in draft.children]
    item.state = opening_state(item)
    return item


def _repeated(item: Item, first: Field, second: Field, anomalies: list[Anomaly]) -> None:
    """A field that stands twice: the first is kept, the second is named in the anomaly."""
    if second.role in (Role.NOTE, Role.SECTION, Role.NUMBER):
        return
    same = "内容相同" if first.text == second.text else f"第二处为:{second.text[:80]}"
    name = second.role.value
    detail = f"{field_name(name)}出现两次(第{first.line}行、第{second.line}行),{same}"
    anomalies.append(anomaly(AnomalyCode.REPEATED_FIELD, item, detail, field=name, line=second.line, blocks=True))


def _led(fields: Sequence[Field]) -> Sequence[Field]:
    """Without a plain 责任人 beside a leader (牵头领导): whom the unit sends leads nothing."""
    if not any(one.role is Role.LEAD_OFFICIALS and "领导" in one.word for one in fields):
        return fields
    return [one for one in fields if one.role is not Role.LEAD_OFFICIALS or one.word not in _LOOSE_OFFICIALS]


def set_field(item: Item, one: Field, lexicon: Lexicon) -> None:
    """Put one field's text where it belongs in the item."""
    if one.role in PARTY_ROLES:
        _set_parties(item, one, lexicon)
    elif one.role is Role.GOAL:
        item.goal = one.text or None
    elif one.role is Role.MEASURES:
        item.measures = split_measures([piece.text for piece in one.pieces])
    elif one.role is Role.TIME_LIMIT:
        item.time_limit = item.time_limit if lexicon.names_nobody(one.text) else one.text
    elif one.role is Role.STATUS:
        told = [status_of(piece.text) for piece in one.pieces]
        item.status = next((status for status in reversed(told) if status), None)
        item.progress = "".join(piece.text for piece in one.pieces if not _ONLY_STATUS.match(piece.text)) or None
        item.long_term = item.long_term or "长期坚持" in one.text  # 已完成,长期坚持
    elif one.role is Role.CATEGORY:
        item.category = next((name for name, words in _CATEGORIES if words.search(one.text)), None)


#: How a field's text is taken apart: short names mean people under one label and units under another.
_SPLITTERS = {Role.LEAD_OFFICIALS: split_people, Role.UNITS_AND_OFFICIALS: split_parties}
_UNIT_ROLES = {
    "lead": "lead_units",
    "responsible": "responsible_units",
    "support": "support_units",
    "supervising": "supervising_units",
}
#: 牵头单位及责任人: what kind of units the label names beside its people.
_AND_PEOPLE = r"(?:责任)?(?:单位|部门|科室|处室)(?:[及和与、/(]|以及)?其?(?:责任人|负责人|联系人|分管领导|领导|人)"
_UNITS_FIRST = (
    ("lead_units", re.compile(rf"(?:牵头|主办|主责){_AND_PEOPLE}")),
    ("support_units", re.compile(rf"(?:配合|协办|协助|参与){_AND_PEOPLE}")),
    ("supervising_units", re.compile(rf"(?:督导|督办|监督|验收){_AND_PEOPLE}")),
)
#: Labels of people that some documents also put before units.
_POST = re.compile(
    r"(?:书记|主任|局长|处长|科长|院长|校长|负责人|责任人|领导|委员|成员|同志|经理|所长|站长|镇长|乡长)$"
)
_OVERSEES = re.compile(r"督[办导查促]|验收|监[督管]|核查|销号|审核")
_LOOSE_OFFICIALS = frozenset({"责任人", "负责人", "牵头人", "牵头", "具体责任人", "整改责任人"})


def _set_parties(item: Item, one: Field, lexicon: Lexicon) -> None:
    if lexicon.names_nobody(one.text):
        return
    text, limit = without_limit(one.text, lexicon)
    if limit and item.time_limit is None:
        item.time_limit = limit
    for party in _named(text, one.role, lexicon):
        names: list[str] = getattr(item, _party_field(party, one))
        if party.name not in names:
            names.append(party.name)


@lru_cache(maxsize=4096)
def _named(text: str, role: Role, lexicon: Lexicon) -> tuple[Named, ...]:
    """The parties of a text; the same few stand in item after item."""
    return tuple(_SPLITTERS.get(role, split_units)(text, lexicon))


@lru_cache(maxsize=4096)
def limit_of(text: str, year: int | None, issued_on: dt.date | None = None) -> Limit:
    """A limit as `read_limit` reads it; spaces that a document puts around its figures are no part of it."""
    plain = re.sub(r"(?<=\d) (?=[年月日个季])|(?<=[年月]) (?=\d)", "", text)
    return read_limit(plain, year=year, issued_on=issued_on)


def _party_field(party: Named, one: Field) -> str:
    """Which field of the item a party belongs to: its label's, unless the text itself gives it another role."""
    person = party.kind == "person"
    if one.role is Role.LEAD_OFFICIALS:
        loose = one.word in _LOOSE_OFFICIALS and not person and not _POST.search(party.name)
        return "responsible_units" if loose else "lead_officials"
    if person and one.role in (Role.UNITS_AND_OFFICIALS, Role.RESPONSIBLE_UNITS, Role.LEAD_UNITS):
        return "lead_officials"
    if party.role:
        return _UNIT_ROLES[party.role]
    if one.role is Role.UNITS_AND_OFFICIALS:
        return next((name for name, label in _UNITS_FIRST if label.match(one.word)), "responsible_units")
    return one.role.value


def read_item_limit(item: Item, year: int | None) -> None:
    """Read the item's time limit into milestones, tail and category."""
    if item.time_limit is None:
        return
    limit = limit_of(item.time_limit, year)
    item.milestones = list(limit.milestones)
    item.long_term = limit.long_term
    item.category = item.category or limit.category


def status_of(text: str) -> str | None:
    """`done` or `open` as a status field says it; None where it says neither."""
    text = text.strip()
    if _DONE.match(text):
        return "done"
    if _OPEN.search(text):
        return "open"
    return "done" if re.search(r"已完成整改|整改已完成|已整改完成|已整改到位|已销号", text) else None
