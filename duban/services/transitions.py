"""The one function that changes an item's state, whoever asks for it and through whichever door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, Integer, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.dml import ReturningUpdate

from duban.adapters.database import Database
from duban.domain.actors import Actor, relations
from duban.domain.lifecycle import (
    ACTION_ZH,
    RELATION_ZH,
    STATE_ZH,
    TRANSITIONS,
    Action,
    Outcome,
    State,
    Transition,
    gaps,
    possible_actions,
)
from duban.errors import Forbidden, GuardFailed, InTheFuture, Quarantined, StaleVersion, TransitionRefused
from duban.services import effects
from duban.services.act_days import check_act_day
from duban.services.event_log import Happening, append_to
from duban.services.item_changes import locked, signal_engine
from duban.services.item_facts import facts_from, publication_owed
from duban.services.item_look import Standing, look_at
from duban.services.merging import merged_into
from duban.services.rules import business_date
from models import Anomaly, Base, Item

_ITEM = Base.metadata.tables["item"]
_CHANGES: dict[frozenset[str], ReturningUpdate[tuple[int]]] = {}


@dataclass(frozen=True, slots=True)
class Instrument:
    """A regulation that was issued: its document number (文号), its date, or both."""

    document_number: str | None = None
    issued_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class MoveDetails:
    """What an action brings along, beside its reason.

    `measures` are texts added with draft_measure; `regulations` maps the id of a promised regulation to what was
    issued; `merge_into` is the id of the item that a merged one goes on in; `with_merged`, with withdraw, the ids of
    every item that was merged into this one and ends with it; `due_on` the new limit of a reopened one; `occurred_at`
    when it really happened, where that was before now.
    """

    measures: tuple[str, ...] = ()
    regulations: Mapping[int, Instrument] = field(default_factory=dict)
    merge_into: int | None = None
    with_merged: tuple[int, ...] = ()
    due_on: dt.date | None = None
    occurred_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What a transition left behind."""

    item_id: int
    before: State
    state: State
    version: int
    event: str


NO_DETAILS = MoveDetails()


def move(
    database: Database,
    *,
    item_id: int,
    action: Action,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    reason: str = "",
    details: MoveDetails = NO_DETAILS,
) -> Moved:
    """Performs one transition: state, clocks, event, and the signal to the engine commit together or not at all.

    `expected_version` is the version that the caller saw (None: the caller has just read it in no other place).
    Raises NotFound, StaleVersion, Quarantined, Forbidden, TransitionRefused or GuardFailed; then nothing is written.
    """
    with database.write() as session:
        return move_within(
            session,
            item_id=item_id,
            action=action,
            actor=actor,
            expected_version=expected_version,
            now=now,
            reason=reason,
            details=details,
        )


def move_within(
    session: Session,
    *,
    item_id: int,
    action: Action,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    reason: str = "",
    details: MoveDetails = NO_DETAILS,
) -> Moved:
    """`move` inside a transaction that the caller commits."""
    item = locked(session, item_id)
    transition = TRANSITIONS[action]
    look = look_at(session, item)
    _check_permission(transition, actor, look.standing)
    _check_version(item, expected_version)
    _check_state(session, item, transition)
    if details.occurred_at is not None:
        _check_instant(session, item, action, details.occurred_at, now)
    brought = effects.bring_in(look, action, details, actor, business_date(now))
    facts = facts_from(
        brought.look,
        look.standing,
        reason=reason,
        merge_into=_merge_target(session, item, details),
        today=business_date(now),
        publication_owed=publication_owed(session, item, look) if action is Action.CLOSE else 0,
    )
    missing = gaps(action, facts)
    missing += _missing_limit(action, details)
    if action is Action.WITHDRAW:
        missing += _left_behind(session, item, details)
    if missing:
        raise GuardFailed(action=ACTION_ZH[action], gaps=";".join(missing))
    return _apply(session, item, brought, transition, actor, now, reason, details)


def _check_permission(transition: Transition, actor: Actor, standing: Standing) -> None:
    if relations(actor, standing.units, standing.leads).isdisjoint(transition.by):
        who = "、".join(RELATION_ZH[r] for r in transition.by)
        raise Forbidden(actor=actor.name, action=ACTION_ZH[transition.action], who=who)


def _check_version(item: Item, expected: int | None) -> None:
    if expected is not None and expected != item.version:
        raise StaleVersion(expected=expected, present=item.version, state=item.state.value)


def _check_state(session: Session, item: Item, transition: Transition) -> None:
    if item.quarantined or item.dropped:
        codes = session.scalars(
            select(Anomaly.code).where(Anomaly.item_id == item.id, Anomaly.blocks, Anomaly.resolved_at.is_(None))
        )
        raise Quarantined(codes=", ".join(sorted(set(codes))) or "dropped")
    if item.state not in transition.sources:
        possible = "、".join(f"{ACTION_ZH[a]} {a.value}" for a in possible_actions(item.state))
        raise TransitionRefused(
            action=transition.action.value, state=f"{STATE_ZH[item.state]} {item.state.value}", possible=possible
        )


def _merge_target(session: Session, item: Item, details: MoveDetails) -> str | None:
    """The number of the item to merge into, if it is another open item of the same plan that can take over."""
    if details.merge_into is None or details.merge_into == item.id:
        return None
    target = session.get(Item, details.merge_into)
    if target is None or target.plan_id != item.plan_id or target.state is State.CLOSED:
        return None
    if target.dropped or target.quarantined or _is_under(session, target, item):
        return None
    return target.number


def _is_under(session: Session, target: Item, item: Item) -> bool:
    """Whether the item stands above the target: a parent cannot go on in its own part."""
    at: Item | None = target
    while at is not None and at.parent_id is not None:
        if at.parent_id == item.id:
            return True
        at = session.get(Item, at.parent_id)
    return False


def _missing_limit(action: Action, details: MoveDetails) -> list[str]:
    # A reopened item without a limit would have no clock, and slip in silence.
    return ["请给出新的整改时限(due_on)"] if action is Action.REOPEN and details.due_on is None else []


def _left_behind(session: Session, item: Item, details: MoveDetails) -> list[str]:
    """Problems that go on in this item end with it: each is named by whoever withdraws it, or none is."""
    numbers = dict(
        session.execute(select(Item.id, Item.number).where(Item.id.in_(merged_into(item.id)))).tuples().all()
    )
    left = [number for item_id, number in numbers.items() if item_id not in details.with_merged]
    said = "、".join(f"第{number}项" for number in left)
    return [f"{said}已并入本事项，撤销后不再有人办理：请逐项确认一并撤销，或者先重新启动"] if left else []


def _check_instant(session: Session, item: Item, action: Action, occurred_at: dt.datetime, now: dt.datetime) -> None:
    if occurred_at > now:
        raise InTheFuture(what=ACTION_ZH[action], on=occurred_at)
    check_act_day(session, item, business_date(occurred_at), today=business_date(now), what=ACTION_ZH[action])


def _apply(
    session: Session,
    item: Item,
    brought: effects.Brought,
    transition: Transition,
    actor: Actor,
    now: dt.datetime,
    reason: str,
    details: MoveDetails,
) -> Moved:
    before, version = item.state, item.version
    values: dict[str, object] = {"state": transition.target, "version": version + 1, "updated_at": now}
    values["due_on"] = effects.next_due(brought.look, transition.action)
    values |= _ending(transition, now, details) | _reopening(item, transition)
    _write(session, item, values)
    effects.carry_out(session, item, brought, transition, details, actor, now, reason)
    payload: dict[str, object] = {
        "action": transition.action.value,
        "from": before.value,
        "to": transition.target.value,
    }
    payload |= {"version": item.version} | _payload(details)
    happening = Happening(item.id, transition.event, actor, details.occurred_at or now, reason, payload)
    append_to(session, brought.before.head, happening, now)
    signal_engine(session, item.id, now)
    return Moved(item.id, before, item.state, item.version, transition.event)


def _write(session: Session, item: Item, values: dict[str, object]) -> None:
    """Changes the row while it has the version that was read; what is held of it then says the same."""
    key = frozenset(values)
    statement = _CHANGES.get(key)
    if statement is None:
        statement = _CHANGES[key] = _change(key)
    session.flush()
    if session.execute(statement, values | {"item_id": item.id, "seen": item.version}).first() is None:
        raise StaleVersion(expected=item.version, present=item.version + 1, state=item.state.value)
    for name, value in values.items():
        set_committed_value(item, name, value)


def _change(columns: Iterable[str]) -> ReturningUpdate[tuple[int]]:
    """The statement that changes these columns of an item; built once for each of the few sets there are."""
    return (
        update(_ITEM)
        .where(
            _ITEM.c.id == bindparam("item_id", type_=BigInteger), _ITEM.c.version == bindparam("seen", type_=Integer)
        )
        .values({name: bindparam(name, type_=_ITEM.c[name].type) for name in columns})
        .returning(_ITEM.c.id)
    )


def _ending(transition: Transition, now: dt.datetime, details: MoveDetails) -> dict[str, object]:
    match transition.action:
        case Action.CLOSE:
            return {"closed_at": now, "outcome": Outcome.RECTIFIED}
        case Action.WITHDRAW:
            return {"closed_at": now, "outcome": Outcome.WITHDRAWN}
        case Action.MERGE:
            return {"closed_at": now, "outcome": Outcome.MERGED, "merged_into_id": details.merge_into}
        case _:
            return {}


def _reopening(item: Item, transition: Transition) -> dict[str, object]:
    if transition.action is not Action.REOPEN:
        return {}
    relapses = item.relapses + (1 if item.outcome is Outcome.RECTIFIED else 0)
    return {"closed_at": None, "outcome": None, "merged_into_id": None, "cycle": item.cycle + 1, "relapses": relapses}


def _payload(details: MoveDetails) -> dict[str, object]:
    given: dict[str, object] = {}
    if details.measures:
        given["measures"] = list(details.measures)
    if details.regulations:
        given["regulations"] = {
            str(key): {
                "document_number": i.document_number,
                "issued_on": i.issued_on.isoformat() if i.issued_on else None,
            }
            for key, i in details.regulations.items()
        }
    if details.merge_into is not None:
        given["merge_into"] = details.merge_into
    if details.with_merged:
        given["with_merged"] = list(details.with_merged)
    if details.due_on is not None:
        given["due_on"] = details.due_on.isoformat()
    return given


def state_as_read(item: Item, state: State) -> None:
    """Corrects the state at registration of an item in quarantine, whose text a person has just set right.

    It has no history yet: nothing was armed and nobody was told. Raises TransitionRefused for any other item.
    """
    if not item.quarantined:
        raise TransitionRefused(action="read again", state=item.state.value, possible="the transitions of the table")
    item.state = state


def take_back_unreleased(session: Session, plan_id: int, now: dt.datetime) -> dict[int, int]:
    """Closes every item of a plan that was registered by mistake, as withdrawn; item → its new version.

    Nobody was told about any of them yet: the caller (`voiding`) holds the plan, has seen that it was not released,
    and writes the events.
    """
    rows = session.execute(
        update(_ITEM)
        .where(_ITEM.c.plan_id == plan_id, _ITEM.c.dropped.is_(False))
        .values(
            state=State.CLOSED,
            outcome=Outcome.WITHDRAWN,
            closed_at=now,
            updated_at=now,
            dropped=True,
            quarantined=False,
            due_on=None,
            version=_ITEM.c.version + 1,
        )
        .returning(_ITEM.c.id, _ITEM.c.version)
    ).tuples()
    return dict(rows.all())
