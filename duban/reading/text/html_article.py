"""Which part of a web page is its article, and which elements stand around it."""

from __future__ import annotations

import re

from lxml import etree

DROPPED = frozenset(
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
BLOCKS = frozenset(
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


def article_of(root: etree._Element) -> etree._Element:
    """The element that holds the article: a well-known name with at least half of the page's Chinese text."""
    body = next(root.iter("body"), root)
    whole = _ink(body)
    best, best_ink = body, whole
    for node in body.iter():
        if not isinstance(node.tag, str) or (node.tag not in BLOCKS and node.tag != "td"):
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


def is_dropped(node: etree._Element) -> bool:
    """Whether an element is no part of the text: hidden, a script, or furniture of the page."""
    return (
        node.tag in DROPPED
        or _furniture(node)
        or bool(_HIDDEN.search(node.get("style") or ""))
        or node.get("hidden") is not None
    )


def _furniture(node: etree._Element) -> bool:
    name = f"{node.get('id') or ''} {node.get('class') or ''}"
    return bool(_FURNITURE.search(name)) and node.tag not in ("body", "html") and _ink(node) < 1500
