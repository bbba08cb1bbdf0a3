"""Continuation: whether a paragraph without a label goes on with the field above it, or belongs to nobody."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.parties import is_unit, split_parties
from duban.reading.source import Line
from duban.reading.structure import PROSE_ROLES, Block, Field, Orphan, Outline, Piece, balanced

SENTENCE_END = re.compile(r"[。!?！？;；]$")
_NAMES_ONLY = re.compile(r"^[^。;；:：!?！？,，]{2,60}$|^[^。;；:：!?！？]{2,40}[、,，][^。;；:：!?！？]{2,60}$")
_NAME_MARKS = re.compile(r"[、,，;；\s]")
_LIMIT_REST = re.compile(
    r"^(?:年?(?:[底末]|\d{0,2}[月日])?前?|内)?(?:完成|整改|到位|实施|落实|出台|并?(?:长期坚持|持续推进))[^。]{0,8}[。.]?$"
    r"|^年?[月底日末内前]{1,3}[。.]?$"
)
#: A label this far into a line may still be preceded by the rest of the field above.
_LONGEST_REST = 40
#: A paragraph shorter than this that is a sentence by itself is a fragment, not a further paragraph.
_FRAGMENT = 15


def goes_on(above: Field, block: Block, lexicon: Lexicon) -> bool:
    """Whether a block continues the open field: an unfinished sentence, a broken list or name, a further paragraph."""
    text = block.line.text
    if not above.pieces or not balanced(above.last):
        return True
    if block.labels and not block.opens_with_label and not SENTENCE_END.search(above.last):
        return above.role in PROSE_ROLES or block.labels[0].start <= _LONGEST_REST  # 各区水务 / 局;整改时限:…
    if above.role in PARTY_ROLES:
        return _names_go_on(above.last, text, lexicon) or lists_names(above, block, lexicon)
    if above.role is Role.TIME_LIMIT:
        rest = bool(_LIMIT_REST.match(text)) and not SENTENCE_END.search(above.last)
        return rest or above.last[-1] in "、,，" or _tail_of_limit(above.last, block)
    if above.role not in PROSE_ROLES:
        return False
    fragment = len(text) <= _FRAGMENT and bool(SENTENCE_END.search(text)) and block.mark is None
    return above.unfinished() or not fragment


def _tail_of_limit(above: str, block: Block) -> bool:
    """Whether a short line is the end of a limit that a line's end broke: …2025年3月底前建成信息 / 系统."""
    whole = bool(re.search(r"(?:[前底内日月年末]|坚持|推进|完成|整改|到位)$", above))
    return (
        len(above) >= 16
        and len(block.line.text) <= 12
        and block.mark is None
        and not whole
        and not SENTENCE_END.search(above)
    )


def lists_names(above: Field, block: Block, lexicon: Lexicon) -> bool:
    """Whether a line is nothing but units: under a label alone on its line each may have a line of its own."""
    if above.role not in PARTY_ROLES or not above.pieces or above.line == above.pieces[0].line:
        return False
    if block.mark is not None or block.labels or above.last[-1] in "、,，和及":
        return False
    text = block.line.text
    named = split_parties(text, lexicon) if len(text) <= 40 else []
    return bool(named) and all(one.collective or is_unit(one.name, lexicon) for one in named)


def _names_go_on(above: str, below: str, lexicon: Lexicon) -> bool:
    """Whether a list of names was broken: behind a comma, or within a name (各区水务 / 局)."""
    if not _NAMES_ONLY.match(below) or SENTENCE_END.search(above):
        return False
    if above[-1] in "、,，和及":
        return True
    last, first = _NAME_MARKS.split(above)[-1], _NAME_MARKS.split(below)[0].rstrip("。")
    return len(last + first) <= 16 and is_unit(last + first, lexicon) and not is_unit(last, lexicon)


def trimmed(text: str) -> str:
    """A field's text without the brackets and marks that only hold fields apart."""
    text = re.sub(r"[(（【\[]\s*$", "", text.strip().lstrip(":：")).strip()
    if text and text[-1] in ")）】]" and not _closed(text):
        text = text[:-1].rstrip()
    return text


def _closed(text: str) -> bool:
    """Whether every closing bracket has an opening one."""
    round_ones = text.count(")") + text.count("）") <= text.count("(") + text.count("（")
    return round_ones and text.count("]") + text.count("】") <= text.count("[") + text.count("【")


def append_text(one: Field, text: str, line: Line) -> None:
    """Add a line's text to a field as a paragraph of its own; nothing where it is only brackets and marks."""
    text = trimmed(text)
    if text:
        one.pieces.append(Piece(text, line.number, line.last))


def torn_front(outline: Outline, line: Line, path: Sequence[str]) -> Orphan | None:
    """Fields before the first item: what stands right before them is the rest of that torn item, not a preface."""
    front = outline.front
    if outline.drafts or not front or not re.search(r"[。;；]$", front[-1].text) or path:
        return None
    torn = front.pop()
    return Orphan(torn.number, line.last, f"{torn.text}\n{line.text}")
