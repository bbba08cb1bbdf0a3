"""The floor of a night: the same select, inserts, renders and sends in a plain script.

No claims, no outbox, no check of anything; drivers and statements by hand, one commit a batch, one SMTP connection.
It shares with duban what has to come out alike: templates, sheets, the bytes of a mail, the hash of an event.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import smtplib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from benchmarks.night_duban import OFFICE, PUBLIC_URL, SENDER
from duban.adapters import guards
from duban.adapters.mail_message import Attachment, Outgoing, message_id_for, to_bytes
from duban.domain.events import Sealed, anchor_hash, chain_hash
from duban.notices.digest import Part, digest_context
from duban.notices.rendering import Renderer
from duban.notices.sheet import DOCX, render_sheet_docx, sheet_file_name
from duban.services.compose import SHEETS_A_MAIL

BATCH = 500
ADDRESSES = 50

_DUE = """
SELECT c.id, c.plan_id, c.due_on, i.id, i.number, i.title, i.goal, i.time_limit, i.state,
       u.id, u.name, u.email, l.id, l.name, l.post, l.email, o.id, o.name, o.email, p.code, p.title, p.issuer
FROM clock c JOIN item i ON i.id = c.item_id JOIN plan p ON p.id = c.plan_id
JOIN item_party ru ON ru.item_id = i.id AND ru.role = 'responsible' JOIN party u ON u.id = ru.party_id
JOIN item_party rl ON rl.item_id = i.id AND rl.role = 'lead_official' JOIN party l ON l.id = rl.party_id
JOIN party o ON o.plan_id = p.id AND o.kind = 'office'
WHERE c.next_rung_on <= ? AND p.released_at IS NOT NULL ORDER BY c.due_on, c.id
"""
_BY_UNIT = """
SELECT i.plan_id, r.party_id, i.state, i.due_on, count(*) FROM item_party r JOIN item i ON i.id = r.item_id
WHERE r.role IN ('lead_unit', 'responsible') AND NOT i.dropped GROUP BY 1, 2, 3, 4
"""


class Plain:
    """A driver's connection with one way to write parameters."""

    def __init__(self, url: str) -> None:
        self.sqlite = url.startswith("sqlite")
        if self.sqlite:
            self.connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            self.connection.create_function(guards.FUNCTION, 0, lambda: 1, deterministic=True)
            for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
                self.connection.execute(f"PRAGMA {pragma}")
        else:
            import psycopg

            self.connection = psycopg.connect(url, autocommit=True, options=f"-c duban.writer={guards.WRITER}")
        self.cursor = self.connection.cursor()

    def begin(self) -> None:
        self.cursor.execute("BEGIN IMMEDIATE" if self.sqlite else "BEGIN")

    def commit(self) -> None:
        self.cursor.execute("COMMIT")

    def rows(self, statement: str, *values: Any) -> list[Any]:
        return list(self.cursor.execute(self._marked(statement), [self._value(v) for v in values]).fetchall())

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            self.cursor.executemany(self._marked(statement), [[self._value(v) for v in row] for row in rows])

    def insert(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        marks = ", ".join("?" for _ in columns.split(","))
        self.many(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def next_id(self, table: str) -> int:
        return int(self.rows(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")[0][0])

    def _marked(self, statement: str) -> str:
        return statement if self.sqlite else statement.replace("?", "%s")

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return json.dumps(value, ensure_ascii=False)
        if self.sqlite and isinstance(value, dt.datetime):
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")
        if self.sqlite and isinstance(value, dt.date):
            return value.isoformat()
        return value


def prepare(url: str, smtp: str) -> Callable[[dt.date], dict[str, Any]]:
    """What is set up before the watch starts."""
    database, renderer = Plain(url), Renderer()
    address = urlsplit(smtp)

    def night(as_of: dt.date) -> dict[str, Any]:
        now = dt.datetime.now(dt.UTC)
        due = database.rows(_DUE, as_of)
        copies = _claim(database, due, as_of, now)
        mails = _compose(database, renderer, copies, as_of, now)
        sent = _deliver(database, mails, address.hostname or "", address.port or 25)
        _finish(database, as_of, now)
        return {"clocks": len(due), "notices": len(due), "mails": len(mails), "sent": sent}

    return night


def _claim(database: Plain, due: list[Any], as_of: dt.date, now: dt.datetime) -> dict[str, list[Any]]:
    """Rungs, notices, readers, events; gives (notice id, copy id, context, reader) by address."""
    found: dict[str, list[Any]] = defaultdict(list)
    notice_id, copy_id = database.next_id("notice"), database.next_id("notice_recipient")
    number = 0
    for start in range(0, len(due), BATCH):
        notices, readers, rungs, events, clocks, items = [], [], [], [], [], []
        part = due[start : start + BATCH]
        database.begin()
        heads = _heads(database, [row[3] for row in part])
        for row in part:
            number += 1
            (clock, plan, due_on, item, _, _, _, _, _, unit, unit_name, unit_mail, lead, lead_name, lead_post,
             lead_mail, office, office_name, office_mail, *_) = row  # fmt: skip
            context = _context(row, number, as_of)
            notices.append((notice_id, plan, item, "urge", f"rung:{clock}:urge_1:1", as_of, "催办", as_of.year, number,
                            "red", context, now))  # fmt: skip
            for party, name, post, is_unit, role, mail in (
                (unit, unit_name, None, True, "to", unit_mail),
                (lead, lead_name, lead_post, False, "cc", lead_mail),
                (office, office_name, None, True, "cc", office_mail),
            ):
                readers.append((copy_id, notice_id, party, "", role, mail))
                reader = {"name": name, "post": post, "is_unit": is_unit, "address_as": role, "on_behalf_of": None,
                          "why": None}  # fmt: skip
                found[mail].append((notice_id, copy_id, context, reader))
                copy_id += 1
            rungs.append((clock, "urge_1", 1, as_of, as_of, now, "noticed", notice_id))
            breached, fired = _events(item, clock, due_on, notice_id, heads[item], as_of, now, [unit_name, lead_name])
            events += [breached, fired]
            clocks.append((_later(as_of), as_of, clock))
            items.append((as_of, item))
            notice_id += 1
        database.insert("notice", "id, plan_id, item_id, kind, cause, as_of, series, year, number, colour, context, "
                        "created_at", notices)  # fmt: skip
        database.insert("notice_recipient", "id, notice_id, party_id, for_name, role, address", readers)
        database.insert("rung_fired", "clock_id, rung, cycle, due_on, fired_on, fired_at, outcome, notice_id", rungs)
        database.insert("event", "item_id, seq, type, actor, source, occurred_at, recorded_at, reason, payload, "
                        "previous_hash, hash", events)  # fmt: skip
        database.many("UPDATE clock SET next_rung_on = ?, breached_on = ? WHERE id = ?", clocks)
        database.many("UPDATE item SET breached_on = ? WHERE id = ?", items)
        database.commit()
    return found


def _heads(database: Plain, items: list[int]) -> dict[int, tuple[int, str]]:
    marks = ", ".join("?" for _ in items)
    rows = database.rows(
        f"SELECT item_id, seq, hash FROM event WHERE item_id IN ({marks}) ORDER BY item_id, seq", *items
    )
    return {item: (seq, head) for item, seq, head in rows}


def _events(
    item: int,
    clock: int,
    due_on: Any,
    notice: int,
    head: tuple[int, str],
    as_of: dt.date,
    now: dt.datetime,
    names: list[str],
) -> Iterator[tuple[Any, ...]]:
    seq, previous = head
    for kind, payload in (
        ("clock.breached", {"clock": clock, "kind": "limit", "due_on": str(due_on)}),
        ("rung.fired", {"clock": clock, "rung": "urge_1", "due_on": str(as_of), "fired_on": str(as_of),
                        "notice": notice, "readers": names}),
    ):  # fmt: skip
        seq += 1
        sealed = Sealed(item, seq, kind, "duban", "night", now, now, "", payload, previous)
        seal = chain_hash(sealed)
        yield item, seq, kind, "duban", "night", now, now, "", payload, previous, seal
        previous = seal


def _later(as_of: dt.date) -> dt.date:
    return as_of + dt.timedelta(days=7)


def _context(row: Any, number: int, as_of: dt.date) -> dict[str, Any]:
    (_, _, due_on, item, item_number, title, goal, limit, _, _, unit_name, _, _, lead_name, lead_post, _, _,
     office_name, office_mail, code, plan_title, issuer) = row  # fmt: skip
    people = [{"name": unit_name, "post": None, "is_unit": True}]
    copies = [{"name": lead_name, "post": lead_post, "is_unit": False}]
    copies.append({"name": office_name, "post": None, "is_unit": True})
    return {
        "plan": {"title": plan_title, "short": code, "issuer": issuer},
        "item": {
            "number": item_number, "title": title, "goal": goal, "time_limit": limit, "due_on": str(due_on),
            "rolled_due_on": str(due_on), "days_overdue": 1, "state_zh": "持续推进", "light": "red",
            "units": [unit_name], "leads": [lead_name], "url": f"{PUBLIC_URL}/items/{item}",
        },
        "rung": {"key": "urge_1", "offset": 1, "due_on": str(as_of), "sent_on": str(as_of)},
        "addressees": people,
        "copies": copies,
        "sheet": {"series": "催办", "year": as_of.year, "number": number, "label": f"催办〔{as_of.year}〕{number}号"},
        "office": {"name": office_name, "letterhead": None, "phone": None, "email": office_mail or OFFICE},
        "as_of": str(as_of),
        "acknowledge": None,
        "missed": None,
    }  # fmt: skip


def _compose(
    database: Plain, renderer: Renderer, copies: dict[str, list[Any]], as_of: dt.date, now: dt.datetime
) -> list[tuple[int, Outgoing, list[int]]]:
    """One mail an address, rendered; the sheets of its notices, each made once. Gives (id, mail, notices to attach)."""
    mails: list[tuple[int, Outgoing, list[int]]] = []
    made: set[int] = set()
    delivery = database.next_id("delivery")
    addresses = sorted(copies)
    for start in range(0, len(addresses), ADDRESSES):
        sheets, rows, tied = [], [], []
        for address in addresses[start : start + ADDRESSES]:
            parts = copies[address]
            contexts = [c | {"recipient": reader, "link": f"{PUBLIC_URL}/link/{copy}"} for _, copy, c, reader in parts]
            for (notice, *_), context in zip(parts, contexts, strict=True):
                if notice not in made:
                    made.add(notice)
                    sheets.append((render_sheet_docx(context | {"link": None}, "urge", renderer), notice))
            kind, context = _mail(contexts, as_of)
            text = renderer.render(kind, context)
            reader = parts[0][3]
            message_id = message_id_for(hashlib.sha256(address.encode()).hexdigest(), "example.org")
            rows.append((delivery, kind, "mail", address, reader["name"], as_of, message_id, context, text.subject,
                         text.text, text.html, text.template, text.template_hash, "queued", now, now, 0))  # fmt: skip
            tied += [(delivery, copy) for _, copy, _, _ in parts]
            outgoing = Outgoing(message_id, now, reader["name"], address, text.subject, text.text, text.html)
            mails.append((delivery, outgoing, [notice for notice, *_ in parts][:SHEETS_A_MAIL]))
            delivery += 1
        database.begin()
        database.insert("delivery", "id, kind, channel, address, name, as_of, message_id, context, subject, text, "
                        "html, template, template_hash, status, not_before, created_at, attempts", rows)  # fmt: skip
        database.many("UPDATE notice SET sheet = ? WHERE id = ?", sheets)
        database.many("UPDATE notice_recipient SET delivery_id = ? WHERE id = ?", tied)
        database.commit()
    return mails


def _mail(contexts: list[Any], as_of: dt.date) -> tuple[str, Any]:
    if len(contexts) == 1:
        return "urge", contexts[0]
    person = {key: contexts[0]["recipient"][key] for key in ("name", "post", "is_unit")}
    parts = [Part("urge", c, attached=n < SHEETS_A_MAIL) for n, c in enumerate(contexts)]
    return "digest", digest_context(person, contexts[0]["office"], str(as_of), parts, url=f"{PUBLIC_URL}/my")  # type: ignore[arg-type]


def _deliver(database: Plain, mails: list[tuple[int, Outgoing, list[int]]], host: str, port: int) -> int:
    server = smtplib.SMTP(host, port)
    server.ehlo()
    sent: list[tuple[Any, ...]] = []
    for number, (delivery, outgoing, notices) in enumerate(mails, start=1):
        marks = ", ".join("?" for _ in notices)
        rows = database.rows(f"SELECT context, sheet FROM notice WHERE id IN ({marks}) ORDER BY id", *notices)
        files = tuple(
            Attachment(sheet_file_name(json.loads(c) if isinstance(c, str) else c, "urge"), DOCX, bytes(data))
            for c, data in rows
        )
        mail = Outgoing(outgoing.message_id, outgoing.date, outgoing.to_name, outgoing.to_address, outgoing.subject,
                        outgoing.text, outgoing.html, files)  # fmt: skip
        server.sendmail(SENDER.address, [outgoing.to_address], to_bytes(mail, SENDER))
        sent.append((dt.datetime.now(dt.UTC), delivery))
        if number % ADDRESSES == 0 or number == len(mails):
            database.begin()
            database.many("UPDATE delivery SET status = 'sent', sent_at = ?, attempts = 1 WHERE id = ?", sent)
            database.commit()
            sent = []
    server.quit()
    return len(mails)


def _finish(database: Plain, as_of: dt.date, now: dt.datetime) -> None:
    """The day's counts, and the seal over the chains that grew."""
    counts: dict[Any, int] = defaultdict(int)
    whole = "SELECT plan_id, 0, state, due_on, count(*) FROM item WHERE NOT dropped GROUP BY 1, 3, 4"
    for statement in (whole, _BY_UNIT):
        for plan, party, state, due_on, count in database.rows(statement):
            light = "red" if str(due_on) < str(as_of) else "green"
            counts[plan, party, state, light] += count
    last = database.rows("SELECT last_event_id, events FROM anchor ORDER BY id DESC LIMIT 1")[0]
    grown = database.rows("SELECT item_id, seq, hash FROM event WHERE id > ? ORDER BY id", last[0])
    heads = {item: (item, seq, head) for item, seq, head in grown}
    newest = database.rows("SELECT max(id) FROM event")[0][0]
    database.begin()
    database.insert(
        "snapshot", "as_of, plan_id, party_id, state, light, items", [(as_of, *k, n) for k, n in counts.items()]
    )
    database.insert("anchor", "as_of, anchored_at, last_event_id, events, hash",
                    [(as_of, now, newest, last[1] + len(grown), anchor_hash(heads.values()))])  # fmt: skip
    database.insert("night", "as_of, state, started_at, finished_at, counts", [(as_of, "completed", now, now, {})])
    database.commit()
