"""Who signs below a document, and when: 临州市人民政府 over 2023年7月19日 is no part of its last item."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.reading.source import Line
from duban.reading.structure_numbering import numbered

DAY_ALONE = re.compile(
    r"^(?:19|20)\d\d年\d{1,2}月\d{1,2}日$"
    r"|^[一二][一二三四五六七八九零〇○]{3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日$"
)
#: A signature stands among the last lines; below it only what concerns the print.
_LAST_LINES = 15
_LABEL = re.compile(r"[】\]〕:：]$|(?:时限|期限|时间|日期|节点|时点)$")
_OF_PRINT = re.compile(
    r"^[(（]?(?:主题词|抄\s?[送报]|分\s?送|报\s?送|印发|联系|附件|附\s?[:：]|此件|共印|打印|校对|信息公开|公开(?:方式|属性))|印发[)）]?$"
)


def names_a_day(text: str) -> bool:
    """Whether a line is the label of a day below it, such as 完成时限: or 【整改期限】."""
    return bool(_LABEL.search(text))


def is_signature(text: str) -> bool:
    """Whether a line above a date is the name of who signs: short, no sentence and no label of the date."""
    sentence = re.search(r"[。;\uff1b:\uff1a,\uff0c—|]|\d", text) or numbered(text)
    return len(text) <= 40 and not sentence and not names_a_day(text)


def without_signature(lines: Sequence[Line]) -> list[Line]:
    """The lines without the last signature and its date, and without what of the print stands below them.

    A day below which the text goes on is the limit of an item, and so is one under a label.
    """
    # A date in the first half stands below the title, however short the document is.
    for index in range(len(lines) - 1, max(len(lines) // 2, len(lines) - _LAST_LINES), -1):
        above = lines[index - 1]
        if DAY_ALONE.match(lines[index].text) and lines[index].cells is None and above.cells is None:
            if names_a_day(above.text) or not all(_OF_PRINT.search(line.text) for line in lines[index + 1 :]):
                return list(lines)
            return list(lines[: index - 1 if is_signature(above.text) else index])
        if not _OF_PRINT.search(lines[index].text):
            break
    return list(lines)
