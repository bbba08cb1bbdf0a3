"""What an item is called by its number: 第7项 as printed; 吹哨事项1, 第7项举一反三自查1 as opened by hand."""

from __future__ import annotations

import re

_CALL = re.compile(r"吹哨(\d+)")
_SELF_CHECK = re.compile(r"(.+)-自查(\d+)")
LONGEST_PARENT = 30
"""Characters of a parent's number that its self-checks repeat."""


def call_number(count: int) -> str:
    """The number of a plan's so many-th called matter (吹哨)."""
    return f"吹哨{count}"


def self_check_number(parent: str, count: int) -> str:
    """The number of the so many-th 举一反三 self-check of the item with the number `parent`."""
    return f"{parent[:LONGEST_PARENT]}-自查{count}"


def reference(number: str) -> str:
    """What a sentence calls the item with this number. A called matter and a self-check are named as what they are."""
    called = _CALL.fullmatch(number)
    if called:
        return f"吹哨事项{called[1]}"
    spread = _SELF_CHECK.fullmatch(number)
    if spread:
        return f"{reference(spread[1])}举一反三自查{spread[2]}"
    return f"第{number}项"
