"""Parties and limits that no label names: a bracket at a paragraph's end, and 由…牵头 within the prose."""

from __future__ import annotations

import re
from collections.abc import Iterator

from duban.reading.lexicon import Lexicon, Role
from duban.reading.parties import is_unit, split_parties
from duban.reading.structure_labels import Label
from duban.reading.surnames import is_surely_a_name

_BRACKET = re.compile(r"[(（](?P<inside>[^()（）]*(?:[(（][^()（）]*[)）][^()（）]*)*)[)）][。；;.]?\s*$")
_UNITS_AND_DAY = re.compile(
    r"^(?P<who>[\u4e00-\u9fff、()（）]{3,40})[\s,，;；]+(?P<when>[^。,，;；:：]{2,24}(?:前|底|内|末|坚持|推进|立改)[。]?)$"
)
_TAIL = re.compile(r"(?:—{1,2}|-{2}|–|…{1,2}|→|\|)\s*(?P<inside>[^—–…→|。]{4,80})[。；;]?$")
_LIMIT = re.compile(
    r"\d{4}\s*年|\d{1,2}\s*月(?:底|末|份|\d)|年(?:内|底|末)|季度|[上下]半年|全年(?!度)|\d{4}[-./]\d{1,2}|长期|持续|立行立改|即知即改|立知立改|立查立改|立即整改|常态化|(?:工作日|个月|天|日)(?:内|前)|汛期前|春节前"
)
_VERBS = r"(?:总?牵头|负责|主办|承办|落实|实施|组织|配合|协办|协助|参与|会同|督导|指导|具体负责|按职责(?:分工)?负责)"
_LEADS = re.compile(r"(?:由|请)(?P<who>[^。；;:：]{2,60}?)(?:总?牵头|主办|具体负责|负责|承办|会同)")
_ACTS = re.compile(
    r"(?:^|[。；;])(?P<who>[^，,。；;:：]{3,30}?)(?:要|应|须|需|负责|务必)(?:在|于)?(?=[^，,。；;]{0,16}(?:前|底|内))"
)
_SUPPORT = re.compile(
    r"(?:^|[，,。；;])(?:会同|协同|联合)?(?P<who>[^，,。；;]{2,60}?)(?:共同|积极|协同)?(?:配合|协助|协办|参与)(?:[，,。；;]|$)"
)
_TOGETHER = re.compile(r"[，,](?:会同|联合|协同)(?P<who>[^，,。；;]{2,60})")
_NO_PARTY = re.compile(
    r"公开|稿$|公示|摘要|节选|共计|第.次|的|试行|以下简称|简称|见附件|附件|修订|版$|其中|例如|比如|含|包括|详见|含"
)


def bracket_labels(text: str, lexicon: Lexicon) -> tuple[Label, ...]:
    """The parts of an unlabelled bracket at the end of a paragraph, as if they had labels; empty if it is none."""
    match = _BRACKET.search(text)
    if match is None or not 2 <= len(match["inside"]) <= 200 or match.start() == 0:
        return ()
    return _labels(text, match.start(), match.start("inside"), match.end("inside"), lexicon)


def tail_labels(text: str, lexicon: Lexicon) -> tuple[Label, ...]:
    """The parts behind a dash at a line's end (…损坏——区园林中心,3月20日前) where they name units and a limit."""
    match = _TAIL.search(text)
    if match is None or match.start() == 0:
        return _whole_line(text, lexicon)
    labels = _labels(text, match.start(), match.start("inside"), match.end("inside"), lexicon)
    return labels if len(labels) >= 2 else ()


def _whole_line(text: str, lexicon: Lexicon) -> tuple[Label, ...]:
    """A line that is nothing but units and a limit: 区消防大队 2024年2月5日前."""
    match = _UNITS_AND_DAY.match(text)
    if match is None or not split_parties(match["who"], lexicon):
        return ()
    known = all(one.collective or is_unit(one.name, lexicon) for one in split_parties(match["who"], lexicon))
    if not known or not _LIMIT.search(match["when"]):
        return ()
    when = match.start("when")
    return (
        Label(Role.UNITS_AND_OFFICIALS, "", 0, 0, None, "line"),
        Label(Role.TIME_LIMIT, "", when, when, None, "inline"),
    )


def _labels(text: str, start: int, begin: int, end: int, lexicon: Lexicon) -> tuple[Label, ...]:
    """The clauses of a stretch as if they had labels; none unless all of them name parties or a time."""
    parts = _parts(text, begin, end)
    roles = [_role(text[a:b], lexicon) for a, b in parts]
    if not roles or any(role is None for role in roles):
        return ()
    labels: list[Label] = []
    for (a, _), role in zip(parts, roles, strict=True):
        if role is not None and (not labels or labels[-1].role is not role):
            labels.append(Label(role, "", start if not labels else a, a, None, "inline"))
    return tuple(labels)


def _parts(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """The clauses of a bracket: at commas and semicolons that are not in a bracket of their own."""
    parts, depth, start = [], 0, begin
    for index in range(begin, end):
        depth += text[index] in "(（"
        depth -= text[index] in ")）"
        if depth == 0 and text[index] in "，,；;。":
            parts.append((start, index))
            start = index + 1
    parts.append((start, end))
    return [(a, b) for a, b in parts if text[a:b].strip()]


def _role(part: str, lexicon: Lexicon) -> Role | None:
    part = part.strip()
    if _LIMIT.search(part):
        return Role.TIME_LIMIT if len(part) <= 50 else None
    if len(part) > 120 or _NO_PARTY.search(part):
        return None
    named = split_parties(part, lexicon)
    people = [p for p in named if p.kind == "person"]
    if len(people) == len(named) and not all(is_surely_a_name(p.name) for p in people):
        return None
    known = [p for p in named if p.kind == "person" or p.collective or is_unit(p.name, lexicon)]
    return Role.UNITS_AND_OFFICIALS if named and len(known) >= 0.6 * len(named) else None


def says_when(text: str) -> bool:
    """Whether a text has a date or a word such as 长期 in it."""
    return bool(_LIMIT.search(text))


def names_a_leader(text: str) -> bool:
    """Whether the prose says who leads or is in charge: 由区公安分局牵头, 区公安分局要在6月底前."""
    return bool(_LEADS.search(text) or next(_actors(text), None))


def _actors(text: str) -> Iterator[str]:
    """Units that a sentence begins with and that have to do something by a day: 区城管局要在4月底前完成."""
    for match in _ACTS.finditer(text):
        named = split_parties(match["who"])
        if named and all(one.collective or is_unit(one.name) for one in named):
            yield match["who"]


def parties_in_prose(text: str) -> list[tuple[str, str]]:
    """Text of parties in prose with the role that the sentence gives them: lead, responsible or support."""
    found: list[tuple[str, str]] = []
    if not _LEADS.search(text):
        return [(who, "responsible_units") for who in _actors(text)]
    for match in _LEADS.finditer(text):
        verb = text[match.end("who") : match.end()]
        found.append(
            (match["who"], "lead_units" if verb in ("牵头", "总牵头", "主办", "会同") else "responsible_units")
        )
        rest = text[match.end() : match.end() + 90]
        if verb == "会同":
            rest = "，会同" + rest
        found += [(m["who"], "support_units") for m in _TOGETHER.finditer(rest.split("。")[0])]
        found += [
            (m["who"], "support_units")
            for m in _SUPPORT.finditer(rest.split("。")[0])
            if not m["who"].startswith(("会同", "由"))
        ]
    return found


def limit_in_prose(text: str) -> str | None:
    """The clauses of a paragraph that say by when: its last dated one (前, 内, 完成) and those right beside it."""
    end, begin = None, 0
    for match in reversed(list(_CLAUSE.finditer(text))):
        bare = match.group().strip("()（） ")
        if len(bare) <= 40 and _LIMIT.search(bare) and _ENDS_WORK.search(bare):
            end, begin = end or match.end(), match.start()
        elif end is not None:
            break
    return text[begin:end].strip("()（） ") if end is not None else None


_CLAUSE = re.compile(r"[^，,。；;]+")
_ENDS_WORK = re.compile(r"前|内|完成|到位|立行立改|长期坚持|持续推进")
