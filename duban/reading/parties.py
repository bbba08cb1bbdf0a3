"""Parties: a field such as 「区住建委(牵头)、区财政局及各街镇」 becomes the names that stand in it, each with its role.

Nothing is expanded and nothing invented: a collective party (各街镇) stays one name, marked, until a directory says
who belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from duban.reading.lexicon import Lexicon, load_lexicon
from duban.reading.party_names import (
    Named,
    ends_as_unit,
    is_collective,
    is_short,
    outside,
    party_of,
    role_of,
    without_posts,
)
from duban.reading.party_words import (
    CLOSE,
    EACH_LEVEL,
    EDGE,
    ENUMERATED,
    ETC,
    FOR_ALL,
    JOINT,
    JOINT_LEADERS,
    LEVEL,
    LEVEL_OFFICE,
    NAME_POST,
    NOT_UNITS,
    OFFICE_OF_NAMED,
    OFFICE_OF_PARTY,
    OFFICE_OF_STATE,
    OFFICES,
    ONLY_POST,
    OPEN,
    PHONE,
    POST_NAME,
    ROLE_LABEL,
    ROLE_VERB,
    SEPARATORS,
)
from duban.reading.surnames import is_surely_a_name, looks_like_a_name

__all__ = ["Named", "is_unit", "split_parties", "split_people", "split_units"]


def split_parties(text: str, lexicon: Lexicon | None = None) -> list[Named]:
    """The people and units that a field names, in order. 无, ／, — and an empty text name nobody."""
    return list(_split(text, lexicon or load_lexicon()))


@lru_cache(maxsize=4096)
def _split(text: str, words: Lexicon) -> tuple[Named, ...]:
    """As `split_parties`; the same few names stand in item after item, and are looked at more than once."""
    found: list[Named] = []
    for clause in re.split(r"[;\uff1b。\n]", ENUMERATED.sub("、", PHONE.sub("", text))):
        found += _clause(clause, words)
    return tuple(dict.fromkeys(without_posts(found)))


def split_people(text: str, lexicon: Lexicon | None = None) -> list[Named]:
    """As `split_parties`, for a field of officials: a short name is a person's also if the family name is rare."""
    words = lexicon or load_lexicon()
    return [
        replace(p, kind="person") if p.kind == "unit" and not p.collective and is_short(p.name, words) else p
        for p in split_parties(text, words)
    ]


def split_units(text: str, lexicon: Lexicon | None = None) -> list[Named]:
    """As `split_parties`, for a field of units: 后勤 and 安监 are units' short names, though they may begin as people's
    do. A name is a person's where a post stands beside it or where it reads as nothing else."""
    words = lexicon or load_lexicon()
    return [
        replace(p, kind="unit") if p.kind == "person" and not _is_person_among_units(p.name, text) else p
        for p in split_parties(text, words)
    ]


def _is_person_among_units(name: str, text: str) -> bool:
    if is_surely_a_name(name) or ONLY_POST.match(name):
        return True
    begin = text.find(name)
    if begin > 1 and text[begin - 1] in "(\uff08":
        return True  # 县发改局(岳鹏)
    before, after = text[:begin].rstrip(), text[begin + len(name) :].lstrip()
    beside = re.split(r"[、,\uff0c;\uff1b\s]", before)[-1], re.split(r"[、,\uff0c;\uff1b\s(\uff08]", after)[0]
    return begin < 0 or any(part and bool(ONLY_POST.match(part.strip(":\uff1a"))) for part in beside)


def is_unit(name: str, lexicon: Lexicon | None = None) -> bool:
    """Whether a name ends as units' names do: 区经委, 淞南镇, 新农村建设办公室<农委>."""
    return ends_as_unit(outside(name), lexicon or load_lexicon())


# --- one clause ------------------------------------------------------------------------------------------------------


def _clause(clause: str, words: Lexicon) -> Iterator[Named]:
    """The parties of a clause. A role in front (牵头:…) serves until the next, a verb behind the names before it."""
    pending: list[Named] = []
    role: str | None = None
    for printed in _tokens(clause, words):
        label = ROLE_LABEL.match(printed)
        if label:
            yield from pending
            pending, role = [], role_of(label["role"])
        token, verb = _without_verb(printed[label.end() :] if label else printed, words)
        pending += [replace(p, role=p.role or role) for p in party_of(token, words)]
        if for_all := FOR_ALL.search(token):
            verb = role_of(for_all["role"])
        if verb:
            yield from (replace(p, role=p.role or verb) for p in pending)
            pending = []
    yield from pending


def _without_verb(token: str, words: Lexicon) -> tuple[str, str | None]:
    """「由区住建委牵头负责」: the name, and the role that the verb gives."""
    body = token.strip(EDGE)
    match = ROLE_VERB.search(body)
    if match is None or match.start() == 0:
        return body, None
    name = ETC.sub("", body[: match.start()].strip(EDGE))
    bare = name.removeprefix("由")
    known = ends_as_unit(outside(bare), words) or is_collective(bare) or looks_like_a_name(bare)
    return (bare, role_of(match["role"])) if known else (body, None)


def _tokens(clause: str, words: Lexicon) -> Iterator[str]:
    """Names between separators that stand outside brackets; 及, 和 and 与 part units but not the words of one name."""
    pieces = [piece for part in _parted(clause) for piece in _spaced(part, words)]
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        while LEVEL.match(piece) and index + 1 < len(pieces) and LEVEL.match(pieces[index + 1]):
            index += 1
            piece = f"{piece}、{pieces[index]}"  # 「区、街镇」 is one party
        if EACH_LEVEL.match(piece) and index + 1 < len(pieces) and LEVEL_OFFICE.match(pieces[index + 1]):
            index += 1
            piece = f"{piece}、{pieces[index]}"  # 各市、县人民政府 too
        if re.match(r"^[省市区县]委$", piece) and index + 1 < len(pieces) and JOINT_LEADERS.match(pieces[index + 1]):
            index += 1
            piece = f"{piece}、{pieces[index]}"  # 区委、区政府分管领导 is one party
        if index + 1 < len(pieces) and _are_one_place(piece, pieces[index + 1]):
            index += 1
            piece = f"{piece}、{pieces[index]}"  # 各县(区)委、政府 and 镇党委、政府 name one place's two offices
        yield from _joined(piece, words)
        index += 1


def _are_one_place(first: str, second: str) -> bool:
    """Whether the second name is the government of the first one's place, without its name."""
    named = OFFICE_OF_NAMED.search(first)
    state = named is not None and re.fullmatch(rf"{named['level']}(?:人民)?政府", second)
    return bool(state) or bool(OFFICE_OF_PARTY.search(first) and OFFICE_OF_STATE.match(second))


def _parted(clause: str) -> Iterator[str]:
    depth, start = 0, 0
    whole = {i for match in OFFICES.finditer(clause) for i in range(*match.span())}
    for i, ch in enumerate(clause):
        if i in whole:
            continue
        if ch in OPEN:
            depth += 1
        elif ch in CLOSE:
            depth = max(0, depth - 1)
        elif depth == 0 and (ch in SEPARATORS or (ch in "/／" and 0 < i < len(clause) - 1)):
            yield clause[start:i].strip()
            start = i + 1
    yield clause[start:].strip()


def _spaced(part: str, words: Lexicon) -> Iterator[str]:
    """Names parted by spaces; a space inside a name (张 三) or a torn word is no separator."""
    pieces = part.split()
    if len(pieces) < 2:
        yield part
        return
    if all(len(piece) == 1 for piece in pieces):
        halves = ["".join(pieces[:2]), "".join(pieces[2:])]
        if len(pieces) == 4 and all(map(looks_like_a_name, halves)):
            yield from halves  # 陆 明 俞 悦 are two
        else:
            yield from ["".join(pieces)] if len(pieces) <= 4 else pieces
        return
    if all(_whole(piece, words) for piece in pieces):
        yield from pieces
        return
    joined = ""
    for piece in pieces:
        if joined and _whole(joined, words) and _whole(piece, words):
            yield joined
            joined = piece
        else:
            joined = f"{joined} {piece}" if re.fullmatch(r"[A-Za-z]+", piece) else joined + piece
    yield joined


def _whole(piece: str, words: Lexicon) -> bool:
    bare = outside(piece)
    return (
        looks_like_a_name(bare)
        or ends_as_unit(bare, words)
        or is_collective(bare)
        or bool(ONLY_POST.match(bare))
        or bool(NAME_POST.match(bare))
        or ((holder := POST_NAME.match(bare)) is not None and looks_like_a_name(holder["name"]))
    )


def _joined(piece: str, words: Lexicon) -> Iterator[str]:
    depth, start = 0, 0
    skip = -1
    for i, ch in enumerate(piece):
        depth += (ch in OPEN) - (ch in CLOSE)
        if depth > 0 or i < skip or ch not in "以会及和与":
            continue
        if (link := JOINT.match(piece, i)) and _parts(piece[start:i], piece[link.end() :], words):
            yield piece[start:i]
            start = skip = link.end()
    yield piece[start:]


def _parts(left: str, right: str, words: Lexicon) -> bool:
    """Whether a conjunction stands between two parties and not within 发展和改革委员会."""
    first = outside(left.strip())
    if not first or not right.strip():
        return False
    followers = [outside(text) for text in _followers(right)]
    if OFFICE_OF_PARTY.search(left.strip()) and OFFICE_OF_STATE.match(followers[0]):
        return False  # 各市党委和政府 is one party
    if looks_like_a_name(first) and not ends_as_unit(first, words):
        return any(looks_like_a_name(name) or POST_NAME.match(name) for name in followers)
    if not (is_collective(first) or ends_as_unit(first, words)):
        return False
    everyday = any(first.endswith(word) and len(first) <= len(word) + 1 for word in NOT_UNITS)
    if everyday and not is_collective(first):
        return any(is_collective(name) for name in followers)
    return any(is_collective(name) or ends_as_unit(name, words) for name in followers)


def _followers(right: str) -> Iterator[str]:
    """What may be the next name: up to the next conjunction or all of it, with and without a verb (…配合) behind."""
    whole = right.strip(EDGE)
    for text in (re.split(r"[、,\uff0c及和与]|以及|会同", whole)[0], whole):
        yield text
        yield ETC.sub("", ROLE_VERB.sub("", text))
