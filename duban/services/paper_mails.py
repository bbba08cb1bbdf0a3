"""The mails that carry issued papers: one to each reader whom the plans' policies name, with the papers attached."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from duban.adapters.database import Database
from duban.adapters.mail_message import message_id_for
from duban.domain.addressees import Resolved, resolve_targets
from duban.domain.parties import ItemParties
from duban.domain.policy_model import Colour, Every, Rung
from duban.notices.rendering import Renderer
from duban.services.periodicals import Due, papers_due
from duban.services.queued_mail import queued_mail
from duban.services.rules import calendar_in_force, come
from models import Delivery, IssuedPaper, Party, PartyKind

KIND = "papers"
LINES_A_PAPER = 6  # of its sentences, in the mail; the paper itself is attached
LONGEST_LINE = 160


@dataclass(slots=True)
class _Letter:
    """One reader's mail, as it comes together."""

    reader: Resolved
    office: dict[str, Any]
    papers: list[tuple[Due, IssuedPaper]] = field(default_factory=list)


def queue_paper_mails(
    database: Database,
    renderer: Renderer,
    cadence: Every,
    *,
    as_of: dt.date,
    now: dt.datetime,
    domain: str,
    public_url: str,
) -> int:
    """Queues the mails of the papers that are issued and not mailed yet; gives how many. None on a rest day.

    Papers and mails are tied in one transaction: a run that is killed or repeated queues nothing twice, and what it
    did not come to is queued by the next one of the same period. Raises DayToCome.
    """
    come(as_of, now)
    wanted = {due.key: due for due in papers_due(database, cadence, as_of) if due.to}
    if not wanted:
        return 0
    with database.write() as session:
        if not calendar_in_force(session).is_workday(as_of):
            return 0
        rows = session.scalars(
            select(IssuedPaper)
            .where(IssuedPaper.cadence == cadence.value, IssuedPaper.mailed_at.is_(None))
            .order_by(IssuedPaper.id)
            .with_for_update()
        ).all()
        ready = [(wanted[k], row) for row in rows if (k := (row.plan_id, row.kind, row.period_on)) in wanted]
        letters = _letters(ready, as_of)
        for letter in letters:
            session.add(_delivery(renderer, letter, as_of, now, domain, public_url))
        for _, row in ready:
            row.mailed_at = now
    return len(letters)


def _letters(ready: Iterable[tuple[Due, IssuedPaper]], as_of: dt.date) -> list[_Letter]:
    """One a reader and occasion: month papers and the month's agenda travel apart, since they are looked at apart."""
    found: dict[tuple[str, str], _Letter] = {}
    for due, row in ready:
        for reader in _readers(due, as_of):
            office = due.plan.parties[due.plan.office_id]
            letter = found.setdefault((reader.address, due.occasion), _Letter(reader, _office(office)))
            letter.papers.append((due, row))
    return list(found.values())


def _readers(due: Due, as_of: dt.date) -> list[Resolved]:
    """Whom the policy names, resolved as a rung's targets are: holder, substitute, one level up, else the office."""
    plan, policy = due.plan, due.plan.rules.policy
    rung = Rung(key=due.kind, offset=0, kind=KIND, title=due.occasion, colour=Colour.NONE, to=due.to)
    parties = ItemParties(plan_head=str(plan.plan_head) if plan.plan_head is not None else None)
    return list(
        {r.address: r for r in reversed(resolve_targets(rung, parties, plan.directory, policy, as_of))}.values()
    )


def _delivery(
    renderer: Renderer, letter: _Letter, as_of: dt.date, now: dt.datetime, domain: str, public_url: str
) -> Delivery:
    ids = [row.id for _, row in letter.papers]
    context = _context(letter, as_of, public_url)
    rendered = renderer.render(KIND, context)
    key = hashlib.sha256(f"{KIND}:{letter.reader.address}:{ids}".encode()).hexdigest()
    return queued_mail(
        KIND,
        address=letter.reader.address,
        name=letter.reader.party.name,
        message_id=message_id_for(key, domain),
        context=context | {"paper_ids": ids},
        rendered=rendered,
        as_of=as_of,
        now=now,
    )


def _context(letter: _Letter, as_of: dt.date, public_url: str) -> dict[str, Any]:
    reader = letter.reader
    party = next(p for due, _ in letter.papers for p in due.plan.parties.values() if str(p.id) == reader.party.key)
    return {
        "recipient": {
            "name": party.name,
            "post": party.post,
            "is_unit": party.kind is not PartyKind.PERSON,
            "address_as": "to",
            "on_behalf_of": reader.on_behalf_of_name,
            "why": reader.why or None,
        },
        "office": letter.office,
        "as_of": as_of.isoformat(),
        "occasion": letter.papers[0][0].occasion,
        "papers": [
            {
                "plan_short": due.plan.code,
                "title": row.title,
                "said": said(row.data),
                "url": f"{public_url}/items?plan={due.plan.id}",
            }
            for due, row in letter.papers
        ],
    }


def said(paper: dict[str, Any]) -> list[str]:
    """A paper's first sentences, its headings left out."""
    tables = {table["title"] for table in paper["tables"].values()}
    lines = [line for line in paper["text"] if line.endswith("。") and line not in tables]
    return [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in lines[:LINES_A_PAPER]]


def _office(party: Party) -> dict[str, Any]:
    return {"name": party.name, "letterhead": None, "phone": None, "email": party.email}
