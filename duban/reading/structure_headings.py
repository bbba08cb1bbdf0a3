"""Headings: the path of enclosing parts under which an item stands."""

from __future__ import annotations

from duban.reading.source import Line
from duban.reading.structure_numbering import Numbered

_LONGEST = 60


class Headings:
    """The open headings at a place: by markup level, else by numbering styles in the order in which they nest."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int, int, str]] = []  # style, markup level, value, text

    @property
    def path(self) -> list[str]:
        """Texts of the open headings, outermost first."""
        return [text for *_, text in self._open]

    def follows(self, mark: Numbered) -> bool:
        """Whether the number is the next one of an open heading's style."""
        return any(style == mark.style and value + 1 == mark.value for style, _, value, _ in self._open)

    def open(self, line: Line, mark: Numbered | None) -> None:
        """Open a heading. One that repeats an open heading is a running head and changes nothing."""
        text = heading_text(line.text)
        if text in self.path:
            return
        style = mark.style if mark else f"#{line.level}"
        depth = self._depth(style, line.level)
        del self._open[depth:]
        self._open.append((style, line.level, mark.value if mark else 0, text))

    def _depth(self, style: str, level: int) -> int:
        for depth, (open_style, open_level, _, _) in enumerate(self._open):
            if level and open_level:
                if open_level >= level and (open_style == style or open_level > level or not style.startswith("#")):
                    return depth
            elif open_style == style:
                return depth
        return len(self._open)


def heading_text(text: str) -> str:
    """A heading without the paragraph that runs on behind it."""
    if len(text) <= _LONGEST:
        return text
    stop = text.find("。")
    return text[:stop] if 0 < stop <= 2 * _LONGEST else text[: 2 * _LONGEST]
