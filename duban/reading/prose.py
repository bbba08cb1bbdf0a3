"""Prose: a document without fields of its own becomes a tree of its numbered parts, with the paragraphs under each.

How deep a numbering style lies is told from the order in which styles open (一、 then (一) then 1.), never from a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from duban.reading.signature import DAY_ALONE, is_signature
from duban.reading.source import Line
from duban.reading.structure_numbering import Numbered, numbered, value_of

_BULLET = re.compile(r"^\s*[▲△●○■□◆◇★☆※•➢►▶➤∙]\s*|^\s*[·\-–—*+]\s+(?=[*_\"“]{0,3}[\u4e00-\u9fff])")
_ENDS = re.compile(r"[。!\uff01?\uff1f;\uff1b:\uff1a…”』」)\uff09》]$")
_WORDED = re.compile(
    r"^(?P<word>实事|任务|行动|工程|项目|事项|举措|专项|意见|建议|提案|诉求)\s*(?P<n>[一二三四五六七八九十]{1,3}|\d{1,3})\s*[:\uff1a、.\uff0e]\s*(?=\S)"
    r"|^第(?P<k>[一二三四五六七八九十]{1,3})[件桩](?:实事)?\s*[:\uff1a、,\uff0c]\s*(?=\S)"
)
_BULLET_FIELD = re.compile(
    r"^[\u4e00-\u9fff]{0,6}(?:单位|部门|科室|领导|责任人|时限|期限|完成时间|时间节点)\s*[:\uff1a]\s*\S"
)
_WORDS_ONLY = re.compile(r"^[\u4e00-\u9fff、“”]{2,20}$")
_BARE_FIGURE = re.compile(r"^\d+\s+\S")
_YEAR_FIRST = re.compile(r"^(?:19|20)\d\d\s*年")
_LEAST_LEAD = 6
SAMPLE = 1_500  # lines that tell what kind of document it is
_FIELD_WORD = re.compile(r"单位|部门|牵头|责任|时限")
#: What follows a document's text and belongs to none of its parts.
_AFTERWORD = re.compile(
    r"^(?:主题词|抄\s?送|抄\s?报|分\s?送|报\s?送|印发机关|联系电话|联系人|电子邮箱|电子信箱|通讯地址|通信地址|邮政编码|邮\s?编|传\s?真|来源|责任编辑"
    r"|编辑|分享|关注|欢迎广大|附件|上一篇|下一篇|打印本页|关闭窗口|扫一扫)\s*[:\uff1a到]?|^[(\uff08]?此件(?:主动)?公开"
    r"|^(?:[^,\uff0c。]{2,30}(?:办公室|委员会|政府|局|委)\s*)?(?:19|20)\d\d年\d{1,2}月\d{1,2}日(?:印发)?$"
)


@dataclass(slots=True)
class Part:
    """A numbered, bulleted or marked-up line, the paragraphs under it and the parts within it.

    `text` is the line without its number or bullet; `style` names its numbering, "▲" a bullet, "#" a heading by markup.
    """

    line: Line
    style: str
    number: str
    value: int
    text: str
    body: list[Line] = field(default_factory=list)
    children: list[Part] = field(default_factory=list)
    parent: Part | None = None

    @property
    def end_line(self) -> int:
        """The last line of the part and of all within it."""
        last = self.children[-1].end_line if self.children else 0
        return max(self.line.last, self.body[-1].last if self.body else 0, last)

    @property
    def path(self) -> list[str]:
        """The headings above it as printed, outermost first, without the paragraphs that run on behind them."""
        return [*self.parent.path, heading(self.parent.line.text)] if self.parent else []

    def walk(self) -> Iterator[Part]:
        """This part and all within it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class Prose:
    """A document: the lines before its first part, its parts, and what stands below them (主题词, 抄送, contacts)."""

    front: list[Line] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    tail: list[Line] = field(default_factory=list)

    def walk(self) -> Iterator[Part]:
        """Every part, in document order."""
        for part in self.parts:
            yield from part.walk()


def prose_of(lines: Sequence[Line]) -> Prose:
    """The tree of a document's numbered parts. Time is linear in the number of lines."""
    prose = Prose()
    open_parts: list[Part] = []
    below = False  # what stands below a document, until its next part: a plan may follow the notice that sends it
    for line in _with_bullet_headings(list(_mended(lines))):
        part = _part(line, open_parts)
        if part is None and open_parts and DAY_ALONE.match(line.text):
            body = open_parts[-1].body
            if body and is_signature(body[-1].text):
                prose.tail.append(body.pop())
        if part is None and prose.parts and (_AFTERWORD.match(line.text) or (below and not _is_paragraph(line))):
            prose.tail.append(line)
            below = True
            continue
        if part is not None and part.style == "▲" and open_parts and _BULLET_FIELD.match(part.text):
            open_parts[-1].body.append(replace(line, text=part.text))  # inner entries of a list: the outer one's fields
            continue
        if part is None:
            (open_parts[-1].body if open_parts else prose.front).append(line)
            continue
        below = False
        del open_parts[_depth(part, open_parts) :]
        part.parent = open_parts[-1] if open_parts else None
        (part.parent.children if part.parent else prose.parts).append(part)
        open_parts.append(part)
    return prose


def _is_paragraph(line: Line) -> bool:
    """Whether a line is prose again, and not more of what stands below a document."""
    return len(line.text) > 30 and line.text.endswith(("。", "\uff1b", ";"))


def _with_bullet_headings(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines; a few words behind a bullet right above a numbered line are a heading: ★ 人才培养, (3)申报课程10门."""
    for line, below in zip(lines, [*lines[1:], None], strict=False):
        bullet = _BULLET.match(line.text) or _BULLET.match(line.original.strip())
        text = _BULLET.sub("", line.text, count=1).strip() if bullet else ""
        if below is None or not _WORDS_ONLY.match(text):
            yield line
        else:
            yield replace(line, text=text, level=line.level or 2) if numbered(below.text) else line


def heading(text: str) -> str:
    """A heading without the paragraph that runs on behind it in the same line."""
    if len(text) <= 60:
        return text
    stop = re.search(r"[。:\uff1a]", text)
    return text[: stop.start()] if stop else text[:60]


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, each with its full stop; brackets and quotation marks are not torn apart."""
    found, depth, start = [], 0, 0
    for i, ch in enumerate(text):
        depth += (ch in "(\uff08《“") - (ch in ")\uff09》”")
        if ch in "。!\uff01" and depth <= 0:
            found.append(text[start : i + 1].strip())
            start, depth = i + 1, 0
    return [s for s in [*found, text[start:].strip()] if s]


def lead_and_rest(text: str, longest: int = 60) -> tuple[str, str]:
    """The first sentence of a paragraph where it is short enough to be its heading, and what follows it."""
    first, *rest = sentences(text) or [""]
    return (first, text[len(first) :].strip()) if rest and len(first) <= longest else ("", text)


def _mended(lines: Sequence[Line]) -> Iterator[Line]:
    """Paragraphs that a page end has torn apart are joined; two paragraphs, each with a lead of its own, are not."""
    held: Line | None = None
    for line in lines:
        if held is not None and _continues(held, line):
            held = held.joined_with(line)
            continue
        if held is not None:
            yield held
        held = line
    if held is not None:
        yield held


def _continues(above: Line, below: Line) -> bool:
    """Whether a line goes on with the paragraph above it. Cheap tests first: most lines end with a full stop."""
    if above.text.endswith(("。", "!", "\uff01", ")", "\uff09", "〕", "】", "]")) or above.level or below.level:
        return False
    if above.cells is not None or below.cells is not None or _starts_anew(below) or _AFTERWORD.match(below.text):
        return False
    if _is_open(above.text, below.text[:6]):
        return True
    is_heading = len(above.text) <= 60 and "。" not in above.text and numbered(above.text) is not None
    if len(above.text) < 30 or _ENDS.search(above.text) or is_heading:
        return False
    found = sentences(below.text)
    return not _is_field(below.text) and (len(found) == 1 or len(found[0]) < _LEAST_LEAD)


def _starts_anew(line: Line) -> bool:
    return bool(_BULLET.match(line.text) or _BULLET.match(line.original.strip())) or numbered(line.text) is not None


def _is_open(text: str, follows: str) -> bool:
    """Whether a bracket of fields that begins near the end of the text is not closed: (牵头单位:经委;责任单"""
    end = text[-160:]
    opened = max(map(end.rfind, "(\uff08【〔"))
    return opened > max(map(end.rfind, ")\uff09】〕")) and bool(_FIELD_WORD.search(end[opened:] + follows))


def _is_field(text: str) -> bool:
    return bool(re.match(r"^[\u4e00-\u9fff]{2,10}\s*[:\uff1a]", text))


def _part(line: Line, open_parts: Sequence[Part]) -> Part | None:
    if bullet := _BULLET.match(line.text):
        return Part(line, "▲", "", 0, line.text[bullet.end() :].strip())
    if not line.level and _BULLET.match(line.original.strip()) and not numbered(line.text):
        return Part(line, "▲", "", 0, line.text)  # the text layer takes a list's marks off
    mark = numbered(line.text) or _worded(line.text)
    if mark is not None and _fits(line, mark, open_parts):
        return Part(line, mark.style, mark.number, mark.value, mark.rest)
    if line.level:
        return Part(line, f"#{line.level}", "", 0, line.text)
    return None


def _worded(text: str) -> Numbered | None:
    """A number behind the word for what is counted: 实事一:老旧小区改造, 第一件:新建学校."""
    match = _WORDED.match(text)
    value = value_of(match["n"] or match["k"]) if match else None
    if match is None or value is None:
        return None
    return Numbered(match["word"] or "第一件", match["n"] or match["k"], value, text[match.end() :].strip())


def _fits(line: Line, mark: Numbered, open_parts: Sequence[Part]) -> bool:
    """Whether a number continues or opens a numbering: 2017 年是… and 16 家企业… are no numbered lines."""
    last = next((part.value for part in reversed(open_parts) if part.style == mark.style), None)
    follows = mark.value == 1 or (last is not None and mark.value == last + 1)
    if _YEAR_FIRST.match(line.text):
        return False
    if _BARE_FIGURE.match(line.text):
        return follows
    return follows or last is not None or not any(part.style == mark.style for part in open_parts)


def _depth(part: Part, open_parts: Sequence[Part]) -> int:
    """How many open parts the part stands within."""
    if part.style == "▲":
        return next((i for i, other in enumerate(open_parts) if other.style == "▲"), len(open_parts))
    if part.style.startswith("#"):
        level = part.line.level
        return next(
            (i for i, other in enumerate(open_parts) if other.line.level >= level or not other.line.level),
            len(open_parts),
        )
    for i, other in enumerate(open_parts):
        if other.style == part.style and not (
            other.line.level and part.line.level and other.line.level < part.line.level
        ):
            return i
    return next((i for i, other in enumerate(open_parts) if other.style == "▲"), len(open_parts))
