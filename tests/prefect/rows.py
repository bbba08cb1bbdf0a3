"""A ledger with items to test runs on, and hands that move them."""

from __future__ import annotations

import datetime as dt
import itertools

from sqlalchemy import func, select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import Action, State
from duban.services import accounts, signals
from duban.services.event_log import Happening, append_all
from duban.services.transitions import Moved, MoveDetails, move
from duban.settings import ROOT
from models import Event, Item, ItemParty, Measure, Party, PartyKind, Plan, Role, Signal, UserRole

OFFICIAL = Actor("张三", "supervisor")
_numbers = itertools.count(1)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Ledger:
    """Items made without a document: what is tested is their runs."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._token: str | None = None

    def add_items(self, *states: State, signalled: bool = True) -> list[int]:
        """One item for each state, in a plan of its own, with a unit and a lead official; gives their ids."""
        at = now()
        with self.database.write() as session:
            plan = Plan(
                code=f"青河2026甲{next(_numbers)}",
                kind="rectification_plan",
                title="整改方案",
                policy=(ROOT / "policies" / "default.toml").read_text(encoding="utf-8"),
                policy_name="default",
                registered_on=dt.date(2026, 7, 1),
                registered_at=at,
            )
            session.add(plan)
            session.flush()
            unit = Party(plan_id=plan.id, kind=PartyKind.UNIT, name="区委政研室")
            lead = Party(plan_id=plan.id, kind=PartyKind.PERSON, name="周明远")
            office = Party(plan_id=plan.id, kind=PartyKind.OFFICE, name="督查室", email="office@example.org")
            session.add_all([unit, lead, office])
            items = [
                Item(
                    plan_id=plan.id,
                    number=str(n),
                    position=n,
                    path=[],
                    title="党性教育",
                    state=state,
                    created_at=at,
                    updated_at=at,
                )
                for n, state in enumerate(states, start=13)
            ]
            session.add_all(items)
            session.flush()
            for item in items:
                session.add(ItemParty(item_id=item.id, role=Role.RESPONSIBLE, party_id=unit.id, position=0))
                session.add(ItemParty(item_id=item.id, role=Role.LEAD_OFFICIAL, party_id=lead.id, position=0))
                if item.state is not State.ASSIGNED:
                    session.add(Measure(item_id=item.id, position=0, text="制定《办法》"))
                if signalled:
                    session.add(Signal(item_id=item.id, created_at=at))
            append_all(session, [Happening(item.id, "item.assigned", OFFICIAL, at) for item in items], at)
            return [item.id for item in items]

    def release(self, item_id: int, at: dt.datetime | None = None) -> int:
        """Lets the item's plan send, from now or since then; gives the plan's id."""
        with self.database.write() as session:
            plan = session.get_one(Plan, session.get_one(Item, item_id).plan_id)
            plan.released_at, plan.released_by = at or now(), OFFICIAL.name
            return plan.id

    def item(self, item_id: int) -> Item:
        with self.database.read() as session:
            return session.get_one(Item, item_id)

    def move(self, item_id: int, action: Action) -> Moved:
        details = MoveDetails(measures=("建立台账",)) if action is Action.DRAFT_MEASURE else MoveDetails()
        if action is Action.REOPEN:
            details = MoveDetails(due_on=dt.date(2026, 12, 31))
        return move(
            self.database,
            item_id=item_id,
            action=action,
            actor=OFFICIAL,
            expected_version=None,
            now=now(),
            reason="情况属实",
            details=details,
        )

    def events(self, item_id: int) -> list[str]:
        with self.database.read() as session:
            return list(session.scalars(select(Event.type).where(Event.item_id == item_id).order_by(Event.seq)))

    def token(self) -> str:
        """A supervisor's token, made once."""
        if self._token is None:
            accounts.create_user(
                self.database,
                name="李督查",
                role=UserRole.SUPERVISOR,
                password="a long password",
                parties=[],
                now=now(),
            )
            self._token = accounts.issue_token(self.database, user="李督查", name="form", now=now())
        return self._token

    def is_signalled(self, item_id: int) -> bool:
        """Whether the engine has still to look at the item."""
        with self.database.read() as session:
            query = select(Signal.id).where(Signal.item_id == item_id, Signal.delivered_at.is_(None)).limit(1)
            return session.scalar(query) is not None

    def backlog(self) -> int:
        return signals.backlog(self.database)

    def claimed(self) -> int:
        """How many signals an engine holds."""
        with self.database.read() as session:
            held = select(func.count()).where(Signal.delivered_at.is_(None), Signal.claimed_until > now())
            return session.scalar(held) or 0
