"""The fields of an item that was read, and how a person sets them right in place.

For items on which nothing has happened yet. One that is under way keeps its progress: `corrections`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from duban.domain.lifecycle import State
from duban.domain.limits import read_limit
from duban.reading.model import Regulation as ReadRegulation
from duban.reading.model import Target as ReadTarget
from duban.reading.targets import find_targets
from duban.services import clocks
from duban.services.item_rows import ROLES, milestone_row, regulation_row, target_row
from duban.services.parties import PartyBook
from duban.services.rules import rules_of
from duban.services.transitions import state_as_read
from models import (
    Category,
    Clock,
    Item,
    ItemParty,
    Measure,
    Milestone,
    Party,
    Plan,
    Progress,
    Regulation,
    Role,
    Target,
)

Refuse = Callable[[str], Exception]


@dataclass(frozen=True, slots=True)
class Edit:
    """Fields as they should stand; None leaves a field as it was read, an empty value clears it.

    `regulations` are titles (one that stands keeps what is known of it), `targets` sentences that are read anew.
    """

    number: str | None = None
    title: str | None = None
    goal: str | None = None
    measures: tuple[str, ...] | None = None
    time_limit: str | None = None
    lead_officials: tuple[str, ...] | None = None
    lead_units: tuple[str, ...] | None = None
    responsible_units: tuple[str, ...] | None = None
    support_units: tuple[str, ...] | None = None
    supervising_units: tuple[str, ...] | None = None
    regulations: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    reported_done: bool | None = None

    def given(self) -> dict[str, Any]:
        """The fields that are set."""
        return {n: getattr(self, n) for n in self.__dataclass_fields__ if getattr(self, n) is not None}


NO_EDIT = Edit()
ROLE_OF = {attribute: (role, kind) for attribute, role, kind in ROLES}


def said_of(session: Session, item: Item) -> dict[str, Any]:
    """An item's fields in the words of an `Edit`: what a form shows, and what a history says was there before."""
    named = select(ItemParty.role, Party.name).join(Party, Party.id == ItemParty.party_id)
    by_role: dict[Role, list[str]] = {}
    for role, name in session.execute(named.where(ItemParty.item_id == item.id).order_by(ItemParty.position)).tuples():
        by_role.setdefault(role, []).append(name)

    def texts(column: Any, table: Any) -> list[str]:
        return list(session.scalars(select(column).where(table.item_id == item.id).order_by(table.position)))

    return {
        "number": item.number,
        "title": item.title,
        "goal": item.goal or "",
        "measures": texts(Measure.text, Measure),
        "time_limit": item.time_limit or "",
        **{attribute: by_role.get(role, []) for attribute, role, _ in ROLES},
        "regulations": texts(Regulation.title, Regulation),
        "targets": texts(Target.text, Target),
        "reported_done": item.reported_done,
    }


def apply_edit(session: Session, item: Item, given: dict[str, Any], refuse: Refuse) -> None:
    """Sets these fields of an item on which nothing has happened yet. Raises what `refuse` makes of a reason."""
    if "number" in given:
        set_number(session, item, given["number"], refuse)
    if "title" in given:
        item.title = given["title"] or item.title
    if "goal" in given:
        item.goal = given["goal"] or None
    if "measures" in given:
        set_measures(session, item, list(given["measures"]))
    if "time_limit" in given:
        set_limit(session, item, given["time_limit"])
    if "reported_done" in given:
        item.reported_done = given["reported_done"]
    set_roles(session, item, {n: list(given[n]) for n in ROLE_OF if n in given})
    if "regulations" in given:
        _set_regulations(session, item, given["regulations"])
    if "targets" in given:
        _set_targets(session, item, given["targets"], refuse)


def set_number(session: Session, item: Item, number: str, refuse: Refuse) -> None:
    """Gives an item its number; one that another item of the plan bears is refused, a copy's that was taken out not."""
    number = number.strip()[:40]
    if not number:
        raise refuse("编号不能为空")
    if number == item.number:
        return
    same = select(Item).where(Item.plan_id == item.plan_id, Item.number == number, Item.id != item.id)
    rows = session.scalars(same).all()
    if any(not row.dropped and row.path_key in ("", item.path_key) for row in rows):
        raise refuse(f"本方案已有第{number}项；请换一个编号，或并入该项")
    copies = [row.copy for row in rows if row.path_key == item.path_key]
    item.number, item.copy = number, max(copies, default=0) + 1
    session.flush()


def set_measures(session: Session, item: Item, texts: Sequence[str]) -> None:
    """Replaces the measures; nobody has reported on any yet."""
    session.execute(delete(Measure).where(Measure.item_id == item.id))
    session.add_all(
        Measure(item_id=item.id, position=n, text=text, progress=Progress.OPEN) for n, text in enumerate(texts, start=1)
    )
    if texts and item.state is State.ASSIGNED:
        # The state at registration is read from the text; an edited text is read again.
        state_as_read(item, State.MEASURE_DRAFTED)
    session.flush()


def set_limit(session: Session, item: Item, text: str) -> None:
    """Reads the limit anew: its milestones replace those that were read before."""
    plan = session.get_one(Plan, item.plan_id)
    rules = rules_of(session, item.plan_id)
    year = plan.year or plan.registered_on.year
    limit = read_limit(text, year=year, seasons=rules.policy.named_seasons, issued_on=plan.issued_on)
    item.time_limit, item.long_term = text or None, limit.long_term
    item.category = Category(limit.category) if limit.category else None
    parts = [milestone_row(item.id, n, part, rules.calendar) for n, part in enumerate(limit.milestones, start=1)]
    replace_milestones(session, item, parts)


def replace_milestones(session: Session, item: Item, parts: Sequence[Milestone]) -> None:
    """Gives an item other parts of its limit."""
    # Clocks of an earlier decision that was undone have ended; their milestones go.
    session.execute(update(Clock).where(Clock.item_id == item.id).values(milestone_id=None))
    session.execute(delete(Milestone).where(Milestone.item_id == item.id))
    session.add_all(parts)
    session.flush()
    clocks.show_next_due(session, item)
    item.first_due_on = session.scalar(
        select(func.max(Milestone.rolled_due_on)).where(Milestone.item_id == item.id, ~Milestone.done)
    )


def set_roles(session: Session, item: Item, fields: dict[str, list[str]]) -> None:
    """Sets who is what on an item, each role in its order; a name that nobody knows is entered without an address."""
    if not fields:
        return
    book = PartyBook(session, session.get_one(Plan, item.plan_id))
    for name, names in fields.items():
        role, kind = ROLE_OF[name]
        session.execute(delete(ItemParty).where(ItemParty.item_id == item.id, ItemParty.role == role))
        session.flush()
        parties = dict.fromkeys(book.party(n.strip(), kind).id for n in names if n.strip())
        session.add_all(
            ItemParty(item_id=item.id, role=role, party_id=party_id, position=position)
            for position, party_id in enumerate(parties, start=1)
        )
        session.flush()


def read_targets(texts: Sequence[str], year: int | None, refuse: Refuse) -> list[ReadTarget]:
    """The targets of these sentences. Raises what `refuse` makes of a sentence without a figure."""
    found: list[ReadTarget] = []
    for text in texts:
        targets = find_targets(text, year=year)
        if not targets:
            raise refuse(f"“{text[:40]}”里没有读出数字；请写成“新增就业岗位4万个以上”这样的一句")
        found += targets
    return found


def _set_regulations(session: Session, item: Item, titles: Sequence[str]) -> None:
    standing = {r.title: r for r in session.scalars(select(Regulation).where(Regulation.item_id == item.id))}
    wanted = list(dict.fromkeys(t.strip()[:500] for t in titles if t.strip()))
    for title, row in standing.items():
        if title not in wanted:
            session.delete(row)
    session.flush()
    last = max((standing[t].position for t in wanted if t in standing), default=0)
    new = [t for t in wanted if t not in standing]
    session.add_all(regulation_row(item.id, last + n, ReadRegulation(t)) for n, t in enumerate(new, start=1))
    session.flush()


def _set_targets(session: Session, item: Item, texts: Sequence[str], refuse: Refuse) -> None:
    plan = session.get_one(Plan, item.plan_id)
    standing = {t.text: t for t in session.scalars(select(Target).where(Target.item_id == item.id))}
    new = read_targets([t for t in texts if t not in standing], plan.year, refuse)
    for text, row in standing.items():
        if text not in texts:
            session.delete(row)
    session.flush()
    last = max((t.position for text, t in standing.items() if text in texts), default=0)
    session.add_all(target_row(item.id, last + n, t) for n, t in enumerate(new, start=1))
    session.flush()
