"""Word's automatic numbers and heading styles: what the page shows but the text does not hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from duban.reading.text.xml_parts import parse

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHINESE = "零一二三四五六七八九十"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


@dataclass(slots=True)
class Styles:
    """Paragraph styles: heading level and list of each, by style id."""

    levels: dict[str, int] = field(default_factory=dict)
    lists: dict[str, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, content: bytes) -> Styles:
        """The styles part; an absent one gives none."""
        styles = cls()
        if not content:
            return styles
        for style in parse(content).iter(f"{W}style"):
            identity = style.get(f"{W}styleId", "")
            name = style.find(f"{W}name")
            words = (name.get(f"{W}val", "") if name is not None else "").lower()
            if match := re.match(r"(?:heading|标题)\s*(\d)$", words):
                styles.levels[identity] = int(match.group(1))
            if (listed := _list_of(style.find(f"{W}pPr"))) is not None:
                styles.lists[identity] = listed
        return styles

    def level(self, paragraph: etree._Element) -> int:
        """The heading level of a paragraph, 0 for running text."""
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return 0
        outline = properties.find(f"{W}outlineLvl")
        if outline is not None and (outline.get(f"{W}val") or "").isdigit():
            level = int(outline.get(f"{W}val", "9")) + 1
            return level if level <= 6 else 0
        return min(self.levels.get(_style(properties), 0), 6)


@dataclass(slots=True)
class Numbering:
    """Lists and their running counts."""

    levels: dict[str, dict[int, tuple[str, str, int]]] = field(
        default_factory=dict
    )  # num → level → format, text, start
    lists: dict[str, str] = field(default_factory=dict)  # num → the abstract list it counts with
    counts: dict[str, dict[int, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, content: bytes) -> Numbering:
        """The numbering part; an absent one numbers nothing."""
        numbering = cls()
        if not content:
            return numbering
        root = parse(content)
        abstract = {a.get(f"{W}abstractNumId", ""): _levels(a) for a in root.iter(f"{W}abstractNum")}
        for num in root.iter(f"{W}num"):
            target = num.find(f"{W}abstractNumId")
            identity, of = num.get(f"{W}numId", ""), target.get(f"{W}val", "") if target is not None else ""
            numbering.levels[identity] = abstract.get(of, {})
            restarts = num.find(f"{W}lvlOverride") is not None
            numbering.lists[identity] = identity if restarts else f"abstract {of}"
        return numbering

    def prefix(self, paragraph: etree._Element, styles: Styles) -> str:
        """The number that Word shows before a paragraph, counted on; empty if it has none."""
        properties = paragraph.find(f"{W}pPr")
        listed = _list_of(properties) or styles.lists.get(_style(properties))
        if listed is None or listed[0] not in self.levels:
            return ""
        num, level = listed
        shapes = self.levels[num]
        if level not in shapes:
            return ""
        counts = self.counts.setdefault(self.lists[num], {})
        counts[level] = counts.get(level, shapes[level][2] - 1) + 1
        for deeper in [depth for depth in counts if depth > level]:
            del counts[deeper]
        text = re.sub(r"%(\d)", lambda m: self._shown(shapes, counts, int(m.group(1)) - 1), shapes[level][1])
        return "" if shapes[level][0] == "bullet" else text

    def _shown(self, shapes: dict[int, tuple[str, str, int]], counts: dict[int, int], level: int) -> str:
        form, _, start = shapes.get(level, ("decimal", "", 1))
        return _figure(counts.get(level, start), form)


def _levels(abstract: etree._Element) -> dict[int, tuple[str, str, int]]:
    levels = {}
    for lvl in abstract.iter(f"{W}lvl"):
        values = {
            child.tag: child.get(f"{W}val", "")
            for child in lvl
            if child.tag in (f"{W}numFmt", f"{W}lvlText", f"{W}start")
        }
        start = values.get(f"{W}start", "1")
        levels[int(lvl.get(f"{W}ilvl", "0") or 0)] = (
            values.get(f"{W}numFmt", "decimal"),
            values.get(f"{W}lvlText", ""),
            int(start) if re.fullmatch(r"\d{1,4}", start) else 1,
        )
    return levels


def _list_of(properties: etree._Element | None) -> tuple[str, int] | None:
    numbered = properties.find(f"{W}numPr") if properties is not None else None
    if numbered is None:
        return None
    num, level = numbered.find(f"{W}numId"), numbered.find(f"{W}ilvl")
    depth = level.get(f"{W}val", "0") if level is not None else "0"
    return (num.get(f"{W}val", ""), int(depth) if depth.isdigit() else 0) if num is not None else None


def _style(properties: etree._Element | None) -> str:
    style = properties.find(f"{W}pStyle") if properties is not None else None
    return style.get(f"{W}val", "") if style is not None else ""


def _figure(value: int, form: str) -> str:
    if form.startswith(("chinese", "japaneseCounting", "ideographDigital", "taiwanese")):
        return chinese(value)
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese") and 1 <= value <= len(_CIRCLED):
        return _CIRCLED[value - 1]
    if form == "upperLetter":
        return chr(64 + value) if value <= 26 else str(value)
    if form == "lowerLetter":
        return chr(96 + value) if value <= 26 else str(value)
    return str(value)


def chinese(value: int) -> str:
    """A number below a hundred in Chinese numerals; larger ones in figures."""
    if not 0 < value < 100:
        return str(value)
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_CHINESE[tens]}十"
    return head + (_CHINESE[ones] if ones else "")
