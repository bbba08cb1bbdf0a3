"""The entry to reading: bytes in, a `Reading` out; nothing is written.

The family is recognised by asking every family how well the document fits it, or forced by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Protocol, cast

from duban.errors import Unreadable
from duban.reading.flat_tables import with_tables
from duban.reading.lexicon import Lexicon, load_lexicon
from duban.reading.limit_dates import settle_limits
from duban.reading.limits_in_text import limits_in_texts
from duban.reading.model import Anomaly, AnomalyCode, Item, Kind, Reading
from duban.reading.namesakes import tell_apart
from duban.reading.several import SeveralPlans
from duban.reading.source import Line, Source
from duban.reading.spaced_columns import spread_columns
from duban.reading.structure_inference import with_inferred_labels
from duban.reading.text import text_layer
from duban.reading.text.furniture import without_site_foot

#: Below this no family is recognised: the document is not a plan that duban knows.
LEAST_SCORE = 0.2
_FIRST_LEADS = re.compile(
    r"(?:列|排)(?:在|名)?(?:第一位?|首位|最前面?)的?(?:责任|承办)?(?:单位|部门)?的?(?:均)?(?:为|是|即为)(?:牵头|主办|总牵头)"
)
#: A document of fewer items may be of a family that the words do not name.
_FEW = 2


#: An item, what shows that somebody answers for it, and what shows by when or how it stands.
_Standing = tuple[Item, object, object]


class Family(Protocol):
    """What a module `duban.reading.families.<kind>` offers."""

    score: Callable[[Source, Lexicon], float]
    """How well the document fits: 0 not at all, 1 without doubt."""

    read: Callable[[Source, Lexicon], Reading]
    """The document read as this family; raises `Unreadable` when it yields no item."""


def read_bytes(data: bytes, filename: str, as_kind: Kind | None = None, lexicon: Lexicon | None = None) -> Reading:
    """Read a published document.

    `filename` helps to tell formats apart and names the source in messages; `as_kind` forces the family; `lexicon`
    replaces the words that the product brings along. Raises `Unreadable` for whatever cannot be read.
    """
    words = lexicon or load_lexicon()
    source = text_layer(data, filename)
    source.lines = without_site_foot(source.lines)
    source.lines = with_tables(spread_columns(source.lines, words), words)
    words = with_inferred_labels(source.lines, words)
    kind = as_kind or recognise(source, words)
    reading = family(kind).read(source, words) if as_kind else _read(kind, source, words)
    _lead_by_order(reading, source)
    limits_in_texts(reading)
    tell_apart(reading, source)
    settle_limits(reading, source)
    reading.anomalies += [_hidden(line) for line in source.hidden]
    reading.anomalies += [Anomaly(AnomalyCode.ORPHAN_TEXT, detail, line) for line, detail in source.notices]
    return reading


def _read(kind: Kind, source: Source, lexicon: Lexicon) -> Reading:
    """The document as the family that its words name, or, where that finds hardly an item, as one that finds several.

    Raises what the recognised family says where no other does better.
    """
    try:
        reading = family(kind).read(source, lexicon)
        refusal = None
    except SeveralPlans:
        raise
    except Unreadable as error:
        reading, refusal = None, error
    if reading is not None and len(reading.walk()) >= _FEW and _assigns(reading, kind) and not _finds_nobody(reading):
        return reading
    told = {other: _told(other, source, lexicon) for other in Kind if other is not kind and _exists(other)}
    best = max(told, key=lambda other: (told[other], family(other).score(source, lexicon)), default=kind)
    if told.get(best) and (reading is None or len(reading.walk()) < _FEW or told[best] >= _FEW):
        found = family(best).read(source, lexicon)
        if {kind, best} <= _ASSIGNING and family(kind).score(source, lexicon) >= LEAST_SCORE:
            found.kind = kind  # what it is the words tell; how its items stand is the other family's
        return found
    if reading is None or not reading.items:
        raise refusal or Unreadable(reason="it has no items")
    return reading


def _assigns(reading: Reading, kind: Kind) -> bool:
    """Whether anybody answers for anything in it, as in what is said to an assembly nobody need.

    A breakdown of a work report has the report's figures; what tells it apart is who does what by when.
    """
    if kind is not Kind.WORK_REPORT:
        return True
    return any(item.lead_officials or item.lead_units or item.responsible_units for item in reading.walk())


#: Families of items that somebody answers for.
_ASSIGNING = frozenset({Kind.RECTIFICATION_PLAN, Kind.TASK_BREAKDOWN})


def _finds_nobody(reading: Reading) -> bool:
    """Whether a plan's items mostly have nobody who answers for them: another family may see who does."""
    if reading.kind not in _ASSIGNING:
        return False
    told = [bool(answers) for _, answers, _ in _with_parents(reading.items)]
    children = [all(_answers_below(item)) for item, answers, _ in _with_parents(reading.items) if not answers]
    return 2 * (sum(told) + sum(children)) < len(told)


def _answers_below(item: Item) -> Iterator[bool]:
    """For each part of an item whether somebody answers for it; nobody does where it has no parts."""
    if not item.children:
        yield False
    for child in item.children:
        yield bool(child.lead_officials or child.lead_units or child.responsible_units)


def _lead_by_order(reading: Reading, source: Source) -> None:
    """Where the document says that the unit named first leads (列第一位的责任单位为牵头单位), it does."""
    if not any(_FIRST_LEADS.search(line.text) for line in source.lines):
        return
    for item in reading.walk():
        if item.responsible_units and not item.lead_units:
            item.lead_units.append(item.responsible_units.pop(0))


def _hidden(line: Line) -> Anomaly:
    """What the file holds but does not show as text: not read, and not lost in silence."""
    if line.page is not None:
        detail = f"第{line.page}页是图片,没有可读的文字,这一页没有读入"
    elif line.row is None:
        detail = f"隐藏的文字没有读入:{line.text[:60]}"
    else:
        place = f"{line.sheet}第{line.row}行" if line.sheet else f"第{line.row}行"
        detail = f"隐藏的行没有读入({place}):{line.text[:60]}"
    return Anomaly(AnomalyCode.ORPHAN_TEXT, detail, line.number)


def recognise(source: Source, lexicon: Lexicon) -> Kind:
    """The family that fits best; `Unreadable` if none fits.

    Where the words tell nothing, what comes out does: a short list in a family's shape has few words to go by.
    """
    scores = {kind: family(kind).score(source, lexicon) for kind in Kind if _exists(kind)}
    ranked = sorted(scores, key=lambda kind: scores[kind], reverse=True)
    if scores[ranked[0]] >= LEAST_SCORE:
        return ranked[0]
    told = {kind: _told(kind, source, lexicon) for kind in ranked}
    best = max(ranked, key=lambda kind: told[kind])
    if told[best] == 0:
        raise Unreadable(
            reason="it is text, but no plan: nothing in it looks like numbered items with units, limits or measures",
            remedy="Give a rectification plan, a task breakdown, a work report, a progress report or a policy opinion; "
            "if it is one of these, say which with --as.",
        )
    return best


def _told(kind: Kind, source: Source, lexicon: Lexicon) -> int:
    """How much this family finds where most of two or more items have somebody who answers by some time; else 0.

    A report on what was done need not name anybody: how each thing stands is enough.
    """
    try:
        reading = family(kind).read(source, lexicon)
    except Unreadable:
        return 0
    return _found_in(reading)


def _found_in(reading: Reading) -> int:
    """The limits and statuses of items for which somebody answers, where those are most of two or more; else 0."""
    progress = reading.kind is Kind.PROGRESS_REPORT
    assigned = [
        item for item, answers, told in _with_parents(reading.items) if (answers and told) or (progress and item.status)
    ]
    told = sum(bool(item.time_limit) + bool(item.status) for item in assigned)
    return told if len(assigned) >= 2 and 2 * len(assigned) > len(reading.walk()) else 0


def _with_parents(items: Iterable[Item], answers: object = None, told: object = None) -> Iterator[_Standing]:
    """Each item, whether somebody answers for it and whether a time or status is told: by itself or what is above."""
    for item in items:
        own = answers or item.lead_officials or item.lead_units or item.responsible_units
        when = told or item.time_limit or item.status
        yield item, own, when
        yield from _with_parents(item.children, own, when)


def family(kind: Kind) -> Family:
    """The module that reads this family."""
    return cast(Family, import_module(f"duban.reading.families.{kind.value}"))


def _exists(kind: Kind) -> bool:
    from importlib.util import find_spec

    return find_spec(f"duban.reading.families.{kind.value}") is not None
