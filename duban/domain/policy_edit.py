"""Numbers of a policy changed in its text, so that everything else (order, comments, sources) stays as it was written.

A changed number takes the source that is given with it: no number stands without the rule that it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_HEADER = re.compile(r"\s*\[\[?\s*([a-z_]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r'\s*key\s*=\s*"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number of a policy: `name` like `rung.urge_1.offset` or `lights.yellow_days`."""

    name: str
    value: int
    line: int


def numbers(text: str) -> tuple[Number, ...]:
    """Every whole number that stands alone on its line in a table of the policy, in the order of the text."""
    return tuple(number for number, _ in _found(text.splitlines()))


def with_numbers(text: str, changes: Mapping[str, int], source: str) -> str:
    """The text with these numbers changed and, in each table that one of them stands in, `source` in its place.

    Names that the text does not have are left out; the caller checks the result by reading it.
    """
    lines = text.splitlines()
    blocks = _blocks(lines)
    touched = set()
    for number, prefix in _found(lines):
        if changes.get(number.name, number.value) == number.value:
            continue
        at = number.line - 1
        lines[at] = re.sub(r"=\s*-?\d+", f"= {changes[number.name]}", lines[at], count=1)
        touched.add(prefix)
    quoted = source.replace("\\", "\\\\").replace('"', '\\"')
    for name, start, end in blocks:
        for at in range(start, end):
            if name in touched and re.match(r"\s*source\s*=", lines[at]):
                lines[at] = f'source = "{quoted}"'
    return "\n".join(lines) + "\n"


def _blocks(lines: list[str]) -> list[tuple[str, int, int]]:
    """Each table as its name (`rung.urge_1` for one of a list), its first line and the line after its last, from 0."""
    starts = [at for at, line in enumerate(lines) if _HEADER.match(line)]
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        header = _HEADER.match(lines[start])
        table = header.group(1) if header else ""
        key = next((m.group(1) for line in lines[start:end] if (m := _KEY.match(line))), "")
        found.append((f"{table}.{key}" if key else table, start, end))
    return found


def _found(lines: list[str]) -> Iterator[tuple[Number, str]]:
    for name, start, end in _blocks(lines):
        for at in range(start + 1, end):
            written = re.match(r"\s*([a-z_]+)\s*=\s*(-?\d+)\s*(#.*)?$", lines[at])
            if written:
                yield Number(f"{name}.{written.group(1)}", int(written.group(2)), at + 1), name
