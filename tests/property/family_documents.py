"""Documents of the prose families with random content, printed in random wording, numbering and layout."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

WIDE_COMMA, WIDE_COLON = "\uff0c", "\uff1a"
_CN = "零一二三四五六七八九十"
_DEEDS = ("推进", "完善", "加强", "优化", "深化", "落实", "提升", "健全", "开展", "实施")
_THINGS = (
    "城市更新", "营商环境", "基层治理", "河道保洁", "养老服务", "教育优质均衡", "文旅融合", "应急管理", "数字政务",
    "农村公路", "再就业帮扶", "社区卫生", "垃圾分类", "招商引资", "科技创新", "人才安居", "食品安全", "停车治理",
)  # fmt: skip
_UNITS = (
    "区发展和改革委员会", "区住房和城乡建设局", "区卫生健康委", "区人力资源和社会保障局", "区文化和旅游局", "东湖街道",
    "城西镇", "区财政局", "区行政审批局", "高新区管委会", "新农村建设办公室<农委>", "区水务局(区海洋局)", "区委政法委",
    "市公安局西城分局", "区总工会", "综合执法大队", "区规划和自然资源局", "城投集团", "团区委", "区残联",
)  # fmt: skip
_COLLECTIVE = ("各街镇", "相关委办局", "各有关单位", "各镇(街道)", "有关街镇", "区级相关部门")
_FAULTS = ("不够深入", "不到位", "有差距", "力度不足", "薄弱", "不够规范")


@dataclass(slots=True)
class Task:
    """What one entry says."""

    number: str
    title: str
    lead: list[str] = field(default_factory=list)
    responsible: list[str] = field(default_factory=list)
    support: list[str] = field(default_factory=list)
    limit: str | None = None
    children: list[Task] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """A document as printed, and what it says."""

    text: str
    tasks: list[Task]


def chinese(value: int) -> str:
    """A number up to 99 in Chinese numerals."""
    tens, ones = divmod(value, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{_CN[tens]}十") + (_CN[ones] if ones else "")


def _units(rng: random.Random, most: int, *, collective: bool) -> list[str]:
    units = rng.sample(_UNITS, rng.randint(1, most))
    return [*units, rng.choice(_COLLECTIVE)] if collective and rng.random() < 0.5 else units


def _printed(rng: random.Random, units: list[str]) -> str:
    """Units with separators; the last two may be joined by 及 or 和."""
    if len(units) > 1 and rng.random() < 0.4:
        return "、".join(units[:-1]) + rng.choice(["及", "和"]) + units[-1]
    return rng.choice(["、", "、", ",", "\uff0c"]).join(units)


# --- task breakdowns -------------------------------------------------------------------------------------------------

_NUMBERS = {
    "1、": (lambda n: f"{n}、", str),
    "1.": (lambda n: f"{n}.", str),
    "1\uff0e": (lambda n: f"{n}\uff0e", str),
    "\uff08一\uff09": (lambda n: f"\uff08{chinese(n)}\uff09", chinese),
    "第一条": (lambda n: f"第{chinese(n)}条 ", chinese),
    "(1)": (lambda n: f"({n})", str),
}
_LEAD, _RESPONSIBLE, _SUPPORT = (
    ("牵头单位", "主办单位", "牵头部门"),
    ("责任单位", "承办单位", "责任部门"),
    ("配合单位", "协办单位"),
)


def breakdown(seed: int) -> Document:
    """A task breakdown: parts, items, sub-tasks; units in brackets, in lines of their own, or in prose."""
    rng = random.Random(seed)
    style = rng.choice(["bracket", "bracket", "lines", "prose"])
    numbering = rng.choice(list(_NUMBERS))
    words = [rng.choice(_LEAD), rng.choice(_RESPONSIBLE), rng.choice(_SUPPORT)]
    brackets = rng.choice(["()", "\uff08\uff09", "〔〕", "【】"])
    marks = rng.choice([(";", ":"), ("\uff1b", "\uff1a"), ("。", "\uff1a"), ("\uff0c", "\uff1a")])
    bullets = rng.choice(["▲", "●", ""]) if style == "bracket" else ""
    lines = [
        rng.choice(["某某区2025年重点工作任务分解", "2025年目标任务责任分工方案", "某某市2025年工作要点任务分解表"])
    ]
    tasks: list[Task] = []
    for part in range(1, rng.randint(2, 4)):
        lines.append(f"{chinese(part)}、{rng.choice(_DEEDS)}{rng.choice(_THINGS)}{rng.choice(['', '。'])}")
        for _ in range(rng.randint(2, 4)):
            task = _task(rng, len(tasks) + 1, numbering)
            tasks.append(task)
            head = _NUMBERS[numbering][0](len(tasks))
            lines += _lines(rng, head, task, style, words, brackets, marks)
            for index in range(1, rng.randint(1, 4) if bullets else 1):
                child = _task(rng, index, numbering)
                child.number = f"{task.number}.{index}"
                task.children.append(child)
                lines += _lines(rng, bullets, child, style, words, brackets, marks)
    if rng.random() < 0.3:
        lines.append("主题词:政府工作 任务 分解")
    return Document("\n".join(lines) + "\n", tasks)


def _task(rng: random.Random, number: int, numbering: str) -> Task:
    title = f"{rng.choice(_DEEDS)}{rng.choice(_THINGS)}{number},{rng.choice(_DEEDS)}{rng.choice(_THINGS)}机制。"
    task = Task(_NUMBERS[numbering][1](number), title)
    task.responsible = _units(rng, 3, collective=True)
    if rng.random() < 0.6:
        task.lead = [unit for unit in _units(rng, 2, collective=False) if unit not in task.responsible] or [
            "区委办公室"
        ]
    if rng.random() < 0.3:
        task.support = ["区统计局", *(["各街镇"] if "各街镇" not in task.responsible else [])]
    if rng.random() < 0.4:
        task.limit = rng.choice(["2025年6月底前", "2025年12月31日前", "9月底前", "长期坚持", "2025年10月"])
    return task


def _lines(
    rng: random.Random, head: str, task: Task, style: str, words: list[str], brackets: str, marks: tuple[str, str]
) -> list[str]:
    roles = (task.lead, task.responsible, task.support)
    fields = [(word, units) for word, units in zip(words, roles, strict=True) if units]
    printed = [f"{word}{marks[1]}{_printed(rng, units)}" for word, units in fields]
    if task.limit:
        printed.append(f"{rng.choice(['完成时限', '时限要求', '完成时间'])}{marks[1]}{task.limit}")
    if style == "bracket":
        return [f"{head}{task.title}{brackets[0]}{marks[0].join(printed)}{brackets[1]}"]
    if style == "lines":
        return [f"{head}{task.title}", *printed]
    lead = f"由{_printed(rng, task.lead)}牵头" if task.lead else f"由{_printed(rng, task.responsible)}负责"
    rest = f",{_printed(rng, task.responsible + task.support)}配合" if task.lead else ""
    if task.lead:
        task.support, task.responsible = task.responsible + task.support, []
    else:
        task.support = []
    task.title = f"{task.title[:-1]},{lead}{rest}。"
    task.limit = None
    return [f"{head}{task.title}"]


# --- progress reports ------------------------------------------------------------------------------------------------


def progress(seed: int) -> tuple[Document, dict[str, int]]:
    """A progress report: aspects, problems and what was done, and the totals that it states."""
    rng = random.Random(seed)
    problem_head = rng.choice(["针对{}{}问题", "关于“{}{}”的问题", "{}{}"])
    same_line = rng.random() < 0.4
    label = "" if same_line else rng.choice(["", "整改情况:", "整改落实情况\uff1a"])
    stop = rng.choice(["。", ""]) if not same_line else "。"
    outer, inner = rng.choice([("({})", "{}."), ("\uff08{}\uff09", "{}\uff0e"), ("{}、", "({})")])
    lines = ["中共某某局委员会关于巡察整改进展情况的通报", "根据统一部署,现将整改进展情况予以公布。"]
    tasks: list[Task] = []
    for aspect in range(1, rng.randint(3, 5)):
        lines.append(f"{outer.format(chinese(aspect))}“{rng.choice(_THINGS)}”方面")
        for _ in range(rng.randint(2, 4)):
            number = len(tasks) + 1
            title = problem_head.format(rng.choice(_THINGS), rng.choice(_FAULTS)) + stop
            done = f"召开专题会议{rng.randint(2, 9)}次,{rng.choice(_DEEDS)}{rng.choice(_THINGS)}工作。"
            done += f"{rng.choice(_DEEDS)}机制。"
            tasks.append(Task(str(number), title, limit=done))
            head = f"{inner.format(number)}{title}"
            lines += [f"{head}{done}"] if same_line else [head, f"{label}{done}"]
    closed, measures = rng.randint(1, len(tasks)), rng.randint(20, 99)
    figures = {"problems": len(tasks), "problems_closed": closed, "measures": measures, "measures_done": measures - 2}
    lines.append(_totals(rng, figures))
    return Document("\n".join(lines) + "\n", tasks), figures


def _totals(rng: random.Random, figures: dict[str, int]) -> str:
    p, c, m, d = figures.values()
    return rng.choice(
        [
            f"截至目前,巡察反馈的{p}项问题已完成整改{c}项。提出整改措施{m}条,已经完成{d}条。",
            f"截至2024年12月底,{p}个问题已完成整改{c}个\uff0c{m}条整改措施已完成{d}条。",
            f"截至目前,反馈问题{p}个,已整改完成{c}个;制定整改措施{m}条,已落实{d}条。",
        ]
    )


# --- work reports and opinions ---------------------------------------------------------------------------------------


def report(seed: int) -> tuple[str, list[tuple[str, str, int, str, int | None]]]:
    """A work report: the past year's figures, the coming year's targets with the figures they compare with."""
    rng = random.Random(seed)
    goals = rng.sample(
        ["地区生产总值", "一般公共预算收入", "居民人均可支配收入", "规模以上工业增加值", "固定资产投资"], 3
    )
    countable = [("新增就业岗位", "个"), ("新建养老床位", "张"), ("改造老旧小区", "个"), ("新建公共绿地", "亩")]
    counts = rng.sample([*countable, ("培训农民工", "人次")], 3)
    past = {name: rng.randint(2, 9) for name in goals} | {name: rng.randint(100, 9000) for name, _ in counts}
    targets: list[tuple[str, str, int, str, int | None]] = [
        (name, "+%", rng.randint(2, 9), "%", past[name]) for name in goals
    ]
    targets += [(name, "=", rng.randint(100, 9000), unit, past[name]) for name, unit in counts]
    mark = rng.choice([";", "\uff1b"])
    back = mark.join(f"{name}增长{past[name]}%" for name in goals)
    back += "。" + "\uff0c".join(f"{name}{past[name]}{unit}" for name, unit in counts) + "。"
    ahead = mark.join(f"{name}增长{value}%" for name, _, value, _, _ in targets[:3])
    deeds = [f"{name}{value}{unit}" for name, _, value, unit, _ in targets[3:]]
    heads = rng.choice([("一、2024年工作回顾", "二、2025年工作安排"), ("一、过去一年工作情况", "二、2025年主要工作")])
    lines = ["2025年某某区政府工作报告", heads[0], back, heads[1]]
    colon = rng.choice([":", WIDE_COLON])
    lines += [f"今年发展的主要预期目标是{colon}{ahead}。"]
    lines += [f"(一)办好民生实事。{WIDE_COMMA.join(deeds)}。", "(二)加强自身建设。坚持依法行政。"]
    return "\n".join(lines) + "\n", targets


def opinion(seed: int) -> tuple[str, list[Task]]:
    """A policy opinion: parts, clauses with a lead, and units in brackets behind some of them."""
    rng = random.Random(seed)
    numbering = rng.choice(["(一)", "\uff08一\uff09", "1.", "第一条"])
    running = rng.random() < 0.7 or numbering == "第一条"
    lines = ["某某市人民政府关于促进服务业发展的实施意见", "为促进服务业发展,现提出以下意见。"]
    clauses: list[Task] = []
    for part in range(1, rng.randint(3, 5)):
        lines.append(f"{chinese(part)}、{rng.choice(_DEEDS)}{rng.choice(_THINGS)}")
        for index in range(1, rng.randint(3, 5)):
            value = len(clauses) + 1 if running else index
            number = str(value) if numbering == "1." else chinese(value)
            head = {"(一)": f"({number})", "\uff08一\uff09": f"\uff08{number}\uff09", "1.": f"{number}."}.get(
                numbering, f"第{number}条 "
            )
            clause = Task(number, f"{rng.choice(_DEEDS)}{rng.choice(_THINGS)}。")
            clause.limit = f"{rng.choice(_DEEDS)}{rng.choice(_THINGS)}体系,{rng.choice(_DEEDS)}服务水平。"
            clauses.append(clause)
            units = ""
            if rng.random() < 0.4:
                clause.responsible = _units(rng, 3, collective=True)
                units = f"(责任单位:{_printed(rng, clause.responsible)})"
            lines.append(f"{head}{clause.title}{clause.limit}{units}")
    return "\n".join(lines) + "\n", clauses
