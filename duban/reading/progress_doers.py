"""Who did it, where a report has no labels for units: 县财政局已收回存量资金… names 县财政局 as the subject."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.reading.bracketed import all_known
from duban.reading.lexicon import Lexicon, Role
from duban.reading.model import Item
from duban.reading.parties import is_unit, split_parties
from duban.reading.prose_items import has_units
from duban.reading.structure import Field, Piece
from duban.reading.structure_items import set_field

_VERB = re.compile(
    r"(?:均|也|还|及时|积极|立即|迅速|高度)?(?:已|正|追|收|修|制|出台|印|完|补|清|退|上缴|组织|开展|督促|建|加强|落实|约谈|处理|调整"
    r"|盘活|拨付|归还|责令|牵头|对|将|按|就|向|把"
    r"|核[销实减查]|化解|支付|下达|移交|移送|划转|注销|变更|重新|统筹|研究|梳理|细化|规范|通过|采取|健全|压减|腾退|启动)"
)
_OTHERS = re.compile(r"正在|[已均正还]$|督促|责令|组织|要求|指导|责成|约谈|对")
#: Reports of which fewer problems open with a unit name doers by chance.
_SHARE = 0.6


def name_doers(items: Sequence[Item], lexicon: Lexicon) -> None:
    """Give each problem the units that its first deed opens with, where most problems of the report have such."""
    if len(items) < 2 or any(map(has_units, items)):
        return
    subjects = [_subject(item, lexicon) for item in items]
    if sum(map(bool, subjects)) < _SHARE * len(items):
        return
    for item, subject in zip(items, subjects, strict=True):
        if subject:
            set_field(item, Field(Role.RESPONSIBLE_UNITS, "", 0, [Piece(subject, 0, 0)]), lexicon)


def _subject(item: Item, lexicon: Lexicon) -> str | None:
    """The units that the first deed opens with, up to one of its verbs; None where anything else stands there."""
    opening = re.split(r"[,\uff0c。;\uff1b:\uff1a“《]", item.measures[0][:80])[0] if item.measures else ""
    for match in reversed(list(_VERB.finditer(opening, 3))):
        who = opening[: match.start()]
        if _OTHERS.search(who):
            continue
        named = split_parties(who, lexicon)
        sure = all(one.kind == "unit" and (one.collective or is_unit(one.name, lexicon)) for one in named)
        if named and sure and all_known(who, lexicon):
            return who
    return None
