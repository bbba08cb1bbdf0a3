"""Figures that a progress report states about itself: 41项问题已完成整改39项, 提出整改措施147条,已经完成145条."""

from __future__ import annotations

import re

_N = r"(?P<{0}>\d[\d,]*)\s*(?:余|多)?\s*"
_ITEM = r"[项个条件](?:具体|整改)?"
_GAP = r"[^,\uff0c。;\uff1b\d]{0,16}?"
_CLAUSE_GAP = r"[^。;\uff1b\d]{0,24}?"
_DONE = r"(?:已经?|均已|目前已?|其中)?(?:全部)?(?:完成整改|整改完成|已?完成|整改到位|销号|办结|整改)"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


#: Name of the figure, and what states it. The first statement counts, except where a later one is the closing total.
_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (
        ("problems", "problems_closed"),
        _pattern(
            rf"{_N.format('a')}{_ITEM}(?:问题|事项|任务|反馈问题|整改任务|整改事项|具体问题){_CLAUSE_GAP}{_DONE}[^。;\uff1b\d]{{0,8}}?{_N.format('b')}[项个条件]"
        ),
    ),
    (
        ("problems", "problems_closed"),
        _pattern(
            rf"(?:问题|事项|任务){_GAP}{_N.format('a')}[项个条件][,\uff0c、]?{_GAP}{_DONE}[^。;\uff1b\d]{{0,8}}?{_N.format('b')}[项个条件]"
        ),
    ),
    (
        ("measures", "measures_done"),
        _pattern(
            rf"措施{_GAP}{_N.format('a')}[项个条件][,\uff0c、]?{_CLAUSE_GAP}(?:完成|落实|到位|办结)[^。;\uff1b\d]{{0,8}}?{_N.format('b')}[项个条件]"
        ),
    ),
    (
        ("measures", "measures_done"),
        _pattern(
            rf"{_N.format('a')}[项个条件](?:具体|整改|工作)*措施[,\uff0c、]?{_CLAUSE_GAP}(?:完成|落实|到位|办结)[^。;\uff1b\d]{{0,8}}?{_N.format('b')}[项个条件]"
        ),
    ),
    (("problems",), _pattern(rf"{_N.format('a')}[项个条件](?:具体|整改|反馈|突出|主要)*(?:问题|整改任务|整改事项)")),
    (
        ("problems_closed",),
        _pattern(rf"(?:已完成整改|完成整改|整改完成|已整改|已销号|完成销号){_GAP}{_N.format('a')}[项个条件]"),
    ),
    (("problems_open",), _pattern(rf"(?:正在整改|未完成|正在推进|持续推进|尚未完成){_GAP}{_N.format('a')}[项个条件]")),
    (
        ("measures",),
        _pattern(rf"(?:措施){_GAP}{_N.format('a')}[项个条]|{_N.format('b')}[项个条](?:具体|整改|工作)*措施"),
    ),
    (("measures_done",), _pattern(rf"措施[^。;\uff1b]{{0,20}}?完成{_GAP}{_N.format('a')}[项个条]")),
    (
        ("regulations_issued",),
        _pattern(
            rf"(?:新建|新制定|新出台|制定|出台|建立|新订|制定出台)(?:完善)?(?:各类|各项|相关)?(?:规章)?(?:制度|文件|机制|规章制度)(?:性文件)?{_GAP}{_N.format('a')}[项个件]"
        ),
    ),
    (
        ("regulations_issued",),
        _pattern(
            rf"(?:新建|新制定|新出台|制定出台|制定|出台|建立健全)(?:各类|各项)?{_N.format('a')}[项个件](?:规章)?(?:制度|文件|机制)"
        ),
    ),
    (
        ("regulations_revised",),
        _pattern(
            rf"(?:修订完善|修订|修改完善|修改|完善)(?:各类|各项|相关)?(?:规章)?(?:制度|文件|机制|规章制度)?(?:性文件)?{_GAP}{_N.format('a')}[项个件]"
        ),
    ),
    (("cases_filed",), _pattern(rf"立案(?:审查(?:调查)?|查处|调查)?{_GAP}{_N.format('a')}[人件起]")),
    (
        ("people_punished",),
        _pattern(rf"(?:党纪政务处分|党纪处分|政务处分|纪律处分|给予处分|处分){_GAP}{_N.format('a')}人次?"),
    ),
    (("people_dealt_with",), _pattern(rf"(?:组织处理|问责|约谈|谈话提醒){_GAP}{_N.format('a')}人次?")),
    (
        ("funds_recovered",),
        _pattern(r"(?:追缴|追回|收缴|清退|退还|挽回)[^,\uff0c。;\uff1b\d]{0,14}?(?P<a>\d[\d,.]*)\s*(?=万?元)"),
    ),
)


def stated_figures(text: str, names: tuple[str, ...] | None = None) -> dict[str, int | float]:
    """The totals that a report states, each once; where it states one again at its end, the end counts.

    Found are `problems`, `problems_closed`, `problems_open`, `measures`, `measures_done`, `regulations_issued`,
    `regulations_revised`, `cases_filed`, `people_punished`, `people_dealt_with`, `funds_recovered`; `names` asks for
    some of them only. What is not stated is not there.
    """
    summary = _summary(text)
    figures: dict[str, int | float] = {}
    for part in (summary, text):
        for stated, pattern in _PATTERNS:
            if all(name in figures for name in stated) or (part is text and stated[0] not in ("problems", "measures")):
                continue
            if match := pattern.search(part):
                for name, value in zip(stated, _values(match), strict=False):
                    figures.setdefault(name, value)
    if names is not None:
        return {name: value for name, value in figures.items() if name in names}
    return figures


def is_summary(text: str) -> bool:
    """Whether a paragraph states the totals of the whole report, and so belongs to no single problem."""
    return len(stated_figures(text, names=("problems", "problems_closed", "measures", "measures_done"))) >= 2


def _summary(text: str) -> str:
    """The sentences that state totals: those with a date of status, or with at least three figures of one kind."""
    found = []
    for sentence in re.split(r"(?<=[。\n])", text):
        counts = len(re.findall(r"\d+\s*[项个条件人]", sentence))
        if counts and (
            re.search(r"截[至止]", sentence) or (counts >= 2 and re.search(r"问题|整改|制度|措施", sentence))
        ):
            found.append(sentence)
    paragraphs = [
        p for p in text.split("\n") if re.search(r"截[至止](?:目前|20|\d)", p) and re.search(r"\d+\s*[项个条件]", p)
    ]
    return "\n".join([*reversed(paragraphs), *reversed(found)])


def _values(match: re.Match[str]) -> list[int | float]:
    values: list[int | float] = []
    for group in match.groups():
        if group is not None:
            plain = group.replace(",", "").rstrip(".")
            values.append(float(plain) if "." in plain else int(plain))
    return values
