"""How a progress report says that a problem stands: 已完成, 正在整改, 长期坚持, of each and in headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from duban.reading.lexicon import Role
from duban.reading.prose import Part
from duban.reading.structure import Draft, Field
from duban.reading.structure_items import status_of
from duban.reading.structure_numbering import numbered

_STATES = (
    r"(?:尚)?未(?:完成整改|整改到位|整改完成|整改|完成|启动|开工|开展)|已?基本(?:完成整改|整改完成|整改到位|完成|办结)"
    r"|部分完成|阶段性完成|已经?完成整改|已经?完成|完成整改|整改完成|整改已完成|已整改完成|已整改到位|已整改|已销号|已办结|正在整改|正在推进|正在办理|整改中|推进中"
    r"|持续整改|持续推进|长期坚持|长期整改|进度滞后|(?:未)?达到序时进度|按序时(?:进度)?推进"
)
STATUS = re.compile(
    rf"[(\uff08\[【]\s*[√✓✔☑■●★▲◆]?\s*(?P<bracket>{_STATES})[^)\uff09\]】]{{0,24}}[)\uff09\]】]"
    r"|(?:整改(?:完成)?(?:情况|状态|进度|结果|进展)|完成情况|目前状态|状态)\s*[:\uff1a]\s*"
    rf"(?P<label>{_STATES}|完成)(?:并(?:长期坚持|持续推进|持续深化|巩固提升))?(?=[,\uff0c。;\uff1b)\uff09]|$)"
    r"|(?:^|(?<=[。;\uff1b]))\s*(?:目前[,\uff0c]?)?(?:该|此|本)?(?:项)?(?:问题|任务)?"
    rf"(?P<alone>{_STATES})(?=[。;\uff1b]|$)"
    r"|(?P<prose>(?:该|此|本)(?:项)?(?:问题|任务|项目|事项|工作|建议|提案|意见)已(?:全部)?"
    r"(?:完成整改|整改到位|整改完成|销号|办结|完成|落实|解决|采纳))"
    rf"|(?P<stands>(?:该|此|本)(?:项)?(?:问题|任务|项目|事项|工作)(?:目前)?(?:{_STATES}))(?=[,\uff0c。;\uff1b]|$)"
)
#: A paragraph that says of the problem itself how it stands names the part above it as the problem.
SPEAKS_OF_IT = re.compile(
    r"^(?:目前[,\uff0c]?)?(?:该|此|本)(?:项)?(?:问题|任务|事项)(?:已|正在|尚|未|基本|需|持续|长期)"
)
_TO_COME = (
    r"(?:预计|计划|拟|力争|确保)?(?:20\d\d年)?\d{1,2}月(?:底|末|\d{1,2}日)?前?(?:全部|基本)?(?:完成|整改到位|办结)"
)
#: Nothing but how a problem stands, and no deed: 已完成,长期坚持。
ONLY_STATUS = re.compile(
    rf"^(?:(?:{_STATES}|完成|销号|待销号|待验收|(?:未)?达到序时进度|有序推进|{_TO_COME})[,\uff0c、;\uff1b并且]*){{1,5}}[。]?$"
)
#: A heading over the problems that stand alike: 一、已完成整改的问题(3个).
_STATUS_HEADING = re.compile(
    r"^(?:集中整改期[间内]?|目前|截至目前|整改期[间内]?)?(?P<done>(?:已(?:经)?(?:全部)?(?:完成整改|整改完成|完成|整改到位|整改|销号|办结|落实|建成)))(?:并[^,\uff0c。]{2,8})?的?(?:整改)?(?:问题|事项|任务|项目|实事|工程|建议|提案|工作)"
    r"|^(?P<open>(?:工作)?(?:正在|持续|长期|未完成|尚未|基本完成|阶段性完成|需|达到序时|未达|按序时|(?:进度|进展|推进)(?:滞后|缓慢|偏慢|较慢)|滞后|推进(?:缓慢|中|滞后)|正常推进|有序推进)"
    r"[^,\uff0c。]{0,10}?的?(?:整改)?(?:问题|事项|任务|项目|实事|工程|建议|提案|工作))"
)
_NOT_YET = re.compile(r"未|基本|部分|阶段性|正在|持续")
_DONE = re.compile(
    r"已(?:全部)?(?:整改到位|整改完成|销号|办结|落实|解决|采纳)|已经?完成"
    r"|^完成|整改完成|整改到位|已整改|已销号|已办结"
)
#: How the last sentence of a problem closes: 已追回补贴资金8.4万元,已整改到位。
_CLOSES = re.compile(
    r"(?:(?:^|[,\uff0c。;\uff1b]|已|均已|全部|已全部|基本)(?:整改到位|整改完成|完成整改|整改完毕|整改|销号|办结|落实到位)|(?P<open>正在[^,\uff0c。]{1,24}|尚未[^,\uff0c。]{1,16}|未启动|未开工))"
    r"[。;\uff1b]?$"
)
#: What is still to be done and by when: 计划2023年12月底前完成整改.
_PROMISED = re.compile(
    r"(?:^|[,\uff0c。;\uff1b])(?P<clause>[^,\uff0c。;\uff1b]{0,12}(?:计划|预计|拟|力争|确保|将)(?:于|在)?"
    r"(?:20\d\d年|年|\d{1,2}月|明年|[上下]半年|第?[一二三四]季度)[^,\uff0c。;\uff1b]{0,24}?"
    r"(?:完成|到位|办结|销号|竣工|完工|建成|投用|清零|签约|出台|印发|移交|复工|开通|上线|投入使用|启用|交付)[^,\uff0c。;\uff1b]{0,10})[。;\uff1b]?(?:[^。]{0,12}。)?$"
)
#: How far a task has come: 占年度任务的93%, 完成率82%, 完成目标的115%.
_SHARE_DONE = re.compile(
    r"(?:占(?:年度|全年|目标|总)?(?:目标)?(?:任务|计划|目标)?(?:总?数)?的|完成(?:率|比例|年度任务的|目标的|全年任务的|计划的|进度)(?:达到?|为)?)\s*(\d+(?:\.\d+)?)\s*[%\uff05]"
)
_UNDER_WAY = re.compile(
    r"正在|尚未|仍未|还未|未启动|未开工|未完成|未达|未动工|其余|剩余|预计|序时进度|按月推进|推进中|进行中|滞后|缓慢|逾期|待[审批建验]|部分完成"
)
_CARRIED_OUT = re.compile(
    r"已?(?:全部|全面|提前|超额|如期|按期)完成|完成(?:全年|年度|目标|既定)?(?:目标)?任务|已[^,\uff0c。]{0,12}(?:建成|竣工|完工|投用|投入使用|交付|开放|营业|运行|验收|办结|完成|印发)"
    r"|(?:全部|均)已?(?:建成|竣工|完工|投用|完成|到位)"
)
LONG_TERM = re.compile(r"长期坚持|长期推进|持续推进")
_ENDS = ("。", ";", "\uff1b", ":", "\uff1a", ",", "\uff0c", "、", "!", "\uff01")
LABEL = re.compile(
    r"^(?:具体)?(?:(?:整改|办理|处理)(?:落实)?(?:情况|进展|进展情况|措施|成效|结果)|进展情况|完成情况|落实情况|整改(?:完成)?状态|完成状态|主要做法|采取措施)(?:及成效)?\s*[:\uff1a]\s*"
)


def settle_status(drafts: Sequence[Draft]) -> None:
    """Of several labels of status (整改情况, 整改结果) one tells the status; a text of what was done is a measure
    where no label of measures stands."""
    for draft in drafts:
        settle_status(draft.children)
        fields = draft.having(Role.STATUS)
        if not fields:
            continue
        pieces = [(one, piece) for one in fields for piece in one.pieces]
        telling = next((pair for pair in reversed(pieces) if status_of(pair[1].text)), None)
        told = [replace(p, text=LABEL.sub("", p.text)) for _, p in pieces if not ONLY_STATUS.match(p.text)]
        draft.fields = [one for one in draft.fields if one.role is not Role.STATUS]
        if told and not draft.having(Role.MEASURES):
            draft.fields.append(Field(Role.MEASURES, fields[0].word, fields[0].line, told))
            told = []
        if telling is not None or told:
            word, line = (telling[0].word, telling[0].line) if telling else (fields[0].word, fields[0].line)
            kept = [piece for piece in told if telling is None or piece.line != telling[1].line]
            draft.fields.append(Field(Role.STATUS, word, line, [*kept, *([telling[1]] if telling else [])]))


def without_status(title: str) -> str:
    """关于…问题(已完成)。: the status is no part of the problem."""
    match = STATUS.search(title)
    return title[: match.start()] + title[match.end() :] if match and match["bracket"] else title


def status_above(part: Part) -> str | None:
    """The status that a heading gives all problems below it: 一、已完成整改的问题."""
    return status_of_headings(part.path)


def status_of_headings(path: Sequence[str]) -> str | None:
    """The status that the innermost of these headings gives, if any does."""
    for printed in reversed(path):
        mark = numbered(printed)
        if match := _STATUS_HEADING.match(mark.rest if mark else printed):
            return "done" if match["done"] else "open"
    return None


def status_in(text: str) -> str | None:
    """`done` or `open` where the report says it of this problem; what was done elsewhere says nothing of it."""
    match = STATUS.search(text)
    if match is None:
        return None
    words = match["bracket"] or match["label"] or match["alone"] or match["prose"] or match["stands"]
    done = _DONE.search(words) and not _NOT_YET.search(words[:8])
    return "done" if done else "open"


def closing_status(text: str) -> str | None:
    """`done` or `open` as the end of a problem's text says it, where no sentence of its own does."""
    if promised(text):
        return "open"
    match = _CLOSES.search(text)
    return None if match is None else "open" if match["open"] else "done"


def joined(texts: Sequence[str]) -> str:
    """Paragraphs as one text, where a heading without a full stop is a sentence of its own."""
    return "".join(text if text.endswith(_ENDS) or not text else f"{text}。" for text in texts)


def entry_status(text: str) -> str | None:
    """`done` or `open` of a task or project that a report tells of: what is still under way outweighs what is done."""
    share = share_status(text)
    if _UNDER_WAY.search(text) or share == "open":
        return "open"
    return "done" if share or _CARRIED_OUT.search(text) else None


def share_status(text: str) -> str | None:
    """`done` or `open` as the share of the year's task says it: 占年度任务的93%, 完成目标的115%."""
    shares = [float(match[1]) for match in _SHARE_DONE.finditer(text)]
    return None if not shares else "open" if min(shares) < 100 else "done"


def promised(text: str) -> str | None:
    """The clause at the end of a problem's text that says by when the rest will be done."""
    match = _PROMISED.search(text)
    return match["clause"].strip() if match else None


def status_year(text: str) -> int | None:
    """The year in which the report says how things stand: 截至2024年11月底."""
    match = re.search(r"截[至止](?:到)?\s*((?:19|20)\d\d)\s*年", text)
    return int(match.group(1)) if match else None
