"""Parties: a field such as 「区住建委(牵头)、区财政局及各街镇」 becomes the names that stand in it, each with its role.

Nothing is expanded and nothing invented: a collective party (各街镇) stays one name, marked, until a directory says
who belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from duban.reading.lexicon import Lexicon, load_lexicon
from duban.reading.party_words import (
    BARE_POST,
    BRACKET,
    CLASS_NOUN,
    CLOSE,
    COLLECTIVE,
    EACH_LEVEL,
    EDGE,
    ENUMERATED,
    ETC,
    ETC_OTHERS,
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
    OFFICES_OF_NOBODY,
    ONLY_POST,
    OPEN,
    PHONE,
    POST_NAME,
    ROLE_BRACKET,
    ROLE_LABEL,
    ROLE_VERB,
    ROLES,
    SEPARATORS,
)
from duban.reading.surnames import is_surely_a_name, looks_like_a_name


@dataclass(frozen=True, slots=True)
class Named:
    """A party that a text names.

    `kind` is person or unit. `role` is the role that the text itself gives it (lead, responsible, support,
    supervising), or None: then it has the role of the field that it stands in.
    """

    name: str
    kind: str = "unit"
    role: str | None = None
    collective: bool = False

    @property
    def lead(self) -> bool:
        """Whether the text marks it as the leading party: 区住建委(牵头)."""
        return self.role == "lead"


def split_parties(text: str, lexicon: Lexicon | None = None) -> list[Named]:
    """The people and units that a field names, in order. 无, ／, — and an empty text name nobody."""
    return list(_split(text, lexicon or load_lexicon()))


@lru_cache(maxsize=4096)
def _split(text: str, words: Lexicon) -> tuple[Named, ...]:
    """As `split_parties`; the same few names stand in item after item, and are looked at more than once."""
    found: list[Named] = []
    for clause in re.split(r"[;\uff1b。\n]", ENUMERATED.sub("、", PHONE.sub("", text))):
        found += _clause(clause, words)
    return tuple(dict.fromkeys(_without_posts(found)))


def split_people(text: str, lexicon: Lexicon | None = None) -> list[Named]:
    """As `split_parties`, for a field of officials: a short name is a person's also if the family name is rare."""
    words = lexicon or load_lexicon()
    return [
        replace(p, kind="person") if p.kind == "unit" and not p.collective and _short(p.name, words) else p
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
    return _ends_as_unit(_outside(name), lexicon or load_lexicon())


# --- one clause ------------------------------------------------------------------------------------------------------


def _clause(clause: str, words: Lexicon) -> Iterator[Named]:
    """The parties of a clause. A role in front (牵头:…) serves until the next, a verb behind the names before it."""
    pending: list[Named] = []
    role: str | None = None
    for printed in _tokens(clause, words):
        label = ROLE_LABEL.match(printed)
        if label:
            yield from pending
            pending, role = [], _role(label["role"])
        token, verb = _without_verb(printed[label.end() :] if label else printed, words)
        pending += [replace(p, role=p.role or role) for p in _party(token, words)]
        if for_all := FOR_ALL.search(token):
            verb = _role(for_all["role"])
        if verb:
            yield from (replace(p, role=p.role or verb) for p in pending)
            pending = []
    yield from pending


def _role(word: str) -> str:
    return next(role for role, pattern in ROLES.items() if re.fullmatch(pattern, word))


def _without_verb(token: str, words: Lexicon) -> tuple[str, str | None]:
    """「由区住建委牵头负责」: the name, and the role that the verb gives."""
    body = token.strip(EDGE)
    match = ROLE_VERB.search(body)
    if match is None or match.start() == 0:
        return body, None
    name = ETC.sub("", body[: match.start()].strip(EDGE))
    bare = name.removeprefix("由")
    known = _ends_as_unit(_outside(bare), words) or _is_collective(bare) or looks_like_a_name(bare)
    return (bare, _role(match["role"])) if known else (body, None)


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
    bare = _outside(piece)
    return (
        looks_like_a_name(bare)
        or _ends_as_unit(bare, words)
        or _is_collective(bare)
        or bool(ONLY_POST.match(bare))
        or bool(NAME_POST.match(bare))
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
    first = _outside(left.strip())
    if not first or not right.strip():
        return False
    followers = [_outside(text) for text in _followers(right)]
    if OFFICE_OF_PARTY.search(left.strip()) and OFFICE_OF_STATE.match(followers[0]):
        return False  # 各市党委和政府 is one party
    if looks_like_a_name(first) and not _ends_as_unit(first, words):
        return any(looks_like_a_name(name) or POST_NAME.match(name) for name in followers)
    if not (_is_collective(first) or _ends_as_unit(first, words)):
        return False
    everyday = any(first.endswith(word) and len(first) <= len(word) + 1 for word in NOT_UNITS)
    if everyday and not _is_collective(first):
        return any(_is_collective(name) for name in followers)
    return any(_is_collective(name) or _ends_as_unit(name, words) for name in followers)


def _followers(right: str) -> Iterator[str]:
    """What may be the next name: up to the next conjunction or all of it, with and without a verb (…配合) behind."""
    whole = right.strip(EDGE)
    for text in (re.split(r"[、,\uff0c及和与]|以及|会同", whole)[0], whole):
        yield text
        yield ETC.sub("", ROLE_VERB.sub("", text))


# --- one name --------------------------------------------------------------------------------------------------------


def _party(token: str, words: Lexicon) -> Iterator[Named]:
    """What one token names: nobody, a party, or a unit and the person in its bracket."""
    token = token.strip(EDGE)
    if words.names_nobody(token) or not re.search(r"[\u3400-\u9fffA-Za-z]", token):
        return
    if others := ETC_OTHERS.match(token):
        yield from _party(others["name"], words)
        yield from _party(others["others"], words)
        return
    token = ETC.sub("", token) or token
    name, role, person = _brackets(token)
    name = name.strip(EDGE)
    if not name:
        return
    yield replace(_named(name, words), role=role)
    if person:
        yield Named(person, "person", role)


def _brackets(token: str) -> tuple[str, str | None, str | None]:
    """The name without a bracket that gives a role, a post or a person; 水务局(海洋局) and 办公室<农委> stay."""
    role = person = None
    while match := BRACKET.search(token):
        inside = match.group(1).strip()
        if found := ROLE_BRACKET.match(inside):
            role = _role(found["role"])
        elif looks_like_a_name(inside) and not re.search(r"[局委办部处科室站所中心镇乡村街道]$", inside):
            person = inside
        elif not (ONLY_POST.match(inside) or _all_posts(inside) or _is_office_of(token[: match.start()], inside)):
            break
        token = token[: match.start()].strip()
    return token, role, person


def _is_office_of(name: str, inside: str) -> bool:
    """赵六(区住建局): where a person serves is no part of the name."""
    return looks_like_a_name(name.strip()) and bool(re.search(r"[局委办部处科室院站所队中心镇乡街道公司集团]$", inside))


def _all_posts(text: str) -> bool:
    return all(ONLY_POST.match(part.strip()) for part in re.split(r"[、,\uff0c兼\s]", text) if part.strip())


def _named(name: str, words: Lexicon) -> Named:
    if JOINT_LEADERS.match(name.rpartition("、")[2]):
        return Named(name, "post")
    if _is_collective(_outside(name)) or CLASS_NOUN.match(name):
        return Named(name, collective=True)
    if person := _before_a_post(name, words):
        return Named(person, "person")
    if ONLY_POST.match(name):
        return Named(name, "post")
    if person := _beside_a_post(name, words):
        return Named(person, "person")
    return Named(name, "person" if looks_like_a_name(name) and not _unit_like(name, words) else "unit")


def _before_a_post(name: str, words: Lexicon) -> str | None:
    """The person of 赵志勇副市长: a whole name that leaves nothing but a post without an office of its own."""
    for size in (4, 3, 2):
        person, post = name[:size].strip(), name[size:].strip()
        of_a_place = bool(re.search(r"[省州市区县镇乡]长$", post))  # 平川县长 is the head of a place
        known = is_surely_a_name(person) if of_a_place else looks_like_a_name(person)
        if known and BARE_POST.match(post) and person[-1] != "副" and not _unit_like(person, words):
            return person
    return None


def _beside_a_post(name: str, words: Lexicon) -> str | None:
    """The person of 副区长张三 and of 王伟 区府办主任; of 党组成员副局长沈国平 the longest name behind posts alone."""
    for pattern in (POST_NAME, NAME_POST):
        if (match := pattern.match(name)) and looks_like_a_name(match["name"]) and not _unit_like(match["name"], words):
            return match["name"]
    for size in (4, 3, 2):
        person, post = name[-size:].strip(), name[:-size].strip(" :\uff1a")
        if looks_like_a_name(person) and ONLY_POST.match(post) and not _unit_like(person, words):
            return person
    return None


def _without_posts(found: list[Named]) -> Iterator[Named]:
    """Without posts that stand beside their holder: 区委常委、副区长张三 is one. A post alone is the party."""
    for index, party in enumerate(found):
        if party.kind != "post":
            yield party
        elif party.name.endswith(OFFICES_OF_NOBODY) or not _beside_a_person(found, index):
            yield replace(party, kind="person")


def _beside_a_person(found: list[Named], index: int) -> bool:
    """Whether a run of posts begins or ends at a person."""
    before, after = index, index
    while before >= 0 and found[before].kind == "post":
        before -= 1
    while after < len(found) and found[after].kind == "post":
        after += 1
    return (before >= 0 and found[before].kind == "person") or (after < len(found) and found[after].kind == "person")


def _is_collective(name: str) -> bool:
    return bool(COLLECTIVE.search(name) or CLASS_NOUN.match(name) or "、" in name)


def _unit_like(name: str, words: Lexicon) -> bool:
    """Whether a short name is rather a unit's: 经委, 区府办."""
    return _ends_as_unit(name, words)


def _ends_as_unit(name: str, words: Lexicon) -> bool:
    return len(name) >= 2 and name.endswith(words.unit_suffixes)


def _outside(name: str) -> str:
    """The name without what stands in brackets: 各镇(街道) is 各镇, 建设办公室<农委> is 建设办公室."""
    bare = re.sub(r"[(\uff08〈<【\[][^()\uff08\uff09〈〉<>【】\[\]]*[)\uff09〉>】\]]", "", name)
    return re.sub(r"[(\uff08〈<].*$", "", bare).strip()


def _short(name: str, words: Lexicon) -> bool:
    return 2 <= len(name) <= 4 and not _unit_like(name, words) and all("\u3400" <= ch <= "\u9fff" for ch in name)
