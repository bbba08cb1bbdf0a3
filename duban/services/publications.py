"""What a night and a review publish in the Prefect UI: a summary in Markdown, and tables as rows of plain values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from duban.adapters.database import Database
from duban.domain.lifecycle import STATE_ZH, State
from duban.domain.policy_model import Every
from duban.services.night import NightReport, WouldSend
from duban.services.periodicals import PapersReport
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.plans import list_plans
from duban.services.queries.ranking import ranking
from duban.services.queries.scope import WHOLE
from duban.services.queries.shapes import ItemRow, PlanView
from duban.services.reconcile import Counts
from duban.services.rules import rules_of

MOST_ROWS = 200  # a table in the Prefect UI is for looking at; the board has them all
MOST_LINES = 50  # of a table within a text
TABLES = frozenset({"check", "exposure", "ranking", "units", "late"})  # of a paper, shown as tables of their own too

CADENCE_ZH = MappingProxyType(
    {
        Every.WEEKLY: "每周",
        Every.FORTNIGHTLY: "双周",
        Every.MONTHLY: "每月",
        Every.QUARTERLY: "每季",
        Every.HALF_YEARLY: "半年",
    }
)

Table = list[dict[str, str | int | float]]


@dataclass(frozen=True, slots=True)
class Publication:
    """One Markdown text and its tables, by key (a-z, 0-9, hyphen) with their titles."""

    markdown: str
    tables: dict[str, tuple[str, Table]] = field(default_factory=dict)


def night_publication(database: Database, report: NightReport, runs: Counts, *, public_url: str) -> Publication:
    """What the night of `report` did and what stands after it."""
    plans = list_plans(database, scope=WHOLE, as_of=report.as_of)
    delivered = report.delivered
    rungs = "、".join(f"{title} {count}" for title, count in _rungs(database, plans, report).items()) or "无"
    lines = [
        f"# 夜间督办 {report.as_of}",
        "",
        f"- 结果:{'完成' if report.ok and not runs.problem else '**未全部完成**'}",
        f"- 触发:{rungs};首次逾期 {report.claimed.breaches}",
        f"- 通知 {report.claimed.notices} 份,邮件 {report.mails} 封:已发 {delivered.sent},待发 {delivered.waiting},"
        f"失败 {delivered.failed},不明 {delivered.unknown}",
        f"- 未发并记明原因:{report.claimed.passed};因签收暂缓:{report.claimed.held}",
        f"- 运行核对:{runs.checked} 项,修复 {runs.mended}" + (f";{runs.problem}" if runs.problem else ""),
        *(f"  - {line}" for line in runs.said),
    ]
    if report.missed:
        lines.append(f"- 补做漏夜:{report.missed[0]} 至 {report.missed[-1]},共 {len(report.missed)} 夜")
    lines += [f"- 尚未放行:{plan}(到期 {clocks} 项)" for plan, clocks in report.unreleased.items()]
    lines += [f"- **失败**:{failure}" for failure in report.failures]
    lines += ["", *_plan_lines(plans, public_url)]
    return Publication("\n".join(lines), _standing_tables(database, plans, report.as_of, public_url))


def preview_publication(would: Sequence[WouldSend], as_of: dt.date) -> Publication:
    """What a night would send, a line a notice."""
    rows: Table = [
        {
            "方案": one.plan,
            "序号": one.number,
            "事项": one.title,
            "梯级": one.rung,
            "应发": one.due_on.isoformat(),
            "送达": "、".join(one.readers),
        }
        for one in would
    ]
    text = f"# 夜间督办预览 {as_of}\n\n- 将发通知 {len(would)} 份;未写入、未发送,未放行的方案也列在内"
    return Publication(text, {"notices": _table("将发通知", rows, len(rows))} if rows else {})


def papers_publication(report: PapersReport, mails: int) -> Publication:
    """The papers of a period, whole: as text with their tables, and each kind of table over all plans."""
    lines = [f"# {CADENCE_ZH[report.cadence]}材料 {report.as_of}", "", f"- 新出 {report.drawn} 份,邮件 {mails} 封"]
    lines += [f"- **失败**:{failure}" for failure in report.failures]
    lines += [f"- 尚未放行,不出材料:{plan}" for plan in report.unreleased]
    tables: dict[str, tuple[str, Table]] = {}
    for paper in report.papers:
        span = f"{paper.period_on} 至 {paper.period_to}"
        lines += ["", f"## {paper.title}", "", f"{span},{'本次新出' if paper.new else '此前已出,未重复'}", ""]
        lines += [f"- {line}" for line in paper.data["text"]]
        for key, table in paper.data["tables"].items():
            lines += ["", *_markdown_table(table)]
            if key not in TABLES:
                continue
            name = re.sub(r"[^a-z0-9-]", "-", f"{paper.kind}-{key}".lower())
            rows = tables.setdefault(name, (table["title"], []))[1]
            for row in table["rows"]:
                cells: dict[str, str | int | float] = {"方案": paper.plan}
                rows.append(cells | dict(zip(table["headings"], row, strict=True)))
    return Publication("\n".join(lines), {n: _table(title, rows, len(rows)) for n, (title, rows) in tables.items()})


def _table(title: str, rows: Table, total: int) -> tuple[str, Table]:
    """As many rows as are looked at; the title says where there are more."""
    more = f"（共{total}行，列前{MOST_ROWS}行）" if total > MOST_ROWS else ""
    return title + more, rows[:MOST_ROWS]


def _markdown_table(table: dict[str, Any]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    rows = table["rows"][:MOST_LINES]
    more = [f"另有 {len(table['rows']) - len(rows)} 行,见邮件附件"] if len(rows) < len(table["rows"]) else []
    return [line(table["headings"]), "|" + " --- |" * len(table["headings"]), *map(line, rows), "", *more]


def _rungs(database: Database, plans: Sequence[PlanView], report: NightReport) -> dict[str, int]:
    """How many of each rung fired, by the title that the plans' policies give it, in the order of the ladder."""
    found: dict[str, int] = {}
    with database.read() as session:
        ladders = [rules_of(session, plan.id).policy.rungs for plan in plans]
    titles = {rung.key: rung.title for ladder in ladders for rung in ladder}
    for key in sorted(report.claimed.rungs, key=[*titles, *report.claimed.rungs].index):
        title = titles.get(key, key)
        found[title] = found.get(title, 0) + report.claimed.rungs[key]
    return found


def _plan_lines(plans: Sequence[PlanView], public_url: str) -> list[str]:
    states = list(State)
    head = "| 方案 | 事项 | " + " | ".join(STATE_ZH[s] for s in states) + " | 红 | 黄 | 待核 |"
    lines = [head, "|" + " --- |" * (len(states) + 5)]
    for plan in plans:
        counts = " | ".join(str(plan.states.get(s.value, 0)) for s in states)
        red, yellow = plan.lights.get("red", 0), plan.lights.get("yellow", 0)
        name = f"[{plan.code}]({public_url}/items?plan={plan.id})"
        lines.append(f"| {name} | {plan.items} | {counts} | {red} | {yellow} | {plan.quarantined} |")
    return lines


def _standing_tables(
    database: Database, plans: Sequence[PlanView], as_of: dt.date, public_url: str
) -> dict[str, tuple[str, Table]]:
    overdue: Table = []
    total = 0
    ranked: Table = []
    for plan in plans:
        where = ItemFilter(plan=str(plan.id), overdue=True)
        page = list_items(database, scope=WHOLE, as_of=as_of, where=where, sort="due", limit=MOST_ROWS)
        overdue += [_row(item, public_url) for item in page.items]
        total += page.total
        ranked += [
            {
                "方案": plan.code,
                "名次": r.place or "不参评",
                "单位": r.name,
                "得分": round(r.score, 1) if r.score is not None else "",
                "事项": r.items,
                "销号": r.closed,
                "逾期": r.overdue,
            }
            for r in ranking(database, plan=str(plan.id), scope=WHOLE, as_of=as_of)
        ]
    return {
        "overdue": _table(f"逾期事项 {as_of}", overdue, total),
        "ranking": _table(f"单位排名 {as_of}", ranked, len(ranked)),
    }


def _row(item: ItemRow, public_url: str) -> dict[str, str | int | float]:
    return {
        "方案": item.plan.code,
        "序号": item.number,
        "事项": item.title,
        "状态": item.state_zh,
        "到期": item.due_on.isoformat() if item.due_on else "",
        "逾期工作日": max(0, -(item.days_left or 0)),
        "责任单位": "、".join(item.names("lead_unit", "responsible")),
        "牵头领导": "、".join(item.names("lead_official")),
        "办件": f"{public_url}/items/{item.id}",
    }
