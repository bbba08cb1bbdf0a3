"""Labels: the words before a colon that say what the text after them is.

A label stands at the start of a line, in 【】, alone on its line, within a bracket, or in the middle of a paragraph
after a full stop. Which words are labels is known from the lexicon, and confirmed by their repeating.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from duban.domain.limits import read_limit
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role, bare_label
from duban.reading.parties import is_unit, split_parties
from duban.reading.source import Line
from duban.reading.structure_numbering import BULLETS, numbered, value_of

_COLON = re.compile(r"\s*[:：]\s*")
_BEFORE = '。;；,，(（【[〔 |!?！？、)）]】>》”".' + BULLETS.replace("-", "")
_BRACKET_LABEL = re.compile(r"[【\[〔]\s*(?P<word>[^【】\[\]〔〕:：]{2,14}?)\s*[】\]〕]\s*[:：]?\s*")
_NUMBER_AFTER = re.compile(
    r"^(?P<word>.*?[\u4e00-\u9fff)）])\s*(?:[(（〔\[【]?\s*(?P<n>\d{1,6}(?:[-.]\d{1,3})?|[一二三四五六七八九十百零〇]{1,5}|[①-⑳])\s*[)）〕\]】]?)$"
)
_NUMBER_BEFORE = re.compile(
    r"^第?\s*(?P<n>\d{1,6}|[一二三四五六七八九十百]{1,5})\s*[项个条]?\s*(?P<word>[\u4e00-\u9fff]{2,10})$"
)
_NUMBERED_PROBLEM = re.compile(
    r"^(?P<word>[\u4e00-\u9fff]{2,8}?)\s*(?:[(（〔]\s*(?P<n>\d{1,4}|[一二三四五六七八九十百]{1,5})\s*[)）〕]\s*"
    r"|(?P<bare>\d{1,4}(?:[.．-]\d{1,3})?|[一二三四五六七八九十百]{1,5})(?:[、.．]\s*|\s+))(?=[^\s:：)）、,，\d])"
)
_SPACED = re.compile(r"^(?P<word>[\u4e00-\u9fff]{2,8}) (?P<text>[^:：]{2,60}$)")
_DOTTED = re.compile(
    r"^(?:[★☆▲△◆◇●○■□※➢►>]\s*)?(?P<word>[\u4e00-\u9fff]{2,8}?) ?(?:[.·．=→]|[—–―─-]{1,2}>?) ?(?=[^\s.。—–―-])"
)
#: 项目一, 任务2 alone on a line: what is counted is told by the lines below.
_COUNTED = re.compile(
    r"^(?!第|附|图|表|续)(?P<word>[\u4e00-\u9fff]{2,6})\s*[(（]?(?P<n>\d{1,3}|[一二三四五六七八九十]{1,3})[)）]?\s*[:：]?$"
)
_WORDED = re.compile(r"(?:^|(?<=[。;；,，]))(?P<word>[\u4e00-\u9fff]{3,8}?)为(?=[\u4e00-\u9fff\d])")
_LONGEST_GLUED = 60
_HAN = re.compile(r"[\u4e00-\u9fff]{4}")
_ANSWERING = PARTY_ROLES | {Role.TIME_LIMIT}
_LONGEST = 22


@dataclass(frozen=True, slots=True)
class Label:
    """A label found in a line: where it starts and where its text starts; `number` where it carries one (问题3)."""

    role: Role
    word: str
    start: int
    end: int
    number: str | None = None
    opens: str = ""  # "line" at the start of a line, "inline" within one, "alone" as the whole line


class Labeller:
    """Finds labels in the lines of one document; made once a document, since what repeats in it decides."""

    def __init__(self, lines: Sequence[Line], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._known: dict[str, tuple[Role, str, str | None] | None] = {}
        self._found: dict[str, list[Label]] = {}
        self._counts: Counter[str] = Counter()
        self._numbered: Counter[str] = Counter()
        for line in lines:
            candidates = self._found[line.text] = self._candidates(line.text)
            for label in candidates:
                self._counts[label.word] += 1
                self._numbered[label.word] += label.number is not None

    def labels(self, text: str) -> list[Label]:
        """The labels of a line, in order, not overlapping."""
        found: list[Label] = []
        for label in self._found.get(text) or self._candidates(text):
            if self._confirmed(label, text) and (not found or label.start >= found[-1].end):
                found.append(label)
        return found

    def _confirmed(self, label: Label, text: str) -> bool:
        """Short and everyday words are labels only where they repeat; a longer one at a line's start always is."""
        word, times = label.word, self._counts[label.word]
        if label.opens in ("spaced", "worded", "counted"):
            return times >= 2
        if label.role is Role.PROBLEM and label.opens == "inline" and label.number is None:
            return times >= 2 and len(word) >= 3
        if label.opens == "alone":
            if label.number is not None and times >= 2:
                return True  # 隐患一, 隐患二
            return len(word) >= 3 and (times >= 2 or len(word) >= 4)
        if len(word) < 3:
            behind_mark = label.start > 0 and text[label.start - 1] in ";；。 " and label.role is not Role.PROBLEM
            return times >= 2 and (label.opens == "line" or behind_mark)
        return times >= 2 or label.opens == "line" or label.role not in _EVERYDAY

    def _candidates(self, text: str) -> list[Label]:
        found = [*self._bracketed(text), *self._with_colon(text), *self._numbered_problem(text)]
        found += [*self._spaced(text), *self._dotted(text), *self._worded(text)]
        found.sort(key=lambda label: (label.start, -label.end))
        if not found and (alone := self._alone(text) or self._glued(text)):
            return [alone]
        return found

    def _glued(self, text: str) -> Label | None:
        """责任领导副主席 车岩: a label with nothing between it and what it asks for; it must repeat to count."""
        if len(text) > _LONGEST_GLUED or not _HAN.match(text):
            return None
        for size in range(4, min(7, len(text) - 1)):
            role = self._lexicon.role(text[:size])
            if role in _ANSWERING and _answers(role, text[size:], self._lexicon):
                return Label(role, text[:size], 0, size, None, "spaced")
        return None

    def _with_colon(self, text: str) -> list[Label]:
        found = []
        mark: int | None = None
        for colon in _COLON.finditer(text):
            if mark is None:
                marked = numbered(text)
                mark = len(text) - len(marked.rest) if marked else 0
            if label := self._before(text, mark, colon.start(), colon.end()):
                found.append(label)
        return found

    def _before(self, text: str, mark: int, colon: int, end: int) -> Label | None:
        """The label that ends at a colon: the longest run before it that the lexicon knows."""
        for start in _starts(text, mark, colon):
            named = self._named(text[start:colon])
            if named:
                role, word, number = named
                return Label(role, word, start, end, number, "line" if _opens_line(text, start) else "inline")
        return None

    def _numbered_problem(self, text: str) -> list[Label]:
        """问题(一) with the problem right behind it, or 措施1.1 with the measure, without a colon."""
        match = _NUMBERED_PROBLEM.match(text)
        role = self._lexicon.role(match["word"]) if match else None
        if match is None or role not in (Role.PROBLEM, Role.MEASURES):
            return []
        return [Label(role, bare_label(match["word"]), 0, match.end(), match["n"] or match["bare"], "line")]

    def _spaced(self, text: str) -> list[Label]:
        """责任单位 区财政局: a label that only a space parts from its text; it must repeat to count."""
        match = _SPACED.match(text)
        role = self._lexicon.role(match["word"]) if match else None
        if match is None or role is None or role in _EVERYDAY:
            return []
        if len(match["word"]) < 3 and not _answers(role, match["text"], self._lexicon):
            return []
        return [Label(role, bare_label(match["word"]), 0, match.start("text"), None, "spaced")]

    def _dotted(self, text: str) -> list[Label]:
        """责任单位.区财政局: a colon that a scan has made a dot; it must repeat to count."""
        match = _DOTTED.match(text)
        role = self._lexicon.role(match["word"]) if match else None
        return (
            []
            if match is None or role is None
            else [Label(role, bare_label(match["word"]), 0, match.end(), None, "spaced")]
        )

    def _worded(self, text: str) -> list[Label]:
        """牵头单位为区住建局,整改时限为6月底前: labels in prose, which must repeat to count."""
        found = []
        for match in _WORDED.finditer(text) if "为" in text else ():
            role = self._lexicon.role(match["word"])
            if role in _ANSWERING:
                found.append(Label(role, bare_label(match["word"]), match.start("word"), match.end(), None, "worded"))
        return found

    def _bracketed(self, text: str) -> list[Label]:
        found = []
        for match in _BRACKET_LABEL.finditer(text):
            if named := self._named(match.group("word")):
                role, word, number = named
                opens = "line" if _opens_line(text, match.start()) else "inline"
                found.append(Label(role, word, match.start(), match.end(), number, opens))
        return found

    def _alone(self, text: str) -> Label | None:
        if len(text) > _LONGEST:
            return None
        marked = numbered(text)
        body = marked.rest if marked else text
        named = self._named(body.strip("()（） "))
        if not named:
            counted = _COUNTED.match(text)
            return Label(Role.NUMBER, counted["word"], 0, len(text), counted["n"], "counted") if counted else None
        role, word, number = named
        return Label(role, word, 0, len(text), number, "alone")

    def _named(self, printed: str) -> tuple[Role, str, str | None] | None:
        """Role, bare word and number of what stands before a colon; remembered, since labels repeat."""
        if printed not in self._known:
            self._known[printed] = self._recognised(printed)
        return self._known[printed]

    def _recognised(self, printed: str) -> tuple[Role, str, str | None] | None:
        if not 2 <= len(printed) <= _LONGEST:
            return None
        if role := self._lexicon.role(printed):
            return role, bare_label(printed), None
        for pattern in (_NUMBER_AFTER, _NUMBER_BEFORE):
            if match := pattern.match(printed.strip("【】[]〔〕 ")):
                role = self._lexicon.role(match.group("word"))
                if role in (Role.PROBLEM, Role.MEASURES, Role.NUMBER):
                    return role, bare_label(match.group("word")), _figure(match.group("n"))
                if role is not None:
                    return role, bare_label(match.group("word")), None  # 期限(一) goes with 问题(一)
        return None


_EVERYDAY = frozenset(
    {Role.PROBLEM, Role.GOAL, Role.MEASURES, Role.STATUS, Role.NOTE, Role.SECTION, Role.CATEGORY, Role.REGULATIONS}
)


def _answers(role: Role, text: str, lexicon: Lexicon) -> bool:
    """Whether a text is what a short label (期限, 主办) asks for: two characters before a space may be any words."""
    if role is Role.TIME_LIMIT:
        return len(text) <= 40 and read_limit(text, year=None).category is not None
    named = split_parties(text, lexicon) if role in PARTY_ROLES else []
    return bool(named) and all(one.kind == "person" or one.collective or is_unit(one.name, lexicon) for one in named)


def _figure(printed: str) -> str:
    return str(value_of(printed)) if "①" <= printed <= "㊿" and len(printed) == 1 else printed


def _starts(text: str, mark: int, colon: int) -> list[int]:
    """Where a label that ends at this colon may start: the line's start, after its number or a mark; longest first."""
    least = max(0, colon - _LONGEST)
    starts = [mark, *(i for i in range(least, colon) if i == 0 or text[i - 1] in _BEFORE)]
    inside = range(1, mark)  # 2.1 存在问题: a part of the line's number is none of the label's
    return sorted(i for i in set(starts) if least <= i < colon and text[i] not in " " and i not in inside)


#: Numbers and marks before a label at a line's start are not longer than this.
_LONGEST_OPENING = 40


def _opens_line(text: str, start: int) -> bool:
    if start > _LONGEST_OPENING:
        return False
    before = text[:start].strip("【[〔(（" + BULLETS)
    if not before:
        return True
    marked = numbered(text)
    return marked is not None and len(text) - len(marked.rest) >= start


def join_broken_labels(lines: Sequence[Line], lexicon: Lexicon) -> list[Line]:
    """Lines between which a label was broken (责任单 / 位:区委办) as one."""
    joined: list[Line] = []
    for line in lines:
        if joined and joined[-1].cells is None and line.cells is None and _breaks(joined[-1].text, line.text, lexicon):
            joined[-1] = joined[-1].joined_with(line)
        else:
            joined.append(line)
    return joined


def _breaks(above: str, below: str, lexicon: Lexicon) -> bool:
    colon = re.search(r"[:：]", below[:12])
    if not colon:
        return False
    tail = re.split(rf"[{re.escape(_BEFORE)}]", above)[-1]
    if not 1 <= len(tail) <= 10 or re.search(r"[:：]", tail):
        return False
    head = below[: colon.start()].strip()
    whole = lexicon.role(tail + head)
    return whole is not None and (bool(head) or len(tail) >= 3)
