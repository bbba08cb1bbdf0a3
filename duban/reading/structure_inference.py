"""Labels that no lexicon knows: a word before a colon that returns item after item, read by what stands behind it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role, bare_label
from duban.reading.parties import is_unit, split_parties
from duban.reading.source import Line
from duban.reading.structure_prose import says_when

_OPENING = re.compile(r"^[【\[]?(?P<word>(?:[\u4e00-\u9fff] ?){2,8})[】\]]?\s*[:：]\s*(?P<text>.*)$")
#: Several labels with their texts on one line: 主攻单位:甲局 助攻单位:乙局.
_BETWEEN = re.compile(r" (?=[\u4e00-\u9fff]{2,8}[:：])")
_HELPS = re.compile(r"协|配合|会办|参|助")
#: Fewer occurrences are chance.
_LEAST = 3
_SHARE = 0.6
_SAMPLE = 40
#: Without any known label so many unknown ones must return, and one of them say who or when.
_LEAST_UNKNOWN = 2
_TEXTS = frozenset({Role.PROBLEM, Role.GOAL, Role.MEASURES})


def with_inferred_labels(lines: Sequence[Line], lexicon: Lexicon) -> Lexicon:
    """The lexicon with the unknown words that open lines at least half as often as the commonest known label."""
    texts: dict[str, list[str]] = defaultdict(list)
    known: Counter[str] = Counter()
    for line in lines:
        for part in _BETWEEN.split(line.text) if line.cells is None else ():
            if (match := _OPENING.match(part)) is None:
                continue
            word = bare_label(match["word"])
            if lexicon.role(word) is not None:
                known[word] += 1
            elif word:
                texts[word].append(match["text"])
    least = max(_LEAST, max(known.values(), default=0) // 2)
    often = {word: behind[:_SAMPLE] for word, behind in texts.items() if len(behind) >= least}
    found = {word: role_of_texts(behind, lexicon) for word, behind in often.items()}
    found |= _supporting(found, {lexicon.role(word) for word in known})
    if not known and (len(found) < _LEAST_UNKNOWN or not set(found.values()) & (PARTY_ROLES | {Role.TIME_LIMIT})):
        return lexicon
    if not {lexicon.role(word) for word in known} & _TEXTS:
        notes = [word for word, role in found.items() if role is Role.NOTE]
        found |= {word: Role.MEASURES for word in notes if word == max(notes, key=lambda one: _length(often[one]))}
    return replace(lexicon, words={**lexicon.words, **found}) if found else lexicon


def _supporting(found: Mapping[str, Role], known: Set[Role | None]) -> dict[str, Role]:
    """Of several labels over units those whose words say so name who helps: 助攻单位 beside 主攻单位."""
    units = [word for word, role in found.items() if role is Role.RESPONSIBLE_UNITS]
    several = len(units) > 1 or bool(known & {Role.RESPONSIBLE_UNITS, Role.LEAD_UNITS})
    return {word: Role.SUPPORT_UNITS for word in units if several and _HELPS.search(word)}


def _length(texts: Sequence[str]) -> float:
    return sum(map(len, texts)) / len(texts)


def role_of_texts(texts: Sequence[str], lexicon: Lexicon) -> Role:
    """What most of the texts are: dates, people, units, or something that an item has no field for."""
    for role, fits in (
        (Role.TIME_LIMIT, _is_limit),
        (Role.LEAD_OFFICIALS, _are_people),
        (Role.RESPONSIBLE_UNITS, _are_units),
    ):
        if sum(fits(text, lexicon) for text in texts) >= _SHARE * len(texts):
            return role
    return Role.NOTE


def _is_limit(text: str, lexicon: Lexicon) -> bool:
    return len(text) <= 40 and says_when(text) and not _are_units(text, lexicon)


def _are_people(text: str, lexicon: Lexicon) -> bool:
    named = split_parties(text, lexicon) if len(text) <= 60 else []
    return bool(named) and all(party.kind == "person" for party in named)


def _are_units(text: str, lexicon: Lexicon) -> bool:
    named = split_parties(text, lexicon) if len(text) <= 120 and "。" not in text[:-1] else []
    return bool(named) and all(party.collective or is_unit(party.name, lexicon) for party in named)
