"""Tables as full grids: spans and merged cells repeated, and marked as repeating."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: No ledger has more columns; a span that claims more is a mistake or an attack.
MAX_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """A printed cell: its text, the columns and rows it spans, or that it continues the cell above."""

    text: str
    span: int = 1
    rows: int = 1
    above: bool = False


def fill(rows: Iterable[list[Cell]]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each row as texts and marks ("" a cell of its own, "up" or "left" a repeated one)."""
    hanging: dict[int, tuple[int, str]] = {}  # column: rows still covered by a cell above, and its text
    previous: tuple[str, ...] = ()
    for row in rows:
        texts: list[str] = []
        marks: list[str] = []

        def take_hanging(texts: list[str] = texts, marks: list[str] = marks) -> None:
            while (covered := hanging.get(len(texts))) is not None and len(texts) < MAX_COLUMNS:
                left, text = covered
                if left <= 1:
                    del hanging[len(texts)]
                else:
                    hanging[len(texts)] = (left - 1, text)
                texts.append(text)
                marks.append("up")

        for cell in row:
            take_hanging()
            for offset in range(min(cell.span, MAX_COLUMNS - len(texts))):
                column = len(texts)
                above = cell.above and column < len(previous)
                if cell.rows > 1:
                    hanging[column] = (cell.rows - 1, cell.text)
                texts.append(previous[column] if above else cell.text)
                marks.append("up" if above else "left" if offset else "")
        take_hanging()
        previous = tuple(texts)
        yield previous, tuple(marks)
