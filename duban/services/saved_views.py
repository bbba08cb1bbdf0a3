"""常用视图: a user's own filters of the list of items, under a name of their own.

What is kept is the address's query and nothing of what it showed: whoever opens it sees what their own account may see.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import func, select

from duban.adapters.database import Database, one_at_a_time
from duban.errors import DubanError, NotFound
from models import SavedView

#: So many a person: a list that nobody reads to its end is no navigation.
MOST = 20


class ViewRefused(DubanError):
    """The view "{name}" is refused: {reason}.

    Give it a name of 1 to 40 characters; at most 20 views a person are kept.
    """

    code = "view_refused"
    status = 422


@dataclass(frozen=True, slots=True)
class ViewEntry:
    """A saved view; `path` is the address on the site that shows it, for oneself or to pass on."""

    id: int
    name: str
    filters: dict[str, str]
    path: str


def list_views(database: Database, *, user_id: int) -> tuple[ViewEntry, ...]:
    """A user's views, in the order in which they were made."""
    with database.read() as session:
        rows = session.scalars(select(SavedView).where(SavedView.user_id == user_id).order_by(SavedView.id))
        return tuple(_entry(row) for row in rows)


def save_view(
    database: Database, *, user_id: int, name: str, filters: Mapping[str, str], now: dt.datetime
) -> ViewEntry:
    """Keeps filters under a name; the same name again takes the new filters. Raises ViewRefused."""
    name = name.strip()
    if not 1 <= len(name) <= 40:
        raise ViewRefused(name=name[:40], reason="名称须为1至40个字")
    kept = {key: value for key, value in filters.items() if value}
    with database.write() as session:
        one_at_a_time(session, "views")  # two clicks at once are one view
        found = session.scalars(
            select(SavedView).where(SavedView.user_id == user_id, SavedView.name == name).with_for_update()
        ).first()
        if found is not None:
            found.filters = kept
        else:
            count = session.scalar(select(func.count()).where(SavedView.user_id == user_id)) or 0
            if count >= MOST:
                raise ViewRefused(name=name, reason=f"已有{MOST}个视图，请先删除不用的")
            found = SavedView(user_id=user_id, name=name, filters=kept, created_at=now)
            session.add(found)
        session.flush()
        return _entry(found)


def delete_view(database: Database, *, user_id: int, view_id: int) -> None:
    """Takes a view of one's own away. Raises NotFound, for somebody else's too."""
    with database.write() as session:
        found = session.get(SavedView, view_id, with_for_update=True)
        if found is None or found.user_id != user_id:
            raise NotFound(what="view", key=view_id)
        session.delete(found)


def _entry(row: SavedView) -> ViewEntry:
    filters = {str(key): str(value) for key, value in row.filters.items()}
    return ViewEntry(row.id, row.name, filters, "/items" + (f"?{urlencode(filters)}" if filters else ""))
