"""The text of one paragraph of a Word document as its page shows it, and the text boxes that hang on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
#: What was deleted or moved away, what a field is computed from, the reading aids above characters, and what a
#: program that knows no text boxes would show in their place.
SKIPPED = frozenset({f"{W}del", f"{W}moveFrom", f"{W}instrText", f"{W}rt", _FALLBACK})
_OFF = ("0", "false", "none")


@dataclass(slots=True)
class Content:
    """What a paragraph holds: its text, where pages begin in it, and its boxes."""

    text: str = ""
    hidden: str = ""
    before: int = 0  # pages that begin before its first character
    pages: int = 0  # pages that begin in it, those before its first character included
    boxes: list[etree._Element] = field(default_factory=list)


def content_of(paragraph: etree._Element) -> Content:
    """The visible text of a paragraph, line breaks as such."""
    content = Content()
    parts: list[str] = []
    hidden: list[str] = []
    stack = list(reversed(paragraph))
    while stack:
        node = stack.pop()
        if node.tag in SKIPPED or not isinstance(node.tag, str):
            continue
        if node.tag == f"{W}r" and _is_hidden(node):
            hidden += [text.text or "" for text in node.iter(f"{W}t")]
        elif node.tag == f"{W}txbxContent":
            content.boxes.append(node)
        elif node.tag == f"{W}lastRenderedPageBreak":
            content.pages += 1
            content.before += not any(part.strip() for part in parts)
        elif (shown := _shown(node)) is not None:
            parts.append(shown)
        else:
            stack.extend(reversed(node))
    content.text, content.hidden = "".join(parts), "".join(hidden)
    return content


def _shown(node: etree._Element) -> str | None:
    """What an element without parts of its own shows; None for any other."""
    if node.tag in (f"{W}t", _MATH_TEXT):
        return node.text or ""
    if node.tag in (f"{W}tab", f"{W}ptab"):
        return " "
    if node.tag in (f"{W}br", f"{W}cr"):
        return "\n"
    return "-" if node.tag == f"{W}noBreakHyphen" else None


def mark_is_deleted(paragraph: etree._Element) -> bool:
    """Whether the end of a paragraph is deleted, so that the next one goes on with it."""
    return paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None


def row_is_deleted(row: etree._Element) -> bool:
    """Whether a table's row is deleted, though not yet for good."""
    return row.find(f"{W}trPr/{W}del") is not None


def paragraphs_of(cell: etree._Element) -> Iterator[etree._Element]:
    """A cell's paragraphs in order, those of its text boxes after the one they hang on, each once."""
    stack = list(reversed(cell))
    while stack:
        node = stack.pop()
        if node.tag in SKIPPED or not isinstance(node.tag, str):
            continue
        if node.tag == f"{W}p":
            yield node
            stack.extend(reversed(content_of(node).boxes))
        else:
            stack.extend(reversed(node))


def _is_hidden(run: etree._Element) -> bool:
    vanish = run.find(f"{W}rPr/{W}vanish")
    return vanish is not None and vanish.get(f"{W}val", "1") not in _OFF
