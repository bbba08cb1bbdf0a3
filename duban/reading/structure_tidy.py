"""After assembly: what looked like items and is not, problems that share a number, plans that print no numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.structure import Draft, Field, Outline, Piece
from duban.reading.structure_numbering import numbered, value_of
from duban.reading.structure_sections import nest_sections


def tidy(outline: Outline, lexicon: Lexicon) -> None:
    """Bring the drafts of running text into their final form, in place."""
    _take_given(outline)
    nest_sections(outline)
    _nest_inner(outline)
    _drop_frames(outline, lexicon)
    _merge_single_children(outline)
    outline.drafts = list(_nested(outline.drafts))
    count_unnumbered(outline)
    for draft in outline.drafts:
        draft.end_line = max([draft.end_line, *(child.end_line for child in draft.children)])


def _take_given(outline: Outline) -> None:
    """An item that names nobody itself has the units that stand alone above it and its neighbours."""
    for draft in outline.drafts:
        if draft.given and not any(one.role in PARTY_ROLES for one in draft.fields):
            draft.fields += draft.given


def _drop_frames(outline: Outline, lexicon: Lexicon) -> None:
    """Numbered paragraphs of 总体要求 and 保障措施 look like items, but have no field of one."""
    if any(_says(draft) for draft in outline.drafts):
        outline.drafts = [d for d in outline.drafts if _says(d) or d.children or not _in_frame(d, lexicon)]


def _says(draft: Draft) -> bool:
    """Whether it has a field of an item's: 附件 or 备注 below it is none."""
    return any(one.role is not Role.NOTE for one in draft.fields)


def _in_frame(draft: Draft, lexicon: Lexicon) -> bool:
    headings = [*draft.path, draft.title.pieces[0].text if draft.title.pieces else ""]
    return any(frame in heading and len(heading) <= 24 for heading in headings for frame in lexicon.frames)


def _nest_inner(outline: Outline) -> None:
    """Items of an inner kind (①② below 2., 整改任务 below 反馈问题) are children of the item above without fields."""
    for inner in dict.fromkeys(map(_kind, outline.drafts)):
        runs = _runs_below(outline.drafts, inner)
        if runs and all(not above.fields and not above.children for above, _ in runs):
            taken = {id(one) for _, below in runs for one in below}
            for above, below in runs:
                for one in below:
                    one.path = [*above.path, f"{above.number}、{above.title.text}"]
                above.children = below
            outline.drafts = [draft for draft in outline.drafts if id(draft) not in taken]


def _kind(draft: Draft) -> str:
    """What makes a draft an item: its numbering, or the word of its label."""
    return f"label {draft.title.word}" if draft.style == "label" else draft.style


def _runs_below(drafts: list[Draft], inner: str) -> list[tuple[Draft, list[Draft]]]:
    """Each run of items of a kind with the item before it; none where the kind stands elsewhere too.

    Numbers of the inner kind begin anew in each run; labels may number on.
    """
    runs: list[tuple[Draft, list[Draft]]] = []
    above: Draft | None = None
    for draft in drafts:
        kind = _kind(draft)
        if kind in _NOT_NUMBERED or (kind == inner and above is None):
            return []
        if kind != inner:
            above = draft
        elif above is not None and runs and runs[-1][0] is above:
            runs[-1][1].append(draft)
        elif above is not None:
            runs.append((above, [draft]))
    outer = {_kind(above) for above, _ in runs}
    anew = inner.startswith("label") or all(below[0].value == 1 and len(below) >= 2 for _, below in runs)
    named = {draft.number for draft in drafts if draft.number}
    return runs if len(outer) == 1 and anew and named else []


#: Drafts whose number is not what makes them items.
_NOT_NUMBERED = frozenset({"row", "form", "entry", "section", "section-lines", "section-heading"})


def _merge_single_children(outline: Outline) -> None:
    """Where no problem has more than one measure of its own, that measure is the problem's."""
    problems = [draft for draft in outline.drafts if not draft.style.startswith("section")]
    if all(len(draft.children) <= 1 for draft in problems):
        for draft in problems:
            for child in draft.children:
                draft.fields += child.fields
                draft.end_line = max(draft.end_line, child.end_line)
            draft.children = []


def _nested(drafts: list[Draft]) -> Iterator[Draft]:
    """Several problems without numbers under one numbered heading: the heading is the item, they are its children."""
    for heading, group in groupby(_under(drafts), key=lambda pair: pair[0]):
        members = [draft for _, draft in group]
        if heading is None or len(members) == 1:
            yield from members
            continue
        first = members[0]
        mark = numbered(heading)
        parent = Draft(
            first.number, first.line, members[-1].end_line, first.path[:-1], page=first.page, sheet=first.sheet
        )
        parent.title = Field(
            first.title.role, "", first.line, [Piece(mark.rest if mark else heading, first.line, first.line)]
        )
        parent.style, parent.value = "label", first.value
        for index, member in enumerate(members, start=1):
            member.number = f"{parent.number}.{index}"
        parent.children = members
        yield parent


def _under(drafts: list[Draft]) -> Iterator[tuple[str | None, Draft]]:
    """Each draft with the numbered heading that gives it its number, or that gave it to those before it."""
    heading: str | None = None
    for draft in drafts:
        if draft.under and draft.number:
            heading = draft.under
        elif draft.number or heading is None or draft.path[-1:] != [heading]:
            heading = None
        yield heading, draft


def count_unnumbered(outline: Outline) -> None:
    """A plan that prints no numbers: its items are counted by position."""
    if outline.drafts and not any(draft.number for draft in outline.drafts):
        outline.counted = True
        for position, draft in enumerate(outline.drafts, start=1):
            draft.number = str(position)
            for index, child in enumerate(draft.children, start=1):
                child.number = f"{position}.{index}"
    for draft in outline.drafts:
        draft.value = value_of(draft.number) if draft.number else None
