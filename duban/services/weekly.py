"""每周督办摘要: once a week each reader hears what is late, what falls due, and what was struck off."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.adapters.mail_message import message_id_for
from duban.domain.events import PROGRESS
from duban.domain.lifecycle import State
from duban.domain.numbering import reference
from duban.domain.parties import usable
from duban.notices.rendering import Rendered, Renderer
from duban.services.link_keys import LinkMaker
from duban.services.night_facts import PlanFacts, plan_facts
from duban.services.queries.items import rows_for
from duban.services.queries.lights import Lighting
from duban.services.queries.shapes import ItemRow
from duban.services.queued_mail import queued_mail
from duban.services.rules import business_date, come
from models import Delivery, Event, Item, Party, PartyKind, Plan

KIND = "weekly"
LISTED = 50  # lines of a section; the rest are counted, so that a mail stays readable
ITEMS_A_STATEMENT = 500


@dataclass(slots=True)
class _Reader:
    """Somebody's week: who they are, and the items of each plan that concern them."""

    party: Party
    office: dict[str, Any]
    items: dict[int, tuple[str, ItemRow, int]] = field(default_factory=dict)  # by item: plan, row, whom it concerns
    moved: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)


def compose_weekly(
    database: Database,
    renderer: Renderer,
    *,
    as_of: dt.date,
    now: dt.datetime,
    domain: str,
    public_url: str,
    links: LinkMaker | None = None,
) -> int:
    """Queues the weekly summaries that are due on a day by the plans' policies; returns how many.

    With `links`, each reader gets a link of their own to report on each item.

    One mail a person a week, whatever the number of plans. Safe to repeat: a mail's id follows from address and week.
    Who has no usable address is not written to: the supervision office's own summary holds everything.
    Raises DayToCome.
    """
    come(as_of, now)
    with database.read() as session:
        readers = _readers(session, as_of)
        known = set(session.scalars(select(Delivery.message_id).where(Delivery.kind == KIND, Delivery.as_of == as_of)))
    queued = 0
    for address, reader in sorted(readers.items()):
        message_id = message_id_for(hashlib.sha256(f"{KIND}:{address}:{as_of}".encode()).hexdigest(), domain)
        if message_id in known:
            continue
        context = _context(reader, as_of, public_url, links, now)
        queued += _queue(database, address, reader, message_id, context, renderer.render(KIND, context), as_of, now)
    return queued


def _readers(session: Session, as_of: dt.date) -> dict[str, _Reader]:
    readers: dict[str, _Reader] = {}
    plans = session.scalars(select(Plan.id).where(Plan.released_at.is_not(None)).order_by(Plan.id)).all()
    for plan_id in plans:
        plan = plan_facts(session, plan_id)
        if _due(plan, as_of):
            _read_plan(session, plan, as_of, readers)
    return readers


def _due(plan: PlanFacts, as_of: dt.date) -> bool:
    """The policy's weekday, or the first working day after it."""
    monday = as_of - dt.timedelta(days=as_of.isoweekday() - 1)
    return any(
        plan.rules.calendar.roll(week + dt.timedelta(days=plan.rules.policy.digest.weekly_on - 1)) == as_of
        for week in (monday, monday - dt.timedelta(days=7))
    )


def _read_plan(session: Session, plan: PlanFacts, as_of: dt.date, readers: dict[str, _Reader]) -> None:
    since = as_of - dt.timedelta(days=7)
    moved, closed = _week(session, plan.id, since, as_of)
    for row in _rows(session, plan.id, as_of):
        if row.state is State.CLOSED and row.id not in closed:
            continue
        for party in _concerned(plan, row):
            if not usable(party.email) or (party.valid_to is not None and party.valid_to < as_of):
                continue
            reader = readers.setdefault(party.email or "", _Reader(party, _office(plan)))
            reader.items.setdefault(row.id, (plan.code, row, party.id))
            reader.moved |= {row.id} & moved
            reader.closed |= {row.id} & closed


def _rows(session: Session, plan_id: int, as_of: dt.date) -> Iterable[ItemRow]:
    ids = session.scalars(
        select(Item.id).where(Item.plan_id == plan_id, ~Item.dropped, ~Item.quarantined).order_by(Item.id)
    ).all()
    lighting = Lighting(session, as_of)
    for start in range(0, len(ids), ITEMS_A_STATEMENT):
        part = ids[start : start + ITEMS_A_STATEMENT]
        yield from rows_for(session, lighting, Item.id.in_(part), limit=len(part))


def _week(session: Session, plan_id: int, since: dt.date, as_of: dt.date) -> tuple[set[int], set[int]]:
    """The items on which there was progress in the seven days before, and those struck off in them."""
    start = dt.datetime.combine(since, dt.time(), dt.timezone(dt.timedelta(hours=8)))
    rows = session.execute(
        select(Event.item_id, Event.type, Event.occurred_at)
        .join(Item, Item.id == Event.item_id)
        .where(Item.plan_id == plan_id, Event.occurred_at >= start, Event.type.in_(PROGRESS))
    ).tuples()
    by_day = [(i, kind) for i, kind, at in rows if since <= business_date(at) < as_of]
    closed = {i for i, kind in by_day if kind == "item.closed"}
    return {i for i, _ in by_day}, closed


def _concerned(plan: PlanFacts, row: ItemRow) -> list[Party]:
    """Units (members of a collective each for themselves), lead officials, the plan head, and the office itself."""
    found: dict[int, Party] = {}
    for named in row.parties:
        if named.role.value not in ("lead_unit", "responsible", "lead_official"):
            continue
        for party_id in plan.members.get(named.id, (named.id,)):
            found[party_id] = plan.parties[party_id]
    for overseer in (plan.plan_head, plan.office_id):
        if overseer is not None:
            found[overseer] = plan.parties[overseer]
    return list(found.values())


def _office(plan: PlanFacts) -> dict[str, Any]:
    party = plan.parties[plan.office_id]
    return {"name": party.name, "letterhead": None, "phone": None, "email": party.email}


def _context(
    reader: _Reader, as_of: dt.date, public_url: str, links: LinkMaker | None, now: dt.datetime
) -> dict[str, Any]:
    last = as_of + dt.timedelta(days=6)
    rows = [(code, row) for code, row, _ in reader.items.values()]
    still = [(c, r) for c, r in rows if r.state is not State.CLOSED]
    overdue = sorted((p for p in still if p[1].overdue), key=_by_due)
    due_next = sorted((p for p in still if p[1].due_on and as_of <= p[1].due_on <= last), key=_by_due)
    done = [p for p in rows if p[1].id in reader.closed and p[1].state is State.CLOSED]
    counts = {
        "open": len(still),
        "overdue": len(overdue),
        "due_next": len(due_next),
        "moved": len(reader.moved),
        "closed": len(done),
        "without_limit": sum(r.due_on is None for _, r in still),
    }
    sections = defaultdict(list)
    for name, chosen in (("overdue", overdue), ("due_next", due_next), ("done", done)):
        sections[name] = [
            _line(code, row, public_url) | {"link": links.report_url(reader.items[row.id][2], row.id, now)}
            if links
            else _line(code, row, public_url)
            for code, row in chosen[:LISTED]
        ]
    party = reader.party
    return {
        "recipient": {
            "name": party.name,
            "post": party.post,
            "is_unit": party.kind is not PartyKind.PERSON,
            "address_as": "to",
            "on_behalf_of": None,
            "why": None,
        },
        "office": reader.office,
        "as_of": as_of.isoformat(),
        "week": {"from_on": (as_of - dt.timedelta(days=7)).isoformat(), "to_on": (as_of - dt.timedelta(1)).isoformat()},
        "counts": counts,
        **sections,
        "url": f"{public_url}/my",
    }


def _by_due(pair: tuple[str, ItemRow]) -> tuple[dt.date, int]:
    return pair[1].due_on or dt.date.max, pair[1].id


def _line(code: str, row: ItemRow, public_url: str) -> dict[str, Any]:
    return {
        "plan_short": code,
        "number": row.number,
        "ref": reference(row.number),
        "title": row.title,
        "rolled_due_on": row.due_on.isoformat() if row.due_on else None,
        "overdue": row.overdue,
        "days_overdue": -(row.days_left or 0),
        "state_zh": row.state_zh,
        "closed": row.state is State.CLOSED,
        "marks": list(row.marks),
        "light": row.light,
        "units": row.names("lead_unit", "responsible"),
        "url": f"{public_url}/items/{row.id}",
        "link": None,
    }


def _queue(
    database: Database,
    address: str,
    reader: _Reader,
    message_id: str,
    context: dict[str, Any],
    rendered: Rendered,
    as_of: dt.date,
    now: dt.datetime,
) -> int:
    """One mail in the outbox; 0 where another process was quicker."""
    with database.write() as session:
        if session.scalars(select(Delivery.id).where(Delivery.message_id == message_id)).first() is not None:
            return 0
        session.add(
            queued_mail(
                KIND,
                address=address,
                name=reader.party.name,
                message_id=message_id,
                context=context,
                rendered=rendered,
                as_of=as_of,
                now=now,
            )
        )
        return 1
