"""`duban plans`, `items`, `show`, `history`, `explain`: what stands, what happened, and why."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, operator, print_json, table, today
from duban.domain.lifecycle import ACTION_ZH, Outcome, State

if TYPE_CHECKING:
    from duban.adapters.database import Database
    from duban.services.queries.shapes import ItemRow, ItemWhole

LIGHTS_ZH = {"red": "红灯", "yellow": "黄灯", "green": "绿灯", "none": "无时限"}
AS_OF = click.option("--as-of", type=DAY, help="Business date that lights are judged on; default today.")
JSON = click.option("--json", "as_data", is_flag=True, help="Print the data as JSON.")


@click.command("plans")
@AS_OF
@JSON
def plans(as_of: dt.date | None, as_data: bool) -> None:
    """List the plans with their counts."""
    from dataclasses import asdict

    from duban.services.queries.plans import list_plans
    from duban.services.queries.scope import WHOLE

    found = list_plans(_ledger(), scope=WHOLE, as_of=as_of or today())
    if as_data:
        print_json([asdict(p) for p in found])
        return
    rows = [
        (
            p.code,
            p.title,
            p.registered_on,
            "已放行" if p.released_at else "未放行",
            sum(p.states.values()),
            p.quarantined,
        )
        for p in found
    ]
    table(["方案", "名称", "登记日", "放行", "事项", "待核"], rows)


@click.command("items")
@click.option("--plan", help="Only of this plan.")
@click.option("--state", "states", multiple=True, type=click.Choice([s.value for s in State]), help="Repeatable.")
@click.option("--light", type=click.Choice(list(LIGHTS_ZH)), help="Only with this light.")
@click.option("--unit", help="Only of this lead or responsible unit.")
@click.option("--lead", help="Only of this lead official.")
@click.option("--outcome", type=click.Choice([o.value for o in Outcome]), help="Only closed ones that ended so.")
@click.option("--overdue", is_flag=True, help="Only past their limit.")
@click.option("--quarantined", is_flag=True, help="Only in quarantine.")
@click.option("--search", "words", help="Only with these words in title, goal, measures, parties.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True, help="At most so many.")
@AS_OF
@JSON
def items(as_data: bool, as_of: dt.date | None, limit: int, words: str | None, **where: object) -> None:
    """List items by state, light, party or words."""
    from dataclasses import asdict

    from duban.services.queries.items import ItemFilter, list_items
    from duban.services.queries.scope import WHOLE

    condition = ItemFilter(
        plan=where["plan"],  # type: ignore[arg-type]
        states=tuple(State(s) for s in where["states"]),  # type: ignore[attr-defined]
        outcome=Outcome(str(where["outcome"])) if where["outcome"] else None,
        light=where["light"],  # type: ignore[arg-type]
        unit=where["unit"],  # type: ignore[arg-type]
        lead=where["lead"],  # type: ignore[arg-type]
        overdue=True if where["overdue"] else None,
        quarantined=True if where["quarantined"] else None,
        q=words,
    )
    database, cursor = _ledger(), None
    found: list[ItemRow] = []
    while len(found) < limit:
        page = list_items(
            database,
            scope=WHOLE,
            as_of=as_of or today(),
            where=condition,
            cursor=cursor,
            limit=min(200, limit - len(found)),
        )
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    if as_data:
        print_json([asdict(i) for i in found])
        return
    table(["id", "方案", "序号", "事项", "状态", "灯", "到期", "牵头", "责任单位"], [_row(i) for i in found], widest=30)
    more = f" of {page.total}, all with --limit {page.total}" if cursor else ""
    click.echo(f"{len(found)} items{more}")


@click.command("show")
@click.argument("item")
@AS_OF
@JSON
def show(item: str, as_of: dt.date | None, as_data: bool) -> None:
    """Show ITEM (its id, or PLAN/NUMBER) with everything that belongs to it."""
    from dataclasses import asdict

    from duban.services.plan_lookup import item_id_of
    from duban.services.queries.item import one_item
    from duban.services.queries.scope import WHOLE

    database = _ledger()
    found = one_item(
        database, item_id=item_id_of(database, item), scope=WHOLE, actor=operator(), as_of=as_of or today()
    )
    if as_data:
        print_json(asdict(found))
    else:
        _describe(found)


@click.command("history")
@click.argument("item")
@JSON
def history(item: str, as_data: bool) -> None:
    """What happened to ITEM, when, by whom and why."""
    from dataclasses import asdict

    from duban.services.plan_lookup import item_id_of
    from duban.services.queries.item import history as events_of
    from duban.services.queries.scope import WHOLE
    from duban.services.rules import AUTHORITY_ZONE

    database = _ledger()
    events = events_of(database, item_id=item_id_of(database, item), scope=WHOLE)
    if as_data:
        print_json([asdict(e) for e in events])
        return
    rows = [
        (e.seq, f"{e.occurred_at.astimezone(AUTHORITY_ZONE):%Y-%m-%d %H:%M}", e.type, e.actor, e.source, e.reason)
        for e in events
    ]
    table(["#", "发生于", "事件", "经办", "渠道", "理由"], rows)


@click.command("explain")
@click.argument("item")
@AS_OF
@JSON
def explain(item: str, as_of: dt.date | None, as_data: bool) -> None:
    """Why ITEM has this date and this light: days counted, skipped, paused, rolled; rungs sent and to come."""
    from dataclasses import asdict

    from duban.services.plan_lookup import item_id_of
    from duban.services.queries.explain import explain_item
    from duban.services.queries.scope import WHOLE

    database = _ledger()
    found = explain_item(database, item_id=item_id_of(database, item), scope=WHOLE, as_of=as_of or today())
    if as_data:
        print_json(asdict(found))
        return
    click.echo(f"{found.as_of}  {';'.join(found.reasons)}")
    for line in found.targets:
        click.echo(f"  {line}")
    for clock in found.clocks:
        click.echo(f"\n时钟 {clock.clock_id} {clock.kind.value} {clock.state.value}  {clock.milestone or ''}")
        for line in (*clock.date, *clock.ladder):
            click.echo(f"  {line}")


def _ledger() -> Database:
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    return open_ledger(load_settings())


def _row(item: ItemRow) -> tuple[object, ...]:
    return (
        item.id,
        item.plan.code,
        item.number,
        item.title,
        "待核" if item.quarantined else item.state_zh,
        LIGHTS_ZH.get(item.light, item.light),
        item.due_on,
        "、".join(item.names("lead_official")),
        "、".join(item.names("lead_unit", "responsible")),
    )


def _describe(found: ItemWhole) -> None:
    row = found.row
    click.echo(f"{row.plan.code} 第{row.number}项  {row.title}")
    state = "待核(在隔离区)" if row.quarantined else row.state_zh
    click.echo(f"  状态 {state}  版本 {row.version}  {';'.join(row.light_reasons)}")
    roles = (("牵头领导", ("lead_official",)), ("责任单位", ("lead_unit", "responsible")), ("配合", ("support",)))
    facts = [("目标", found.goal), ("时限", found.time_limit)]
    facts += [(label, "、".join(row.names(*of))) for label, of in roles]
    for label, text in facts:
        if text:
            click.echo(f"  {label} {text}")
    for line in _parts(found):
        click.echo(f"  {line}")
    if found.actions:
        click.echo("  现在可以:" + "、".join(f"{ACTION_ZH[a.action]} {a.action.value}" for a in found.actions))


def _parts(found: ItemWhole) -> list[str]:
    """Measures, milestones, regulations and open doubts, a line each."""
    lines = [f"措施{m.position} [{m.progress.value}] {m.text}" for m in found.measures]
    lines += [
        f"节点{m.position} [{'已完成' if m.done else m.rolled_due_on or '无日期'}] {m.text}" for m in found.milestones
    ]
    lines += [f"制度{r.id} [{r.status.value}] 《{r.title}》 {r.document_number or ''}" for r in found.regulations]
    lines += [f"存疑 {a.code}(第{a.line}行){a.detail}" for a in found.anomalies if a.resolved_at is None]
    return lines
