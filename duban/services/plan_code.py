"""A plan's short name, as it stands before each of its items in run names and on the board: 嘉定2014."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePath

from duban.reading.model import Reading

_PLACE = re.compile(r"([一-鿿]{2,4}?)(?:区|县|市|旗|镇|乡|街道)")
_YEAR = re.compile(r"(?:19|20)\d\d\s*年度?")
_LEADING = re.compile(r"^(?:中共|中国共产党)?(?:[一-鿿]{2,3}(?:省|市|自治区))?")


def plan_code(reading: Reading, filename: str, taken: Collection[str]) -> str:
    """The district and the year if the document names them, else the file's name; made unique by -2, -3, …"""
    place = _place(reading.issuer or "") or _place(reading.title)
    base = f"{place}{reading.year or ''}" if place else PurePath(filename).stem[:40] or "plan"
    candidate, count = base, 1
    while candidate in taken:
        count += 1
        candidate = f"{base}-{count}"
    return candidate


def _place(text: str) -> str | None:
    text = _YEAR.sub(" ", text)  # 2025年柳河区… is about 柳河
    found = _PLACE.search(_LEADING.sub("", text, count=1)) or _PLACE.search(text)
    return found.group(1) if found else None
