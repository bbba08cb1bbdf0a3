"""What the units and lead officials hear of a closing, and of what came back."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Integer, bindparam, select
from sqlalchemy.orm import Session

from duban.domain.actors import Actor
from duban.domain.lifecycle import Action
from duban.domain.numbering import reference
from duban.notices.wording import quoted
from duban.services.item_notices import queue_item_notice
from duban.services.rules import business_date
from models import Clock, ClockKind, Closing, ClosingStep, Item, Party

OUTCOMES = {Action.CLOSE: "done", Action.WITHDRAW: "withdrawn", Action.MERGE: "merged"}
#: What the notice of each is called: only the first is a 销号.
NAMES = {"done": "销号通知", "withdrawn": "撤销通知", "merged": "并项通知"}


_ITEM_ID = bindparam("item_id", type_=BigInteger)
_STEPS = (
    select(Closing, Party.name)
    .outerjoin(Party, Party.id == Closing.party_id)
    .where(Closing.item_id == _ITEM_ID, Closing.cycle == bindparam("cycle", type_=Integer))
    .order_by(Closing.id)
)
_AGAIN = select(Clock.due_on).where(
    Clock.item_id == _ITEM_ID, Clock.kind == ClockKind.RE_INSPECT, Clock.ended_at.is_(None)
)


def tell_closed(session: Session, item: Item, action: Action, reason: str, now: dt.datetime) -> None:
    """销号通知: how the item ended, who verified and signed, and when it is looked at again."""
    session.flush()
    steps = session.execute(_STEPS, {"item_id": item.id, "cycle": item.cycle}).tuples()
    signed, verified, published = [], None, None
    for step, party in steps:
        if step.step is ClosingStep.SIGN:
            signed.append(party or step.actor)
        elif step.step is ClosingStep.VERIFY:
            verified = step.actor
        elif step.step is ClosingStep.PUBLISH:
            published = step
    again = session.scalars(_AGAIN, {"item_id": item.id}).first()
    into = session.get(Item, item.merged_into_id) if item.merged_into_id is not None else None
    more = {
        "kind_zh": NAMES[OUTCOMES[action]],
        "closing": {
            "outcome": OUTCOMES[action],
            "merged_into": f"{reference(into.number)}{quoted(into.title)}" if into else None,
            "closed_on": business_date(now).isoformat(),
            "verified_by": verified,
            "signed_by": signed,
            "published_from": business_date(published.done_at).isoformat() if published else None,
            "published_to": published.ends_on.isoformat() if published and published.ends_on else None,
            "re_inspect_on": again.isoformat() if again else None,
            "reason": reason or None,
        },
    }
    cause = f"closed:{item.id}:{item.version}"
    queue_item_notice(session, item, "closed", cause=cause, more=more, as_of=business_date(now), now=now)


def tell_returned(session: Session, item: Item, what: str, reason: str, actor: Actor, now: dt.datetime) -> None:
    """退回通知: what came back, why, and that it is to be done again."""
    today = business_date(now)
    more = {"returned": {"what": what, "reason": reason, "by": actor.name, "on": today.isoformat(), "redo_by_on": None}}
    cause = f"return:{item.id}:{item.version}"
    queue_item_notice(session, item, "return", cause=cause, more=more, as_of=today, now=now)
