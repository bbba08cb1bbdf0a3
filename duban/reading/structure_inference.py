"""Labels that no lexicon knows: a word before a colon that returns item after item, read by what stands behind it.

A word that ends in a known label (治理期限, 挂牌督办单位) is that label where its texts agree; of any other the texts
tell whether it names dates, people or units, and the word itself which part the units have (谁牵头, 谁配合).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role, bare_label
from duban.reading.parties import is_unit, split_parties
from duban.reading.source import Line
from duban.reading.structure_prose import says_when

_OPENING = re.compile(
    r"^[\s·•●○■□◆◇▲△★☆※➢►▶>—–―-]*[【\[]?(?P<word>(?:[\u4e00-\u9fff] ?){2,8})[】\]]?\s*[:：]\s*(?P<text>.*)$"
)
#: 【包干领导】张三: brackets stand for the colon.
_BRACKETED = re.compile(r"^[【\[](?P<word>[\u4e00-\u9fff]{2,8})[】\]]\s*(?P<text>[^:：\s].*)$")
#: Several labels with their texts on one line: 主攻单位:甲局 助攻单位:乙局.
_BETWEEN = re.compile(r" (?=[\u4e00-\u9fff]{2,8}[:：])")
_HELPS = re.compile(r"协|配合|会办|参|助")
#: What the words of a label over units say of their part.
_PARTS = (
    (Role.LEAD_UNITS, re.compile(r"牵头|主办|主抓|主责|领办|领衔|挂帅")),
    (Role.SUPPORT_UNITS, re.compile(r"配合|协[办助同作]|参与|会办|帮")),
    (Role.SUPERVISING_UNITS, re.compile(r"督[办导查促]|验收?|监[督管]|核查|把关")),
)
#: Days on which something was found, received or begun are no limits; people who asked for it do not answer for it.
NO_LIMIT = re.compile(
    r"受理|交办|发现|反馈|来电|来信|检查|上报|填报|登记|立案|收到|开始|启动|开工|动工|开建|立项|签约|入库"
    r"|成立|印发|发布|公示|提出"
)
NO_LEADER = re.compile(
    r"提[出案]|申请|投诉|举报|来[电信访]|反映|诉求|联系|联络|经办|填报|填表|代表|委员|检查人|督查人|发现|反馈|检查单位"
)
#: Fewer occurrences are chance.
_LEAST = 3
_SHARE = 0.6
_SAMPLE = 40
#: Without any known label so many unknown ones must return, and one of them say who or when.
_LEAST_UNKNOWN = 2
#: A word that ends in a known label is one where it comes twice.
_LEAST_MADE = 2
_LEAST_LETTERS = 3
_VAGUE = frozenset({Role.NUMBER, Role.SECTION, Role.NOTE, Role.PROBLEM})
_WORD = re.compile(r"^[\u4e00-\u9fff\s]{2,12}$")
_TEXTS = frozenset({Role.PROBLEM, Role.GOAL, Role.MEASURES})


def with_inferred_labels(lines: Sequence[Line], lexicon: Lexicon) -> Lexicon:
    """The lexicon with the unknown words that open lines at least half as often as the commonest known label."""
    texts: dict[str, list[str]] = defaultdict(list)
    known: Counter[str] = Counter()
    for printed, text in _pairs(lines):
        word = bare_label(printed)
        if lexicon.role(word) is not None:
            known[word] += 1
        elif word:
            texts[word].append(text)
    most = max(known.values(), default=0)
    least = max(_LEAST, most // 2)
    made = {word: role for word, behind in texts.items() if (role := role_of_known_end(word, behind, lexicon))}
    often = {word: behind[:_SAMPLE] for word, behind in texts.items() if len(behind) >= least and word not in made}
    found = {word: with_part(word, role_of_texts(behind, lexicon)) for word, behind in often.items()}
    if most == _LEAST_MADE:  # two items: what comes as often as their labels is one if several are known
        twice = {word: role_of_texts(behind, lexicon) for word, behind in texts.items() if len(behind) == most}
        several = sum(times == most for times in known.values()) + len(made) >= _LEAST
        found |= {word: with_part(word, role) for word, role in twice.items() if several or role is not Role.NOTE}
    found |= _supporting({**found, **made}, {lexicon.role(word) for word in known})
    if not known and not made and not _tell_of_items(found):
        return lexicon
    if not ({lexicon.role(word) for word in known} | set(made.values())) & _TEXTS:
        notes = [word for word, role in found.items() if role is Role.NOTE]
        found |= {word: Role.MEASURES for word in notes if word == max(notes, key=lambda one: _length(often[one]))}
    found = {**made, **found}
    return replace(lexicon, words={**lexicon.words, **found}) if found else lexicon


def _pairs(lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """Words and what stands behind them: before a colon in running text, in the cell to the left in a form."""
    for line in lines:
        if line.cells is None:
            for part in _BETWEEN.split(line.text):
                if match := _OPENING.match(part) or _BRACKETED.match(part):
                    yield match["word"], match["text"]
        elif len(line.cells) in (2, 4) and not any(line.merged):
            pairs = zip(line.cells[::2], line.cells[1::2], strict=True)
            yield from ((word, text) for word, text in pairs if _WORD.match(word) and text)


def role_of_known_end(word: str, behind: Sequence[str], lexicon: Lexicon) -> Role | None:
    """The role of the known label with which a word ends, where it returns and what stands behind it agrees."""
    if len(behind) < _LEAST_MADE or len(word) < _LEAST_LETTERS:
        return None
    ends = (word[size:] for size in range(1, len(word) - 1))
    role = next((role for end in ends if (role := lexicon.role(end)) is not None), None)
    if role is None or role in _VAGUE:
        return None
    told = role_of_texts(behind[:_SAMPLE], lexicon)
    if role is Role.TIME_LIMIT:
        return role if told is role and not NO_LIMIT.search(word) else None
    if role in PARTY_ROLES:
        return with_part(word, role) if told in PARTY_ROLES and not NO_LEADER.search(word) else None
    return role if told is Role.NOTE else None


def with_part(word: str, role: Role) -> Role:
    """Units have the part that the label's words give them; who found or asked for something has none."""
    if role is Role.TIME_LIMIT:
        return Role.NOTE if NO_LIMIT.search(word) else role
    if role in PARTY_ROLES and NO_LEADER.search(word):
        return Role.NOTE
    if role is Role.RESPONSIBLE_UNITS:
        return next((part for part, says in _PARTS if says.search(word)), role)
    return role


def _tell_of_items(found: Mapping[str, Role]) -> bool:
    """Whether unknown labels alone are enough to tell items by: several, and one of them says who or when."""
    return len(found) >= _LEAST_UNKNOWN and bool(set(found.values()) & (PARTY_ROLES | {Role.TIME_LIMIT}))


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
