"""What an item's run does: look at the ledger, show what happened since, and stand where the item stands.

The ledger is the authority. A run remembers nothing that is not rebuilt from here, so replaying it is harmless.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.adapters.prefect_api import PrefectApi, RunState
from duban.domain.lifecycle import State
from duban.errors import NotFound
from duban.services import signals
from duban.services.run_specs import (
    DEPLOYMENT,
    STATE_NAMES,
    RunSpec,
    Shown,
    form_key,
    form_schema,
    mark_of,
    specs,
    state_body,
)
from models import Event, Item, Signal

BATCH = 200
WAKE_AT_MOST = 500  # a tenth of a second each, in the background
MOST_SHOWN = 50  # a run that missed more than this shows the last ones; the item's page has them all

#: Each event in Chinese and in English: the timeline graph of the Prefect UI has no Chinese glyphs.
EVENT_WORDS = MappingProxyType(
    {
        "item.assigned": "已交办 Assigned",
        "item.measure_drafted": "措施已拟定 Measure drafted",
        "item.measure_returned": "措施已退回 Measure returned",
        "item.regulation_issued": "制度已出台 Regulation issued",
        "item.started": "已启动推进 Started",
        "item.sustained": "已转入长效 Sustained",
        "item.closed": "已销号 Closed",
        "item.withdrawn": "已撤销 Withdrawn",
        "item.merged": "已合并 Merged",
        "item.took_over": "并入 Took over",
        "item.reopened": "已重新启动 Reopened",
        "item.resolved": "疑点已核定 Doubts settled",
        "item.resolution_undone": "核定已撤回 Settlement undone",
        "item.directory_updated": "名录已更新 Directory updated",
        "item.edited": "修改 Edited",
        "clock.recounted": "更正起算日 Counted anew",
        "item.transferred": "移交 Transferred",
        "item.voided": "方案作废 Plan taken back",
        "item.handed_over": "已发交办通知 Handed over",
        "item.self_checks_spawned": "已布置自查 Self-checks asked",
        "self_check.reported": "自查结果 Self-check reported",
        "call.answered": "已报到 Call answered",
        "progress.reported": "进展报告 Progress reported",
        "progress.published": "公布的进展 Progress published",
        "check_in.reported": "长效期报告 Check-in reported",
        "target.reported": "指标填报 Target reported",
        "closing.request": "申请销号 Closing asked",
        "closing.sign": "领导签字 Signed",
        "closing.verify": "核查 Verified",
        "closing.publish": "公示 Published",
        "extension.asked": "申请延期 Extension asked",
        "extension.decided": "延期批复 Extension decided",
        "clock.paused": "暂停计时 Paused",
        "clock.resumed": "恢复计时 Resumed",
        "clock.counted": "起算时限 Limit counted",
        "clock.reprojected": "重新核定到期日 Due date recounted",
        "policy.applied": "督办规则变更 Policy applied",
        "notice.acknowledged": "已签收 Acknowledged",
        "notice.withdrawn": "通知已撤回 Notice withdrawn",
        "notice.passed_on": "文书转送 Notice passed on",
        "proposal.approved": "批准发文 Proposal approved",
        "proposal.refused": "不同意发文 Proposal refused",
        "proposal.lapsed": "待批文书失效 Proposal lapsed",
        "talk.recorded": "约谈记录 Talk recorded",
        "delivery.settled": "送达已核实 Delivery settled",
        "delivery.bounced": "邮件被退回 Mail came back",
        "re_inspection.passed": "回头看通过 Re-inspection passed",
        "re_inspection.failed": "回头看发现反弹 Re-inspection failed",
        "run.linked": "建立流程 Run linked",
        "measure.reported": "措施进展 Measure reported",
        "milestone.done": "节点完成 Milestone done",
        "regulation.reported": "制度填报 Regulation reported",
        "evidence.handed_in": "佐证材料 Evidence",
        "clock.breached": "首次逾期 Overdue",
        "rung.fired": "催督 Escalated",
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to an item, in the words that its run's timeline shows."""

    seq: int
    words: str
    detail: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an item stands, and what its run has yet to show."""

    item_id: int
    shown: Shown
    steps: tuple[Step, ...]
    last_signal: int


def standing(database: Database, item_id: int, *, after_event: int, zone: ZoneInfo) -> Standing:
    """What stands, and each event after `after_event` (0: all of them). Raises NotFound."""
    with database.read() as session:
        item = session.get(Item, item_id)
        if item is None:
            raise NotFound(what="item", key=item_id)
        # Read before the events: a signal that comes in between is delivered once more, never lost.
        last_signal = session.scalar(select(func.max(Signal.id)).where(Signal.item_id == item_id)) or 0
        events = _events_after(session, item, after_event)
        newest = session.scalar(select(func.max(Event.seq)).where(Event.item_id == item_id)) or 0
        return Standing(
            item_id,
            Shown(item.state, item.version, newest, item.outcome),
            tuple(_step(event, zone) for event in events),
            last_signal,
        )


def settle(database: Database, standing: Standing, now: dt.datetime) -> None:
    """Records that the run shows this much: its version, and every signal that asked for it."""
    with database.write() as session:
        session.execute(
            update(Item)
            .where(Item.id == standing.item_id, Item.run_version < standing.shown.version)
            .values(run_version=standing.shown.version)
        )
        session.execute(
            update(Signal)
            .where(
                Signal.item_id == standing.item_id,
                Signal.id <= standing.last_signal,
                Signal.delivered_at.is_(None),
            )
            .values(delivered_at=now, claimed_until=None, error=None)
        )


def create_missing_runs(
    database: Database,
    prefect: PrefectApi,
    *,
    now: dt.datetime,
    plan_id: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Creates the run of every item that has none, suspended where the item stands; gives how many.

    Quarantined and dropped items get none: nothing runs for them until a person has decided. `progress` is called with
    (done, all). Nothing is executed: a run costs one create call and the keeping of its form. The engine wakes the
    runs of a plan of usual size once, so that their timelines begin with the assignment; those of a huge one sleep on.
    """
    deployment = prefect.deployment_id(DEPLOYMENT)
    total, done = _count_without_run(database, plan_id), 0
    if progress is not None:
        progress(0, total)
    while ids := _take_without_run(database, plan_id, now):
        with database.read() as session:
            batch = specs(session, ids)
        attach_runs(database, [(spec, create_run(prefect, deployment, spec)) for spec in batch])
        if total > WAKE_AT_MOST:
            signals.settle_all(database, ids, now)
        done += len(ids)
        if progress is not None:
            progress(min(done, total), total)
    return done


def create_run(prefect: PrefectApi, deployment: str, spec: RunSpec) -> str:
    """Creates one run, or finds the one under its key, and makes it stand and ask as the item does. Gives its id."""
    run = prefect.create_run(deployment, spec.body)
    if spec.shown.state is not State.CLOSED:
        # The form is there before a state asks for it: a crash in between leaves nothing that cannot be answered.
        prefect.save_form(run.id, form_key(spec.shown.state), form_schema(spec.shown.state))
    if not shows(run, spec.shown):
        prefect.set_state(run.id, state_body(spec.shown))
    return run.id


def shows(run: RunState, shown: Shown) -> bool:
    """Whether a run stands as its item does, at the item's version."""
    if run.state != STATE_NAMES[shown.state]:
        return False
    if shown.state is State.CLOSED:
        return run.type == "COMPLETED"
    mark = mark_of(run.key)
    return run.type == "PAUSED" and mark is not None and mark[0] == shown.version and run.form == form_key(shown.state)


def attach_runs(database: Database, made: Sequence[tuple[RunSpec, str]]) -> None:
    """Records which run shows which item, and the version that it shows."""
    with database.write() as session:
        for spec, run_id in made:
            session.execute(
                update(Item).where(Item.id == spec.item_id).values(flow_run_id=run_id, run_version=spec.shown.version)
            )
        # Whoever held their signals while the runs were made lets go of them.
        session.execute(
            update(Signal)
            .where(Signal.item_id.in_([spec.item_id for spec, _ in made]), Signal.delivered_at.is_(None))
            .values(claimed_until=None)
        )


def _count_without_run(database: Database, plan_id: int | None) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(_without_run(plan_id).subquery())) or 0


def _take_without_run(database: Database, plan_id: int | None, now: dt.datetime) -> list[int]:
    """The next items to make runs for. Their signals are claimed, so that an engine does not make the same ones."""
    with database.write() as session:
        ids = list(session.scalars(_without_run(plan_id).order_by(Item.id).limit(BATCH)))
        session.execute(
            update(Signal)
            .where(Signal.item_id.in_(ids), Signal.delivered_at.is_(None))
            .values(claimed_until=now + dt.timedelta(minutes=2))
        )
    return ids


def _without_run(plan_id: int | None) -> Select[tuple[int]]:
    query = select(Item.id).where(Item.flow_run_id.is_(None), ~Item.quarantined, ~Item.dropped)
    return query if plan_id is None else query.where(Item.plan_id == plan_id)


def _events_after(session: Session, item: Item, after_event: int) -> Sequence[Event]:
    query = select(Event).where(Event.item_id == item.id, Event.seq > after_event)
    return session.scalars(query.order_by(Event.seq.desc()).limit(MOST_SHOWN)).all()[::-1]


def _step(event: Event, zone: ZoneInfo) -> Step:
    day = event.occurred_at.astimezone(zone).date().isoformat()
    words = f"{EVENT_WORDS.get(event.type, event.type)} {day} {event.actor}"
    return Step(event.seq, words, _detail(event))


def _detail(event: Event) -> str:
    payload: dict[str, Any] = event.payload
    said = [f"理由:{event.reason}"] if event.reason else []
    said += [f"新增措施:{text}" for text in payload.get("measures", [])]
    said += [f"文号:{r.get('document_number') or '无'}" for r in payload.get("regulations", {}).values()]
    return ";".join(said)
