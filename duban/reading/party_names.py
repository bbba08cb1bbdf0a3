"""One name of a field of parties: a person, a post or a unit, without the posts and brackets that stand beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from duban.reading.lexicon import Lexicon
from duban.reading.party_words import (
    BARE_POST,
    BRACKET,
    CLASS_NOUN,
    COLLECTIVE,
    EDGE,
    ETC,
    ETC_OTHERS,
    JOINT_LEADERS,
    NAME_POST,
    OFFICES_OF_NOBODY,
    ONLY_POST,
    POST_NAME,
    ROLE_BRACKET,
    ROLES,
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


def role_of(word: str) -> str:
    """The role that a word such as 牵头 or 督办 gives."""
    return next(role for role, pattern in ROLES.items() if re.fullmatch(pattern, word))


def party_of(token: str, words: Lexicon) -> Iterator[Named]:
    """What one token names: nobody, a party, or a unit and the person in its bracket."""
    token = token.strip(EDGE)
    if words.names_nobody(token) or not re.search(r"[\u3400-\u9fffA-Za-z]", token):
        return
    if others := ETC_OTHERS.match(token):
        yield from party_of(others["name"], words)
        yield from party_of(others["others"], words)
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
            role = role_of(found["role"])
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
    if is_collective(outside(name)) or CLASS_NOUN.match(name):
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


def without_posts(found: list[Named]) -> Iterator[Named]:
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


def is_collective(name: str) -> bool:
    """Whether a name stands for several parties: 各街镇, 相关委办局."""
    return bool(COLLECTIVE.search(name) or CLASS_NOUN.match(name) or "、" in name)


def _unit_like(name: str, words: Lexicon) -> bool:
    """Whether a short name is rather a unit's: 经委, 区府办."""
    return ends_as_unit(name, words)


def ends_as_unit(name: str, words: Lexicon) -> bool:
    """Whether a name ends as units' names do."""
    return len(name) >= 2 and name.endswith(words.unit_suffixes)


def outside(name: str) -> str:
    """The name without what stands in brackets: 各镇(街道) is 各镇, 建设办公室<农委> is 建设办公室."""
    bare = re.sub(r"[(\uff08〈<【\[][^()\uff08\uff09〈〉<>【】\[\]]*[)\uff09〉>】\]]", "", name)
    return re.sub(r"[(\uff08〈<].*$", "", bare).strip()


def is_short(name: str, words: Lexicon) -> bool:
    """Whether a name is as short as a person's and no unit's by its ending."""
    return 2 <= len(name) <= 4 and not _unit_like(name, words) and all("\u3400" <= ch <= "\u9fff" for ch in name)
