"""Several plans in one file: which ones there are, and each as a document of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duban.errors import Unreadable
from duban.reading.source import Line
from duban.reading.text import text_layer


class SeveralPlans(Unreadable):
    """The file cannot be read: {reason}.

    {remedy}
    """

    code = "several_plans"

    def __init__(self, titles: Sequence[str], begins: Sequence[int]) -> None:
        """`begins` are the lines of the source at which the plans begin, one for each title."""
        super().__init__(
            f"{len(titles)} plans are in it: {', '.join(titles[:5])}",
            "Let `duban split FILE` write each to a file of its own, and give the one that is meant.",
        )
        self.titles, self.begins = tuple(titles), tuple(begins)


@dataclass(frozen=True, slots=True)
class Part:
    """One plan of a file: its title, and its text as a file that can be read and registered alone."""

    title: str
    filename: str
    content: bytes


def parts_of(data: bytes, filename: str, error: SeveralPlans) -> list[Part]:
    """Each plan of the file that was refused so, in order; rows of tables become lines with bars between the cells."""
    lines = text_layer(data, filename).lines
    stem = filename.rpartition(".")[0] or filename
    ends = [*error.begins[1:], lines[-1].number + 1]
    found = []
    for place, (title, begin, end) in enumerate(zip(error.titles, error.begins, ends, strict=True), start=1):
        text = "".join(_printed(line) for line in lines if begin <= line.number < end)
        found.append(Part(title, f"{stem}-{place}.txt", text.strip("\n").encode() + b"\n"))
    return found


def _printed(line: Line) -> str:
    blank = "\n" if line.after_blank else ""
    if line.cells is None:
        return f"{blank}{line.text}\n"
    marks = line.merged or ("",) * len(line.cells)
    cells = ["" if mark == "left" else " ".join(cell.split()) for cell, mark in zip(line.cells, marks, strict=False)]
    return f"{blank}{' | '.join(cells)} |\n"
