"""The printed lines of a document, as they were received: an item's own with those around it, or a stretch of all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.errors import NotFound
from models import Document, Item

#: Lines shown around an item's own, and how many at most.
AROUND = 8
MOST_LINES = 160
#: Lines of a whole document on one page.
STRETCH = 300

Lines = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the document as printed; `within` the item's own lines, `doubted` where a doubt points at."""

    number: int
    text: str
    within: bool
    doubted: bool


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A stretch of a document around a line; `before` and `after` are lines to look at next, None at its ends."""

    filename: str
    lines: tuple[SourceLine, ...]
    last: int
    before: int | None
    after: int | None


class SourceBook:
    """The lines of documents, each fetched once for all items of a page."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lines: dict[int, Lines] = {}

    def of_item(self, item: Item, doubted: set[int]) -> tuple[SourceLine, ...]:
        """The lines that an item was read from, and a few around them; empty where its place is not known."""
        if item.source_line is None:
            return ()
        document_id = item.document_id or self._first(item.plan_id)
        if document_id is None:
            return ()
        first, last = item.source_line, item.source_end_line or item.source_line
        lines = self.lines(document_id)
        # Lines are numbered from 1 without gaps but those that are furniture: the stretch is found by its numbers.
        shown = [(n, text) for n, text in lines if first - AROUND <= n <= last + AROUND][:MOST_LINES]
        return tuple(SourceLine(n, text, first <= n <= last, n in doubted) for n, text in shown)

    def lines(self, document_id: int) -> Lines:
        """All lines of a document, with their numbers."""
        if document_id not in self._lines:
            document = self._session.get_one(Document, document_id)
            self._lines[document_id] = _lines(document.sha256, document.content, document.filename)
        return self._lines[document_id]

    def _first(self, plan_id: int) -> int | None:
        query = select(Document.id).where(Document.plan_id == plan_id, Document.edition.is_not(None))
        return self._session.scalars(query.order_by(Document.edition)).first()


def source_page(database: Database, *, plan_id: int, document_id: int, line: int, end: int) -> SourcePage:
    """The stretch of a plan's document around `line`; lines from it to `end` are marked. Raises NotFound."""
    with database.read() as session:
        document = session.get(Document, document_id)
        if document is None or document.plan_id != plan_id:
            raise NotFound(what="document", key=document_id)
        lines = SourceBook(session).lines(document_id)
        begin = max(line - STRETCH // 3, 1)
        shown = [(n, text) for n, text in lines if begin <= n < begin + STRETCH]
        last = lines[-1][0] if lines else 0
        return SourcePage(
            document.filename,
            tuple(SourceLine(n, text, line <= n <= end, False) for n, text in shown),
            last,
            max(begin - STRETCH // 2, 1) if begin > 1 else None,
            begin + STRETCH + STRETCH // 3 if begin + STRETCH <= last else None,
        )


@lru_cache(maxsize=8)
def _lines(_sha256: str, content: bytes, filename: str) -> Lines:
    from duban.reading.text import text_layer

    return tuple((line.number, line.original) for line in text_layer(content, filename).lines)
