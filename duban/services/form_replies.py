"""A person's answer to a waiting run's form: the same transition, through the same one function and guards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import ACTION_ZH, STATE_ZH, Action
from duban.errors import DubanError
from duban.services.accounts import identify
from duban.services.run_specs import version_replied_to
from duban.services.transitions import NO_DETAILS, Instrument, MoveDetails, move_within
from models import IdempotencyKey, Item, Regulation, RegulationStatus

_ACTIONS = {zh: action for action, zh in ACTION_ZH.items()}


class BadReply(DubanError):
    """The form's answer cannot be used: {reason}.

    Resume the run again and fill in the form as it stands.
    """

    code = "bad_reply"
    status = 422


_REFUSALS = MappingProxyType(
    {
        "bad_token": "个人令牌无效或已过期,请向管理员领取",
        "bad_reply": "{reason}",
        "forbidden": "{actor}无权办理,应由{who}办理",
        "guard_failed": "尚不具备条件:{gaps}",
        "quarantined": "事项待核,须先处理存疑之处({codes})",
        "stale_version": "事项已有变化:您看到的是第{expected}版,现为第{present}版,请按现状重新填报",
        "transition_refused": "当前状态({state})不能办理,可办理:{possible}",
    }
)


def in_words(refusal: DubanError) -> str:
    """A refusal as the person reads it who filled in the form."""
    words = _REFUSALS.get(refusal.code)
    return words.format(**refusal.fields) if words else f"{refusal.message} {refusal.remedy}"


def answer(
    database: Database,
    *,
    item_id: int,
    reply_key: str,
    reply: Mapping[str, Any],
    now: dt.datetime,
    zone: ZoneInfo,
) -> str:
    """Performs what a form asks for, once, and gives what was done in words. Raises the refusal of the transition.

    The version is the one that the person saw: it stands in the reply's key. The same reply again (a crash between
    the ledger and Prefect) gives the same words and changes nothing.
    """
    actor = identify(database, secret=_text(reply, "token"), purpose="api", now=now).actor("prefect")
    action = _ACTIONS.get(_text(reply, "action"))
    if action is None:
        raise BadReply(reason=f"没有「{_text(reply, 'action')}」这项操作")
    key = f"prefect-{item_id}-{reply_key}"
    with database.write() as session:
        if (known := session.get(IdempotencyKey, (actor.name, key))) is not None:
            return str(known.body["said"])
        moved = move_within(
            session,
            item_id=item_id,
            action=action,
            actor=actor,
            expected_version=version_replied_to(reply_key),
            now=now,
            reason=_text(reply, "reason"),
            details=_details(session, item_id, action, reply, now.astimezone(zone).date()),
        )
        said = (
            f"{actor.name} {ACTION_ZH[action]}:{STATE_ZH[moved.before]} → {STATE_ZH[moved.state]}(第{moved.version}版)"
        )
        session.add(_remembered(actor, key, said, now))
    return said


def _remembered(actor: Actor, key: str, said: str, now: dt.datetime) -> IdempotencyKey:
    return IdempotencyKey(
        actor=actor.name, key=key, request_hash="0" * 64, status=200, body={"said": said}, created_at=now
    )


def _details(session: Session, item_id: int, action: Action, reply: Mapping[str, Any], today: dt.date) -> MoveDetails:
    match action:
        case Action.DRAFT_MEASURE if measure := _text(reply, "measure"):
            return MoveDetails(measures=(measure,))
        case Action.ISSUE_REGULATION if number := _text(reply, "document_number"):
            return MoveDetails(regulations={_only_promise(session, item_id): Instrument(number, today)})
        case Action.MERGE:
            return MoveDetails(merge_into=_item_numbered(session, item_id, _text(reply, "merge_into")))
        case _:
            return NO_DETAILS


def _only_promise(session: Session, item_id: int) -> int:
    promised = session.scalars(
        select(Regulation.id).where(Regulation.item_id == item_id, Regulation.status == RegulationStatus.PLANNED)
    ).all()
    if len(promised) != 1:
        raise BadReply(reason=f"文号只能填给唯一承诺的制度,本事项承诺了{len(promised)}项,请在办件页面逐项填写")
    return promised[0]


def _item_numbered(session: Session, item_id: int, number: str) -> int | None:
    item = session.get(Item, item_id)
    if item is None or not number:
        return None
    found = session.scalars(
        select(Item.id).where(Item.plan_id == item.plan_id, Item.number == number, ~Item.dropped, ~Item.quarantined)
    ).all()
    if len(found) != 1:
        raise BadReply(reason=f"本方案中编号为 {number} 的事项有{len(found)}项")
    return found[0]


def _text(reply: Mapping[str, Any], name: str) -> str:
    value = reply.get(name)
    return value.strip() if isinstance(value, str) else ""
