"""Items that are one paragraph without labels for its text: the problem, what is done about it, by whom and by when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from duban.reading.lexicon import PARTY_ROLES, Role
from duban.reading.structure import Draft, Field, Piece
from duban.reading.structure_prose import limit_in_prose, parties_in_prose

_FIRST_SENTENCE = re.compile(r"^(?P<title>[^。!！?？]{2,80}[。!！?？])(?P<rest>.{6,})$", re.DOTALL)


def divide_paragraphs(drafts: Sequence[Draft]) -> None:
    """Where no item of a document labels its measures, each item's text is divided: its first sentence or line is the
    title, the rest its measures. Parties and limit are taken from the prose if no label and no bracket names them."""
    if any(draft.having(Role.MEASURES) for draft in _all(drafts)):
        return
    for draft in _all(drafts):
        bare = draft.style == "label" and not draft.fields  # 督办事项一:关于…。请区住建局牵头,…
        if (bare or draft.style not in ("label", "row", "form", "entry")) and not draft.children:
            _divide(draft)
            _name(draft)


def _all(drafts: Iterable[Draft]) -> Iterable[Draft]:
    for draft in drafts:
        yield draft
        yield from _all(draft.children)


def _divide(draft: Draft) -> None:
    title = draft.title
    rest: list[Piece] = title.pieces[1:]
    if not title.pieces:
        return
    first = title.pieces[0]
    if not rest and (match := _FIRST_SENTENCE.match(first.text)):
        title.pieces = [Piece(match["title"], first.line, first.end_line)]
        rest = [Piece(match["rest"].strip(), first.line, first.end_line)]
    else:
        title.pieces = [first]
    if rest:
        draft.fields.insert(0, Field(Role.MEASURES, "", rest[0].line, rest))


def _name(draft: Draft) -> None:
    if any(one.role in PARTY_ROLES for one in draft.fields):
        return
    text = "".join(one.text for one in draft.having(Role.MEASURES)) or draft.title.text
    named = parties_in_prose(text)
    for names, role in named:
        known = next(iter(draft.having(Role(role))), None)
        if known is None:
            known = Field(Role(role), "", draft.line)
            draft.fields.append(known)
        known.pieces.append(Piece(names if not known.pieces else f"、{names}", draft.line, draft.end_line))
    if named and not draft.having(Role.TIME_LIMIT) and (limit := limit_in_prose(text)):
        draft.fields.append(Field(Role.TIME_LIMIT, "", draft.line, [Piece(limit, draft.line, draft.end_line)]))
