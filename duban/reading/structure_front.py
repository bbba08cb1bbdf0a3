"""What a document says of itself: title, issuer, document number, date and year."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from duban.reading.signature import names_a_day
from duban.reading.source import Line, Source
from duban.reading.structure_numbering import CHINESE_DIGITS, chinese_value, numbered

_KIND_WORDS = (
    "方案|分工|台账|清单|意见|报告|通报|分解表?|计划|总表|一览表|任务书|责任表"
    "|明细表|汇总表|登记表|任务表|推进表|细则|措施|要点|规划|工作安排|情况表|统计表|公示"
)
_TITLE_END = re.compile(rf"(?:{_KIND_WORDS}|通知|公告|函|决定|办法)(?:\s*[(（][^()（）]{{1,20}}[)）])?$")
_PLAN_TITLE = re.compile(rf"(?:{_KIND_WORDS})(?:\s*[(（][^()（）]{{1,20}}[)）])?$")
_REFERENCE = re.compile(
    r"[\u4e00-\u9fffA-Za-z]{1,12}\s*[〔\[【(（]\s*(?:19|20)\d{2}\s*[〕\]】)）]\s*第?\s*\d{1,4}\s*号"
)
_DAY = re.compile(
    r"(?P<y>(?:19|20)\d{2})\s*(?:年|[-/.])\s*(?P<m>\d{1,2})\s*(?:月|[-/.])\s*(?P<d>\d{1,2})\s*日?"
    r"|(?P<cy>[一二三四五六七八九零〇○OoO0]{4})年(?P<cm>[一二三四五六七八九十]{1,2})月(?P<cd>[一二三四五六七八九十]{1,3})日"
)
_DATED_LABEL = re.compile(
    r"(?:(?:发布|发文|印发|成文|颁布|公布|制发|签发|落款|发表|制定)(?:时间|日期)?|(?:填报|填表|制表|上报|报送)(?:时间|日期))\s*[:：]?\s*$"
)
_ISSUER_LABEL = re.compile(
    r"(?:发文机关|发布机构|发文单位|发布单位|印发机关|颁发部委|制发机关|发布机关|制定机关)\s*[:：]\s*(?P<who>[^:：]{2,40}?)(?=\s+[\u4e00-\u9fff]{2,6}[:：]|\s*$)"
)
_ORGANISATION = re.compile(
    r"^(?:中共|中国共产党)?[\u4e00-\u9fff、\s()()]{2,38}(?:委员会|委|政府|办公室|办公厅|督查室|局|厅|部|院|党组|党委|党工委|领导小组|管委会|街道|镇|集团|公司|学校|大学|学院|中心|纪委监委|指挥部|工作专班)$"
)
#: A running head may name the event of a campaign and not the document: 教育实践活动启动仪式.
_EVENT = re.compile(r"(?:启动仪式|动员(?:部署)?大?会|推进会|新闻发布会|专题网站|专栏|专题)$")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?=年)")
_YEAR_OF_WORK = re.compile(r"(?<!\d)((?:19|20)\d{2})年(?:度)?(?!.{0,12}(?:审计|巡视|巡察|督察|检查|考核|反馈))")
_ISSUE = re.compile(
    r"^[(（【\[]?\s*(?P<year>(?:19|20)\d{2})\s*年(?:度|第[一二三四五六七八九十\d]{1,3}[期批号季次轮][^。]{0,8})?[)）】\]]?$"
)
_CONTINUES = re.compile(r"^(?:及|和|与|暨|的|任务分解|责任分解|责任分工|分工方案)")
#: The year of an edition on a line of its own under the title: (2025年版), (2025—2027年).
_EDITION = re.compile(r"^[(（]((?:19|20)\d\d年?(?:\s*[-—–~～至到]\s*(?:19|20)\d\d年)?)(?:度|版)?(?:第\d{1,3}期)?[)）]$")
_NOT_TITLE = re.compile(
    r"[。;；]|^(?:来源|发布|发文|联系人|抄送|文件名称|标\s?题|名\s?称|附件\s*\d{0,2}\s*(?:[:：]|$)|文件号|索引号|主题词|时间|作者|浏览|各[镇街区县市单部])|[:：]$"
)


@dataclass(slots=True)
class Front:
    """Title, issuer, reference (文号), date of issue and the year that the document is for."""

    title: str = ""
    issuer: str | None = None
    reference: str | None = None
    issued_on: dt.date | None = None
    year: int | None = None


def front_of(source: Source, front: Sequence[Line], limits: Iterable[str] = ()) -> Front:
    """Read the front matter. `front` is what stands before the items; `limits` are texts that show the year."""
    head = [line for line in front if line.cells is None][:60] or source.lines[:20]
    tail = [line for line in source.lines[-12:] if line.cells is None]
    title = _title(head, source)
    issued_on = _issued_on(head, tail, title) or _filled_in_on(source.lines)
    reference = _reference([*head[:30], *tail])
    front_matter = Front(_bare_title(title), _issuer(head, tail, title), reference, issued_on)
    edition = next((match[1] for line in head[:12] if (match := _EDITION.match(line.text))), "")
    front_matter.year = _year(front_matter, title + edition, limits) or _year_below(head)
    return front_matter


def is_plan_title(text: str) -> bool:
    """Whether a line by itself is the title of a plan, not a heading within one nor a sentence."""
    bare = _without_date(text)
    return (
        8 <= len(bare) <= 60
        and bool(_PLAN_TITLE.search(bare))
        and not _NOT_TITLE.search(text)
        and not re.search(r"[:：]", bare)
        and numbered(text) is None
    )


def named_as(title: str, kind_of_document: str) -> str:
    """A title that names only the campaign (教育实践活动), with the kind of document that it is; others as they are."""
    named = not title or _TITLE_END.search(title) or not title.endswith(("活动", "工作", "行动"))
    return title if named else title + kind_of_document


def _title(head: Sequence[Line], source: Source) -> str:
    """The plan's own title; that of the notice which forwards it only if there is no other."""
    candidates = list(_candidates(head))
    for fits in (_PLAN_TITLE, _TITLE_END):
        for text in candidates:
            if fits.search(text):
                return text
    top = next((line.text for line in head if line.level == 1 and not numbered(line.text)), "")
    return top or _site_title(source.title or "") or _first_line(head)


def _first_line(head: Sequence[Line]) -> str:
    """The first line where it may be a title at all: short, no sentence, no number, date or document number."""
    for line in head[:4]:
        text = line.text
        if not (_NOT_TITLE.search(text) or numbered(text) or _DAY.search(text) or _REFERENCE.search(text)):
            return _EVENT.sub("", text) if 4 <= len(text) <= 40 and not re.search(r"[,，;；:：]", text) else ""
    return ""


def _candidates(head: Sequence[Line]) -> Iterable[str]:
    """Lines that may be a title, and two or three in a row that make one together."""
    spaced = sum(line.after_blank for line in head) > 0.7 * len(head)  # a blank line between any two says nothing
    for index, line in enumerate(head):
        text = line.text
        dated = _DAY.search(text)
        if (
            _NOT_TITLE.search(text)
            or (numbered(text) and not text[:4].isdigit())
            or (dated and len(_bare(text, dated)) <= 2)
        ):
            continue
        whole = text
        for following in head[index + 1 : index + 3]:
            if (
                _TITLE_END.search(whole)
                or _NOT_TITLE.search(following.text)
                or (following.after_blank and not spaced and not _CONTINUES.match(following.text))
                or numbered(following.text)
            ):
                break
            if not ("关于" in following.text or _TITLE_END.search(following.text)) or _DAY.search(following.text):
                break
            whole += following.text
        if len(whole) <= 90 and _TITLE_END.search(_without_date(whole)):
            yield whole
        elif len(text) <= 80 and _TITLE_END.search(_without_date(text)):
            yield text


def _without_date(text: str) -> str:
    return re.sub(r"\s*[(（][^()（）]*\d{4}[^()（）]*[)）]\s*$", "", text).strip()


def _bare_title(title: str) -> str:
    bare = _without_date(title)
    return bare.strip("《》 ") if bare.startswith("《") and bare.endswith("》") and bare.count("《") == 1 else bare


def _site_title(title: str) -> str:
    parts = re.split(r"\s*[_|｜]\s*|\s+[-—–]+\s*", title)
    return parts[0].strip() if parts else title


def _issued_on(head: Sequence[Line], tail: Sequence[Line], title: str) -> dt.date | None:
    """The signature's date, else the one after a label (发布时间), else one that stands alone near the title.

    A site prints when it published a page, which may be weeks after the document was signed.
    """
    below_name = _signature(tail) or _signature(head)
    if below_name is not None and (found := _DAY.search(below_name[1])):
        return _day(found)
    for line in [*head, *tail]:
        for labelled in _DAY.finditer(line.text):
            if _DATED_LABEL.search(line.text[: labelled.start()]):
                return _day(labelled)
    signed = [below.text for above, below in reversed(list(pairwise(tail))) if not names_a_day(above.text)]
    for text in [*(line.text for line in head[:12]), title, *signed]:
        match = _DAY.search(text)
        if match and (text == title or _stands_alone(text, match)):
            return _day(match)
    return None


def _signature(lines: Sequence[Line]) -> tuple[str, str] | None:
    """The last name of an office with a date alone below it."""
    for above, below in reversed(list(pairwise(lines))):
        match = _DAY.search(below.text)
        if match and len(_bare(below.text, match)) <= 2 and _ORGANISATION.match(above.text):
            return above.text, below.text
    return None


def _filled_in_on(lines: Sequence[Line]) -> dt.date | None:
    """The day after a label in a row above a ledger: 填报时间：2025年3月31日."""
    for line in lines[:20]:
        for labelled in _DAY.finditer(line.text) if line.cells is not None else ():
            if _DATED_LABEL.search(line.text[: labelled.start()]):
                return _day(labelled)
    return None


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    bracketed = len(text) < 60 and bool(re.search(r"[(（]\s*$", text[: match.start()]))
    bare = _bare(text, match)
    return bracketed or len(bare) <= 2 or bool(_ORGANISATION.match(bare))


def _bare(text: str, match: re.Match[str]) -> str:
    return (text[: match.start()] + text[match.end() :]).strip("()（） 　印发")


def _day(match: re.Match[str]) -> dt.date | None:
    if match.group("y"):
        year, month, day = int(match.group("y")), int(match.group("m")), int(match.group("d"))
    else:
        figures = "".join(str(CHINESE_DIGITS.get(ch, 0)) for ch in match.group("cy"))
        year, month, day = int(figures), chinese_value(match.group("cm")) or 0, chinese_value(match.group("cd")) or 0
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _reference(lines: Sequence[Line]) -> str | None:
    for line in lines:
        match = _REFERENCE.search(line.text)
        if match and len(line.text) <= 50 and not re.search(r"[根依]据|按照|《", line.text):
            return re.sub(r"^(?:文号|发文字号|文件号|字号)[:：]?\s*", "", re.sub(r"\s", "", match.group(0)))
    return None


def _issuer(head: Sequence[Line], tail: Sequence[Line], title: str) -> str | None:
    signed = _signature(tail) or _signature(head)
    labelled = next((match for line in head if (match := _ISSUER_LABEL.search(line.text))), None)
    if labelled and not signed:
        return labelled.group("who").strip()
    before = re.sub(r"^(?:19|20)\d{2}年度?", "", title.split("关于", 1)[0].strip()) if "关于" in title else ""
    if before and _ORGANISATION.match(before):
        return before
    for line in [*head[:8], *tail]:
        match = _DAY.search(line.text)
        if match and len(bare := _bare(line.text, match)) >= 4 and _ORGANISATION.match(bare):
            return bare
    if signed:  # of the document, or of the notice that sends it
        return signed[0]
    return next((line.text for line in head[:6] if _ORGANISATION.match(line.text) and len(line.text) >= 5), None)


def _year_below(head: Sequence[Line]) -> int | None:
    """The year of a line under the title that says which list this is: (2024年第3期), (2024年度)."""
    found = [match for line in head[:8] if (match := _ISSUE.match(line.text))]
    return int(found[0]["year"]) if found else None


def _year(front: Front, title: str, limits: Iterable[str]) -> int | None:
    """The year that dates without a year are in."""
    title = re.sub(r"(?<=\d) (?=年)", "", title)
    title = re.sub(r"((?:19|20)\d\d)年?\s*[-—–~\uff5e至到]\s*(?:19|20)\d\d年", r"\1年", title)  # work begins then
    work = _YEAR_OF_WORK.search(title)
    if work and (front.issued_on is None or int(work.group(1)) >= front.issued_on.year):
        return int(work.group(1))
    if front.issued_on:
        return front.issued_on.year
    if match := _YEAR.search(title):
        return int(match.group(1))
    if front.reference and (found := re.search(r"(?:19|20)\d{2}", front.reference)):
        return int(found.group(0))
    years = Counter(year for text in limits for year in re.findall(r"(?<!\d)(?:19|20)\d{2}(?=\s*[年./-])", text))
    return int(years.most_common(1)[0][0]) if years else None
