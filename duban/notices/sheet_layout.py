"""The pieces of an official sheet, each placed as GB/T 9704-2012 has it. They give WordprocessingML."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from duban.notices import wordml
from duban.notices.wordml import EM, LINE, RED, TYPE_WIDTH, Style

TITLE_CHARACTERS = 20
"""Characters of 2号 (22 pt) that a title line holds."""

LARGEST_LETTERHEAD = 42.0
"""Points: a character of 发文机关标志 is at most 15 mm wide (the standard leaves the size open, below 22 × 15 mm)."""

_LEVEL_1 = re.compile(r"[一二三四五六七八九十]+、[^。；]{1,40}")
_TWO = round(2 * EM)
_CLOSING_WORD = 7
"""Characters of the longest closing word."""


def head(letterhead: str, label: str, characters: float | None = None) -> list[str]:
    """发文机关标志 35 mm under the top of the type area, 发文字号 two lines below, red line 4 mm on (7.2.4-7.2.7)."""
    size = max(min(LARGEST_LETTERHEAD, TYPE_WIDTH / 20 / max(characters or width_of(letterhead), 1)), 16.0)
    agency = Style(
        font=wordml.TITLE,
        size=size,
        align="center",
        before=1984,
        after=2 * LINE,
        line=round(size * 20 * 1.15),
        colour=RED,
        on_grid=False,
    )
    line = wordml.border("bottom", 12, RED, space=11)
    number = Style(align="center", border_bottom=line, after=2 * LINE - 220)
    return [wordml.paragraph(letterhead, agency), wordml.paragraph(label, number)]


def opening(title: str, addressees: str) -> list[str]:
    """标题 two lines under the red line, 2号小标宋, centred; 主送机关 a line below, at the edge (7.3.1, 7.3.2)."""
    heading = Style(font=wordml.TITLE, size=22, align="center", after=LINE, line=660, on_grid=False, keep_next=True)
    opening = [wordml.paragraph(title, heading)]
    return [*opening, wordml.paragraph(addressees, Style())] if addressees else opening


def body(texts: Sequence[str]) -> list[str]:
    """正文, its last paragraph on the page of the signature: no page holds signature and date alone (7.3.5).

    With a closing word (此复。特此通知。当否，请批示。), the paragraph before it as well.
    """
    kept = 2 if texts and len(texts[-1]) <= _CLOSING_WORD else 1
    return [body_paragraph(text, last=n > len(texts) - kept) for n, text in enumerate(texts, start=1)]


def body_paragraph(text: str, *, last: bool = False) -> str:
    """正文: two characters in; 一、 headings in 黑体, （一） ones as they are: ours are whole sentences (7.3.3)."""
    if _LEVEL_1.fullmatch(text):
        return wordml.paragraph(text, Style(font=wordml.HEI, indent=_TWO, keep_next=True))
    return wordml.paragraph(text, Style(indent=_TWO, keep_next=last))


def closing(
    office: str, date: str, contact: str, *, receipt: bool = False, widths: tuple[float, float] | None = None
) -> list[str]:
    """署名 centred over 成文日期, which ends four characters from the edge; 附注 with the contact (7.3.5, 7.3.6).

    With the receipt box, where there is one, and the imprint that follows, all of it stays on one page. `widths` of
    office and date in characters, where the texts are placeholders.
    """
    office_width, date_width = widths or (width_of(office), width_of(date))
    date_right = round(4 * EM)
    name_right = max(round(date_right + (date_width - office_width) * EM / 2), 0)
    signature = [
        wordml.paragraph("", Style(keep_next=True)),
        wordml.paragraph("", Style(keep_next=True)),
        wordml.paragraph(office, Style(align="right", right=name_right, keep_next=True)),
        wordml.paragraph(date, Style(align="right", right=date_right, keep_next=True)),
    ]
    if contact:
        signature.append(wordml.paragraph(contact, Style(indent=_TWO, keep_next=True)))
    return [*signature, receipt_box()] if receipt else signature


def receipt_box() -> str:
    """签收: who took it, when, and what they say. Kept on one page."""
    widths = [1800, 2622, 1800, 2622]
    label = Style(size=14, align="center", line=400, on_grid=False, keep_next=True)
    edges = "".join(wordml.border(side, 6) for side in ("top", "left", "bottom", "right"))
    rows = [
        wordml.row(
            [
                wordml.cell(wordml.paragraph(text, label), width, edges)
                for text, width in zip(texts, widths, strict=True)
            ],
            560,
        )
        for texts in (("签收单位", "", "签收人", ""), ("签收时间", "　　年　月　日", "联系电话", ""))
    ]
    gap = wordml.paragraph("", Style(line=300, on_grid=False, keep_next=True))
    return gap + wordml.table(rows, widths, "")


def imprint(copies: Sequence[str], office: str, date: str) -> str:
    """版记 at the foot of the last page: 抄送, 印发机关 and 印发日期, 4号, between lines of 0.35 and 0.25 mm (7.4)."""
    em, line = 280, 440
    small = Style(size=14, left=em, right=em, line=line, on_grid=False)
    issued = wordml.paragraph_to_edge(office, f"{date}印发", small)
    if not copies:
        return wordml.at_foot(_rule(8) + issued + _rule(8), line + 100, f"{office}　{date}印发")
    names = "，".join(copies)
    lines = math.ceil(width_of(f"{names}。") * em / (TYPE_WIDTH - 5 * em))
    to = wordml.paragraph(f"抄送：{names}。", replace(small, left=4 * em, indent=-3 * em))
    content = _rule(8) + to + _rule(6) + issued + _rule(8)
    return wordml.at_foot(content, (lines + 1) * line + 120, f"抄送：{names}。　{office}　{date}印发")


def _rule(eighths: int) -> str:
    """A line over the whole type area: an empty paragraph with a border, since indents would shorten a text's own."""
    line = wordml.border("bottom", eighths)
    return wordml.paragraph("", Style(size=1, line=20, border_bottom=line, on_grid=False))


def width_of(text: str) -> float:
    """The width of a text in characters of the grid: ASCII counts half."""
    return sum(0.5 if ord(character) < 128 else 1.0 for character in text)


def balanced(title: str, longest: int = TITLE_CHARACTERS) -> str:
    """The title in as few lines as fit, of about the same length, broken where it reads best.

    No line begins with 的 or a closing mark, none ends with an opening one, and no number is torn; where that cannot be
    had in the fewest lines, there is a line more.
    """
    fewest = max(math.ceil(len(title) / longest), 1)
    tries = (_broken(title, lines, longest) for lines in range(fewest, fewest + 2))
    found = min(tries, key=lambda cost_and_lines: cost_and_lines[0])
    return "\n".join(found[1])


@lru_cache(maxsize=4096)
def _broken(title: str, lines: int, longest: int) -> tuple[float, list[str]]:
    """The cheapest way to break the title into that many lines, and what it costs.

    Kept, since the same ends of a title come up for every beginning: without it, work grows with each line by twenty.
    """
    if lines == 1:
        return (0.0 if len(title) <= longest else math.inf), [title]
    best: tuple[float, list[str]] = (math.inf, [title])
    ideal = len(title) / lines
    for at in range(max(1, len(title) - (lines - 1) * longest), min(longest, len(title) - 1) + 1):
        cost, rest = _broken(title[at:], lines - 1, longest)
        cost += _break_cost(title, at, ideal)
        if cost < best[0]:
            best = (cost, [title[:at], *rest])
    return best


def _break_cost(text: str, at: int, ideal: float) -> float:
    """How bad a break before `text[at]` is: far from the ideal, inside a number or against a mark; 8 for the line."""
    before, after = text[at - 1], text[at]
    cost = abs(at - ideal) + 8
    if after in "，、；：。？！）》〉”’的" or before in "（《〈“‘":
        cost += 100
    if before.isascii() and after.isascii():
        cost += 50
    if before in "，、；：）》”的" or after in "（《“":
        cost -= 6
    return cost
