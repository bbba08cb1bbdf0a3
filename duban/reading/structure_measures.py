"""Measures: one field's text becomes the list of its actions, by the numbering inside it. Text stays literal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from duban.reading.structure_numbering import chinese_value, numbered, value_of

_CN = "[一二三四五六七八九十]{1,3}"
_MARKS: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?P<n>[①-⑳])"),
    re.compile(r"(?P<n>[⑴-⒇])"),
    re.compile(r"(?P<n>[⒈-⒛])"),
    re.compile(r"(?:^|(?<=[。;；:：!?！？,，]))\s*[(（](?P<n>\d{1,2})[)）]\s*[、.]?"),
    re.compile(r"(?:^|(?<=[。;；:：!?！？]))\s*(?P<n>\d{1,2})\s*(?:[、．)）]|\.(?!\d))"),
    re.compile(rf"(?:^|(?<=[。;；:：!?！？]))\s*[(（](?P<n>{_CN})[)）]\s*[、.]?"),
    re.compile(rf"(?:^|(?<=[。;；:：!?！？,，]))\s*(?P<n>{_CN})(?:是|要)(?!否)"),
    re.compile(rf"(?:^|(?<=[。;；:：!?！？]))\s*第(?P<n>{_CN})[,，、]"),
)


#: A shorter line without a full stop was not broken by a page or a wrap, but is an action by itself.
_SHORTEST_LINE = 14


def split_measures(paragraphs: Sequence[str]) -> list[str]:
    """The actions of a measures field: numbered paragraphs each for itself, numbering within a paragraph split too."""
    joined: list[str] = []
    for text in paragraphs:
        if joined and numbered(text) is None and not _ends(joined[-1]) and len(joined[-1]) > _SHORTEST_LINE:
            joined[-1] += text
        else:
            joined.append(text)
    return [part for text in joined for part in _split(text)]


def _ends(text: str) -> bool:
    return bool(re.search(r"[。;；!?！？:：]$", text))


def _split(text: str) -> list[str]:
    """Split before 2, 3 … of a numbering that runs from 1 without a gap; what leads in stays with the first."""
    for pattern in _MARKS:
        found = [(m.start(), _value(m.group("n"))) for m in pattern.finditer(text)]
        run: list[int] = []
        for start, value in found:
            if value == len(run) + 1:
                run.append(start)
        if len(run) >= 2:
            bounds = [0, *run[1:], len(text)]
            return [part for a, b in pairwise(bounds) if (part := text[a:b].strip())]
    return [text] if text else []


def _value(printed: str) -> int | None:
    if "⑴" <= printed[0] <= "⒛":
        return (ord(printed[0]) - ord("⑴")) % 20 + 1
    return chinese_value(printed) if printed[0] in "一二三四五六七八九十" else value_of(printed)
