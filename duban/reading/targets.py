"""Targets: the numbers that a text promises or reports, each with its name, comparator, value and unit.

A value stays in the unit that is printed (3 万人, not 30000 人). Not a target are house numbers, dates, titles in 《》
and what stands in quotation marks, and a number that only describes (年耗能1000吨标准煤以上企业).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from duban.domain.date_phrases import DEFAULT_SEASONS, find_dates
from duban.reading.model import Target
from duban.reading.structure_numbering import chinese_value

_FIGURE = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\s?\.\s?\d+)?"
_SCALE = r"(?:[百千万]?亿|[十百千]?万|千|百)"
_COUNTED = (
    r"人次|人|亩次|户次|户|家次|家|名次|名|个百分点|百分点|个|项次|项|条|所|张|件次|件|幅|幢|栋|座|处|套|辆|台|部|场次|场|次|篇|只|株|棵|块|批|支|册|间"
    r"|期|例|宗|组|份|位|种|类|款|门|倍|片|段|架|艘|眼|口|盏|根|本|亩|公顷|平方公里|平方千米|平方米|立方米|公里|千米|米|吨标准煤|吨标煤|吨|公斤|斤|㎡|㎢|m²|km²|km"
    r"|千克|升|千瓦时|千瓦|兆瓦|万千瓦|度|标箱|美元|元|毫克|微克|分贝|枚|床|所次|课时|学时|节|堂|车位|学位|床位|泊位|班次|班"
)
_UNIT = (
    rf"(?:%|‰|\uff05|{_SCALE}?(?:余|多)?(?:{_COUNTED})"
    r"(?:[(\uff08][段个户名张条座]{1,2}[)\uff09])?"
    r"(?:/(?:平方公里|平方米|立方米|公顷|[万千百]人|万元|亿元|小时|[人户年月日亩吨升辆天次套个元])(?:·[月日年天人])?)?)"
)
_QUANTITY = re.compile(
    rf"(?<![\dA-Za-z.\-#/])(?P<value>{_FIGURE})\s?(?P<more>余|多)?\s?"
    rf"(?:(?:{_UNIT})?\s?(?:[-–—~\uff5e至到])\s?(?P<upper>{_FIGURE})\s?)?"
    rf"(?P<unit>{_UNIT})\s?(?:左右|上下)?\s?(?P<bound>及?以上|及?以下|及?以内|之内|内(?![容部控外涝]))?"
)
_THINGS = "个|家|所|条|座|处|套|辆|台|栋|幢|间|支|艘|架|张|户|盏"
#: Numbers in words count where a deed stands right before them: 新建三所学校, not 三年行动计划 and not 建立一个机制.
_IN_WORDS = (
    r"(?P<value>[一二两三四五六七八九]百(?:零?[一二三四五六七八九]?十?[一二三四五六七八九]?)|[两二三四五六七八九]|[二三四五六七八九]?十[一二三四五六七八九]?)(?P<more>余|多)?"
    rf"(?P<unit>{_THINGS})(?P<bound>及?以上|及?以下|及?以内)?"
    r"(?!(?:方面|层面|维度|环节|中心|高地|基地|平台|体系|机制|转变|结合|确保|坚持|着力|聚焦|专项|阶段|月|季度|年|区域?[,，。]))"
)
_NOT_COUNTED = re.compile(
    r"^(?:方面|部分|阶段|月|专题|实事|大事|好事|维度|环节|工作日|自然日|小时|星期|季度|年|字|层面|结合|确保|坚持|必须|一体)"
)
_CLAUSE = re.compile(r"[,\uff0c;\uff1b。!\uff01?\uff1f\n]")
_SENTENCE = re.compile(r"[。;\uff1b!\uff01\n]")
_QUOTED = re.compile(r"《[^》]*》|“[^”]*”|「[^」]*」")

_GROWTH = (
    r"(?:分别|同比|环比|可比|比上年|较上年|较去年|比去年|年均|平均|累计|每年|预计|力争|实际|再)*"
    r"(?:(?P<up>增长|提高|增加|上升|提升|增速达到?|增幅达到?|递增)|(?P<down>下降|降低|减少|压减|削减|压缩|下浮|缩减))"
    r"(?:了|率)?(?:达到?|不低于|不少于|超过)?\s?$"
)
_GROWS = re.compile(_GROWTH)
_CUTS = re.compile(r"^(?:压减|压缩|削减|精简)(?!到|至)")
_SHARES = ("%", "‰", "个百分点", "百分点")
_CHANGE = re.compile(r"^\s?(?:提高|提升|增加|上升|扩大|增长|下降|降低|减少|压缩|缩短|延长|降)(?:到|至|为)\s?$")
_LEAST = re.compile(
    r"(?:不得?少于|不得?低于|不小于|(?<!不)超过|突破|(?<!不)高于|(?<!不)大于|多于|达到|达)\s?$|至少|最低|最少"
)
_MOST = re.compile(
    r"(?:最高|最多|至多|不得?超过|不得?高于|不大于|不多于|控制在|(?<!不)低于|(?<!不)少于|小于|压缩[到至]|降[到至])\s?$"
)
_TO = re.compile(r"(?:提高|提升|增加|上升|扩大)(?:到|至)\s?$")
_FROM = re.compile(r"(?:从|由)\s?$")

_TAIL_OF_NAME = re.compile(
    r"(?:\s|的|[:\uff1a(\uff08]|分别|全部|同比|可比|均|约|为|共|计|已|再|将|力争|确保|不得?少于|不得?低于|不得?超过|不得?高于|至少|超过|突破"
    r"|控制在|保持在|稳定在|维持在|达到|达|(?:提高|提升|增加|下降|降|压缩|扩大)[到至]|实现|累计|总计|合计|完成|不小于|低于|高于)+$"
)
_HEAD_OF_NAME = re.compile(
    r"^(?:\s|[、:\uff1a\-—▲●■◆]|其中|同时|\d{1,2}[.、)\uff0e](?!\d)|[①-⑳]|[一二三四五六七八九十]{1,3}(?:是|要)|(?:[一二三四]季度|[上下]半年|\d{1,2}月)(?:底|末|份|\d{1,2}日)?(?:之?前|内)?|并且?|以及|及|和(?!谐)|全年|年内|今年|本年度?|当年|年底前?|到?(?:19|20)?\d\d年(?:底|末|内|前|度|全年)*"
    r"|到(?![位达户期])|力争|争取|确保|保证|预计|努力|计划|将|约|累计|总计|共(?![公同])|完成|实现|做好|抓好|组织|实施|开展|切实|积极|全力|全面|基本|进一步|继续"
    r"|扎实|稳步|持续|加快|推进|至少|对|为|使|把|在|就(?!业)|全[区市县镇]|向|给|提前|超额|要|应(?!急)|须|再(?!生))+"
)
_VERBS = (
    r"(?:新增|新建|新设|新引进|引进|改建|扩建|改造|建设|建成|创建|培育|培养|打造|启动|拆除|整治|修缮|维修|新辟|调整|延伸|开通|组建|设立|举办"
    r"|解决|引导|处置|化解|淘汰|落地|推出|打通|修复|更新|购置|安置|招聘|招录|选派|选聘|编制|制定|出台|查处|办理|清理|收储|盘活|开工|竣工|建立"
    r"|安装|增加|减少|发放|配备|新改建|改扩建)"
)
_DEED_IN_WORDS = re.compile(
    rf"(?:{_VERBS})(?:了|成|好)?(?:{_IN_WORDS}|[^,\uff0c;\uff1b。、\d]{{2,18}}?(?:共|各)?"
    rf"{_IN_WORDS.replace('?P<', '?P<behind_')}(?=$|[,\uff0c;\uff1b。、(\uff08以及和]))"
)
_DEED = re.compile(rf"(?:{_VERBS}|实施|推进|开展|举办|完成)(?:了|成|好)?\s?$")
_VERB_ONLY = re.compile(rf"^(?:{_VERBS}|和|并|、|及|各|成|了|好)+$")
_SEPARATOR = re.compile(r"[、]|以及|及|和(?!谐)|与")


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A number with its unit at `begin:end` of a clause."""

    begin: int
    end: int
    value: Decimal
    upper: Decimal | None
    unit: str
    bound: str
    more: bool
    baseline: Decimal | None = None


def find_targets(text: str, *, year: int | None = None) -> list[Target]:
    """The targets of a text, in order. `year` dates phrases such as 年内 that stand before a target in its sentence.

    Time is linear in the length of the text.
    """
    found: list[Target] = []
    for sentence in _SENTENCE.split(text):
        due = None
        dates = find_dates(sentence, year=year, seasons=DEFAULT_SEASONS)
        for begin, end in _spans(sentence):
            due = next((d.due_on for d in dates if begin <= d.begin < end and d.due_on and not d.status), due)
            named = found[-1].name if found else ""
            found += [replace(target, due_on=due) for target in _in_clause(sentence[begin:end], named)]
    return found


def _spans(sentence: str) -> Iterator[tuple[int, int]]:
    """Clauses; a comma inside brackets or a figure (1,000) parts none."""
    start = depth = 0
    for i, ch in enumerate(sentence):
        depth += (ch in "(\uff08“《") - (ch in ")\uff09”》")
        inside_figure = ch == "," and sentence[i - 1 : i].isdigit() and sentence[i + 1 : i + 4].isdigit()
        if depth <= 0 and _CLAUSE.match(ch) and not inside_figure:
            yield start, i
            start = i + 1
    yield start, len(sentence)


# --- one clause ------------------------------------------------------------------------------------------------------


def _in_clause(clause: str, named_before: str) -> Iterator[Target]:
    masked = _QUOTED.sub(lambda m: "□" * len(m.group()), clause)
    quantities = _from_to(masked, list(_quantities(masked)))
    edges = [0, *(q.end for q in quantities)]
    gaps = [clause[begin : q.begin] for begin, q in zip(edges, quantities, strict=False)] + [clause[edges[-1] :]]
    read: list[tuple[str, list[str]]] = []
    carried = ""
    for i in range(len(quantities)):
        left = gaps[0] if i == 0 else _own_left(gaps[i])
        right = gaps[i + 1]
        right = right if i + 1 == len(quantities) else right[: len(right) - len(_own_left(right))]
        names, carried = _names(left, right, quantities[i].unit, carried)
        read.append((left, names))
    for quantity, left, name in _shared(quantities, read, named_before):
        yield Target(
            text=clause.strip(),
            name=name,
            comparator=_comparator(left, quantity),
            value=quantity.value,
            unit=quantity.unit,
            baseline=quantity.baseline,
            upper=quantity.upper,
        )


def _shared(
    quantities: list[_Quantity], read: list[tuple[str, list[str]]], named_before: str
) -> Iterator[tuple[_Quantity, str, str]]:
    """Each quantity with a name: 农村公路28条、45公里 share one, A、B分别达到1%、2% have one each."""
    last = named_before
    respective: list[str] = []
    growing = ""  # what the first of a series says of all: 分别下降5%和3%
    for i, (quantity, (printed, own)) in enumerate(zip(quantities, read, strict=True)):
        left = printed
        following = next((name for _, more in read[i + 1 :] for name in more if name), "")
        growing = left if any(own) else growing
        if len(own) > 1 and len(own) == _series(read, i):
            names, respective = own[:1], own[1:]
        elif not any(own) and respective:
            left, names, respective = growing, respective[:1], respective[1:]
        elif not any(own):
            share = left.rstrip().endswith("的")
            names = [following or _subject(left) if share else last or following]
            left = growing if _goes_on(quantities, i) and not left.strip(" 、,\uff0c和及与") else left
        else:
            names = own
        for name in names:
            last = name.removesuffix("的")
            yield quantity, left, last


def _goes_on(quantities: Sequence[_Quantity], i: int) -> bool:
    """Whether a share follows a share: 分别增长6%和7.5%."""
    return i > 0 and quantities[i].unit == quantities[i - 1].unit in _SHARES


def _series(read: list[tuple[str, list[str]]], i: int) -> int:
    """How many quantities stand in a row from `i` on, only the first of them with a name."""
    end = i + 1
    while end < len(read) and not any(read[end][1]):
        end += 1
    return end - i


def _quantities(masked: str) -> Iterator[_Quantity]:
    yield from sorted([*_in_figures(masked), *_in_words(masked)], key=lambda quantity: quantity.begin)


def _in_words(masked: str) -> Iterator[_Quantity]:
    for match in _DEED_IN_WORDS.finditer(masked):
        side = "" if match["value"] else "behind_"  # 新建三所学校, 新建学校三所
        value = chinese_value(match[f"{side}value"])
        if value is not None:
            unit, bound, more = (match[f"{side}{name}"] or "" for name in ("unit", "bound", "more"))
            yield _Quantity(match.start(f"{side}value"), match.end(), Decimal(value), None, unit, bound, bool(more))


def _in_figures(masked: str) -> Iterator[_Quantity]:
    for match in _QUANTITY.finditer(masked):
        after = masked[match.end() : match.end() + 4]
        unit = match["unit"].replace("\uff05", "%")
        if (
            (match["bound"] and _describes(match, masked))
            or (unit.endswith(("个", "大")) and _NOT_COUNTED.match(after))
            or _is_no_count(match, masked)
        ):
            continue
        more = bool(match["more"]) or "余" in unit or "多" in unit
        yield _Quantity(
            *match.span(), _decimal(match["value"]), _decimal(match["upper"]) if match["upper"] else None,
            re.sub("[余多]", "", unit), match["bound"] or "", more,
        )  # fmt: skip


def _describes(match: re.Match[str], masked: str) -> bool:
    """年耗能1000吨标准煤以上企业, 3万平方米以下小区: the bound is followed by the noun that it describes."""
    rest = masked[match.end() :]
    if re.search(rf"(?:{_THINGS})$", match["unit"]) and _DEED.search(masked[: match.start()]):
        return False  # 打造3个以上特色小镇
    return (
        not match["unit"].endswith("%") and bool(re.match(r"[的]?[\u4e00-\u9fff]", rest)) and rest[0] not in "、及和与"
    )


def _is_no_count(match: re.Match[str], masked: str) -> bool:
    before = masked[max(0, match.start() - 6) : match.start()]
    unit = match["unit"]
    if re.search(r"第\s?$|[〔\[]\s?$|[A-Za-z]$", before):
        return True
    if unit == "条" and re.search(r"(?:新政|政策|意见|规定|条例|方案|要求|措施)\s?$", before):
        return True
    follows = masked[match.end() : match.end() + 6]
    return unit in ("期", "度", "门", "本", "班", "类") and bool(
        re.match(r"[\u4e00-\u9fff]?(?:工程|项目|建设|行动)", follows)
    )


def _decimal(printed: str) -> Decimal:
    return Decimal(re.sub(r"[,\s]", "", printed))


def _from_to(masked: str, found: list[_Quantity]) -> list[_Quantity]:
    """从40.5%提高到41% is one quantity with a baseline."""
    merged: list[_Quantity] = []
    for quantity in found:
        before = merged[-1] if merged else None
        if before and _CHANGE.match(masked[before.end : quantity.begin]) and _FROM.search(masked[: before.begin]):
            merged[-1] = replace(quantity, begin=before.begin, baseline=before.value)
        else:
            merged.append(quantity)
    return merged


def _own_left(text: str) -> str:
    """Of what stands between two quantities, what belongs to the second one: from the last separator, or its verbs."""
    separators = list(_SEPARATOR.finditer(text))
    if separators and not text[: separators[0].start()].strip():
        return text[separators[0].end() :]
    for separator in separators:
        if _VERB_ONLY.match(text[separator.end() :].strip()):
            return text[separator.end() :]
    return text[separators[-1].end() :] if separators else text if not text.strip() else ""


def _names(left: str, right: str, unit: str, carried: str) -> tuple[list[str], str]:
    """The names of a quantity, and the verb that a quantity after it may lack (新建3家、2处)."""
    noun = _noun(right)
    subject = _subject(_GROWS.sub("", left.rstrip()) if unit in _SHARES else left)
    if right.lstrip().startswith("的") and len(subject) > 1 and not _verb(subject):
        return [subject], carried  # 总投资86亿元的12个项目
    if noun and not re.match(r"[、和及与(\uff08,]|以及", right.strip()):
        listed = bool(re.search(r"等\s?$", left))
        verb = _verb(subject) if not listed else ""
        if not verb and not subject:
            verb = carried
        return [verb + noun], verb
    if "分别" in left and re.search(r"和|及|、", subject):
        return [part.strip() for part in re.split(r"[、和及]", subject) if part.strip()], carried
    return ["" if left.rstrip().endswith("的") and not noun else subject], carried


def _noun(right: str) -> str:
    text = right.strip().strip("、和及与 ")
    text = re.sub(r"(?:以及|[、和及与])$", "", text).strip()
    return re.sub(r"^的", "", text)


def _subject(left: str) -> str:
    text = re.split(r"[:\uff1a]", left)[-1].strip() or left.strip()
    previous = None
    while previous != text:
        previous = text
        text = _HEAD_OF_NAME.sub("", _FROM.sub("", _TAIL_OF_NAME.sub("", text))).strip()
    return text


def _verb(subject: str) -> str:
    """The deed before the number (新增 5 家…): kept in the name where it is no more than that."""
    match = re.search(rf"(?:^|[\u4e00-\u9fff、])(?P<verb>(?:{_VERBS}|、|和)+)(?:成|了|好)?$", subject)
    return match["verb"].lstrip("、和") if match else ""


def _comparator(left: str, quantity: _Quantity) -> str:
    before = left.rstrip()
    if quantity.baseline is not None or (_TO.search(before) and "上" not in quantity.bound):
        return "->"
    if quantity.unit in _SHARES and (growth := _GROWS.search(before)):
        return "+%" if growth["up"] else "-%"
    if "上" in quantity.bound or quantity.more or _LEAST.search(before):
        return ">="
    if quantity.bound or _MOST.search(before):
        return "<="
    if quantity.unit in _SHARES and _CUTS.match(before.lstrip("、,\uff0c和及与")):
        return "-%"
    return "="
