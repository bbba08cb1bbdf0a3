"""Plans of random content, printed in random wording, numbering and layout: what is printed is what must be read."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

CHINESE = "零一二三四五六七八九十"
_TOPICS = (
    "政务服务",
    "老旧小区改造",
    "河道治理",
    "校园周边秩序",
    "养老服务",
    "公共文化设施",
    "农村公路养护",
    "安全生产",
    "会风文风",
    "调查研究",
    "档案管理",
    "垃圾分类",
    "停车管理",
    "基层减负",
    "招商引资",
)
_FAULTS = (
    "工作机制不够健全",
    "推进力度不够大",
    "日常监管存在薄弱环节",
    "责任落实不到位",
    "群众满意度有待提高",
    "统筹协调不够有力",
)
_VERBS = ("建立健全", "完善", "持续优化", "全面梳理", "加快推进", "开展", "定期通报")
_OBJECTS = ("工作台账", "联席会议制度", "日常巡查机制", "考核评价办法", "信息共享平台", "专项整治行动", "业务培训")
_GOALS = ("形成长效机制", "群众满意度明显提升", "问题全部整改到位", "服务水平进一步提高", "做到责任清晰、管理规范")
_SURNAMES, _GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹",
    "伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚桂文华建国志远晓雨思琪子涵",
)
_UNITS = (
    "区委办公室",
    "区政府办公室",
    "区财政局",
    "区民政局",
    "区教育局",
    "区住建局",
    "区交通局",
    "区水务局",
    "区应急局",
    "区市场监管局",
    "区卫健委",
    "区发改委",
    "区文旅局",
    "区城管局",
    "区人社局",
    "区司法局",
    "区审计局",
    "区农业农村局",
    "区生态环境局",
    "东湖街道",
    "城西镇",
    "区委组织部",
    "区纪委监委",
    "区公安分局",
    "区行政服务中心",
    "区城投公司",
)
LIMITS = (
    "2025年6月底前",
    "2025年12月31日前",
    "2025年9月底前完成,持续推进",
    "立行立改",
    "立行立改,长期坚持",
    "长期坚持",
    "2025年底前",
    "2025年10月底前出台制度,长期坚持",
    "2025年8月15日前完成",
)

WORDS = {
    "goal": ("整改目标", "工作目标", "整改要求", "预期目标"),
    "measures": ("整改措施", "具体措施", "工作措施", "整改举措", "主要措施"),
    "lead_officials": ("牵头领导", "责任领导", "分管领导", "包案领导"),
    "lead_units": ("牵头单位", "主办单位", "牵头部门"),
    "responsible_units": ("责任单位", "责任部门", "承办单位", "整改责任单位"),
    "support_units": ("配合单位", "协办单位", "配合部门"),
    "supervising_units": ("督导单位", "督办单位", "验收单位"),
    "time_limit": ("整改时限", "完成时限", "整改期限", "完成时间"),
}
PARTY_FIELDS = ("lead_officials", "lead_units", "responsible_units", "support_units", "supervising_units")


@dataclass(slots=True)
class Problem:
    """What one item says."""

    number: str = ""
    section: str | None = None
    title: str = ""
    goal: str | None = None
    measures: list[str] = field(default_factory=list)
    lead_officials: list[str] = field(default_factory=list)
    lead_units: list[str] = field(default_factory=list)
    responsible_units: list[str] = field(default_factory=list)
    support_units: list[str] = field(default_factory=list)
    supervising_units: list[str] = field(default_factory=list)
    time_limit: str = ""


def figure(value: int) -> str:
    """A number up to 99 in Chinese numerals."""
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{CHINESE[tens]}十"
    return head + (CHINESE[ones] if ones else "")


def problems(rng: random.Random, fields: set[str], sections: int) -> list[Problem]:
    """Items of one document: every one has the same fields, so that none is missing."""
    found = []
    count = rng.randint(4, 9)
    for index in range(count):
        units = rng.sample(_UNITS, 6)
        topic = rng.choice(_TOPICS)
        problem = Problem(title=f"{topic}{rng.choice(_FAULTS)},{index}号点位反映较多。", time_limit=rng.choice(LIMITS))
        if sections:
            problem.section = str(index * sections // count)
        if "goal" in fields:
            problem.goal = f"{topic}{rng.choice(_GOALS)},第{index}批达标。"
        if "measures" in fields:
            problem.measures = [
                f"{rng.choice(_VERBS)}{topic}{rng.choice(_OBJECTS)},明确{index}{step}类任务。"
                for step in range(rng.randint(1, 3))
            ]
        if "lead_officials" in fields:
            names = [
                rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, rng.randint(1, 2))) for _ in range(rng.randint(1, 2))
            ]
            problem.lead_officials = list(dict.fromkeys(names))
        if "lead_units" in fields:
            problem.lead_units = units[:1]
        if "responsible_units" in fields:
            problem.responsible_units = units[1 : 2 + rng.randint(0, 2)]
        if "support_units" in fields:
            problem.support_units = units[4:5]
        if "supervising_units" in fields:
            problem.supervising_units = units[5:]
        found.append(problem)
    return found


@dataclass(slots=True)
class Style:
    """How one document prints its items."""

    item: str  # numbering of items
    words: dict[str, str]
    colon: str
    layout: str  # lines, alone, paragraph, bracket
    separator: str
    sections: str  # none, running, restarting
    measures: str  # plain, circled, lines, inline
    bold: bool
    title_label: str | None


ITEM_STYLES = ("事项(1)", "问题1", "问题一", "1.", "1、", "(一)", "一、", "(1)", "第一条")


def style_of(rng: random.Random) -> Style:
    """A random style."""
    item = rng.choice(ITEM_STYLES)
    layout = rng.choice(("lines", "lines", "alone", "paragraph", "bracket"))
    measures = rng.choice(("plain", "circled", "lines", "inline"))
    if layout != "lines" and measures == "lines":
        measures = "circled"
    return Style(
        item=item,
        words={name: rng.choice(words) for name, words in WORDS.items()},
        colon=rng.choice((":", "：")),
        layout=layout,
        separator=rng.choice((";", "。", "；")),
        sections=rng.choice(("none", "running", "restarting")),
        measures=measures,
        bold=rng.random() < 0.3,
        title_label=rng.choice((None, None, "存在问题", "反馈问题"))
        if item in ("1.", "(一)", "(1)") and layout in ("lines", "alone")
        else None,
    )


def fields_of(rng: random.Random, style: Style) -> set[str]:
    """Which fields the document has."""
    fields = {"responsible_units"}
    fields |= {
        name
        for name in ("goal", "lead_officials", "lead_units", "support_units", "supervising_units")
        if rng.random() < 0.5
    }
    if style.layout != "bracket" or rng.random() < 0.5:
        fields.add("measures")
    return fields


def printed(rng: random.Random, style: Style, items: list[Problem]) -> str:
    """The document as text; numbers are written into the items as they are printed."""
    lines = ["云泽区2025年度重点问题整改方案", "", "为抓好整改工作,现制定如下方案。", ""]
    section, count, part = None, 0, 0
    for problem in items:
        if style.sections != "none" and problem.section != section:
            section, part = problem.section, part + 1
            count = 0 if style.sections == "restarting" else count
            heading = (
                f"第{figure(part)}部分 {'服务群众' if part % 2 else '作风建设'}方面"
                if style.item in ("一、", "第一条")
                else f"{figure(part)}、{'服务群众' if part % 2 else '作风建设'}方面"
            )
            lines += [heading, ""]
        count += 1
        lines += [*_item(rng, style, problem, count), ""]
    return "\n".join(lines)


def _item(rng: random.Random, style: Style, problem: Problem, count: int) -> list[str]:
    head, problem.number = _head(style, count)
    label = lambda name: f"{'**' if style.bold else ''}{style.words[name]}{'**' if style.bold else ''}{style.colon}"  # noqa: E731
    fields: list[tuple[str, list[str]]] = []
    if problem.goal:
        fields.append(("goal", [problem.goal]))
    if problem.measures:
        fields.append(("measures", _measures(style, problem.measures)))
    for name in PARTY_FIELDS:
        if names := getattr(problem, name):
            fields.append((name, ["、".join(names)]))
    fields.append(("time_limit", [problem.time_limit]))
    first = (
        [f"{head}{problem.title}"]
        if not style.title_label
        else [f"{head}{style.title_label}{style.colon}{problem.title}"]
    )
    if style.layout == "alone":
        return [*first, *(line for name, texts in fields for line in (label(name), *texts))]
    if style.layout == "lines":
        return [*first, *(line for name, texts in fields for line in (label(name) + texts[0], *texts[1:]))]
    prose = [(n, t) for n, t in fields if n in ("goal", "measures")]
    rest = [(n, t) for n, t in fields if n not in ("goal", "measures")]
    body = first[0] + "".join(label(n) + "".join(t) for n, t in prose)
    if style.layout == "paragraph":
        return [body + "。".join(label(n) + t[0] for n, t in rest) + "。"]
    return [body + "(" + style.separator.join(label(n) + t[0] for n, t in rest) + ")"]


def _head(style: Style, count: int) -> tuple[str, str]:
    """What stands before the title, and the number that is to be read."""
    chinese = figure(count)
    shapes = {
        "事项(1)": (f"整改事项({count}):", str(count)),
        "问题1": (f"问题{count}:", str(count)),
        "问题一": (f"问题{chinese}:", chinese),
        "1.": (f"{count}.", str(count)),
        "1、": (f"{count}、", str(count)),
        "(一)": (f"({chinese})", chinese),
        "一、": (f"{chinese}、", chinese),
        "(1)": (f"({count})", str(count)),
        "第一条": (f"第{chinese}条 ", chinese),
    }
    return shapes[style.item]


def _measures(style: Style, measures: list[str]) -> list[str]:
    if len(measures) == 1:
        return measures
    if style.measures == "circled":
        return ["".join("①②③"[i] + text for i, text in enumerate(measures))]
    if style.measures == "inline":
        return ["".join(f"{CHINESE[i + 1]}是{text}" for i, text in enumerate(measures))]
    if style.measures == "lines":
        form = "({})" if style.item in ("1.", "1、", "(一)", "一、") else "{}."
        return [form.format(i + 1) + text for i, text in enumerate(measures)]
    return ["".join(measures)]


DAMAGES = ("full_width", "wrapped", "wrapped_with_indent", "torn_pages", "spaced_labels")
_FULL_WIDTH = str.maketrans(":,;()", "：，；（）")


def damaged(rng: random.Random, text: str, style: Style) -> str:
    """The same document as it may come: full-width marks, hard wraps, pages torn in mid-sentence, spaced labels."""
    damage = rng.choice(DAMAGES)
    if rng.random() < 0.5:
        text = text.translate(_FULL_WIDTH)
    if damage.startswith("wrapped"):
        return _wrapped(rng, text, "\u3000\u3000" if damage.endswith("indent") else "")
    if damage == "torn_pages":
        return _torn(rng, text, list(style.words.values()))
    if damage == "spaced_labels":
        for word in style.words.values():
            text = text.replace(word, " ".join(word))
    return text


def _wrapped(rng: random.Random, text: str, indent: str) -> str:
    width = rng.randint(26, 44)
    lines = []
    for line in text.split("\n"):
        rest = indent + line if line else ""
        while len(rest) > width:
            lines.append(rest[:width])
            rest = rest[width:]
        lines.append(rest)
    return "\n".join(lines)


def _torn(rng: random.Random, text: str, labels: list[str]) -> str:
    lines, page = [], 0
    for line in text.split("\n"):
        cut = rng.randint(8, max(8, len(line) - 12))
        in_prose = line[cut - 1 : cut + 1].isalpha() and not any(w in line[max(0, cut - 12) : cut + 12] for w in labels)
        if len(line) > 40 and rng.random() < 0.3 and in_prose and "(" not in line and "（" not in line:
            page += 1
            lines += [line[:cut], rng.choice(["", f"- {page} -"]), line[cut:]]
        else:
            lines.append(line)
    return "\n".join(lines)
