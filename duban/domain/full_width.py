"""Chinese text with the marks of Chinese text: what an office prints has no half-width comma and no corner bracket.

Documents are read with the marks that they happen to have; 公文 follow GB/T 15834-2011 (标点符号用法).
"""

from __future__ import annotations

import re

_HAN = "\u3400-\u9fff\u3000-\u303f\uff00-\uffef〔〕“”‘’《》—…·"
_MARKS = str.maketrans({",": "，", ";": "；", ":": "：", "?": "？", "!": "！"})
_BESIDE = re.compile(rf"(?<=[{_HAN}])\s*[,;:?!](?!\d\d(?!\d))\s*|\s*[,;:?!]\s*(?=[{_HAN}])")
_STOP = re.compile(rf"(?<=[\u3400-\u9fff）”》])\.(?=$|\s|[{_HAN}])")
_ROUND = re.compile(r"\(([^()]*)\)")
_YEAR = re.compile(r"[\[［【(（](\d{4})[\]］】)）](?=第?\d+号)")
_PAIRS = re.compile(r'"([^"]*)"')
_CORNERS = str.maketrans({"「": "“", "」": "”", "『": "‘", "』": "’", "｢": "“", "｣": "”"})
_HAS_HAN = re.compile(r"[\u3400-\u9fff]")


def full_width(text: str) -> str:
    """The text with full-width marks wherever they stand beside Chinese; figures, addresses and Latin words stay.

    （ ） where a Chinese word is within or before, “” for straight and corner quotes, 〔2026〕 in a 文号.
    """
    if not _HAS_HAN.search(text):
        return text
    text = _YEAR.sub(r"〔\1〕", text).translate(_CORNERS)
    text = _PAIRS.sub(lambda m: f"“{m[1]}”" if _HAS_HAN.search(m[1]) else m[0], text)
    text = _ROUND.sub(lambda m: f"（{m[1]}）" if _is_chinese(m) else m[0], text)
    text = _BESIDE.sub(lambda m: m[0].strip().translate(_MARKS), text)
    return _STOP.sub("。", text)


def _is_chinese(bracket: re.Match[str]) -> bool:
    return bool(_HAS_HAN.search(bracket[1]) or _HAS_HAN.match(bracket.string[max(bracket.start() - 1, 0) :]))
