"""Fields in brackets: 「…任务。(牵头单位:经委;责任单位:相关委办局及街镇)」 and its relatives.

A bracket holds labelled fields, roles in prose (区教育局牵头,区财政局配合) or, at the end of a sentence, names alone.
What is no field (第六轮环保三年行动计划(二期)) stays in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from duban.domain.limits import read_limit
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.parties import is_unit, split_parties
from duban.reading.structure import Field, Piece
from duban.reading.structure_limits import without_limit

_OPEN, _CLOSE = "(\uff08【[〔", ")\uff09】]〕"
_FIELD_ROLES = PARTY_ROLES | {Role.TIME_LIMIT, Role.STATUS, Role.CATEGORY, Role.NOTE}
_LABEL = re.compile(r"(?:^|[;\uff1b。,\uff0c、\s])\s*(?P<word>[^:\uff1a;\uff1b。,\uff0c\s]{1,12})\s*[:\uff1a]")
_INLINE = re.compile(r"(?<=[。;\uff1b,\uff0c\s])\s*(?P<word>[\u4e00-\u9fff]{2,8})\s*[:\uff1a]")
_SENTENCE = re.compile(r"^(?P<names>[^。]{2,80})。\s*(?P<rest>[^。]*[\u4e00-\u9fff]{4,}.*)$")
#: Labels of what is no field here, and that end the names before them all the same.
_OTHER_LABEL = re.compile(
    r"[\u4e00-\u9fff](?:情况|进展|内容|说明|电话|成效|计划|进度|资金|投资|地点|依据|规模|成果|事宜)$"
)
#: What may stand alone or behind a date where a limit does.
_LASTS = re.compile(
    r"^(?:并|此后|以后)?(?:长期(?:坚持|推进|执行)|持续(?:推进|深化|坚持|实施)|常态化(?:推进|开展|坚持)?)$"
)
_SENTENCE_END = re.compile(r"^\s*[。;\uff1b!\uff01]?\s*(?:$|[(\uff08【\[〔])|^\s*[。;\uff1b]")


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket at `begin:end` of a text, and the fields that it holds."""

    begin: int
    end: int
    fields: tuple[Field, ...]


def brackets(text: str, line: int, lexicon: Lexicon) -> list[Bracket]:
    """The brackets of a text that hold fields, in order. `line` is the text's place, kept in the fields."""
    found = []
    for begin, end in _spans(text):
        inside = text[begin + 1 : end - (text[end - 1] in _CLOSE)].strip()
        fields = labelled(inside, line, lexicon) or _unlabelled(inside, text[end : end + 40], line, lexicon)
        if fields:
            found.append(Bracket(begin, end, tuple(fields)))
    return found


def labelled(text: str, line: int, lexicon: Lexicon) -> list[Field]:
    """The fields of a text that begins with a label, or with names before the first one; else none."""
    starts = [(m.start("word"), m.end(), m["word"].strip()) for m in _LABEL.finditer(text)]
    known = [
        (start, end, word, role)
        for start, end, word in starts
        if (role := lexicon.role(word)) is not None and role in _FIELD_ROLES
    ]
    if not known:
        return []
    names = text[: known[0][0]].strip(" ;\uff1b,\uff0c、。")
    if names and not all_known(names, lexicon):
        return []
    bounds = [start for start, *_ in known[1:]] + [len(text)]
    others = [start for start, _, word in starts if _is_other(word, lexicon)]
    bounds = [min([stop, *(at for at in others if at > end)]) for (_, end, *_), stop in zip(known, bounds, strict=True)]
    fields = [_field(Role.RESPONSIBLE_UNITS, "", names, line)] if names else []
    for (_, end, word, role), stop in zip(known, bounds, strict=True):
        body, limit = text[end:stop].strip(" ;\uff1b,\uff0c、。"), ""
        if role in PARTY_ROLES:
            body, limit = without_limit(body, lexicon)
        fields.append(_field(role, word, body, line))
        if limit and all(role is not Role.TIME_LIMIT for *_, role in known):
            fields.append(_field(Role.TIME_LIMIT, "", limit, line))
    return fields


def _is_other(word: str, lexicon: Lexicon) -> bool:
    """Whether a word before a colon is a label of something that is no field in a bracket."""
    role = lexicon.role(word)
    return bool(_OTHER_LABEL.search(word)) if role is None else role not in _FIELD_ROLES


def trailing(text: str, line: int, lexicon: Lexicon) -> tuple[str, list[Field]]:
    """The text before fields at its end that stand in no bracket (…5家。责任单位:经发办;完成时限:年底), and these."""
    if ":" not in text and "\uff1a" not in text:
        return text, []
    plain = text
    for begin, end in _spans(text):
        plain = plain[:begin] + "□" * (end - begin) + plain[end:]
    for match in _INLINE.finditer(plain):
        start, role = match.start("word"), lexicon.role(match["word"])
        comma = plain[:start].rstrip().endswith((",", "\uff0c"))
        if role in _FIELD_ROLES and text[:start].strip() and (not comma or role in PARTY_ROLES):
            return _parted(text[:start].rstrip(" ,\uff0c"), text[start:], line, lexicon)
    return text, []


def _parted(before: str, behind: str, line: int, lexicon: Lexicon) -> tuple[str, list[Field]]:
    """The text and the fields; a sentence behind the last names is text again: 牵头部门:交通局。已完工28公里。"""
    last = [m for m in _LABEL.finditer(behind) if lexicon.role(m["word"]) in PARTY_ROLES][-1:]
    again = _SENTENCE.match(behind[last[0].end() :]) if last else None
    if again is None or not all_known(again["names"], lexicon) or _LABEL.match(again["rest"]):
        return before, labelled(behind, line, lexicon)
    joined = before + ("" if before.endswith(("。", ";", "\uff1b")) else "。") + again["rest"]
    return joined, labelled(behind[: last[0].end()] + again["names"], line, lexicon)


def outside(text: str, found: Sequence[Bracket]) -> str:
    """The text without its brackets of fields; a full stop that stood before and after one stands once."""
    kept, place = "", 0
    for bracket in found:
        kept += text[place : bracket.begin].rstrip()
        place = bracket.end
        if kept.endswith(("。", ";", "\uff1b")) and text[place : place + 1] in ("。", ";", "\uff1b"):
            place += 1
    return (kept + text[place:]).strip()


def clauses(text: str, found: Sequence[Bracket]) -> list[tuple[str, list[Field]]]:
    """Each stretch of text with the brackets right behind it: several brackets in a paragraph own a stretch each."""
    stretches: list[tuple[str, list[Field]]] = []
    place = 0
    for bracket in found:
        before = text[place : bracket.begin].strip(" 。;\uff1b,\uff0c、")
        if before or not stretches:
            stretches.append((text[place : bracket.begin].strip(" ;\uff1b,\uff0c").lstrip("。"), list(bracket.fields)))
        else:
            stretches[-1][1].extend(bracket.fields)
        place = bracket.end
    if stretches and (rest := text[place:].strip(" 。;\uff1b,\uff0c")):
        stretches.append((rest, []))
    return stretches


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Outermost brackets. One that is never closed holds what follows it up to the end of the text."""
    depth, begin = 0, 0
    for i, ch in enumerate(text):
        if ch in _OPEN:
            begin = i if depth == 0 else begin
            depth += 1
        elif ch in _CLOSE and depth:
            depth -= 1
            if depth == 0:
                yield begin, i + 1
    if depth:
        yield begin, len(text)


def _unlabelled(inside: str, after: str, line: int, lexicon: Lexicon) -> list[Field]:
    """Names or roles in prose, and a limit alone, where a sentence ends behind the bracket."""
    if not 2 <= len(inside) <= 200:
        return []
    names, last = without_limit(inside, lexicon)
    assigned = bool(last) and after[:1] in ("、", ",", "\uff0c")  # (甲局,5月底前)、… in the midst of a sentence
    if not _SENTENCE_END.match(after) and not assigned:
        return []
    if all_known(names, lexicon):
        fields = [_field(Role.RESPONSIBLE_UNITS, "", names, line)]
        return [*fields, _field(Role.TIME_LIMIT, "", last, line)] if last else fields
    return [_field(Role.TIME_LIMIT, "", inside, line)] if len(inside) <= 24 and _is_limit(inside) else []


@lru_cache(maxsize=1024)
def _is_limit(text: str) -> bool:
    """Whether a text is a limit and nothing else; the same few stand in item after item."""
    limit = read_limit(text, year=2000)
    return limit.category == "immediate" or any(m.due_on and m.text == text for m in limit.milestones)


def all_known(text: str, lexicon: Lexicon) -> bool:
    """Whether a text is nothing but parties."""
    named = split_parties(text, lexicon)
    sure = len(named) > 1 or any(p.role or len(p.name) > 2 for p in named)
    units = any(p.kind == "unit" for p in named)
    return sure and units and all(p.collective or p.kind == "person" or is_unit(p.name, lexicon) for p in named)


def _field(role: Role, word: str, text: str, line: int) -> Field:
    return Field(role, word, line, [Piece(text, line, line)] if text else [])
