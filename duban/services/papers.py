"""整改进展通报: how far a plan is, drawn from the ledger, every figure with the rows that it counts.

Dates and lights are those of `as_of`; so are states, by the event log.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from duban.adapters.database import Database
from duban.domain.full_width import full_width
from duban.domain.lifecycle import STATE_ZH, Outcome, State
from duban.domain.policy_model import Colour, Every
from duban.domain.schedule import period
from duban.notices.wording import book, date_zh
from duban.reports.paper import Block, Cell, Figure, Grid, Link, Paper, Sentence, share
from duban.services.paper_desk import (
    Desk,
    by_due,
    closed_note,
    desk,
    due_note,
    items_grid,
    light_note,
    paper_of,
    state_note,
    units_of,
)
from duban.services.standing import Standing
from models import Origin

_ABOUT_PROGRESS = re.compile(r"(?:整改)?(?:落实|工作|推进|完成|整改)*(?:进展)?情况的?(?:通报|报告|公示|公告|通告)$")


def report_title(plan: str) -> str:
    """关于《…方案》整改进展情况的通报: the title of a report on a plan.

    Where the plan was itself read from a report on progress, the report is on the same matter, and no report on it:
    中共某区委关于巡视整改进展情况的通报 gives 关于巡视整改进展情况的通报.
    """
    name = plan[1:-1] if plan.startswith("《") and plan.endswith("》") else plan
    matter = _ABOUT_PROGRESS.sub("", name)
    if matter != name:
        matter = matter.rpartition("关于")[2]
        return f"关于{matter if matter.endswith('整改') else matter + '整改'}进展情况的通报"
    return f"关于{book(plan)}{'整改进展' if '整改' in plan else '推进'}情况的通报"


def progress_paper(
    database: Database, *, plan: str, as_of: dt.date, public_url: str, dated_on: dt.date | None = None
) -> Paper:
    """整改进展通报: how far a plan is, part by part and unit by unit, what is late, and what falls due next."""
    at = desk(database, plan=plan, as_of=as_of, public_url=public_url)
    sections: list[tuple[str, list[Block]]] = [
        ("总体情况", _overall(at)),
        ("各部分进展", _by_part(at)),
        ("各责任单位进展", _by_unit(at)),
        ("逾期和红灯事项", _late(at)),
    ]
    if at.standing.targets:
        said: list[Block] = [Sentence((f"第{t.number}项：{t.words()}。",)) for t in at.standing.targets]
        sections.append(("指标完成情况", said))
    sections.append(("下一步安排", _ahead(at)))
    return paper_of(at, "progress", report_title(full_width(at.standing.facts.title)), sections, dated_on)


#: Ended, and not struck off (销号): counted apart, and in no rate.
_NOT_STRUCK = ((Outcome.WITHDRAWN, "撤销"), (Outcome.MERGED, "合并"))


def _overall(at: Desk) -> list[Block]:
    items, day = at.items, date_zh(at.standing.as_of)
    closed = [i for i in items if i.struck_off]
    children = [i for i in items if i.row.parent_id is not None]
    whole = at.figure("items", "整改事项", items, state_note)
    struck = at.figure("closed", "已销号", closed, closed_note)
    parts: list[str | Figure | Link] = [f"截至{day}，{at.title}共列事项", whole, "项"]
    if children:
        parts += ["（其中分项", at.figure("children", "分项", children, state_note, "items"), "项）"]
    ended = [(key, zh, [i for i in items if i.row.outcome is key]) for key, zh in _NOT_STRUCK]
    gone = sum(len(some) for _, _, some in ended)
    for key, zh, some in ended:
        parts += ["，" + zh, at.figure(key.value, zh, some, closed_note, "items"), "项"] if some else []
    of = "应销号事项的" if gone else ""
    parts += ["，已销号", struck, f"项，占{of}{share(struck.value, whole.value - gone)}。"]
    blocks: list[Block] = [Sentence(tuple(parts)), Sentence(tuple(_states(at)))]
    blocks.append(Sentence(tuple(_measures(at))))
    if at.standing.regulations:
        blocks.append(Sentence(tuple(_regulations(at))))
    if at.apart:
        blocks.append(Sentence(tuple(_apart(at))))
    if at.standing.doubtful:
        doubtful = at.figure("quarantined", "待核", at.standing.doubtful, lambda _: "原文存疑，待人工核定")
        blocks.append(Sentence(("另有", doubtful, "项因原文存疑待核定，未计入以上各数。")))
    return blocks


def _apart(at: Desk) -> list[str | Figure | Link]:
    """What came of the plan's items in other units, counted for itself."""
    parts: list[str | Figure | Link] = []
    for origin, said in ((Origin.SELF_CHECK, "另布置举一反三自查"), (Origin.CALL, "另有吹哨事项")):
        some = [one for one in at.apart if one.origin is origin]
        if some:
            whole = at.figure(f"{origin.value}s", said.removeprefix("另").lstrip("有"), some, state_note)
            ended = [i for i in some if i.struck_off]
            done = at.figure(f"{origin.value}s-closed", "已办结", ended, closed_note, whole.key)
            parts += ["；" if parts else "", said, whole, "项，已办结", done, "项"]
    return [*parts, "，均未计入以上各数。"]


def _states(at: Desk) -> list[str | Figure | Link]:
    items = at.items
    parts: list[str | Figure | Link] = ["在办事项中，"]
    for state in (s for s in State if s is not State.CLOSED):
        of_state = [i for i in items if i.state is state]
        parts += [
            f"{STATE_ZH[state]}",
            at.figure(f"state-{state.value}", STATE_ZH[state], of_state, state_note, "items"),
            "项，",
        ]
    late = [i for i in items if i.row.overdue and i.open]
    parts += ["逾期未完成", at.figure("overdue", "逾期", late, due_note), "项，"]
    undated = [i for i in items if i.open and i.row.light == Colour.NONE]
    parts += ["长期坚持和未载明时限", at.figure("undated", "无时限", undated, state_note, "items"), "项。"]
    relapsed = [i for i in items if i.relapses]
    if relapsed:
        figure = at.figure("relapsed", "反弹", relapsed, lambda i: f"反弹{i.relapses}次")
        parts += ["发生反弹重新整改的", figure, "项。"]
    return parts


def _measures(at: Desk) -> list[str | Figure | Link]:
    measures = at.standing.measures
    done = at.parts("measures-done", "已完成的措施", [m for m in measures if m.done], "measures")
    whole = at.parts("measures", "整改措施", measures)
    return ["共列措施", whole, "条，已完成", done, f"条，占{share(done.value, whole.value)}。"]


def _regulations(at: Desk) -> list[str | Figure | Link]:
    regulations = at.standing.regulations
    issued = at.parts("regulations-issued", "已出台的制度", [r for r in regulations if r.done], "regulations")
    return ["应出台制度", at.parts("regulations", "制度", regulations), "项，已出台", issued, "项。"]


def _by_part(at: Desk) -> list[Block]:
    groups: dict[str, list[Standing]] = defaultdict(list)
    for one in at.items:
        groups[one.part or "（未分部分）"].append(one)
    rows = [_counts(at, f"part-{n}", name, items) for n, (name, items) in enumerate(groups.items(), start=1)]
    return [_grid("parts", "各部分进展", "部分", rows, 9)] if len(rows) > 1 else [Sentence(("本方案不分部分。",))]


def _by_unit(at: Desk) -> list[Block]:
    groups: dict[str, list[Standing]] = defaultdict(list)
    by_id = {one.row.id: one for one in (*at.standing.items, *at.standing.doubtful)}
    for one in at.items:
        for unit in units_of(one, by_id):
            groups[unit].append(one)
    ordered = sorted(groups.items(), key=lambda g: (-sum(i.open and i.row.overdue for i in g[1]), -len(g[1]), g[0]))
    rows = [_counts(at, f"unit-{n}", name, items) for n, (name, items) in enumerate(ordered, start=1)]
    said = Sentence(("同一事项由几个单位承担的，各单位分别计算。",))
    return [_grid("units", "各责任单位进展", "单位", rows, 9), said] if rows else [Sentence(("文件未载明责任单位。",))]


def _counts(at: Desk, key: str, name: str, items: Sequence[Standing]) -> tuple[Cell, ...]:
    def count(part: str, label: str, chosen: Iterable[Standing]) -> Figure:
        within = None if part == "all" else f"{key}-all"
        return at.figure(f"{key}-{part}", f"{name}：{label}", chosen, light_note, within)

    closed = [i for i in items if i.struck_off]
    gone = [i for i in items if not i.open and not i.struck_off]
    return (
        name,
        count("all", "事项", items),
        count("closed", "销号", closed),
        count("gone", "撤销、合并", gone),
        count("open", "在办", [i for i in items if i.open]),
        count("red", "红灯", [i for i in items if i.red]),
        count("yellow", "黄灯", [i for i in items if i.open and i.row.light == Colour.YELLOW]),
        count("late", "逾期", [i for i in items if i.open and i.row.overdue]),
        share(len(closed), len(items) - len(gone)),
    )


def _grid(key: str, title: str, first: str, rows: list[tuple[Cell, ...]], width: int) -> Grid:
    headings = (first, "事项", "销号", "撤销合并", "在办", "红灯", "黄灯", "逾期", "销号率")
    return Grid(key, title, headings, tuple(rows), (width, 3, 3, 3, 3, 3, 3, 3, 4))


def _late(at: Desk) -> list[Block]:
    red = sorted((i for i in at.items if i.red), key=by_due)
    if not red:
        return [Sentence((f"截至{date_zh(at.standing.as_of)}，没有逾期和红灯事项。",))]
    figure = at.figure("red", "红灯", red, due_note)
    return [Sentence(("以下", figure, "项为红灯，请有关单位抓紧办理。")), items_grid(at, "late", "逾期和红灯事项", red)]


def _ahead(at: Desk) -> list[Block]:
    first = at.standing.as_of + dt.timedelta(days=1)
    last = period(Every.MONTHLY, first)[1]
    if (last - first).days < 14:
        last = period(Every.MONTHLY, last + dt.timedelta(days=1))[1]
    due = [i for i in at.items if i.open and i.row.due_on is not None and first <= i.row.due_on <= last]
    due.sort(key=by_due)
    if not due:
        return [Sentence((f"至{date_zh(last)}没有到期事项。请各责任单位按序时进度推进，按期报送进展。",))]
    figure = at.figure("ahead", f"至{date_zh(last)}到期", due, due_note)
    said = Sentence((f"至{date_zh(last)}将有", figure, "项到期，请责任单位按期完成，牵头领导督促落实。"))
    return [said, items_grid(at, "ahead", "近期到期事项", due)]
