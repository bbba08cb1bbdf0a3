"""Characters: full-width figures and spaces, emphasis marks, traditional characters and pinyin residue.

Only characters that carry no meaning of their own are changed; Chinese punctuation stays as the document has it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Protocol

_FULL_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_FULL_WIDTH |= {0xFF3B: "[", 0xFF3D: "]", 0xFF05: "%", 0xFF0B: "+", 0xFF0F: "/", 0xFF0E: "."}
_SPACES = dict.fromkeys([0x00A0, 0x3000, 0x2002, 0x2003, 0x2009, 0x202F, 0x1680, 0x0009], " ")
_NOTHING = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD, 0x000C, 0x0000, 0x200E, 0x200F, 0xFFFC])
#: Characters of the radicals' blocks (Unicode: EquivalentUnifiedIdeograph) and of the compatibility blocks look like
#: the ordinary ones, and browsers and WPS write them into PDF: ⽔务局 is 水务局.
_RADICALS = (
    "⺁厂⺄乙⺅亻⺆冂⺈刀⺉刂⺋卩⺌小⺍小⺎兀⺏尣⺐尢⺒巳⺓幺⺔彑⺕彐⺖忄⺗心⺘扌⺙攵⺛旡⺝月⺟母⺠民⺡氵⺢水⺣灬⺤爫⺥爪⺦丬⺨犭⺫目⺬示⺭礻⺮竹⺯糸"
    "⺰纟⺱罓⺲罒⺳网⺵网⺶羊⺷羊⺸羊⺹老⺻聿⺼肉⺽臼⺾艹⺿艹⻀艹⻁虎⻂衤⻃西⻄西⻅见⻆角⻈讠⻉贝⻋车⻌辶⻍辶⻎辶⻏阝⻐钅⻑长⻒长⻓长⻔门⻕阜⻖阝⻘青"
    "⻙韦⻚页⻛风⻜飞⻝食⻟食⻠饣⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫齐⻬齐⻭齿⻮齿⻯龙⻰龙⻱龟⻲龟⻳龟"
)
_COMPATIBLE = {ord(odd): plain for odd, plain in zip(_RADICALS[::2], _RADICALS[1::2], strict=True)} | {
    code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0x2F00, 0x2FD6), *range(0xF900, 0xFB00))
}
_TABLE: dict[int, int | str | None] = {**_FULL_WIDTH, **_SPACES, **_NOTHING, **_COMPATIBLE}

_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿ"
_PINYIN = re.compile(
    rf"(?<=[\u3400-\u9fff])[(（](?=[a-z{_TONED}]{{1,6}}[)）])"
    rf"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?[aeiouv{_TONED}]{{1,3}}(?:ng|n|r)?[)）]"
)
_CJK = r"\u3400-\u9fff\u3000-\u303f\uff00-\uffef“”‘’"
_SPACE_IN_CJK = re.compile(rf"(?<=[{_CJK}]) +(?=[{_CJK}])")
_MANY_SPACES = re.compile(r" {2,}")

#: Characters of everyday official prose that exist in traditional script only: their share tells the script.
_TRADITIONAL = frozenset(
    "為關強見發現實設務業產學習導應對與並將區國際體製標準規劃進會議員書記點線員責長時節構機車門開間難題營業處個從後來過這說題頭條護衛團隊標總結級組織網絡給統經濟緊綜維證訓計討論護讓變歷"
)


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


def clean(text: str) -> str:
    """One line with full-width figures and letters made ASCII, odd spaces made plain and marks without ink removed."""
    return _MANY_SPACES.sub(" ", text.translate(_TABLE)).strip()


def without_residue(text: str) -> str:
    """The text without pinyin that an encoding fault left behind a character, such as 發(fā)."""
    return _PINYIN.sub("", text)


def is_traditional(text: str) -> bool:
    """Whether the document is in traditional characters: more than 2 % of its ink."""
    sample = text[:20_000]
    return len(sample) > 0 and sum(ch in _TRADITIONAL for ch in sample) > 0.02 * len(sample)


def simplified(text: str) -> str:
    """The text in simplified characters."""
    return _converter().convert(text)


@cache
def _converter() -> _Converter:
    import opencc

    converter: _Converter = opencc.OpenCC("t2s")
    return converter
