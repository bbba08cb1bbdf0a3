"""Regulations: the instruments that measures and a time limit promise, or have issued.

制定《…》, 修订《…》 and 出台…办法 promise one; 已出台《…》 has issued it; 根据《…》 and 落实《…》 only cite one.
The short title of a limit (2014年内出台《实施办法》) means the full title of the measures, and counts once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from duban.reading.model import Regulation

PLANNED, ISSUED = "planned", "issued"

_VERB = (
    r"制定|制订|出台|修订|印发|颁布|发布|下发|起草|草拟|拟定|修编|编制|编印|研制|拟订|颁发|推出|修改|废止"
    r"|完善|健全|建立|形成|细化"
)
_STRONG = r"制定|制订|出台|修订|印发|颁布|发布|下发|起草|草拟|拟定|拟订|颁发|修编"
_CITE = (
    r"根据|按照|依据|依照|参照|对照|遵照|按|贯彻|落实|执行|遵守|围绕|学习|宣传|宣贯|结合|符合|违反|严守|遵循|依托|领会|基于"
    r"|用好|对标|适用|转发|践行|履行|实施|推进|推动|开展|聚焦|纳入|作为"
)
_VERBS = re.compile(rf"(?P<cite>{_CITE})|(?P<issue>{_VERB})(?!的(?!是))")
_DONE_BEFORE = re.compile(rf"已(?:经)?[^,\uff0c;\uff1b。]{{0,12}}(?:{_VERB})|(?:{_VERB})了|业已")
_AFTER = re.compile(
    rf"^(?:的)?(?P<done>已(?:经)?)?(?:正式|全面|完成|正在)?(?:的)?(?:{_STRONG})(?P<did>完毕)?"
    rf"|^等?(?:制度|文件)?(?:的)?(?:{_STRONG})工作"
)
_LINK = re.compile(r"^\s*(?:[、,\uff0c]|和|及|与|以及|或|[、,\uff0c]?\s*(?:并|同时)?)\s*(?:[区市县镇本]{0,2})$")
_NUMBER = re.compile(
    r"^\s*[(\uff08]\s*(?P<n>[\u4e00-\u9fff]{2,12}[〔\[(\uff08][12]\d{3}[〕\])\uff09]\s*\d{1,4}\s*号)\s*[)\uff09]"
)
_TRIAL = re.compile(
    r"[(\uff08](?:试行|暂行|修订|修订版|征求意见稿|送审稿|草案|修正|20\d\d年?版?|\d{4}年修订)[)\uff09]$"
)

_NOUN = (
    r"办法|规定|细则|条例|(?:实施|指导|若干|工作|管理)意见|制度规范|规范性文件|制度(?!化)|规程|规则|章程|规范(?!化)"
    r"|应急预案|(?:实施|工作|行动)方案|行动计划|(?:若干|政策|条)措施|(?<!问题)(?<!任务)清单|指引|守则|准则"
)
_UNTITLED = re.compile(
    rf"(?P<done>已(?:经)?[^,\uff0c;\uff1b。□]{{0,6}}?)?(?P<verb>{_STRONG})(?P<did>了)?(?:并?完善)?"
    rf"(?P<title>[^,\uff0c;\uff1b。!\uff01□:\uff1a]{{0,40}}?(?:{_NOUN}))"
    r"(?=[,\uff0c;\uff1b。、和及与并等\s(\uff08]|$)"
)
_MORE = re.compile(
    rf"^(?:[、和及与]|以及)(?P<title>[^,\uff0c;\uff1b。□]{{2,40}}?(?:{_NOUN}))(?=[,\uff0c;\uff1b。、和及与并等\s]|$)"
)
_UNTITLED_AFTER = re.compile(
    rf"(?:完成|推进|加快)(?P<title>[^,\uff0c;\uff1b。□]{{2,30}}?(?:{_NOUN}))(?:的)?(?:{_STRONG})"
)
_PUBLISHED = re.compile(r"^[^,\uff0c]{0,4}(?:印发|发布|公布|出台|下发|颁布)")
_LEADING = re.compile(rf"^(?:了|一批|一系列|系列|专门的?|并|好|完善|相应的?|新的?|新版|{_STRONG})+")
_GENERIC = re.compile(
    r"^(?:各项|相关|有关|配套|相应|系列|专项|内部|具体)*(?:管理|工作)?(?:制度|办法|规定|文件|意见|规范|制度规范|细则)$"
)


@dataclass(frozen=True, slots=True)
class _Title:
    begin: int
    end: int
    text: str


def find_regulations(
    measures: Iterable[str], limit: str | None = None, *, default_status: str = PLANNED
) -> list[Regulation]:
    """The regulations that measures and the time limit promise or have issued, in order, each once.

    `default_status` is `planned`, or `issued` for a report on what was done.
    """
    found: list[Regulation] = []
    for measure in measures:
        for regulation in _in_text(measure, default_status):
            _add(found, regulation)
    for regulation in _in_text(limit or "", default_status):
        same = [i for i, other in enumerate(found) if _means(regulation.title, other.title)]
        if not same:
            _add(found, regulation)
        for i in same:
            if regulation.status == ISSUED:
                found[i] = replace(found[i], status=ISSUED)
    return found


def titles(text: str) -> list[str]:
    """What stands in 《》 in a text, in order, nested titles within their outer one."""
    return [title.text for title in _titles(text)]


def _add(found: list[Regulation], regulation: Regulation) -> None:
    for i, other in enumerate(found):
        if other.title == regulation.title:
            if regulation.status == ISSUED:
                found[i] = replace(other, status=ISSUED)
            return
    found.append(regulation)


def _means(short: str, full: str) -> bool:
    """Whether a limit's short title is a measure's full one: 《实施办法》, or 出台制度 where anything is promised."""
    core, whole = _TRIAL.sub("", short), _TRIAL.sub("", full)
    return whole.endswith(core) or (len(core) >= 4 and core in whole) or bool(_GENERIC.match(core) and len(core) <= 4)


def _titles(text: str) -> Iterator[_Title]:
    depth, start = 0, 0
    for i, ch in enumerate(text):
        if ch == "《":
            start, depth = (i, 1) if depth == 0 else (start, depth + 1)
        elif ch == "》" and depth:
            depth -= 1
            if depth == 0:
                yield _Title(start, i + 1, text[start + 1 : i].strip())


def _in_text(text: str, default_status: str) -> list[Regulation]:
    """Titled and untitled regulations of one text, in order of their place."""
    spans = list(_titles(text))
    masked = list(text)
    for span in spans:
        masked[span.begin : span.end] = "□" * (span.end - span.begin)
    plain = "".join(masked)
    found = [*_titled(plain, text, spans, default_status), *_untitled(plain, default_status)]
    return [regulation for _, regulation in sorted(found, key=lambda pair: pair[0])]


def _titled(plain: str, text: str, spans: list[_Title], default: str) -> Iterator[tuple[int, Regulation]]:
    status: str | None = None
    previous = 0
    for span in spans:
        between = plain[previous : span.begin]
        if not (previous and _LINK.match(between) and status):
            status = _status(plain, span, default, floor=previous)
        previous = span.end
        if status in (PLANNED, ISSUED) and span.text:
            number = _NUMBER.match(text[span.end : span.end + 40])
            title = span.text
            if trial := re.match(r"[(\uff08](?:试行|暂行)[)\uff09]", text[span.end :]):
                title += trial.group()
            issued = ISSUED if number else status
            yield span.begin, Regulation(title, issued, number["n"].replace(" ", "") if number else None)


def _status(plain: str, span: _Title, default: str, floor: int) -> str | None:
    """planned, issued, or `cited`: the verb that stands nearest before the title in its clause decides, else after."""
    before = _clause_before(plain, span.begin, floor)
    after = re.split(r"[,\uff0c;\uff1b。□]", plain[span.end : span.end + 24])[0]
    behind = _AFTER.match(after)
    last = None
    for match in _VERBS.finditer(before):
        last = match
    if behind and not (last and last["issue"]):
        return ISSUED if behind["done"] or behind["did"] else default
    if last is None:
        return "cited" if not behind else default
    if last["cite"]:
        return "cited"
    return ISSUED if _DONE_BEFORE.search(before) else default


def _clause_before(plain: str, begin: int, floor: int) -> str:
    start = max(floor, begin - 60)
    window = plain[start:begin]
    return re.split(r"[,\uff0c;\uff1b。!\uff01]", window)[-1].rpartition("□")[2]


def _untitled(plain: str, default: str) -> Iterator[tuple[int, Regulation]]:
    for match in _UNTITLED.finditer(plain):
        if match["title"].endswith("清单") and not _PUBLISHED.search(match["verb"] + match["title"]):
            continue  # 制定管理清单 is work on a list; 印发管理清单 is an instrument
        status = ISSUED if match["done"] or match["did"] else default
        yield from _named(match.start("title"), match["title"], status)
        place = match.end()
        while more := _MORE.match(plain[place : place + 60]):
            yield from _named(place, more["title"], status)
            place += more.end()
    for match in _UNTITLED_AFTER.finditer(plain):
        yield from _named(match.start("title"), match["title"], default)


def _named(place: int, title: str, status: str) -> Iterator[tuple[int, Regulation]]:
    name = _LEADING.sub("", title.strip())
    counted = re.match(r"^\d+\s*[个项份套]", name) or name.startswith("整改")
    if len(name) >= 2 and name[0] != "等" and not counted and not re.search(r"[(\uff08]$", name):
        yield place, Regulation(name, status)
