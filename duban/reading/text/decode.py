"""Bytes become characters: UTF-8, UTF-16 and GB18030, with or without a mark, else a clear refusal."""

from __future__ import annotations

import codecs
import re

from duban.errors import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Characters that any page of official Chinese is full of, in simplified and traditional script.
_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国以要时来用们生到作地于出就分对成会可主发年动同工也能下过产种面而方后定行学法所民得经十三"
    "之进着等部度家电力里水化高自二理起现实加量都两体制机当使点从业本去把性好应开它合还因由其些前外天政四日那社义事平形相全表"
    "间样与关各重新线内数正心明看原利比或但质气第向道命变条只没结解问意建月公无系军情者最立代想通并提直题党程展五果料员革位入常"
    "文总次品式活设及管特件长求资边流路级少山统接知较将组见计别角期根论运农指几九区强放决西被做必战先则任据处队南给光门即保治北造"
    "百规热领七海口东导压世金增争济阶油思术极交受联认六共权收证改清己美再采转更单风打白教速花带安场身车例真务具万每目至达走积示议"
    "声报斗完类八离华名确才科张信节话整空元况今集温传土许步群广石记需段研界织装影低持音众书布复容须际商非验连断深难近矿千周委素技"
    "备半办青省列习响约支般史感劳便团往历市何除消构府称太准精值号率族维划选标写存候亲快效斯院查型按格养易置派层片始却专状育厂京识"
    "适属圆包住调满县局照参红细引听该铁价严責領導為對發務實區導門時國員會業進強過學體關與單點個開設題產標執規統網數據環監現"
)
_REMEDY = "Save it as UTF-8 text (or GB18030) and give it again."


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of a file; `declared` is the encoding that the file itself names. Raises `Unreadable`."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _checked(_decoded(data, encoding))
            if encoding != "utf-8-sig" and _mostly_odd(text):
                raise Unreadable(reason=f"it is marked as {encoding} but is not", remedy=_REMEDY)
            return text
    for encoding in ("utf-16-le", "utf-16-be") if _looks_utf16(data) else ():
        found = _try(data, encoding)
        if found is not None and not _binary(found) and _reads_well(found):
            return found
    found = _try(data, "utf-8")
    if found is None and declared:
        found = _try(data, declared)
    if found is None:
        found = _cut_utf8(data)
    return _checked(found) if found is not None else _legacy(data)


def _legacy(data: bytes) -> str:
    """Text in an encoding of before Unicode: the one in which it reads as Chinese."""
    for encoding in ("gb18030", "big5", "utf-16-le", "utf-16-be"):
        text = _try(data, encoding)
        if text is not None and not _binary(text) and _reads_well(text):
            return text
    sample = data[:4096]
    if sum(byte < 9 or 13 < byte < 32 for byte in sample) > 0.02 * len(sample):
        raise Unreadable(reason="it is a binary file, not a document", remedy=_binary_remedy())
    raise Unreadable(reason="its characters are in no encoding that makes Chinese text of them", remedy=_REMEDY)


def _cut_utf8(data: bytes) -> str | None:
    """UTF-8 that was cut within its last character, or has a few damaged bytes in much good text."""
    text = data.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    chinese = sum("\u3400" <= ch <= "\u9fff" for ch in text)
    return text if chinese > 50 * damaged and _reads_well(text) else None


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding, errors="strict")
    except UnicodeError:
        text = data.decode(encoding, errors="replace")
        if text.count("\ufffd") > 0.01 * len(text):
            raise Unreadable(reason=f"it is marked as {encoding} but is not", remedy=_REMEDY) from None
        return text


def _try(data: bytes, encoding: str) -> str | None:
    try:
        if codecs.lookup(encoding).name in ("gb2312", "gbk"):
            encoding = "gb18030"
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _checked(text: str) -> str:
    if _binary(text):
        raise Unreadable(reason="it is a binary file, not a document", remedy=_binary_remedy())
    return text


def _binary_remedy() -> str:
    return "Give a published plan as text, Markdown, HTML, .docx, .xlsx or text PDF."


def _binary(text: str) -> bool:
    """Control characters have no place in a document; a form feed is a page break."""
    sample = text[:100_000]
    bad = len(re.findall(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]", sample))
    return bad > 0.001 * len(sample) + 1


def _looks_utf16(data: bytes) -> bool:
    sample = data[:4096]
    return len(sample) >= 2 and (sample[::2].count(0) > len(sample) // 40 or sample[1::2].count(0) > len(sample) // 40)


def _mostly_odd(text: str) -> bool:
    return sum("\u3400" <= ch <= "\u9fff" for ch in text[:2_000]) > 100 and not _reads_well(text)


def _reads_well(text: str) -> bool:
    """Whether the Chinese characters are those of everyday prose: bytes read in a wrong encoding give rare ones."""
    chinese = [ch for ch in text[:20_000] if "\u3400" <= ch <= "\u9fff" or ch >= "\U00020000"]
    if not chinese:
        return False
    return sum(ch in _COMMON for ch in chinese) > 0.35 * len(chinese)
