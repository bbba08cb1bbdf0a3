"""Numbering: 一、 (一) 1. (1) ① 第一条 一是, half-width, full-width and mixed."""

from __future__ import annotations

import re
from dataclasses import dataclass

CHINESE_DIGITS = {
    "零": 0,
    "〇": 0,
    "O": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_CN = r"[一二三四五六七八九十百零〇两]{1,6}"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳㉑㉒㉓㉔㉕㉖㉗㉘㉙㉚㉛㉜㉝㉞㉟㊱㊲㊳㊴㊵㊶㊷㊸㊹㊺㊻㊼㊽㊾㊿"

#: Marks that only hold the entries of a list apart.
BULLETS = "◆◇■●▲△★☆※·•○□➢►▶➤∙▪▸▫◎✓✔☑☞→>—–―- "

#: Numbers printed as one character with their marks, as they are spelled out: ⑴ is (1), ⒈ is 1. and ㈠ is (一).
_SPELLED = {
    **{chr(0x2474 + n): f"({n + 1})" for n in range(20)},
    **{chr(0x2488 + n): f"{n + 1}." for n in range(20)},
    **{chr(0x3220 + n): f"({ch})" for n, ch in enumerate("一二三四五六七八九十")},
    **{chr(0x2776 + n): chr(0x2460 + n) for n in range(10)},
}

#: Style name and pattern; the first that matches at the start of a line counts.
_STYLES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("第一章", re.compile(rf"第\s*(?P<n>{_CN}|\d{{1,4}})\s*(?:章|部分|篇)[\s:：、.．,，]*")),
    ("第一节", re.compile(rf"第\s*(?P<n>{_CN}|\d{{1,4}})\s*节(?!能|约|假|日|水|点|目)[\s:：、.．,，]*")),
    ("第一条", re.compile(rf"第\s*(?P<n>{_CN}|\d{{1,4}})\s*(?:条|项|款)(?!的)[\s:：、.．,，]*")),
    ("(一)", re.compile(rf"[(（〔\[【]\s*(?P<n>{_CN})\s*[)）〕\]】]\s*[、.．,，]?\s*")),
    ("(1)", re.compile(r"[(（〔\[【]\s*(?P<n>\d{1,5})\s*[)）〕\]】]\s*[、.．,，]?\s*")),
    ("一)", re.compile(rf"(?P<n>{_CN})\s*[)）]\s*[、.．,，]?\s*")),
    ("一、", re.compile(rf"(?P<n>{_CN})\s*(?:、|[.．,，:：](?!\d))\s*")),
    ("一是", re.compile(rf"(?P<n>{_CN})(?:是|要)(?!否)[:：,，]?\s*")),
    ("第一,", re.compile(rf"第(?P<n>{_CN})[,，、:：]\s*")),
    ("1.1", re.compile(r"(?P<n>\d{1,3}(?:\.\d{1,3}){1,3})(?![\d%年月日.万亿元个项倍米公吨平])[、.．]?\s*(?=\D)")),
    ("1)", re.compile(r"(?P<n>\d{1,5})\s*[)）]\s*[、.．,，]?\s*")),
    ("1.", re.compile(r"(?P<n>(?!(?:19|20)\d\d(?:\s*年|[./．-]\d))\d{1,5})\s*(?:、|[.．,，](?!\d)|[:：](?!\d))\s*")),
    ("1.", re.compile(r"(?P<n>\d{1,3})[.．](?=\d{1,2}月|(?:19|20)\d\d年)")),  # 2.9月底前…, 3.2025年…
    ("1.", re.compile(r"(?P<n>\d{1,3})\s+(?=[\u4e00-\u9fff《“\"])")),
    ("A1", re.compile(r"(?P<n>[A-Z]-?\d{1,3})(?:\s*[、.．:：]\s*|\s+)(?=[\u4e00-\u9fff《“\"])")),
    ("①", re.compile(rf"(?P<n>[{_CIRCLED}])\s*[、.．]?\s*")),
)

#: The styles that a line may have by its first character: most lines have none.
_OPENINGS = (
    ("第", "第"),
    ("(（〔[【", "("),
    ("一二三四五六七八九十百零〇两", "一"),
    ("0123456789", "1"),
    ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "A"),
    (_CIRCLED, "①"),
)
_BY_FIRST = {
    first: tuple((style, pattern) for style, pattern in _STYLES if style[0] == kind)
    for characters, kind in _OPENINGS
    for first in characters
}


@dataclass(frozen=True, slots=True)
class Numbered:
    """The number at the start of a line: its style, as printed without brackets, its value, and the text after it."""

    style: str
    number: str
    value: int
    rest: str


def numbered(text: str) -> Numbered | None:
    """The number with which a line starts, or None."""
    if not text:
        return None
    if text[0] in _SPELLED:
        text = _SPELLED[text[0]] + text[1:].lstrip(" .、")
    for style, pattern in _BY_FIRST.get(text[0], ()):
        if match := pattern.match(text):
            printed = match.group("n")
            value = value_of(printed)
            if value is None:
                continue
            return Numbered(style, str(value) if style == "①" else printed, value, text[match.end() :].strip())
    return None


def value_of(printed: str) -> int | None:
    """The value of a printed number: figures, Chinese numerals up to thousands, circled ones; 1.2 and A2 count as 2."""
    printed = printed.strip()
    if re.fullmatch(r"[A-Z]-?\d{1,3}", printed):
        return int(printed.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ-"))
    if printed in _CIRCLED and printed:
        return _CIRCLED.index(printed) + 1
    if re.fullmatch(r"\d+(?:\.\d+)*", printed):
        return int(printed.rpartition(".")[2])
    return chinese_value(printed)


def chinese_value(text: str) -> int | None:
    """The value of a Chinese numeral such as 二十三 or 二〇二四, or None."""
    if not text or any(ch not in CHINESE_DIGITS and ch not in _UNITS for ch in text):
        return None
    if not any(ch in _UNITS for ch in text):
        return int("".join(str(CHINESE_DIGITS[ch]) for ch in text))
    total, digit = 0, None
    for ch in text:
        if ch in CHINESE_DIGITS:
            digit = CHINESE_DIGITS[ch]
        else:
            total += (1 if digit is None or digit == 0 else digit) * _UNITS[ch]
            digit = None
    return total + (digit or 0)
