"""HTML pages: the article without its navigation, share buttons and foot; tables as rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lxml import etree
from lxml import html as lxml_html

from duban.errors import Unreadable
from duban.reading.source import Format, Line, Source
from duban.reading.text.decode import decode
from duban.reading.text.docx import in_simplified
from duban.reading.text.docx_numbering import chinese
from duban.reading.text.furniture import without_furniture
from duban.reading.text.grid import Cell, fill
from duban.reading.text.html_article import BLOCKS, DROPPED, article_of, is_dropped
from duban.reading.text.normalise import clean, is_traditional, simplified
from duban.reading.text.wraps import join_wraps

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([a-zA-Z0-9_-]{3,20})", re.IGNORECASE)
_CARD = re.compile(r"索\s?引\s?号|文\s?号|发文字号|发布日期|成文日期|发布机构|发文机关|公开方式|主题分类")
_CARD_LINE = re.compile(
    r"^(?:文\s?号|发文字号|发布机构|发文机关|发文单位|成文日期|发文日期)\s*[:\uff1a]\s*\S[^:\uff1a]{1,40}$"
)
_PRE = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_PUBLISHED = re.compile(r"发布(?:时间|日期)\s*[:：]\s*(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?")
MAX_DEPTH = 400


def read_html(data: bytes) -> Source:
    """A page as lines; `title` is the page's own. Raises `Unreadable` for a wrong encoding."""
    declared = _CHARSET.search(data[:4096])
    text = decode(data, declared.group(1).decode("ascii") if declared else None)
    try:
        parser = lxml_html.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
        root = lxml_html.document_fromstring(_without_declaration(text), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError) as error:
        raise Unreadable(reason="there is no text in it") from error
    article = article_of(root)
    card, text_lines = _card_lines(root, article), _lines_of(article)
    card += _published(root, card + text_lines)
    if card and text_lines:
        text_lines[0] = replace(text_lines[0], after_blank=True)
    printed = card + text_lines
    lines = without_furniture(in_simplified(printed))
    if any(True for _ in root.iter("pre")):
        lines = join_wraps(lines)
    heading = _first_heading(root)
    title = next((clean(_all_text(node)) for node in root.iter("title")), None)
    if is_traditional("\n".join(line.text for line in printed[:400])):
        heading, title = simplified(heading), simplified(title) if title else title
    return Source(Format.HTML, _titled(lines, heading), title)


def _lines_of(node: etree._Element) -> list[Line]:
    page = _Page()
    page.block(node, 0)
    page.flush()
    return page.lines


def _card_lines(root: etree._Element, article: etree._Element) -> list[Line]:
    """What the page's index card says of the document outside the article: 文号, 发布机构, 发布日期."""
    body = next(root.iter("body"), root)
    if article is body:
        return []
    inside = {line.text for line in _lines_of(article)[:20]}
    found = [line for line in _lines_of(body)[:80] if _CARD_LINE.match(line.text) and line.text not in inside]
    return [replace(line, number=1, level=0) for line in found[:12]]


def _published(root: etree._Element, lines: Sequence[Line]) -> list[Line]:
    """When the page was published, as the line of buttons and counters under its title says that is no text."""
    if any(_PUBLISHED.search(line.text) for line in lines[:80]):
        return []
    match = _PUBLISHED.search(" ".join(_all_text(next(root.iter("body"), root)).split()))
    return [Line(match[0], match[0], 1)] if match else []


def _without_declaration(text: str) -> str:
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text.replace("\x00", ""))


def _all_text(node: etree._Element) -> str:
    return "".join(str(text) for text in node.itertext())


def _first_heading(root: etree._Element) -> str:
    for node in root.iter("h1", "h2"):
        if (text := clean(_all_text(node))) and not is_dropped(node) and len(text) > 6:
            return text
    return ""


def _titled(lines: list[Line], heading: str) -> list[Line]:
    """The heading stands outside the article on many sites: put it before it."""
    if not heading or any(line.text == heading for line in lines[:10]):
        return lines
    return [Line(heading, heading, 1, level=1), *lines]


@dataclass(slots=True)
class _Page:
    """Collects lines while the elements go by."""

    lines: list[Line] = field(default_factory=list)
    tables: int = 0
    _kept: int = 0  # how many elements around keep their line breaks: pre, textarea-like
    _text: list[str] = field(default_factory=list)
    _level: int = 0

    def block(self, node: etree._Element, depth: int) -> None:
        """An element's own text and its children, block by block."""
        if depth > MAX_DEPTH:
            return
        if node.tag == "table" and self._is_data(node):
            self.flush()
            self._table(node)
            return
        heading = int(node.tag[1]) if re.fullmatch(r"h[1-6]", str(node.tag)) else 0
        is_block = node.tag in BLOCKS or node.tag in ("td", "th", "table")
        if is_block:
            self.flush()
            self._level = heading or self._level
        keeps = node.tag == "pre" or bool(_PRE.search(node.get("style") or ""))
        self._kept += keeps
        self._own(node.text)
        counter = 0
        for child in node:
            if isinstance(child.tag, str) and not is_dropped(child):
                if child.tag in ("br", "hr"):
                    self.flush()
                elif child.tag == "li" and node.tag == "ol":
                    counter += 1
                    self.flush()
                    self._text.append(_ordinal(node, counter))
                    self._inline(child, depth)
                else:
                    self.block(child, depth + 1)
            self._own(child.tail)
        if is_block:
            self.flush()
            self._level = 0
        self._kept -= keeps

    def _inline(self, item: etree._Element, depth: int) -> None:
        """A list item whose number has just been put: its text goes on behind the number."""
        self._own(item.text)
        for child in item:
            if isinstance(child.tag, str) and not is_dropped(child):
                if child.tag in ("br", "hr"):
                    self.flush()
                elif child.tag == "p" and self._text and len(self._text) == 1:
                    self._own(_all_text(child))
                else:
                    self.block(child, depth + 2)
            self._own(child.tail)
        self.flush()

    def flush(self) -> None:
        """End the present line."""
        printed = "".join(self._text)
        self._text.clear()
        if body := clean(printed):
            self.lines.append(Line(body, printed.strip(), len(self.lines) + 1, level=self._level))

    def _own(self, text: str | None) -> None:
        if text and self._kept:
            for index, part in enumerate(re.split(r"\r\n|\n|\r", text)):
                if index:
                    self.flush()
                self._text.append(part)
        elif text:
            collapsed = re.sub(r"[\r\n\t ]+", " ", text)
            self._text.append(
                re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])", "", collapsed)
            )

    def _is_data(self, table: etree._Element) -> bool:
        """A table of cells, not one that only lays the page out."""
        if any(True for inner in table.iter("table") if inner is not table):
            return False
        widths = [sum(1 for _ in tr.iterchildren("td", "th")) for tr in table.iter("tr")]
        return bool(widths) and max(widths) >= 2

    def _table(self, table: etree._Element) -> None:
        self.tables += 1
        rows = [[_cell(td) for td in tr.iterchildren("td", "th")] for tr in table.iter("tr")]
        for caption in table.iter("caption"):
            self._own(_all_text(caption))
            self.flush()
        filled = list(fill(rows))
        if _is_card([cells for cells, _ in filled]):
            self._card([cells for cells, _ in filled])
            return
        for row, (cells, merged) in enumerate(filled, start=1):
            if any(cells):
                text = " | ".join(dict.fromkeys(cell for cell in cells if cell))
                self.lines.append(
                    Line(
                        text,
                        "\t".join(cells),
                        len(self.lines) + 1,
                        cells=cells,
                        merged=merged,
                        table=self.tables,
                        row=row,
                    )
                )

    def _card(self, rows: Sequence[Sequence[str]]) -> None:
        for cells in rows:
            for label, text in zip(cells[::2], cells[1::2], strict=False):
                name = label.rstrip(":\uff1a ")
                if name and text:
                    self._own(f"{name}:{text}")
                    self.flush()


def _is_card(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table is a document's index card: 索引号、文号、发布日期, each with its value in the next cell."""
    labels = [cell.rstrip(":\uff1a ") for cells in rows for cell in cells[::2]]
    return any(_CARD.fullmatch(label) for label in labels) and all(len(label) <= 12 for label in labels)


def _ordinal(ol: etree._Element, counter: int) -> str:
    start = ol.get("start") or "1"
    value = counter - 1 + (int(start) if re.fullmatch(r"\d{1,4}", start) else 1)
    return f"{chinese(value)}、" if ol.get("type") in ("cjk", "一") else f"{value}."


def _cell(td: etree._Element) -> Cell:
    parts: list[str] = []
    for node in td.iter():
        if node.tag in ("p", "div", "br", "li"):
            parts.append("\n")
        if isinstance(node.tag, str) and node.tag not in DROPPED:
            parts.append(re.sub(r"\s+", " ", node.text or ""))
        if node is not td:
            parts.append(re.sub(r"\s+", " ", node.tail or ""))
    lines = [clean(part) for part in "".join(parts).split("\n")]
    return Cell("\n".join(line for line in lines if line), _span(td.get("colspan")), _span(td.get("rowspan")))


def _span(value: str | None) -> int:
    return max(1, min(int(value), 1000)) if value and re.fullmatch(r"\d{1,4}", value.strip()) else 1
