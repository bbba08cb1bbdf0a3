"""Problems told under headings for each of their sides: (一)反馈问题, (二)整改措施, (三)整改情况 under one number.

Where the headings are the document's own parts, it reports on a single problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from duban.reading.lexicon import Role
from duban.reading.model import Item, Place
from duban.reading.progress_status import LONG_TERM, ONLY_STATUS, closing_status, entry_status, promised, status_in
from duban.reading.prose import Part, Prose
from duban.reading.prose_items import Reader
from duban.reading.regulations import find_regulations
from duban.reading.structure_items import read_item_limit
from duban.reading.structure_measures import split_measures

_DONE = (Role.MEASURES, Role.STATUS)


def parted_problems(prose: Prose, reader: Reader) -> list[Item]:
    """The problems whose sides are parts of their own; none where the document's headings are no such sides."""
    found: list[Item] = []
    holders: list[tuple[Part | None, list[Part]]] = [(None, prose.parts)]
    holders += [(part, part.children) for part in prose.walk() if part.children]
    for holder, sides in holders:
        for group in _groups(sides, reader):
            found.append(_problem(holder, group, reader, len(found) + 1))
    return sorted(found, key=lambda item: item.place.line)


def _role(part: Part, reader: Reader) -> Role | None:
    return reader.lexicon.role(part.text.rstrip(":\uff1a。")) if len(part.text) <= 14 else None


def _groups(sides: Sequence[Part], reader: Reader) -> Iterator[list[tuple[Role | None, Part]]]:
    """Runs of siblings that begin with a problem and say what was done."""
    roles = [(_role(part, reader), part) for part in sides]
    starts = [i for i, (role, _) in enumerate(roles) if role is Role.PROBLEM]
    for begin, end in zip(starts, [*starts[1:], len(roles)], strict=False):
        group = roles[begin:end]
        if any(role in _DONE for role, _ in group):
            yield group


def _problem(holder: Part | None, group: Sequence[tuple[Role | None, Part]], reader: Reader, count: int) -> Item:
    first, last = group[0][1], group[-1][1]
    opening = holder or first
    place = Place(opening.line.number, last.end_line, opening.line.page, opening.line.sheet)
    item = Item(holder.number if holder and holder.number else str(count), place, holder.path if holder else [])
    texts = {role: [text for one, part in group if one is role for text in _texts(part)] for role, _ in group}
    item.title = "".join(texts[Role.PROBLEM]) or opening.text
    item.goal = "".join(texts.get(Role.GOAL, [])) or None
    done = [text for role in _DONE for text in texts.get(role, [])]
    item.measures = split_measures([text for text in done if not ONLY_STATUS.match(text)])
    told = "".join(text for role, part in group if role is not Role.PROBLEM for text in _texts(part))
    item.status = status_in(told) or closing_status(told) or entry_status(told)
    item.long_term = bool(LONG_TERM.search(told)) and item.status == "done"
    if item.status == "open" and (clause := promised(told)):
        item.time_limit = clause
        read_item_limit(item, reader.year)
    item.regulations = find_regulations(item.measures, default_status="issued")
    item.state = "ongoing" if item.measures or item.status == "done" else "assigned"
    return item


def _texts(part: Part) -> list[str]:
    """The paragraphs under a heading, those of its parts with their numbers."""
    return [*(line.text for line in part.body), *(text for one in part.children for text in _with_number(one))]


def _with_number(part: Part) -> list[str]:
    return [part.line.text, *_texts(part)]
