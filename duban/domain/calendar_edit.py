"""Single days of an office's calendar file, entered and taken out in its text; the rest stays as it was written."""

from __future__ import annotations

import datetime as dt
import re

_TABLE = re.compile(r"\s*\[\[?")


def with_day(text: str, on: dt.date, note: str, *, working: bool) -> str:
    """The text with this day of the office's own, in the place of an entry that it had for the same date."""
    quoted = note.replace("\\", "\\\\").replace('"', '\\"')
    entry = f'[[day]]\non = {on.isoformat()}\nworking = {str(working).lower()}\nnote = "{quoted}"\n'
    kept = without_day(text, on).rstrip()
    return f"{kept}\n\n{entry}" if kept else entry


def without_day(text: str, on: dt.date) -> str:
    """The text without the office's own entry for a date; unchanged where there is none."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if _TABLE.match(line):
            blocks.append([])
        blocks[-1].append(line)
    kept = [block for block in blocks if not _is_day(block, on)]
    return "\n".join(line for block in kept for line in block).strip() + "\n"


def _is_day(block: list[str], on: dt.date) -> bool:
    return (
        bool(block)
        and re.match(r"\s*\[\[\s*day\s*\]\]", block[0]) is not None
        and any(re.match(rf"\s*on\s*=\s*{on.isoformat()}\b", line) for line in block)
    )
