"""Word's automatic numbers and heading styles: what the page shows but the text does not hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from duban.reading.text.xml_parts import parse

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHINESE = "零一二三四五六七八九十"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_FORMAL = str.maketrans("一二三四五六七八九十百", "壹贰叁肆伍陆柒捌玖拾佰")
#: Forms of figures that are signs of their own, in order.
_SIGNS = {
    "decimalEnclosedCircle": _CIRCLED,
    "decimalEnclosedCircleChinese": _CIRCLED,
    "decimalEnclosedParen": "⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇",
    "decimalEnclosedFullstop": "⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛",
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
}


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
        based: dict[str, str] = {}
        for style in parse(content).iter(f"{W}style"):
            identity = style.get(f"{W}styleId", "")
            based[identity] = _value(style, "basedOn")
            name = style.find(f"{W}name")
            words = (name.get(f"{W}val", "") if name is not None else "").lower()
            if match := re.match(r"(?:heading|标题)\s*(\d)$", words):
                styles.levels[identity] = int(match.group(1))
            if (listed := _list_of(style.find(f"{W}pPr"))) is not None:
                styles.lists[identity] = listed
        for identity in based:
            styles._inherit(identity, based)
        return styles

    def _inherit(self, identity: str, based: dict[str, str]) -> None:
        """A style without a level or list of its own has those of the one it is based on."""
        above, seen = based[identity], {identity}
        while above and above not in seen:
            seen.add(above)
            if identity not in self.levels and above in self.levels:
                self.levels[identity] = self.levels[above]
            if identity not in self.lists and above in self.lists:
                self.lists[identity] = self.lists[above]
            above = based.get(above, "")

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


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list: the form of its figures, its text (%1 is a level's figure), where it starts and restarts.

    `restart` is the level (from 1) whose use lets it begin again; 0: it runs on; None: any level above does.
    """

    form: str = "decimal"
    text: str = ""
    start: int = 1
    restart: int | None = None
    arabic: bool = False  # the levels above are shown in figures, whatever their own form
    style: str = ""  # the paragraph style that stands for this level


@dataclass(slots=True)
class Numbering:
    """Lists and their running counts."""

    levels: dict[str, dict[int, Level]] = field(default_factory=dict)  # num → level
    lists: dict[str, str] = field(default_factory=dict)  # num → the abstract list it counts with
    starts: dict[str, dict[int, int]] = field(default_factory=dict)  # num → level → where its first use begins
    counts: dict[str, dict[int, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, content: bytes) -> Numbering:
        """The numbering part; an absent one numbers nothing."""
        numbering = cls()
        if not content:
            return numbering
        root = parse(content)
        found = {a.get(f"{W}abstractNumId", ""): a for a in root.iter(f"{W}abstractNum")}
        styled = {_value(a, "styleLink"): a for a in found.values() if _value(a, "styleLink")}
        abstract = {name: _levels(styled.get(_value(a, "numStyleLink"), a)) for name, a in found.items()}
        for num in root.iter(f"{W}num"):
            identity, of = num.get(f"{W}numId", ""), _value(num, "abstractNumId")
            levels, starts = dict(abstract.get(of, {})), {}
            for override in num.iter(f"{W}lvlOverride"):
                depth = _whole(override.get(f"{W}ilvl"), 0)
                levels |= _levels(override)
                if start := _value(override, "startOverride"):
                    starts[depth] = _whole(start, 1)
            numbering.levels[identity], numbering.starts[identity] = levels, starts
            numbering.lists[identity] = of
        return numbering

    def prefix(self, paragraph: etree._Element, styles: Styles) -> str:
        """The number that Word shows before a paragraph, counted on; empty if it has none."""
        properties = paragraph.find(f"{W}pPr")
        style = _style(properties)
        own = _list_of(properties)
        listed = own or styles.lists.get(style)
        if listed is None or listed[0] not in self.levels:
            return ""
        num, level = listed
        shapes = self.levels[num]
        if own is None:
            level = next((depth for depth, shape in shapes.items() if style and shape.style == style), level)
        if level not in shapes:
            return ""
        counts = self.counts.setdefault(self.lists[num], {})
        for depth, start in self.starts.pop(num, {}).items():
            counts[depth] = start - 1
        counts[level] = counts.get(level, shapes[level].start - 1) + 1
        for deeper in [depth for depth in counts if depth > level]:
            restart = shapes[deeper].restart if deeper in shapes else None
            if restart is None or 0 < level + 1 <= restart:
                del counts[deeper]
        text = re.sub(r"%(\d)", lambda m: _shown(shapes, counts, int(m.group(1)) - 1, level), shapes[level].text)
        return "" if shapes[level].form == "bullet" else text


def _shown(shapes: dict[int, Level], counts: dict[int, int], level: int, of: int) -> str:
    shape = shapes.get(level, Level())
    return _figure(counts.get(level, shape.start), "decimal" if shapes[of].arabic else shape.form)


def _levels(abstract: etree._Element) -> dict[int, Level]:
    levels = {}
    for lvl in abstract.iter(f"{W}lvl"):
        restart = _value(lvl, "lvlRestart")
        arabic = lvl.find(f"{W}isLgl")
        levels[_whole(lvl.get(f"{W}ilvl"), 0)] = Level(
            _value(lvl, "numFmt") or "decimal",
            _value(lvl, "lvlText"),
            _whole(_value(lvl, "start"), 1),
            _whole(restart, 0) if restart else None,
            arabic is not None and arabic.get(f"{W}val", "1") not in ("0", "false"),
            _value(lvl, "pStyle"),
        )
    return levels


def _value(node: etree._Element, name: str) -> str:
    child = node.find(f"{W}{name}")
    return child.get(f"{W}val", "") if child is not None else ""


def _whole(value: str | None, otherwise: int) -> int:
    return int(value) if value and re.fullmatch(r"\d{1,4}", value) else otherwise


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
    if form in ("chineseLegalSimplified", "ideographLegalTraditional"):
        return chinese(value).translate(_FORMAL)
    if form.startswith(("chinese", "japaneseCounting", "ideographDigital", "taiwanese", "koreanDigital2")):
        return chinese(value)
    if form in _SIGNS:
        return _SIGNS[form][value - 1] if 1 <= value <= len(_SIGNS[form]) else str(value)
    if form in ("upperLetter", "lowerLetter"):
        letter = chr(64 + value) if 1 <= value <= 26 else str(value)
        return letter if form == "upperLetter" else letter.lower()
    if form in ("upperRoman", "lowerRoman"):
        return roman if (roman := _roman(value)) and form == "upperRoman" else roman.lower()
    return {"none": "", "decimalZero": f"{value:02d}"}.get(form, str(value))


def _roman(value: int) -> str:
    text = ""
    for figure, worth in (
        ("C", 100),
        ("XC", 90),
        ("L", 50),
        ("XL", 40),
        ("X", 10),
        ("IX", 9),
        ("V", 5),
        ("IV", 4),
        ("I", 1),
    ):
        text += figure * (value // worth)
        value %= worth
    return text


def chinese(value: int) -> str:
    """A number below a thousand in Chinese numerals; larger ones in figures."""
    if not 0 < value < 1000:
        return str(value)
    if value >= 100:
        hundreds, rest = divmod(value, 100)
        between = "" if rest == 0 else "零" if rest < 10 else "一" if rest < 20 else ""
        return f"{_CHINESE[hundreds]}百{between}{chinese(rest) if rest else ''}"
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_CHINESE[tens]}十"
    return head + (_CHINESE[ones] if ones else "")
