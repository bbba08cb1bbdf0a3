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
from duban.reading.text.normalise import clean, is_traditional, simplified

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([a-zA-Z0-9_-]{3,20})", re.IGNORECASE)
_DROPPED = frozenset(
    [
        "script",
        "style",
        "nav",
        "header",
        "footer",
        "aside",
        "form",
        "button",
        "select",
        "option",
        "noscript",
        "iframe",
        "object",
        "embed",
        "svg",
        "canvas",
        "template",
        "input",
        "textarea",
        "video",
        "audio",
        "head",
        "link",
        "meta",
    ]
)
_FURNITURE = re.compile(
    r"(?:^|[-_\s])(?:nav|navbar|navigation|menu|breadcrumbs?|crumbs?|share|shares|bdshare|social|footer|foot|header|copyright|sidebar|"
    r"toolbar|tools?|print|related|relate|recommend|hot|search|login|pager|pagination|comment|qrcode|ewm|friendlink|links|topbar|"
    r"location|position|dqwz|currentpath|ad|ads|banner|fontsize|language|accessibility|prevnext|xgxx|glossary)(?:$|[-_\s\d])",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"trs_editor|trs_ueditor|view_content|ucap[-_]?content|article[-_]?(?:content|body|con|text|detail)?$|^(?:content|con|detail|zoom|zoomcon|main|text|txt|news)|"
    r"pages_content|news[-_]?(?:content|con|text|detail)|detail[-_]?(?:content|con|text)|content[-_]?(?:text|main|body|detail|con)|xxgk|post[-_]?(?:content|body)|entry[-_]?content|richtext",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "li",
        "dd",
        "dt",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "pre",
        "center",
        "fieldset",
        "figure",
        "figcaption",
        "ul",
        "ol",
        "dl",
        "tr",
        "address",
        "body",
        "html",
        "details",
        "summary",
    ]
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CARD = re.compile(r"索\s?引\s?号|文\s?号|发文字号|发布日期|成文日期|发布机构|发文机关|公开方式|主题分类")
_CARD_LINE = re.compile(
    r"^(?:文\s?号|发文字号|发布机构|发文机关|发文单位|成文日期|发文日期)\s*[:\uff1a]\s*\S[^:\uff1a]{1,40}$"
)
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
    article = _article(root)
    card, text_lines = _card_lines(root, article), _lines_of(article)
    if card and text_lines:
        text_lines[0] = replace(text_lines[0], after_blank=True)
    printed = card + text_lines
    lines = without_furniture(in_simplified(printed))
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


def _without_declaration(text: str) -> str:
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text.replace("\x00", ""))


def _all_text(node: etree._Element) -> str:
    return "".join(str(text) for text in node.itertext())


def _first_heading(root: etree._Element) -> str:
    for node in root.iter("h1", "h2"):
        if (text := clean(_all_text(node))) and not _dropped(node) and len(text) > 6:
            return text
    return ""


def _titled(lines: list[Line], heading: str) -> list[Line]:
    """The heading stands outside the article on many sites: put it before it."""
    if not heading or any(line.text == heading for line in lines[:10]):
        return lines
    return [Line(heading, heading, 1, level=1), *lines]


def _article(root: etree._Element) -> etree._Element:
    """The element that holds the article: a well-known name with at least half of the page's Chinese text."""
    body = next(root.iter("body"), root)
    whole = _ink(body)
    best, best_ink = body, whole
    for node in body.iter():
        if not isinstance(node.tag, str) or (node.tag not in _BLOCKS and node.tag != "td"):
            continue
        name = f"{node.get('id') or ''} {node.get('class') or ''}"
        if any(_ARTICLE.search(word) for word in name.split()) and not _furniture(node):
            ink = _ink(node)
            if ink >= 0.5 * whole and ink <= best_ink:
                best, best_ink = node, ink
    return _with_peers(best, best_ink)


def _with_peers(article: etree._Element, ink: int) -> etree._Element:
    """The element that holds the article, or what holds it together with others of its kind and size."""
    above = article.getparent()
    kind = (article.tag, article.get("class"))
    if above is None or article.tag == "body":
        return article
    peers = [node for node in above if node is not article and (node.tag, node.get("class")) == kind]
    return above if any(_ink(node) >= 0.3 * ink for node in peers) else article


def _ink(node: etree._Element) -> int:
    return sum(len(text) for text in node.itertext() if text and not text.isspace())


def _dropped(node: etree._Element) -> bool:
    return (
        node.tag in _DROPPED
        or _furniture(node)
        or bool(_HIDDEN.search(node.get("style") or ""))
        or node.get("hidden") is not None
    )


def _furniture(node: etree._Element) -> bool:
    name = f"{node.get('id') or ''} {node.get('class') or ''}"
    return bool(_FURNITURE.search(name)) and node.tag not in ("body", "html") and _ink(node) < 1500


@dataclass(slots=True)
class _Page:
    """Collects lines while the elements go by."""

    lines: list[Line] = field(default_factory=list)
    tables: int = 0
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
        is_block = node.tag in _BLOCKS or node.tag in ("td", "th", "table")
        if is_block:
            self.flush()
            self._level = heading or self._level
        self._own(node.text)
        counter = 0
        for child in node:
            if isinstance(child.tag, str) and not _dropped(child):
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

    def _inline(self, item: etree._Element, depth: int) -> None:
        """A list item whose number has just been put: its text goes on behind the number."""
        self._own(item.text)
        for child in item:
            if isinstance(child.tag, str) and not _dropped(child):
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
        if text:
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
        if isinstance(node.tag, str) and node.tag not in _DROPPED:
            parts.append(re.sub(r"\s+", " ", node.text or ""))
        if node is not td:
            parts.append(re.sub(r"\s+", " ", node.tail or ""))
    lines = [clean(part) for part in "".join(parts).split("\n")]
    return Cell("\n".join(line for line in lines if line), _span(td.get("colspan")), _span(td.get("rowspan")))


def _span(value: str | None) -> int:
    return max(1, min(int(value), 1000)) if value and re.fullmatch(r"\d{1,4}", value.strip()) else 1
