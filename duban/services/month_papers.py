"""The papers of month and week: 月曝光, 月排名, 月检查, and the agenda of 每周碰、双周议、每月研."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from duban.adapters.database import Database
from duban.domain.lifecycle import STATE_ZH
from duban.domain.policy_model import Every
from duban.domain.schedule import period, review_day
from duban.errors import DubanError
from duban.notices.wording import date_zh, day_zh
from duban.reports.paper import Block, Figure, Grid, Link, Paper, Sentence
from duban.services.paper_desk import (
    LIGHTS_ZH,
    Desk,
    by_due,
    desk,
    due_note,
    due_text,
    items_grid,
    paper_of,
)
from duban.services.queries.ranking import Trend, ranking, ranking_trend
from duban.services.queries.scope import WHOLE
from duban.services.standing import Exposed, Standing, exposed
from duban.services.stuck import Stuck, stuck_items

EXPOSURE_HEADINGS = ("序号", "事项", "责任单位", "牵头领导", "到期日", "事由")


class NoSuchReview(DubanError):
    """Plan {plan} holds no {cadence} review.

    Its policy holds: {known}.
    """

    code = "no_such_review"
    status = 422


def exposure_paper(
    database: Database, *, plan: str, as_of: dt.date, public_url: str, dated_on: dt.date | None = None
) -> Paper:
    """月曝光: the items that a rung listed for exposure this month, and those that are red on the day."""
    at = desk(database, plan=plan, as_of=as_of, public_url=public_url)
    first, _ = period(Every.MONTHLY, as_of)
    by_id = {one.row.id: one for one in at.standing.items}
    listed: dict[int, list[Exposed]] = defaultdict(list)
    for rung in exposed(database, plan=plan, first_on=first, last_on=as_of):
        listed[rung.item_id].append(rung)
    named = [by_id[item_id] for item_id in listed if item_id in by_id]
    red = sorted((i for i in at.standing.items if i.red and i.row.id not in listed), key=by_due)

    def why(one: Standing) -> str:
        said = [f"{e.fired_on.month}月{e.fired_on.day}日{e.title}{e.label or ''}" for e in listed.get(one.row.id, [])]
        return "；".join([*said, *(["红灯"] if one.red else [])])

    def listing(key: str, title: str, items: Sequence[Standing]) -> Grid:
        rows = tuple(
            (
                n,
                Link(f"第{one.row.number}项　{one.row.title}", at.url(one.row.id)),
                "、".join(one.units),
                "、".join(one.row.names("lead_official")),
                due_text(one),
                why(one),
            )
            for n, one in enumerate(items, start=1)
        )
        return Grid(key, title, EXPOSURE_HEADINGS, rows, (2, 7, 5, 3, 6, 5))

    month = f"{as_of.year}年{as_of.month}月"
    blocks: list[Block] = [Sentence((f"{month}没有列入曝光的事项。",))]
    if named:
        listed_figure = at.figure("listed", "列入曝光", named, why)
        blocks = [Sentence((f"{month}列入曝光", listed_figure, "项。")), listing("exposure", "曝光清单", named)]
    if red:
        others = at.figure("red", "其他红灯", red, why)
        blocks += [
            Sentence(("另有", others, "项为红灯，未列入曝光，供督促参考。")),
            listing("red", "其他红灯事项（未列入曝光）", red),
        ]
    return paper_of(at, "exposure", f"{month}曝光清单（{at.standing.facts.code}）", [("", blocks)], dated_on)


def ranking_paper(
    database: Database, *, plan: str, as_of: dt.date, public_url: str, dated_on: dt.date | None = None
) -> Paper:
    """月排名: each unit's place and score with its reckoning, by the plan's rules of scoring."""
    at = desk(database, plan=plan, as_of=as_of, public_url=public_url)
    ranked = ranking(database, plan=str(at.standing.facts.id), scope=WHOLE, as_of=as_of)
    scoring = at.standing.facts.rules.policy.scoring
    rows = tuple(
        (
            r.place if r.place is not None else "不参评",
            r.name,
            f"{r.score:.1f}" if r.score is not None else "—",
            r.due,
            r.met,
            r.overdue,
            r.overdue_days,
            r.closed,
            r.withdrawn + r.merged,
        )
        for r in ranked
    )
    headings = ("名次", "单位", "得分", "到期", "按期", "逾期", "逾期天数", "销号", "撤销合并")
    explained = [Sentence((f"{r.name}：{'；'.join(r.lines)}。",)) for r in ranked]
    rule = (
        f"只计本月到期的：时限、答复每件{scoring.limit_points}分，定期报告每件{scoring.report_points}分，"
        f"签收每件{scoring.acknowledge_points}分。得分为按期的分占到期的分的百分比，两头各先计{scoring.smoothing_points}分，"
        f"以免件数少的单位因一件定高低；同分的，逾期天数少的在前；没有到期的不参评。依据：{scoring.source}。"
    )
    blocks: list[Block] = [Sentence((rule,)), Grid("ranking", "单位排名", headings, rows, (3, 8, 3, 3, 3, 3, 3, 3, 3))]
    month = f"{as_of.year}年{as_of.month}月"
    sections: list[tuple[str, list[Block]]] = [("排名", blocks), ("得分说明", list(explained))]
    trend = ranking_trend(database, plan=str(at.standing.facts.id), as_of=as_of)
    if len(trend.days) > 1:
        sections.append(("近期变化", [_trend_grid(trend, [r.name for r in ranked])]))
    return paper_of(at, "ranking", f"{month}单位排名（{at.standing.facts.code}）", sections, dated_on)


def _trend_grid(trend: Trend, names: Sequence[str]) -> Grid:
    """Each unit's places over the past months, the latest last: 第2名（87.5）."""
    rows = tuple((name, *(f"第{p[0]}名（{p[1]:.1f}）" if p else "—" for p in trend.units[name])) for name in names)
    days = [f"{day.month}月{day.day}日" for day in trend.days]
    return Grid("trend", "近几个月名次（得分）", ("单位", *days), rows, (7, *(4 for _ in days)))


def _progress_text(one: Standing, as_of: dt.date) -> str:
    """The day of an item's last progress; 无 where there was none."""
    if one.progress_on is None:
        return "无"
    return day_zh(one.progress_on) if one.progress_on.year == as_of.year else date_zh(one.progress_on)


def check_paper(
    database: Database, *, plan: str, as_of: dt.date, public_url: str, dated_on: dt.date | None = None
) -> Paper:
    """月检查: every open item with its light, its measures, and when anything was last recorded on it."""
    at = desk(database, plan=plan, as_of=as_of, public_url=public_url)
    still = sorted((i for i in at.standing.items if i.open), key=by_due)
    first, _ = period(Every.MONTHLY, as_of)
    silent = [i for i in still if i.progress_on is None or i.progress_on < first]
    rows = tuple(
        (
            Link(one.row.number, at.url(one.row.id)),
            one.row.title,
            "、".join(one.units),
            STATE_ZH[one.state],
            LIGHTS_ZH[one.row.light],
            due_text(one),
            f"{one.row.measures_done}/{one.row.measures}",
            _progress_text(one, as_of),
        )
        for one in still
    )
    headings = ("序号", "事项", "责任单位", "状态", "灯", "到期日", "措施", "最近进展")
    whole = at.figure("open", "在办事项", still, due_note)
    quiet = at.figure("silent", "本月无进展", silent, lambda i: f"最近进展：{_progress_text(i, as_of)}")
    blocks: list[Block] = [
        Sentence(("在办事项", whole, "项，其中本月没有任何进展记录的", quiet, "项，检查时请重点核实。")),
        Grid("check", "检查清单", headings, rows, (2, 7, 5, 3, 2, 6, 2, 4)),
    ]
    month = f"{as_of.year}年{as_of.month}月"
    return paper_of(at, "check", f"{month}检查清单（{at.standing.facts.code}）", [("", blocks)], dated_on)


# -- 每周碰、双周议、每月研 ---------------------------------------------------------------------------------------


def agenda_paper(
    database: Database,
    *,
    plan: str,
    as_of: dt.date,
    public_url: str,
    cadence: str = "weekly",
    dated_on: dt.date | None = None,
) -> Paper:
    """What a review talks about: everything that is stuck, why, and who could move it. Raises NoSuchReview."""
    at = desk(database, plan=plan, as_of=as_of, public_url=public_url)
    rules = at.standing.facts.rules
    review = next((r for r in rules.policy.reviews if r.every.value == cadence), None)
    if review is None:
        known = "、".join(f"{r.title} {r.every.value}" for r in rules.policy.reviews) or "none"
        raise NoSuchReview(plan=at.standing.facts.code, cadence=cadence, known=known)
    stuck = stuck_items(database, plan_id=at.standing.facts.id, as_of=as_of)
    by_id = {one.row.id: one for one in (*at.standing.items, *at.standing.doubtful)}
    groups: dict[str, list[Stuck]] = defaultdict(list)
    for one in stuck:
        if one.item_id in by_id:
            groups[one.kind].append(one)
    sections = [(kind, _agenda_section(at, n, kind, found, by_id)) for n, (kind, found) in enumerate(groups.items(), 1)]
    if not sections:
        sections = [("议题", [Sentence(("没有卡住的事项。",))])]
    sections.append(("本期到期", _due_within(at, *period(review.every, as_of))))
    day = review_day(review, as_of, rules.calendar)
    title = f"{date_zh(day)}{review.title}议题（{at.standing.facts.code}）"
    return paper_of(at, f"agenda-{cadence}", title, sections, dated_on)


def _agenda_section(
    at: Desk, number: int, kind: str, found: Sequence[Stuck], by_id: dict[int, Standing]
) -> list[Block]:
    rows = tuple(
        (
            Link(by_id[s.item_id].row.number, at.url(s.item_id)),
            by_id[s.item_id].row.title,
            "、".join(by_id[s.item_id].units),
            s.why,
            s.days if s.days is not None else "",
            s.who,
        )
        for s in found
    )
    refs = tuple(at.row(by_id[s.item_id], s.why) for s in found)
    said = Sentence((f"{kind}", Figure(f"stuck-{number}", kind, len(refs), refs), "项。"))
    headings = ("序号", "事项", "责任单位", "卡在哪里", "工作日", "谁来推动")
    return [said, Grid(f"stuck-{number}", kind, headings, rows, (2, 7, 5, 7, 2, 4))]


def _due_within(at: Desk, first: dt.date, last: dt.date) -> list[Block]:
    due = [i for i in at.standing.items if i.open and i.row.due_on is not None and first <= i.row.due_on <= last]
    if not due:
        return [Sentence((f"至{date_zh(last)}没有到期事项。",))]
    due.sort(key=by_due)
    return [items_grid(at, "due", f"至{date_zh(last)}到期", due)]
