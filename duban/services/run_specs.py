"""What an item's flow run looks like: its name, tags, state and form. The one place that both doors build them from.

Runs are created (and mended) over HTTP by the ledger's side, and suspended by the flow itself: both use these shapes.
"""

from __future__ import annotations

import json
import re
import secrets
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.domain.lifecycle import ACTION_ZH, OUTCOME_ZH, STATE_ZH, Action, Outcome, State, possible_actions
from models import Event, Item, ItemParty, Party, Plan, Role

DEPLOYMENT = "item/item"

#: What the Prefect run list shows; the UI's own states are English, so these are too.
STATE_NAMES = MappingProxyType(
    {
        State.ASSIGNED: "Assigned",
        State.MEASURE_DRAFTED: "Measure drafted",
        State.REGULATION_ISSUED: "Regulation issued",
        State.ONGOING: "Ongoing",
        State.CLOSED: "Closed",
    }
)

_UNITS = (Role.LEAD_UNIT, Role.RESPONSIBLE)
_MARK = re.compile(r"^v(\d+)-e(\d+)-")
_REPLY = re.compile(r"^reply-v(\d+)-")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a run shows of its item: the state's name is the item's, the version and last event stand in its key."""

    state: State
    version: int
    last_event: int
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run to create: everything but where."""

    item_id: int
    shown: Shown
    body: dict[str, Any]


def run_name(plan_code: str, number: str, title: str) -> str:
    """`嘉定2014-13 党性教育`: what the run list and every mail call the item; at most 60 characters."""
    name = f"{plan_code}-{number} {title}".strip()
    return name if len(name) <= 60 else name[:59] + "…"


def mark_of(pause_key: str) -> tuple[int, int] | None:
    """Version and last event that a waiting run shows, from its pause key; None where the key is not ours."""
    found = _MARK.match(pause_key)
    return (int(found[1]), int(found[2])) if found else None


def version_replied_to(reply_key: str) -> int | None:
    """The version that a person saw who filled in a form; None where the key is no reply to a form of ours."""
    found = _REPLY.match(reply_key)
    return int(found[1]) if found else None


def form_key(state: State) -> str:
    """The key of a state's form: Prefect takes only a-z, 0-9 and the hyphen."""
    return f"form-{state.value.replace('_', '-')}"


def state_body(shown: Shown) -> dict[str, Any]:
    """The Prefect state for what is shown: suspended under the item's state, or completed where the item is closed."""
    zh = STATE_ZH[shown.state]
    if shown.state is State.CLOSED:
        outcome = f"({OUTCOME_ZH[shown.outcome]})" if shown.outcome else ""
        return {"type": "COMPLETED", "name": STATE_NAMES[shown.state], "message": f"{zh}{outcome},第{shown.version}版"}
    nonce = secrets.token_hex(4)
    return {
        "type": "PAUSED",
        "name": STATE_NAMES[shown.state],
        "message": f"{zh},第{shown.version}版",
        "state_details": {
            "pause_reschedule": True,
            # Prefect lets each key suspend a run once, and a person may answer several times at one version.
            "pause_key": f"v{shown.version}-e{shown.last_event}-{nonce}",
            "run_input_keyset": {
                "schema": form_key(shown.state),
                "description": f"{form_key(shown.state)}-about",
                "response": f"reply-v{shown.version}-{nonce}",
            },
        },
    }


def form_schema(state: State) -> str:
    """The form that a person fills in to act from the Prefect UI, as JSON schema text. Only what is possible here."""
    actions = possible_actions(state)
    fields: dict[str, Any] = {
        "action": {"type": "string", "title": "操作", "position": 0, "enum": [ACTION_ZH[a] for a in actions]},
        "reason": {"type": "string", "title": "理由", "position": 1, "default": ""},
    }
    if Action.DRAFT_MEASURE in actions:
        fields["measure"] = _text("新增整改措施", "拟定措施时可填;已有措施时可不填")
    if Action.ISSUE_REGULATION in actions:
        fields["document_number"] = _text("制度文号", "出台制度时填写;只承诺了一项制度时有效")
    if Action.MERGE in actions:
        fields["merge_into"] = _text("并入事项编号", "合并时填写")
    fields["token"] = _text("个人令牌", "由 duban token 生成;用后即从 Prefect 中删除", "password")
    for position, value in enumerate(fields.values()):
        value["position"] = position
    schema = {"title": "Reply", "type": "object", "properties": fields, "required": ["action", "token"]}
    return json.dumps(schema, ensure_ascii=False)


def specs(session: Session, item_ids: Collection[int]) -> list[RunSpec]:
    """The runs of these items as they stand now, in the order of their ids; at most some 500 at a time."""
    rows = session.execute(
        select(
            Item.id,
            Item.parent_id,
            Item.number,
            Item.title,
            Item.state,
            Item.version,
            Item.cycle,
            Item.outcome,
            Plan.code,
        )
        .join(Plan, Plan.id == Item.plan_id)
        .where(Item.id.in_(item_ids))
        .order_by(Item.id)
    ).all()
    parties = _parties(session, {row.id for row in rows} | {row.parent_id for row in rows if row.parent_id})
    last = last_events(session, item_ids)
    found = []
    for row in rows:
        shown = Shown(row.state, row.version, last.get(row.id, 0), row.outcome)
        own, inherited = parties.get(row.id, {}), parties.get(row.parent_id, {})
        tags = [f"plan:{row.code}"]
        tags += [f"unit:{name}" for name in own.get("unit") or inherited.get("unit", [])]
        tags += [f"lead:{name}" for name in own.get("lead") or inherited.get("lead", [])]
        body = {
            "name": run_name(row.code, row.number, row.title),
            "tags": tags,
            "parameters": {"item_id": row.id},
            "idempotency_key": f"item-{row.id}-{row.cycle}",
            "state": state_body(shown),
        }
        found.append(RunSpec(row.id, shown, body))
    return found


def last_events(session: Session, item_ids: Collection[int]) -> dict[int, int]:
    """The number of each item's last event."""
    rows = session.execute(
        select(Event.item_id, func.max(Event.seq)).where(Event.item_id.in_(item_ids)).group_by(Event.item_id)
    )
    return {row[0]: row[1] for row in rows}


def _text(title: str, description: str, form: str | None = None) -> dict[str, Any]:
    return {"type": "string", "title": title, "description": description} | (
        {"format": form} if form else {"default": ""}
    )


def _parties(session: Session, item_ids: Collection[int]) -> dict[int | None, dict[str, list[str]]]:
    """Names of the units and lead officials of each item, in the order of the document."""
    rows = session.execute(
        select(ItemParty.item_id, ItemParty.role, Party.name)
        .join(Party, Party.id == ItemParty.party_id)
        .where(ItemParty.item_id.in_(item_ids), ItemParty.role.in_((*_UNITS, Role.LEAD_OFFICIAL)))
        .order_by(ItemParty.item_id, ItemParty.position)
    )
    found: dict[int | None, dict[str, list[str]]] = defaultdict(lambda: {"unit": [], "lead": []})
    for item_id, role, name in rows:
        names = found[item_id]["lead" if role is Role.LEAD_OFFICIAL else "unit"]
        if name not in names:
            names.append(name)
    return dict(found)
