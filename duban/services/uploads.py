"""Files that were sent in and wait for a person's confirmation: what they would enter is shown before it is entered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import DubanError, Unreadable
from models import Upload

#: An upload that nobody confirmed is forgotten after this.
LIFE = dt.timedelta(days=1)


class UploadGone(DubanError):
    """The uploaded file {key} is not kept any more: it was entered, or nobody confirmed it within a day.

    Choose the file again.
    """

    code = "upload_gone"
    status = 404


@dataclass(frozen=True, slots=True)
class Kept:
    """An uploaded file with what the form said beside it."""

    id: int
    filename: str
    content: bytes
    about: Mapping[str, Any]


def keep(
    database: Database, filename: str, content: bytes, about: Mapping[str, Any], *, actor: Actor, now: dt.datetime
) -> int:
    """Keeps a file until it is confirmed, and forgets what is older than a day; its id. Raises Unreadable if empty."""
    if not content:
        raise Unreadable(f"{filename} is empty", "Choose the file again; it has no content.")
    with database.write() as session:
        session.execute(delete(Upload).where(Upload.received_at < now - LIFE))
        row = Upload(
            filename=filename[-255:],
            size=len(content),
            content=content,
            about=dict(about),
            received_at=now,
            received_by=actor.name,
        )
        session.add(row)
        session.flush()
        return row.id


def kept(database: Database, upload_id: int, *, actor: Actor) -> Kept:
    """A file that this person uploaded. Raises UploadGone, also for somebody else's."""
    with database.read() as session:
        row = session.get(Upload, upload_id)
        if row is None or row.received_by != actor.name:
            raise UploadGone(key=upload_id)
        return Kept(row.id, row.filename, row.content, row.about)


def forget(database: Database, *upload_ids: int) -> None:
    """Takes files out that were entered, or that nobody wants."""
    with database.write() as session:
        session.execute(delete(Upload).where(Upload.id.in_(upload_ids)))
