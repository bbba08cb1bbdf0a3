"""A limit that stands behind names without a label of its own: 区司法局、各街镇,6月底完成,长期坚持."""

from __future__ import annotations

import re
from functools import lru_cache

from duban.reading.lexicon import Lexicon
from duban.reading.parties import is_unit, split_parties
from duban.reading.structure_prose import says_when

_LAST_CLAUSE = re.compile(r"[,，;；。、]\s*(?P<last>[^,，;；。、]{2,30})[。;；]?$")
_MARKS = " ;；,，、。"


@lru_cache(maxsize=4096)
def without_limit(text: str, lexicon: Lexicon) -> tuple[str, str]:
    """The names, and what says by when: one clause at the end of them, or several."""
    names, limit = text, ""
    while match := _LAST_CLAUSE.search(names):
        if not says_when(match["last"]) or _are_names(match["last"], lexicon):
            break
        names = names[: match.start()].rstrip(_MARKS)
        limit = text[match.start("last") :].strip()
    return names, limit


def _are_names(text: str, lexicon: Lexicon) -> bool:
    """Whether a clause with a word such as 长期 or 月 in it is a name all the same."""
    named = split_parties(text, lexicon)
    return bool(named) and all(one.collective or is_unit(one.name, lexicon) for one in named)
