"""XML of office files: parsed without entities, network or DTD."""

from __future__ import annotations

from lxml import etree

from duban.errors import Unreadable


def parse(content: bytes) -> etree._Element:
    """The root element; raises `Unreadable` where it is no XML."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(reason="its XML is damaged", remedy="Open it and save it again.") from error
    return root
