"""A ledger to test on: plans entered through the same door as real documents, people who act, nights that are run."""

from __future__ import annotations

import atexit
import datetime as dt
import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.adapters.mail import Mailbox, Transport, transport_from_url
from duban.domain.actors import Actor
from duban.domain.lifecycle import Action, State
from duban.domain.limits import Milestone as Part
from duban.notices.rendering import Renderer
from duban.reading.directory import Entry
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import Item as Read
from duban.reading.model import Kind, Place, Reading, Regulation
from duban.services.closing import take_step
from duban.services.evidence_files import EvidenceStore
from duban.services.night import NightReport, NightTools, run_night
from duban.services.notice_rows import Office
from duban.services.progress import hand_in_evidence, report_measure, report_milestone, report_regulation
from duban.services.registration import Intake, OfficeRules, Received, Registered, register
from duban.services.release import release
from duban.services.transitions import NO_DETAILS, Moved, MoveDetails, move
from duban.settings import ROOT
from models import Closing, ClosingStep, Event, Item, Measure, Milestone, Progress
from models import Regulation as RegulationRow

POLICY = (ROOT / "policies" / "default.toml").read_text(encoding="utf-8")
NOW = dt.datetime(2026, 7, 13, 1, 0, tzinfo=dt.UTC)  # a Monday, nine in the morning in Shanghai
TODAY = dt.date(2026, 7, 13)
REGISTERED = dt.date(2026, 5, 6)


def morning(day: dt.date) -> dt.datetime:
    """Nine in the morning of a day in Shanghai."""
    return dt.datetime.combine(day, dt.time(1), dt.UTC)


CLERK = Actor("督查员甲", "supervisor")
VERIFIER = Actor("督查员乙", "supervisor")
UNIT = Actor("住建局经办", "unit", frozenset({"区住建局"}))
LEAD = Actor("韩望舒", "lead", frozenset({"韩望舒"}))
OTHER_UNIT = Actor("教育局经办", "unit", frozenset({"区教育局"}))
OTHER_LEAD = Actor("沈予安", "lead", frozenset({"沈予安"}))
VIEWER = Actor("旁观者", "viewer", frozenset({"区住建局", "韩望舒"}))

DIRECTORY = (
    Entry(2, "区政府督查室", "office", email="ducha@example.org"),
    Entry(3, "程远舟", "person", post="区委书记", email="cheng@example.org", plan_head=True),
    Entry(4, "韩望舒", "person", ["望舒"], post="副区长", superior="程远舟", email="han@example.org"),
    Entry(5, "沈予安", "person", post="常务副区长", superior="程远舟", email="shen@example.org"),
    Entry(6, "叶知秋", "person", post="局长", superior="韩望舒", email="ye@example.org"),
    Entry(7, "区住建局", "unit", ["住建局"], superior="韩望舒", head="叶知秋", email="zhujian@example.org"),
    Entry(8, "区教育局", "unit", superior="沈予安", email="jiaoyu@example.org"),
    Entry(9, "区档案馆", "unit"),  # no address, nobody above it
)

_codes = itertools.count(1)
_files = tempfile.TemporaryDirectory(prefix="duban-evidence-")
atexit.register(_files.cleanup)
EVIDENCE = EvidenceFolder(Path(_files.name))  # files go by their hash: all ledgers of a run can share them


def an_item(number: str = "1", state: State = State.ONGOING, **fields: Any) -> Read:
    """An item of 区住建局 under 韩望舒 with one measure, as a document would give it."""
    line = 10 * int(number.split(".", maxsplit=1)[0])
    given: dict[str, Any] = {
        "title": f"事项{number}",
        "goal": "全部完成",
        "measures": [f"措施{number}"] if state is not State.ASSIGNED else [],
        "lead_officials": ["韩望舒"],
        "responsible_units": ["区住建局"],
    }
    return Read(number, Place(line, line + 5), state=state.value, **(given | fields))


def due(on: dt.date, kind: str = "complete", **fields: Any) -> dict[str, Any]:
    """The fields of an item with one dated part."""
    return {"time_limit": f"{on}前完成", "milestones": [Part(f"{on}前完成", kind, due_on=on)]} | fields


def promised(*titles: str) -> dict[str, Any]:
    """The fields of an item that promises regulations."""
    return {"regulations": [Regulation(t) for t in titles]}


def a_reading(items: Sequence[Read], title: str = "青河区整改方案", doubts: Sequence[Doubt] = ()) -> Reading:
    return Reading(Kind.RECTIFICATION_PLAN, title, year=2026, items=list(items), anomalies=list(doubts))


def rules(policy: str = POLICY) -> OfficeRules:
    return OfficeRules("default", policy, "区政府督查室", "ducha@example.org")


@dataclass(slots=True)
class World:
    """One registered plan on one database, with hands that act on it."""

    database: Database
    plan: Registered
    ids: dict[str, int] = field(default_factory=dict)

    def item(self, number: str = "1") -> Item:
        with self.database.read() as session:
            return session.get_one(Item, self.ids[number])

    def move(
        self,
        action: Action | str,
        number: str = "1",
        *,
        actor: Actor = CLERK,
        version: int | None = None,
        reason: str = "会议决定",
        now: dt.datetime = NOW,
        details: MoveDetails = NO_DETAILS,
    ) -> Moved:
        return move(
            self.database,
            item_id=self.ids[number],
            action=Action(action),
            actor=actor,
            expected_version=version,
            now=now,
            reason=reason,
            details=details,
        )

    def all(self, table: type[Any], *where: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.scalars(select(table).where(*where).order_by(*table.__table__.primary_key.columns)))

    def of(self, table: type[Any], number: str = "1") -> list[Any]:
        """The rows of a table that belong to one item."""
        return self.all(table, table.item_id == self.ids[number])

    def count(self, table: type[Any], *where: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table).where(*where)) or 0

    def events(self, number: str = "1") -> list[Event]:
        with self.database.read() as session:
            return list(session.scalars(select(Event).where(Event.item_id == self.ids[number]).order_by(Event.seq)))

    def finish_work(self, number: str = "1", now: dt.datetime = NOW) -> None:
        """Everything that the unit owes before it asks for the closing."""
        for measure in self.of(Measure, number):
            if measure.progress is not Progress.DONE:
                report_measure(
                    self.database,
                    measure_id=measure.id,
                    progress=Progress.DONE,
                    actor=UNIT,
                    expected_version=None,
                    now=now,
                )
        for milestone in self.of(Milestone, number):
            if not milestone.done:
                report_milestone(self.database, milestone_id=milestone.id, actor=UNIT, expected_version=None, now=now)
        for regulation in self.of(RegulationRow, number):
            report_regulation(
                self.database,
                regulation_id=regulation.id,
                document_number="青府办〔2026〕3号",
                issued_on=now.date(),
                actor=UNIT,
                expected_version=None,
                now=now,
            )
        self.hand_in(number, now=now)

    def hand_in(self, number: str = "1", now: dt.datetime = NOW, content: bytes | None = None) -> int:
        return hand_in_evidence(
            self.database,
            item_id=self.ids[number],
            filename="验收报告.pdf",
            content=b"%PDF-" + (content or f"{number}{now}".encode()),
            note="",
            actor=UNIT,
            expected_version=None,
            now=now,
            store=EvidenceStore(EVIDENCE),
        )

    def step(self, step: ClosingStep, number: str = "1", *, actor: Actor, now: dt.datetime = NOW, **fields: Any) -> int:
        return take_step(
            self.database,
            item_id=self.ids[number],
            step=step,
            actor=actor,
            expected_version=None,
            now=now,
            **fields,
        )

    def ready_to_close(self, number: str = "1", now: dt.datetime = NOW) -> None:
        """Everything that the closing gate asks for."""
        self.finish_work(number, now)
        self.step(ClosingStep.REQUEST, number, actor=UNIT, now=now)
        self.step(ClosingStep.SIGN, number, actor=LEAD, now=now)
        self.step(ClosingStep.VERIFY, number, actor=VERIFIER, now=now)

    def steps(self, number: str = "1") -> list[Closing]:
        return self.of(Closing, number)


def a_world(
    database: Database,
    *items: Read,
    directory: Sequence[Entry] = DIRECTORY,
    released: bool = True,
    as_of: dt.date = REGISTERED,
    title: str | None = None,
    policy: str = POLICY,
    doubts: Sequence[Doubt] = (),
    entered: dt.datetime = NOW,
) -> World:
    """Registers these items as a plan, and releases it unless told otherwise."""
    number = next(_codes)
    title = title or f"青河区整改方案之{number}"
    reading = a_reading(items or [an_item()], title, doubts)
    plan = register(
        database,
        Received("方案.txt", title.encode(), reading),
        Intake(rules=rules(policy), actor=CLERK, as_of=as_of, now=entered, directory=directory, code=f"青河{number}"),
    )
    if released:
        release(database, plan=plan.code, actor=CLERK, now=dt.datetime.combine(as_of, dt.time(2), dt.UTC))
    with database.read() as session:
        rows = session.scalars(select(Item).where(Item.plan_id == plan.plan_id).order_by(Item.id)).all()
    ids: dict[str, int] = {}
    for row in rows:
        ids[row.number if row.copy == 1 else f"{row.number}#{row.copy}"] = row.id
    return World(database, plan, ids)


class Watch:
    """A clock that a test moves: it starts at one in the morning of a business date and ticks a second a look."""

    def __init__(self, day: dt.date) -> None:
        self.set(day)

    def set(self, day: dt.date) -> None:
        """One in the morning of `day` in Shanghai."""
        self.now = dt.datetime.combine(day, dt.time(1, 0), dt.timezone(dt.timedelta(hours=8))).astimezone(dt.UTC)

    def later(self, **delta: float) -> None:
        self.now += dt.timedelta(**delta)

    def __call__(self) -> dt.datetime:
        self.now += dt.timedelta(milliseconds=1)
        return self.now


SENDER = Mailbox("督查室", "duban@example.org")
_renderer = Renderer(ROOT / "templates" / "notices")


def night_tools(database: Database, transport: Transport | str | Path, watch: Watch, batch: int = 500) -> NightTools:
    if isinstance(transport, Path):
        transport = f"eml:{transport}"
    if isinstance(transport, str):
        transport = transport_from_url(transport, SENDER)
    return NightTools(
        database, transport, _renderer, Office("ducha@example.org", "http://127.0.0.1:8300"), watch, batch=batch
    )


def a_night(
    database: Database, transport: Transport | str | Path, day: dt.date, watch: Watch | None = None, batch: int = 500
) -> NightReport:
    """Runs the night of `day` at one in the morning."""
    watch = watch or Watch(day)
    return run_night(night_tools(database, transport, watch, batch), day)
