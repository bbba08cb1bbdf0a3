"""A published progress report (整改进展情况的通报) enters what was done into the plan that it reports on.

Its problems are matched to the plan's items by their words, and a person accepts each match: nothing is assumed.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.errors import Forbidden, NotFound
from duban.reading import model as read
from duban.services.item_changes import record
from models import Item, Plan

#: Below this share of common text two titles are not proposed as one matter.
LEAST_ALIKE = 0.5
_FRAME = re.compile(r"^(?:针对|关于)|(?:方面|问题|的问题|等问题|的情况)?[。;;,,]?$|[\s“”\"《》〈〉]")


@dataclass(frozen=True, slots=True)
class Match:
    """One reported problem beside the item that it seems to be; `alike` from 0 to 1. `item_id` None: none is alike."""

    key: str
    reported: str
    item_id: int | None
    number: str | None
    title: str | None
    alike: float
    done: bool
    measures: tuple[str, ...] = ()


@dataclass(slots=True)
class Reported:
    """What a report says of a plan, and what was entered of it."""

    code: str
    matches: list[Match] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)


def match(database: Database, plan: str, reading: read.Reading) -> Reported:
    """Proposes for each reported problem the open item that is most alike; nothing is written. Raises NotFound."""
    with database.read() as session:
        found = session.scalars(select(Plan).where(Plan.code == plan)).first()
        if found is None:
            raise NotFound(what="plan", key=plan)
        items = session.scalars(
            select(Item).where(Item.plan_id == found.id, ~Item.dropped, ~Item.quarantined, Item.state != State.CLOSED)
        ).all()
    reported = Reported(plan)
    bare = {item.id: _bare(item.title) for item in items}
    for number, problem in enumerate(reading.walk(), start=1):
        if not (problem.title or problem.measures):
            continue
        best, alike = _most_alike(problem, list(items), bare)
        reported.matches.append(
            Match(
                key=str(number),
                reported=problem.title,
                item_id=best.id if best else None,
                number=best.number if best else None,
                title=best.title if best else None,
                alike=round(alike, 2),
                done=problem.status == "done",
                measures=tuple(problem.measures),
            )
        )
    return reported


def enter(
    database: Database,
    plan: str,
    reading: read.Reading,
    *,
    document: str,
    accepted: Collection[str],
    actor: Actor,
    now: dt.datetime,
) -> Reported:
    """Enters the accepted matches: what was done goes into the item's history, 已完成整改 is noted; states stay.

    `document` names the report. Striking off remains a person's decision. Raises NotFound, Forbidden.
    """
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="登记整改进展", who="督查室")
    reported = match(database, plan, reading)
    with database.write() as session:
        for one in reported.matches:
            if one.key not in accepted or one.item_id is None:
                continue
            item = session.get_one(Item, one.item_id, with_for_update=True)
            item.reported_done = item.reported_done or one.done
            payload = {"document": document, "problem": one.reported, "done": one.done}
            text = "\n".join(one.measures)
            record(session, item, actor, now, event="progress.published", reason=text, payload=payload)
            reported.entered.append(one.key)
    return reported


def _most_alike(problem: read.Item, items: list[Item], bare: dict[int, str]) -> tuple[Item | None, float]:
    wanted = _bare(problem.title or problem.measures[0])
    best: Item | None = None
    share = 0.0
    for item in items:
        alike = difflib.SequenceMatcher(None, wanted, bare[item.id], autojunk=False).ratio()
        if alike > share:
            best, share = item, alike
    return (best, share) if share >= LEAST_ALIKE else (None, share)


def _bare(title: str) -> str:
    return _FRAME.sub("", _FRAME.sub("", title.strip()))
