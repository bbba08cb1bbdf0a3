"""The rules that a plan runs on, as they are looked at: every rung and number with the source that it comes from."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.addressees import TARGETS_ZH
from duban.domain.policies import parse_policy
from duban.domain.policy_model import ClockKind, Policy, Rung
from duban.services.queries.plans import find_plan
from models import PolicyEdition


@dataclass(frozen=True, slots=True)
class RungLine:
    """A rung: so many working days before (negative) or after the due date, this document, to these."""

    key: str
    clock: ClockKind
    offset: int
    kind: str
    title: str
    colour: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    acknowledge_days: int | None
    repeat_every: int | None
    repeat_cap: int
    approve: bool
    exposure: bool
    source: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule beside the ladder: the table and the key of the policy's text, the value as written, its source."""

    table: str
    title: str
    key: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class EditionLine:
    """A policy that the plan had before."""

    edition: int
    name: str
    replaced_by: str
    replaced_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PolicyView:
    """The policy that a plan runs on. `sha256` names this text: give it back as `seen` when another is applied."""

    plan: str
    plan_id: int
    name: str
    title: str
    source: str
    sha256: str
    text: str
    rungs: tuple[RungLine, ...]
    rules: tuple[RuleLine, ...]
    editions: tuple[EditionLine, ...]


def policy_of(database: Database, *, plan: str) -> PolicyView:
    """The rules of a plan by id or code. Raises NotFound."""
    with database.read() as session:
        found = find_plan(session, plan)
        policy = parse_policy(found.policy, f"{found.policy_name}.toml")
        editions = session.scalars(
            select(PolicyEdition).where(PolicyEdition.plan_id == found.id).order_by(PolicyEdition.edition.desc())
        )
        return PolicyView(
            plan=found.code,
            plan_id=found.id,
            name=policy.name,
            title=policy.title,
            source=policy.source,
            sha256=policy.fingerprint,
            text=policy.text,
            rungs=tuple(rung_line(rung) for rung in policy.rungs),
            rules=tuple(_rules(policy)),
            editions=tuple(EditionLine(e.edition, e.name, e.replaced_by, e.replaced_at) for e in editions),
        )


def rung_line(rung: Rung) -> RungLine:
    """A rung in words that pages and answers show."""
    return RungLine(
        key=rung.key,
        clock=rung.clock,
        offset=rung.offset,
        kind=rung.kind,
        title=rung.title,
        colour=rung.colour.value,
        to=tuple(TARGETS_ZH[target] for target in rung.to),
        cc=tuple(TARGETS_ZH[target] for target in rung.cc),
        acknowledge_days=rung.acknowledge_days,
        repeat_every=rung.repeat_every,
        repeat_cap=rung.repeat_cap,
        approve=rung.approve,
        exposure=rung.exposure,
        source=rung.source,
    )


def _rules(policy: Policy) -> Iterator[RuleLine]:
    """Every other table of the text, so that a rule that is added to policies is shown without a word here."""
    for table, content in tomllib.loads(policy.text).items():
        entries = content if isinstance(content, list) else [content]
        for entry in entries if table != "rung" else []:
            if not isinstance(entry, dict):
                continue
            title = str(entry.get("title") or entry.get("name") or entry.get("key") or "")
            for key, value in entry.items():
                if key not in ("source", "title", "name"):
                    yield RuleLine(table, title, key, _said(value), str(entry.get("source", "")))


def _said(value: Any) -> str:
    match value:
        case bool():
            return "是" if value else "否"
        case list():
            return "、".join(_said(one) for one in value)
        case dict():
            return "；".join(f"{key}：{_said(one)}" for key, one in value.items())
        case _:
            return str(value)
