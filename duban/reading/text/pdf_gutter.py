"""Pages printed in two columns: the left one is read down to its end before the right one.

Told by a white strip in the page's middle with lines of running text on both sides, many of them full or at heights of
their own. Lines over the strip (a title, a table) part the page: what stands above them is read before what stands
below. A page with the strip where the page before had it needs no more than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeVar

from duban.reading.lexicon import load_lexicon
from duban.reading.text.normalise import clean
from duban.reading.text.pdf_columns import Printed, table_in

_LEAST_LINES = 6
_FULL = 0.6  # share of a column that a line fills which is nearly full
_FULL_LINES = 0.4  # share of its lines that are
_ACROSS = 0.2  # share of the lines that may stand over the strip

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Strip:
    """The white strip between the columns, and where each column begins."""

    left: float
    right: float
    begins: tuple[float, float]


def in_columns(parts: list[Part | Printed], above: Strip | None = None) -> tuple[list[Part | Printed], Strip | None]:
    """A page's parts in the order of reading, and its strip; lines of the right column are moved over the left one.

    `above` is the strip of the page before.
    """
    lines = [part for part in parts if isinstance(part, Printed)]
    strip = above if above is not None and _keeps(lines, above) else _strip(lines)
    if strip is None:
        return parts, None
    ordered: list[Part | Printed] = []
    sides: tuple[list[Printed], list[Printed]] = ([], [])
    for part in parts:
        halves = _halves(part, strip) if isinstance(part, Printed) else None
        if halves is None:
            ordered += [*sides[0], *sides[1], part]
            sides = ([], [])
            continue
        for side, half in zip(sides, halves, strict=True):
            side.extend([half] if half is not None else [])
    return [*ordered, *sides[0], *sides[1]], strip


def _keeps(lines: Sequence[Printed], strip: Strip) -> bool:
    """Whether a page has the strip of the page before: hardly a line over it, and some that begin behind it."""
    halves = [_halves(line, strip) for line in lines]
    over = sum(half is None for half in halves)
    behind = [half[1] for half in halves if half is not None and half[1] is not None]
    return bool(behind) and over <= max(1, _ACROSS * len(lines)) and all(len(_runs(line)) == 1 for line in behind)


def _strip(lines: Sequence[Printed]) -> Strip | None:
    """The strip of a page in two columns; None for any other page."""
    if len(lines) < _LEAST_LINES:
        return None
    begin, end = min(line.left for line in lines), max(line.right for line in lines)
    size = median(line.size for line in lines)
    low, high = int(begin + 0.35 * (end - begin)), int(begin + 0.65 * (end - begin))
    over = [0] * (high - low + 1)
    for line in lines:
        for left, right in _runs(line):
            for x in range(max(low, int(left)), min(high, int(right)) + 1):
                over[x - low] += 1
    white = _widest([count == min(over) for count in over])
    if white is None or min(over) > _ACROSS * len(lines) or white[1] - white[0] < 0.8 * size:
        return None
    strip = Strip(low + white[0], low + white[1], (begin, begin))
    halves = [half for line in lines if (half := _halves(line, strip)) is not None]
    sides = [[pair[side] for pair in halves if pair[side] is not None] for side in (0, 1)]
    both = sum(left is not None and right is not None for left, right in halves)
    apart = both <= 0.5 * min(map(len, sides))  # the columns have lines at heights of their own: no cells of one row
    least = 0.1 if apart else _FULL_LINES
    if not all(_is_prose([line for line in side if line is not None], least) for side in sides):
        return None
    if table_in(lines, load_lexicon(), None) is not None:
        return None
    right_begin = min(line.left for line in sides[1] if line is not None)
    return Strip(strip.left, strip.right, (begin, right_begin))


def _is_prose(side: Sequence[Printed], least: float) -> bool:
    """Whether lines are those of a column: enough of them, most in one piece, the least share of them nearly full."""
    if len(side) < _LEAST_LINES:
        return False
    width = max(line.right for line in side) - min(line.left for line in side)
    full = sum(line.right - line.left >= _FULL * width for line in side)
    whole = sum(len(_runs(line)) == 1 for line in side)
    return full >= least * len(side) and whole >= 0.8 * len(side) and width >= 10 * side[0].size


def _runs(line: Printed) -> list[tuple[float, float]]:
    """The stretches of a line without a gap of more than a character."""
    runs: list[tuple[float, float]] = []
    for text, left, right in line.chars:
        if not text.strip():
            continue
        if runs and left - runs[-1][1] <= line.size:
            runs[-1] = (runs[-1][0], right)
        else:
            runs.append((left, right))
    return runs


def _widest(white: Sequence[bool]) -> tuple[int, int] | None:
    best: tuple[int, int] | None = None
    start: int | None = None
    for index, is_white in enumerate([*white, False]):
        if is_white and start is None:
            start = index
        elif not is_white and start is not None:
            if best is None or index - start > best[1] - best[0]:
                best = (start, index)
            start = None
    return best


def _halves(line: Printed, strip: Strip) -> tuple[Printed | None, Printed | None] | None:
    """The line's parts in either column; None where it stands over the strip."""
    middle = (strip.left + strip.right) / 2
    if any(left < strip.right - 1 and right > strip.left + 1 for text, left, right in line.chars if text.strip()):
        return None
    sides = (
        [char for char in line.chars if char[1] < middle],
        [char for char in line.chars if char[1] >= middle],
    )
    left, right = (_part(line, side) for side in sides)
    shift = strip.begins[1] - strip.begins[0]
    return left, _shifted(right, shift) if right is not None else None


def _part(line: Printed, chars: Sequence[tuple[str, float, float]]) -> Printed | None:
    inked = [char for char in chars if char[0].strip()]
    if not inked:
        return None
    text, last = "", inked[0][1]
    for char, left, right in inked:
        text += (" " if left - last > 0.6 * line.size else "") + char
        last = right
    return replace(line, text=clean(text), left=inked[0][1], right=inked[-1][2], chars=tuple(inked))


def _shifted(line: Printed, by: float) -> Printed:
    chars = tuple((text, left - by, right - by) for text, left, right in line.chars)
    return replace(line, left=line.left - by, right=line.right - by, chars=chars)
