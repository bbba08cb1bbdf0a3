"""Page furniture: page numbers, running heads and feet, buttons for sharing and printing."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from duban.reading.source import Line

_PAGE_NUMBER = re.compile(
    r"^(?:[-—–─－·\s]*\d{1,4}[-—–─－·\s]*|第\s*\d{1,4}\s*页(?:\s*[,，/]?\s*[(（]?共\s*\d{1,4}\s*页[)）]?)?|\d{1,4}\s*/\s*\d{1,4}"
    r"|page\s*\d{1,4}(?:\s*of\s*\d{1,4})?)$",
    re.IGNORECASE,
)
_DASHED_NUMBER = re.compile(r"^[-—–─－]+\s*\d{1,4}\s*[-—–─－]+$")
_BUTTONS = re.compile(
    r"^[\s【】\[\]|｜>»·]*(?:打印(?:本页)?|关闭(?:窗口|本页)?|分享(?:到)?|收藏|复制链接|扫一扫.*|返回(?:顶部|首页|列表)?|上一[篇页条].*|下一[篇页条].*"
    r"|字[体号][:：]?.{0,12}|微信|微博|QQ空间|首页|无障碍|繁體|网站地图|联系我们|相关(?:阅读|链接|文章).{0,10}|责任编辑[:：].{0,20}"
    r"|(?:浏览|阅读|点击)(?:量|次数|数)?[:：]?\s*\d*次?|字号[:：]?大?中?小?|我要纠错|版权所有.*|.{0,12}ICP备.*|沪公网安备.*|主办单位[:：].{0,30}承办单位[:：].{0,30}ICP.*)"
    r"[\s【】\[\]|｜>»·]*$"
)
#: Who filled in the table, who checked and signed it, and whom to call: what stands under a ledger.
_SIGN_OFF = re.compile(
    r"^\s*(?:(?:填表|填报|制表|审核|审批|复核|经办|联系)人?|(?:填[表报]|制表|报送|上报)(?:日期|时间)|联系(?:人(?:及)?)?(?:电话|方式)|电话"
    r"|(?:主要|分管|单位|部门)*(?:负责人|领导)?(?:\([^()]{1,6}\)|（[^（）]{1,6}）)?(?:签字|签名|签章|盖章|审签)|单位\s*[（(](?:盖章|公章)[)）]"
    r"|(?:主要|分管|单位)*(?:负责人|领导)\s*[（(](?:签字|签名|签章|盖章)[)）])(?:\s*[（(][^（）()]{1,6}[)）])?\s*[:\uff1a]\s*"
)
_SIGNED_VALUE = re.compile(r"^[\u4e00-\u9fffA-Za-z\d\s.\-—/年月日]{0,20}$")
#: A short line that stands this often between pages, and is neither a label nor numbered, is a running head.
_REPEATS = 3


def without_furniture(lines: list[Line]) -> list[Line]:
    """The lines that belong to the document; of a running head the first, which is the title, stays."""
    heads = _running_heads(lines)
    kept: list[Line] = []
    seen: set[str] = set()
    for index, line in enumerate(lines):
        head = line.text in heads
        if (
            line.cells is not None
            or line.level
            or not (head or _is_furniture(line))
            or (head and index < _TOP and line.text not in seen)
        ):
            kept.append(line)
        seen.add(line.text)
    return kept


#: What stands below the text on a web page: who runs the site, when it was changed, what comes next.
_OF_SITE = re.compile(
    r"^[*【\[]*(?:主办|承办|协办|网站标识码|备案|ICP|责任编辑|编辑|审核|校对|更新(?:时间|日期)|发布(?:时间|日期)|地址|邮编|邮政编码"
    r"|(?:联系|咨询)?电话|传真|上一[篇条页]|下一[篇条页]|(?:附件|原文|文件)下载|相关(?:链接|阅读|文件)|版权|技术支持|浏览|分享|打印|关闭"
    r"|\[?[^\[\]]{2,80}\.(?:pdf|docx?|wps|xlsx?|ofd|zip)\b)",
    re.IGNORECASE,
)
#: Of these at least one tells a page's foot from the last lines of an item, whose 主办单位 may stand there too.
_OF_SITE_ONLY = re.compile(
    r"网站标识码|ICP|责任编辑|更新(?:时间|日期)|上一[篇条页]|下一[篇条页]|(?:附件|原文|文件)下载|版权|主办.{2,40}承办",
    re.IGNORECASE,
)
_SIGNED_ON = re.compile(r"^(?:19|20)\d\d年\d{1,2}月\d{1,2}日$")
_STAMP = re.compile(r"^[*\s]*更新(?:时间|日期)[*\s]*[:\uff1a]")


def without_site_foot(lines: list[Line]) -> list[Line]:
    """The lines without what a web page prints below its text, and without the stamp of its last change anywhere.

    A foot begins below the date of the signature, or has a line that only a site prints.
    """
    begin = len(lines)
    while begin > 0 and lines[begin - 1].cells is None and _OF_SITE.match(lines[begin - 1].text):
        begin -= 1
    foot = lines[begin:]
    signed = begin > 0 and bool(_SIGNED_ON.match(lines[begin - 1].text))
    sure = signed or any(_OF_SITE_ONLY.search(line.text) for line in foot)
    kept = lines[:begin] if foot and begin > 0 and sure else lines
    return [line for line in kept if line.cells is not None or not _STAMP.match(line.text)]


def without_signatures(lines: list[Line]) -> list[Line]:
    """The lines without those under a ledger that only say who filled it in, checked and signed it."""
    return [line for line in lines if not _is_signed(line)]


def _is_signed(line: Line) -> bool:
    if line.cells is None:
        parts = [part for part in re.split(r"\s+(?=[^\s:\uff1a]{2,12}[:\uff1a])", line.text) if part]
        return len(parts) >= 2 and all(_signs(part) for part in parts)
    filled = list(dict.fromkeys(cell.strip() for cell in line.cells if cell.strip()))
    named = [cell for cell in filled if _SIGN_OFF.match(cell)]
    rest = [cell for cell in filled if not _signs(cell)]
    return bool(named) and len(rest) <= len(named) and all(_SIGNED_VALUE.match(cell) for cell in rest)


def _signs(text: str) -> bool:
    label = _SIGN_OFF.match(text)
    return label is not None and all(
        _SIGNED_VALUE.match(part) or _signs(part) for part in re.split(r"\s{2,}", text[label.end() :])
    )


def _is_furniture(line: Line) -> bool:
    text = line.text
    if len(text) > 60:
        return False
    return (_is_page_number(text) and not text.isdigit()) or bool(_BUTTONS.match(text))


_TOP = 3


def _running_heads(lines: list[Line]) -> frozenset[str]:
    """Short unlabelled lines that return again and again: the title, or what stands beside the page numbers.

    What ever stands under a label of its own line is a field's text, however often it returns.
    """
    plain = [line for line in lines if line.cells is None and not line.level and not _is_furniture(line)]
    counts = Counter(line.text for line in plain if 6 <= len(line.text) <= 40)
    top = {line.text for line in plain[:_TOP] if len(line.text) >= 8 and not _NUMBERED_OR_LABEL.search(line.text)}
    beside = _beside_page_numbers(lines)
    often = {
        text
        for text, times in counts.items()
        if (times >= 2 and text in top)
        or (times >= _REPEATS and not _STRUCTURE.search(text) and beside[text] * 2 >= times)
    }
    return frozenset(often - {below.text for above, below in pairwise(plain) if _LABEL_ALONE.match(above.text)})


def _beside_page_numbers(lines: list[Line]) -> Counter[str]:
    """How often each text stands right above or below a page number or page break."""
    beside: Counter[str] = Counter()
    for above, below in pairwise(lines):
        if _is_page_number(above.text) or (above.page or 0) != (below.page or 0):
            beside[below.text] += 1
        elif _is_page_number(below.text):
            beside[above.text] += 1
    return beside


def _is_page_number(text: str) -> bool:
    return len(text) <= 20 and bool(_DASHED_NUMBER.match(text) or _PAGE_NUMBER.match(text))


_NUMBERED_OR_LABEL = re.compile(r"[:：。;；]|^[(（【\[]?[一二三四五六七八九十\d]+[)）】\]、.．]")
_LABEL_ALONE = re.compile(r"^(?:.{0,20}[:：]|[【\[]?[\u4e00-\u9fff]{2,10}[】\]]?)$")
_STRUCTURE = re.compile(
    r"[:：。;；!?！？]|^[(（【\[]?[一二三四五六七八九十\d]+[)）】\]、.．]|^第.{1,5}[条项章节]|^[①-⑳]|[、,，]|《|^▲|\d|单位|部门|领导|责任|措施|目标|时限|问题"
)
