"""Hard wraps: a text whose lines were all broken at one width is put together again, paragraph by paragraph."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from duban.reading.source import Line
from duban.reading.structure_numbering import numbered

_ENDED = re.compile(
    r"[。!?！？;；:：][”’」)）]?$|[(（][^()（）]{0,80}(?:单位|部门|牵头|配合|负责|时限|完成)[^()（）]{0,80}[)）]$"
)
_CLOSED = re.compile(r"[。!?！？;；:：)）】〕》][”’」]?$")
_WITHIN = re.compile(r"[，,；;。]")
_MARKED_END = re.compile(r"[^\w%％]$")
#: Figures and brackets are set narrower than they count: a line that stops within a sentence may be this much short.
_NEARLY = 0.85
_BULLET = re.compile(r"^\s*(?:[▲△●○■□◆◇★☆※•➢►▶]|(?:[-*+>#]|\d{1,2}\.)\s)")
_SIGNED = re.compile(r"^[(（][^()（）]{0,40}(?:19|20)\d\d年[^()（）]{0,20}[)）]$")
#: The day under a document, alone on its line: 二〇二四年三月十日.
_DATED = re.compile(
    r"^二[〇○0零Oo][〇○0零Oo一二三四五六七八九]{2}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日$"
)
#: A heading in brackets of its own (【市教育局】), and a word that counts (措施1.2 修订办法).
_HEADED = re.compile(
    r"^[【〔][^【】〔〕]{2,40}[】〕]$|^(?:问题|措施|任务|事项|隐患|整改[\u4e00-\u9fff]{2})\s?\d{1,3}(?:[.．-]\d{1,3})?\s+\S"
)
#: So many pairs of full lines tell wraps at a width that short lines may have by chance.
_LEAST_WITHIN = 2
_LABELLED = re.compile(
    r"^[【\[(（]?(?:[\u4e00-\u9fff] ?){2,10}"
    r"(?:[(（]?[\d一二三四五六七八九十]{0,3}[)）]?)[】\])）]?\s*(?:[:：]|[—–]{1,2}|--)"
)


def width_of(text: str) -> int:
    """Columns of a line on a typewriter: a Chinese character (three bytes in UTF-8) takes two."""
    return len(text) + (len(text.encode("utf-8", "replace")) - len(text)) // 2


def join_wraps(lines: Sequence[Line]) -> list[Line]:
    """The lines as paragraphs, if the text is wrapped at one width (in columns or characters); else as they are."""
    plain = [line for line in lines if line.cells is None and not line.level]
    measured = max((_edge(plain, size) for size in (width_of, _columns_of_characters)), key=lambda edge: edge.near)
    if not measured.width:
        return list(lines)
    indented = sum(_indent(line) > 0 for line in plain) > 0.15 * len(plain)
    joined: list[Line] = []
    full = False
    for line in lines:
        body = line.cells is None and not line.level
        if full and body and _goes_on(joined[-1], line, indented):
            joined[-1] = joined[-1].joined_with(line)
        else:
            joined.append(line)
        size = measured.size(line.original.rstrip())
        full = body and (size >= measured.width - 4 or (size >= _NEARLY * measured.width and _stops_within(line.text)))
    return joined


def _stops_within(text: str) -> bool:
    """Whether a line stops within a sentence: it has a mark in its midst and none at its end."""
    return bool(_WITHIN.search(text)) and not _MARKED_END.search(text)


def _columns_of_characters(text: str) -> int:
    """Twice the number of characters: for texts that were broken after so many of them, whatever their width."""
    return 2 * len(text)


@dataclass(frozen=True, slots=True)
class _Edge:
    """The width (0 for none) at which lines were broken, how it is measured, and how many lines end there."""

    width: int
    size: Callable[[str], int]
    near: int


def _edge(lines: Sequence[Line], size: Callable[[str], int]) -> _Edge:
    """The width at which lines were broken: many lines end there and hardly any beyond."""
    widths = [size(line.original.rstrip()) for line in lines]
    if len(widths) < 6:
        return _Edge(0, size, 0)
    ordered = sorted(widths, reverse=True)
    edge = ordered[len(ordered) // 50]
    near = sum(edge - 4 <= width <= edge for width in widths)
    wrapped = 36 <= edge <= 160 and near >= max(3, 0.12 * len(widths))
    wrapped = wrapped and (edge >= 44 or _runs_on(lines, widths, edge))
    return _Edge(edge if wrapped else 0, size, near if wrapped else 0)


def _runs_on(lines: Sequence[Line], widths: Sequence[int], edge: int) -> bool:
    """Whether full lines follow one another within paragraphs: one full line here and there is chance."""
    full = [width >= edge - 4 for width in widths]
    pairs = zip(lines, lines[1:], full, full[1:], strict=False)
    within = sum(
        one and two and not _CLOSED.search(above.text) and not starts_anew(below.text)
        for above, below, one, two in pairs
    )
    return within >= _LEAST_WITHIN


def _indent(line: Line) -> int:
    printed = line.original.replace("\t", "    ")
    return width_of(printed) - width_of(printed.lstrip(" \u3000\u00a0"))


def _goes_on(above: Line, below: Line, indented: bool) -> bool:
    """Whether a line continues the full line above it. A label or a bullet always starts anew."""
    if (
        _HEADED.match(below.text)
        or _LABELLED.match(below.text)
        or _BULLET.match(below.original)
        or _DATED.match(below.text)
    ):
        return False
    if _is_lettered(below.text) and (_LABELLED.match(above.text) or _CLOSED.search(above.text)):
        return False
    ended = bool(_ENDED.search(above.text))
    if _indent(below) > 0 and (indented or ended):
        return False
    if indented:
        return not (below.after_blank and ended)
    if ended and (below.after_blank or above.text[-1] in "。:：)）"):
        return False
    return not below.after_blank and not starts_anew(below.text)


def starts_anew(text: str) -> bool:
    """Whether a line opens as paragraphs do: with a number or a label."""
    opens = numbered(text) is not None and not _is_lettered(text)
    return opens or bool(_LABELLED.match(text) or _BULLET.match(text) or _SIGNED.match(text))


def is_labelled(text: str) -> bool:
    """Whether a line opens with a label and its colon."""
    return bool(_LABELLED.match(text))


def _is_lettered(text: str) -> bool:
    """Whether a line opens with A1, which numbers an item; within a paragraph G15 is a road."""
    mark = numbered(text)
    return mark is not None and mark.style == "A1"
