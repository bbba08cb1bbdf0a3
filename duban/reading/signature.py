"""Who signs below a document, and when: 临州市人民政府 over 2023年7月19日 is no part of its last item."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.reading.source import Line

DAY_ALONE = re.compile(
    r"^(?:19|20)\d\d年\d{1,2}月\d{1,2}日$"
    r"|^[一二][一二三四五六七八九零〇○]{3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日$"
)
#: A signature stands among the last lines; below it only what concerns the print.
_LAST_LINES = 15


def is_signature(text: str) -> bool:
    """Whether a line above a date is the name of who signs: short, and no sentence."""
    return len(text) <= 40 and not re.search(r"[。;\uff1b:\uff1a]", text)


def without_signature(lines: Sequence[Line]) -> list[Line]:
    """The lines without the last signature and its date, and without what stands below them."""
    # A date in the first half stands below the title, however short the document is.
    for index in range(len(lines) - 1, max(len(lines) // 2, len(lines) - _LAST_LINES), -1):
        above = lines[index - 1]
        if DAY_ALONE.match(lines[index].text) and lines[index].cells is None and above.cells is None:
            return list(lines[: index - 1 if is_signature(above.text) else index])
    return list(lines)
