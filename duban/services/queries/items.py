"""Lists of items: filters, sorting, full text, and pages by cursor."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.lifecycle import Outcome, State
from duban.domain.lights import Light
from duban.errors import DubanError
from duban.services.queries.lights import STANDING, Lighting, Standing, live, overdue
from duban.services.queries.past import PastLighting, lighting_on
from duban.services.queries.scope import Scope, own_parties, visible
from duban.services.queries.shapes import ItemPage, ItemParty, ItemRow, PlanRef
from models import Item, Measure, Party, PartyAlias, Plan, Progress, Regulation, Role
from models import ItemParty as ItemPartyRow

#: Rows looked at in one statement while a filter is decided in Python (lights hang on each plan's rules).
CHUNK = 2000
MOST = 200
FAR = dt.date(9999, 12, 31)
ORDERS: dict[str, tuple[Any, ...]] = {
    "position": (Item.plan_id, Item.position, Item.id),
    "due": (func.coalesce(Item.due_on, FAR), Item.id),
    "updated": (Item.updated_at, Item.id),
}
_UNITS = (Role.LEAD_UNIT, Role.RESPONSIBLE, Role.SUPPORT, Role.SUPERVISING)


class BadCursor(DubanError):
    """The cursor {cursor} is not one that this list gave.

    Take `next` from the page before, with the same sort order; or leave it out to begin again.
    """

    code = "bad_cursor"
    status = 422


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items: every condition given must hold. `plan` is an id or a code; `unit` and `lead` are names.

    `outcome`: how closed ones ended (销号、撤销、合并).
    """

    plan: str | None = None
    states: tuple[State, ...] = ()
    outcome: Outcome | None = None
    light: str | None = None
    unit: str | None = None
    lead: str | None = None
    overdue: bool | None = None
    quarantined: bool | None = None
    long_term: bool | None = None
    due_from: dt.date | None = None
    due_to: dt.date | None = None
    q: str | None = None
    mine: bool = False


def list_items(
    database: Database,
    *,
    scope: Scope,
    as_of: dt.date,
    where: ItemFilter,
    sort: str = "position",
    cursor: str | None = None,
    limit: int = 50,
) -> ItemPage:
    """One page of the items that a scope may see, as they stood on `as_of`. Raises BadCursor."""
    limit = max(1, min(limit, MOST))
    with database.read() as session:
        lighting = lighting_on(session, as_of)
        after = _after(cursor, sort)
        if where.light or lighting.back:
            return _looked_through(session, lighting, scope, where, as_of, sort, after, limit)
        condition = _condition(scope, where, as_of)
        found = _item_rows(lighting, _rows(session, condition, ORDERS[sort], after, limit + 1))
        more = len(found) > limit
        found = _completed(session, found[:limit])
        counted = select(func.count(Item.id)).join(Plan, Plan.id == Item.plan_id).where(condition)
        following = _cursor(sort, _key_of(session, found[-1].id, sort)) if more else None
        return ItemPage(tuple(found), following, as_of, session.scalar(counted) or 0)


def rows_for(
    session: Session, lighting: Lighting, condition: ColumnElement[bool], *, limit: int | None
) -> list[ItemRow]:
    """Items under a condition, the earliest limit first, with their parties; all of them where `limit` is None."""
    rows = _rows(session, condition, ORDERS["due"], None, limit)
    return lighting.shown(_completed(session, _item_rows(lighting, rows)))


def _rows(
    session: Session,
    condition: ColumnElement[bool],
    order: tuple[Any, ...],
    after: tuple[Any, ...] | None,
    limit: int | None,
) -> Sequence[Any]:
    query: Select[Any] = select(Item, Plan.id, Plan.code, Plan.title, *order).join(Plan, Plan.id == Item.plan_id)
    query = query.where(condition)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*(literal(v) for v in after)))
    return session.execute(query.order_by(*order).limit(limit)).all()


def _looked_through(
    session: Session,
    lighting: Lighting,
    scope: Scope,
    where: ItemFilter,
    as_of: dt.date,
    sort: str,
    after: tuple[Any, ...] | None,
    limit: int,
) -> ItemPage:
    """A page of what no condition on rows can choose: items under a light, or as they stood on a day that is past."""
    chosen = _chosen(session, lighting, scope, where, as_of, sort)
    left = [(key, item_id) for key, item_id in chosen if after is None or key > after]
    shown = left[:limit]
    rows = {row.id: row for row in rows_for(session, lighting, Item.id.in_([i for _, i in shown]), limit=limit)}
    following = _cursor(sort, shown[-1][0]) if len(left) > limit else None
    return ItemPage(tuple(rows[item_id] for _, item_id in shown), following, as_of, len(chosen))


def _chosen(
    session: Session, lighting: Lighting, scope: Scope, where: ItemFilter, as_of: dt.date, sort: str
) -> list[tuple[tuple[Any, ...], int]]:
    """The place in the list and the id of each item that a filter keeps, in the list's order; little is read of each.

    Of a day that is past, what rows say is held against its log.
    """
    order = ORDERS[sort]
    condition = _condition(scope, _lasting(where) if lighting.back else where, as_of)
    query = select(*STANDING, *order).join(Plan, Plan.id == Item.plan_id).where(condition)
    rows = [tuple(row) for row in session.execute(query.order_by(*order))]
    keys = {row[0]: row[len(STANDING) :] for row in rows}
    items = lighting.there(Standing(*row[: len(STANDING)]) for row in rows)
    if isinstance(lighting, PastLighting):
        named = [_named(session, lighting, name, roles) for name, roles in _asked(where) if name]
        items = [i for i in items if _stood(i, where, as_of) and all(test(i) for test in named)]
        if sort == "due":
            keys = {i.id: (i.due_on or FAR, i.id) for i in items}
    if where.light:
        lights = _lights(lighting, items)
        items = [i for i in items if _running(i) and lights[i.id] == where.light]
    return sorted((keys[i.id], i.id) for i in items)


def _lights(lighting: Lighting, items: list[Standing]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(items), CHUNK):
        part = items[start : start + CHUNK]
        lights = lighting.of(part, Item.id.in_([i.id for i in part]))
        found |= {item_id: light.colour.value for item_id, light in lights.items()}
    return found


def _lasting(where: ItemFilter) -> ItemFilter:
    """What of a filter a later day does not change: the rest is asked of the day's log."""
    return ItemFilter(plan=where.plan, long_term=where.long_term, q=where.q, mine=where.mine)


def _running(item: Standing) -> bool:
    return item.state is not State.CLOSED and not item.quarantined and not item.dropped


def _stood(item: Standing, where: ItemFilter, as_of: dt.date) -> bool:
    """Whether an item, as it stood, is one that the filter keeps."""
    late = _running(item) and item.due_on is not None and item.due_on < as_of
    return (
        (not where.states or item.state in where.states)
        and where.outcome in (None, item.outcome)
        and where.overdue in (None, late)
        and where.quarantined in (None, item.quarantined)
        and (where.due_from is None or (item.due_on is not None and item.due_on >= where.due_from))
        and (where.due_to is None or (item.due_on is not None and item.due_on <= where.due_to))
    )


def _asked(where: ItemFilter) -> tuple[tuple[str | None, tuple[Role, ...]], ...]:
    return (where.unit, _UNITS), (where.lead, (Role.LEAD_OFFICIAL,))


def _named(session: Session, lighting: PastLighting, name: str, roles: tuple[Role, ...]) -> Callable[[Standing], bool]:
    """Whether an item was somebody's on the day: as its parties stand, but for roles that were set anew since."""
    meant = select(Party.id).where(or_(Party.name == name, Party.id.in_(_aliased(name))))
    names = {name, *session.scalars(select(Party.name).where(Party.id.in_(meant)))}
    pairs = select(ItemPartyRow.item_id, ItemPartyRow.role).where(ItemPartyRow.party_id.in_(meant))
    now = set(session.execute(pairs).tuples())

    def held(item: Standing) -> bool:
        before = lighting.then(item.plan_id)[item.id].parties
        return any(not names.isdisjoint(before[role]) if role in before else (item.id, role) in now for role in roles)

    return held


def _item_rows(lighting: Lighting, rows: Sequence[Any]) -> list[ItemRow]:
    among = Item.id.in_([row[0].id for row in rows])
    lights = lighting.of([Standing.of(row[0]) for row in rows], among)
    return [_item_row(row[0], PlanRef(*row[1:4]), lights[row[0].id]) for row in rows]


def _item_row(item: Item, plan: PlanRef, light: Light) -> ItemRow:
    return ItemRow(
        id=item.id,
        plan=plan,
        parent_id=item.parent_id,
        number=item.number,
        copy=item.copy,
        title=item.title,
        state=item.state,
        version=item.version,
        light=light.colour.value,
        light_reasons=light.reasons,
        marks=light.marks,
        due_on=item.due_on,
        days_left=light.days_left,
        overdue=light.overdue,
        first_due_on=item.first_due_on,
        breached_on=item.breached_on,
        long_term=item.long_term,
        quarantined=item.quarantined,
        dropped=item.dropped,
        reported_done=item.reported_done,
        outcome=item.outcome,
        updated_at=item.updated_at,
    )


def _completed(session: Session, rows: list[ItemRow]) -> list[ItemRow]:
    """The rows with their parties, in the order of the text, and how many of their measures are done."""
    ids = [r.id for r in rows]
    parties: dict[int, list[ItemParty]] = defaultdict(list)
    query = (
        select(ItemPartyRow.item_id, Party.id, Party.name, ItemPartyRow.role)
        .join(Party, Party.id == ItemPartyRow.party_id)
        .where(ItemPartyRow.item_id.in_(ids))
        .order_by(ItemPartyRow.position)
    )
    for item_id, party_id, name, role in session.execute(query).tuples():
        parties[item_id].append(ItemParty(party_id, name, role))
    done = func.sum(case((Measure.progress == Progress.DONE, 1), else_=0))
    counted = select(Measure.item_id, func.count(), done).where(Measure.item_id.in_(ids)).group_by(Measure.item_id)
    measures = {item_id: (total, finished) for item_id, total, finished in session.execute(counted).tuples()}
    return [
        replace(r, parties=tuple(parties[r.id]), measures=m, measures_done=d)
        for r in rows
        for m, d in [measures.get(r.id, (0, 0))]
    ]


def _condition(scope: Scope, where: ItemFilter, as_of: dt.date) -> ColumnElement[bool]:
    parts = [visible(scope), *_plain(where), *_words(where.q)]
    if where.plan:
        by_id = Plan.id == int(where.plan) if where.plan.isascii() and where.plan.isdigit() else false()
        parts.append(or_(Plan.code == where.plan, by_id))
    if where.overdue is not None:
        parts.append(overdue(as_of) if where.overdue else or_(~live(), Item.due_on.is_(None), Item.due_on >= as_of))
    if where.light:
        parts.append(_possible(where.light))
    if where.unit:
        parts.append(_has_party(where.unit, _UNITS))
    if where.lead:
        parts.append(_has_party(where.lead, (Role.LEAD_OFFICIAL,)))
    if where.mine and not scope.everything:
        parts.append(Item.id.in_(select(ItemPartyRow.item_id).where(ItemPartyRow.party_id.in_(own_parties(scope)))))
    return and_(*parts)


def _plain(where: ItemFilter) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = [] if where.quarantined else [~Item.dropped]
    if where.states:
        parts.append(Item.state.in_(where.states))
    if where.outcome is not None:
        parts.append(Item.outcome == where.outcome)
    if where.quarantined is not None:
        parts.append(Item.quarantined.is_(where.quarantined))
    if where.long_term is not None:
        parts.append(Item.long_term.is_(where.long_term))
    if where.due_from:
        parts.append(Item.due_on >= where.due_from)
    if where.due_to:
        parts.append(Item.due_on <= where.due_to)
    return parts


def _possible(light: str) -> ColumnElement[bool]:
    """What SQL can say of a light, so that Python looks at few rows; never narrower than the light itself.

    An item whose dated parts are done has no date left and still a light.
    """
    dated = or_(Item.due_on.is_not(None), Item.first_due_on.is_not(None))
    return and_(live(), Item.due_on.is_not(None) if light == "red" else ~dated if light == "none" else dated)


def _words(q: str | None) -> list[ColumnElement[bool]]:
    """Full text: every word must stand in the number, title, goal, limit, a measure, a regulation or a party's name."""
    parts = []
    for word in (q or "").split()[:8]:
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = (Item.number, Item.title, Item.goal, Item.time_limit)
        here = [c.ilike(like, escape="\\") for c in columns]
        measure = select(Measure.item_id).where(Measure.text.ilike(like, escape="\\"))
        regulation = select(Regulation.item_id).where(Regulation.title.ilike(like, escape="\\"))
        party = (
            select(ItemPartyRow.item_id)
            .join(Party, Party.id == ItemPartyRow.party_id)
            .where(Party.name.ilike(like, escape="\\"))
        )
        parts.append(or_(*here, Item.id.in_(measure), Item.id.in_(regulation), Item.id.in_(party)))
    return parts


def _aliased(name: str) -> Select[tuple[int]]:
    return select(PartyAlias.party_id).where(PartyAlias.name == name)


def _has_party(name: str, roles: tuple[Role, ...]) -> ColumnElement[bool]:
    found = (
        select(ItemPartyRow.item_id)
        .join(Party, Party.id == ItemPartyRow.party_id)
        .where(or_(Party.name == name, Party.id.in_(_aliased(name))), ItemPartyRow.role.in_(roles))
    )
    return Item.id.in_(found)


def _key_of(session: Session, item_id: int, sort: str) -> tuple[Any, ...]:
    return tuple(session.execute(select(*ORDERS[sort]).where(Item.id == item_id)).one())


def _cursor(sort: str, key: tuple[Any, ...]) -> str:
    plain = [v.isoformat() if isinstance(v, dt.date) else v for v in key]
    return base64.urlsafe_b64encode(json.dumps([sort, *plain]).encode()).decode().rstrip("=")


def _after(cursor: str | None, sort: str) -> tuple[Any, ...] | None:
    if cursor is None:
        return None
    try:
        of, *values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if of != sort or len(values) != len(ORDERS[sort]):
            raise BadCursor(cursor=cursor)
        return tuple(_read_value(sort, i, v) for i, v in enumerate(values))
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError, RecursionError):
        raise BadCursor(cursor=cursor) from None


def _read_value(sort: str, place: int, value: Any) -> Any:
    if place == 0 and sort == "due":
        return dt.date.fromisoformat(value)
    if place == 0 and sort == "updated":
        return dt.datetime.fromisoformat(value)
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError(value)
    return value
