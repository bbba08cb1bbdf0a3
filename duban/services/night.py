"""One night: decide and claim, compose, deliver, reconcile, count, seal. Repeatable, and it catches up what was missed.

A failing item is reported and never stops the rest; the night ends `failed` if anything failed, after all the rest.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database, one_at_a_time
from duban.adapters.mail import Transport
from duban.domain.addressees import resolve_targets
from duban.domain.policy_model import DOCUMENTS
from duban.notices.rendering import Renderer
from duban.notices.throttle import Throttle
from duban.services.compose import compose
from duban.services.deliver import UNLIMITED, Delivered, deliver
from duban.services.link_keys import LinkMaker
from duban.services.night_decide import Claimed, claim_batch, decide
from duban.services.night_facts import BatchFacts, PlanFacts, batch_facts, parties_of, plan_facts
from duban.services.notice_rows import Office
from duban.services.proposal_facts import APPROVERS_ZH
from duban.services.proposals import lapse_stale
from duban.services.queries.operations import whole_nights
from duban.services.robot import repeat_to_robot
from duban.services.rules import calendar_in_force, come
from duban.services.seal import anchor, count, keep
from models import Clock, Item, Night, NightState, Notice, NoticeRecipient, Party, Plan

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NightTools:
    """What a night works with; `clock` gives the present instant."""

    database: Database
    transport: Transport
    renderer: Renderer
    office: Office
    clock: Callable[[], dt.datetime]
    domain: str = "example.org"
    batch: int = 500
    links: LinkMaker | None = None  # none: whoever is asked for a receipt signs in to give it
    throttle: Throttle = UNLIMITED
    pause: Callable[[float], None] | None = None  # waits so many seconds; none: what was put off is left for later
    robot: Transport | None = None  # repeats the supervision office's mail in its chat group


@dataclass(slots=True)
class NightReport:
    """What a night did. `failures` names each clock, notice or plan that could not be served, with the reason."""

    as_of: dt.date
    only: list[int] | None = None  # the plans that it was narrowed to; None: all of them
    claimed: Claimed = field(default_factory=Claimed)
    mails: int = 0
    delivered: Delivered = field(default_factory=Delivered)
    robot: Delivered | None = None  # beside the mails: what becomes of it fails no night
    failures: list[str] = field(default_factory=list)
    unreleased: dict[str, int] = field(default_factory=dict)
    missed: list[dt.date] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything that the night had to do was done."""
        return not self.failures and not self.delivered.failed and self.delivered.problem is None

    def counts(self) -> dict[str, Any]:
        """The report as plain values, as it is stored with the night."""
        return {
            "only": self.only,
            "clocks": self.claimed.clocks,
            "rungs": dict(self.claimed.rungs),
            "passed": self.claimed.passed,
            "held": self.claimed.held,
            "breaches": self.claimed.breaches,
            "notices": self.claimed.notices,
            "mails": self.mails,
            "delivered": asdict(self.delivered),
            "robot": asdict(self.robot) if self.robot else None,
            "failures": self.failures,
            "unreleased": self.unreleased,
        }


def run_night(
    tools: NightTools,
    as_of: dt.date,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    only: Sequence[int] | None = None,
) -> NightReport:
    """Runs the night of one business date; `progress(phase, done, of)` is called as it works.

    `only` narrows it to some plans (by id), as when one plan is caught up by itself. Raises DayToCome.
    """
    report = NightReport(come(as_of, tools.clock()), list(only) if only is not None else None)
    _begin(tools, as_of, report)
    lapse_stale(tools.database, tools.clock())
    _claim_all(tools, report, progress, only)
    with tools.database.read() as session:
        sending = calendar_in_force(session).is_workday(as_of)
    if sending:
        _send(tools, report, progress)  # no mail on rest days, not even what was left over; the clocks go on
    _finish(tools, report)
    return report


def _send(tools: NightTools, report: NightReport, progress: Callable[[str, int, int], None]) -> None:
    report.mails = compose(
        tools.database,
        tools.renderer,
        as_of=report.as_of,
        now=tools.clock(),
        domain=tools.domain,
        public_url=tools.office.public_url,
        links=tools.links,
        progress=lambda done: progress("compose", done, done),
        failed=report.failures.append,
    )
    report.delivered = deliver(
        tools.database,
        tools.transport,
        clock=tools.clock,
        progress=lambda done: progress("deliver", done, report.mails),
        throttle=tools.throttle,
        pause=tools.pause,
    )
    if tools.robot is not None:
        report.robot = repeat_to_robot(tools.database, tools.robot, as_of=report.as_of, clock=tools.clock)


def _ended_failed(session: Session) -> set[dt.date]:
    """Whole nights that went through to their end although something failed: they were not missed."""
    nights = session.scalars(select(Night).where(Night.state == NightState.FAILED, Night.finished_at.is_not(None)))
    return {night.as_of for night in nights if night.counts.get("only") is None}


def _begin(tools: NightTools, as_of: dt.date, report: NightReport) -> None:
    """Opens the night's row, and notes the nights that were missed since the last one."""
    now = tools.clock()
    with tools.database.write() as session:
        one_at_a_time(session, "night")
        done = next(whole_nights(session, until=as_of, states=(NightState.COMPLETED,)), None)
        last = done.as_of if done is not None else None
        if last is not None:
            since = [last + dt.timedelta(days=n) for n in range(1, (as_of - last).days)]
            ended = _ended_failed(session) if since else set()
            report.missed = [day for day in since if day not in ended]
        night = session.get(Night, as_of, with_for_update=True)
        if night is None:
            started = {"only": report.only}
            session.add(Night(as_of=as_of, state=NightState.RUNNING, started_at=now, counts=started))
        else:
            if night.counts.get("only", report.only) is None:
                report.only = None  # the whole night was done before: it stays a whole one
            night.state, night.started_at, night.finished_at = NightState.RUNNING, now, None


def _claim_all(
    tools: NightTools, report: NightReport, progress: Callable[[str, int, int], None], only: Sequence[int] | None
) -> None:
    with tools.database.read() as session:
        released = session.scalars(select(Plan.id).where(Plan.released_at.is_not(None))).all()
        released = [plan_id for plan_id in released if only is None or plan_id in only]
        due = _due_clocks(session, report.as_of, released)
        report.unreleased = _unreleased(session, report.as_of)
        plans = _plans(session, released, report) if due else {}
        if len(plans) < len(released):
            due = _due_clocks(session, report.as_of, list(plans))
    for start in range(0, len(due), tools.batch):
        part = due[start : start + tools.batch]
        report.claimed.add(_claim_part(tools, part, plans, report))
        progress("decide", min(start + tools.batch, len(due)), len(due))


def _plans(session: Session, plan_ids: Sequence[int], report: NightReport) -> dict[int, PlanFacts]:
    """The plans with their rules and parties; one that cannot be read is reported and does not stop the others."""
    found = {}
    for plan_id in plan_ids:
        try:
            found[plan_id] = plan_facts(session, plan_id)
        except Exception as error:
            log.exception("plan %d cannot be read", plan_id)
            code = session.scalar(select(Plan.code).where(Plan.id == plan_id))
            report.failures.append(f"plan {code}: {type(error).__name__}: {error}")
    return found


def _claim_part(tools: NightTools, part: Sequence[int], plans: dict[int, PlanFacts], report: NightReport) -> Claimed:
    """One transaction for the batch; if it fails, one for each clock, so that only the failing one is left out."""
    try:
        return claim_batch(tools.database, part, plans, report.as_of, tools.clock(), tools.office, report.missed)
    except Exception:
        log.exception("a batch of %d clocks failed; each is tried alone", len(part))
    claimed = Claimed()
    for clock_id in part:
        try:
            found = claim_batch(
                tools.database, [clock_id], plans, report.as_of, tools.clock(), tools.office, report.missed
            )
            claimed.add(found)
        except Exception as error:
            report.failures.append(f"clock {clock_id}: {type(error).__name__}: {error}")
    return claimed


def _due_clocks(session: Session, as_of: dt.date, plan_ids: Sequence[int]) -> list[int]:
    if not plan_ids:
        return []
    return list(
        session.scalars(
            select(Clock.id)
            .where(Clock.next_rung_on <= as_of, Clock.plan_id.in_(plan_ids))
            .order_by(Clock.due_on, Clock.id)
        )
    )


def _unreleased(session: Session, as_of: dt.date) -> dict[str, int]:
    """Plans whose first night waits for a person, with how many clocks would have been looked at."""
    rows = session.execute(
        select(Plan.code, func.count())
        .join(Clock, Clock.plan_id == Plan.id)
        .where(Plan.released_at.is_(None), Clock.next_rung_on <= as_of)
        .group_by(Plan.code)
        .order_by(Plan.code)
    )
    return dict(rows.tuples().all())


def _finish(tools: NightTools, report: NightReport) -> None:
    with tools.database.read() as session:
        counted = count(session, report.as_of)
    report.failures += counted.problems
    with tools.database.write() as session:
        one_at_a_time(session, "night")
        keep(session, counted)
        anchor(session, report.as_of, tools.clock())
        night = session.get_one(Night, report.as_of)
        night.state = NightState.COMPLETED if report.ok else NightState.FAILED
        night.finished_at = tools.clock()
        night.counts = report.counts()


@dataclass(frozen=True, slots=True)
class WouldSend:
    """One notice that a night would write."""

    plan: str
    item_id: int
    number: str
    title: str
    rung: str
    kind: str
    due_on: dt.date
    readers: tuple[str, ...]


def preview(database: Database, as_of: dt.date, plan_ids: Iterable[int] | None = None) -> list[WouldSend]:
    """What a night would send, released or not: what was written and waits, then what would fire. Writes nothing."""
    found: list[WouldSend] = []
    with database.read() as session:
        wanted = list(plan_ids) if plan_ids is not None else list(session.scalars(select(Plan.id)))
        if not wanted or not calendar_in_force(session).is_workday(as_of):
            return found
        found += _waiting(session, wanted)
        plans = {plan_id: plan_facts(session, plan_id) for plan_id in wanted}
        due = _due_clocks(session, as_of, wanted)
        for start in range(0, len(due), 500):
            clocks = session.scalars(
                select(Clock).where(Clock.id.in_(due[start : start + 500])).order_by(Clock.id)
            ).all()
            facts = batch_facts(session, clocks)
            for clock in clocks:
                found += _would_send(clock, plans[clock.plan_id], facts.items[clock.item_id], facts, as_of)
    return found


def _waiting(session: Session, plan_ids: Sequence[int]) -> Iterator[WouldSend]:
    """Notices that were written before and have left to nobody yet: 交办通知, 退回, 批复 and the like."""
    rows = session.execute(
        select(Plan.code, Item, Notice, NoticeRecipient, Party.name)
        .join(Notice, Notice.plan_id == Plan.id)
        .join(Item, Item.id == Notice.item_id)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .where(Plan.id.in_(plan_ids), NoticeRecipient.delivery_id.is_(None), Notice.withdrawn_at.is_(None))
        .order_by(Notice.id, NoticeRecipient.role.desc(), NoticeRecipient.id)
    ).tuples()
    for _, of_notice in groupby(rows, key=lambda row: row[2].id):
        copies = list(of_notice)
        code, item, notice, *_ = copies[0]
        readers = tuple(shown_reader(name, copy.for_name) for *_, copy, name in copies)
        yield WouldSend(code, item.id, item.number, item.title, notice.kind, notice.kind, notice.as_of, readers)


def shown_reader(name: str, on_behalf_of: str | None) -> str:
    """A reader as a preview shows them."""
    return f"{name}（代{on_behalf_of}）" if on_behalf_of else name


def _would_send(clock: Clock, plan: PlanFacts, item: Item, facts: BatchFacts, as_of: dt.date) -> list[WouldSend]:
    policy = plan.rules.policy
    parties = parties_of(facts, plan, item, clock)
    return [
        WouldSend(
            plan.code,
            item.id,
            item.number,
            item.title,
            due.key,
            due.rung.kind,
            due.due_on,
            (f"先呈{APPROVERS_ZH[DOCUMENTS[due.rung.kind].approver.value]}批准",)
            if due.rung.approve
            else tuple(
                shown_reader(r.party.name, r.on_behalf_of_name)
                for r in resolve_targets(due.rung, parties, plan.directory, policy, as_of)
            ),
        )
        for due in decide(clock, facts, plan, as_of).rungs_to_fire
    ]
