"""Looking ahead: what comes after each block decides what a numbered line is (item, heading, or entry of a list)."""

from __future__ import annotations

from collections.abc import Sequence

from duban.reading.lexicon import Role
from duban.reading.structure import Block
from duban.reading.structure_level import ItemLevel
from duban.reading.structure_sections import shares


class Lookahead:
    """For each block of a document: the kind and the role of what comes first after it."""

    def __init__(self, blocks: Sequence[Block], level: ItemLevel) -> None:
        self._blocks = blocks
        self._kinds = _kinds(blocks, level)
        self._roles = _roles(blocks, level)
        self._shared = _shared(blocks, level)

    def kind(self, index: int) -> str:
        """ "item", "field" or "" (nothing) as the first thing of structure after a block."""
        return self._kinds[index]

    def role(self, index: int) -> Role | None:
        """The role of the first label after a block; PROBLEM where it is one of another item."""
        return self._roles[index]

    def is_shared(self, index: int) -> bool:
        """Whether nothing but what may hold for a whole section stands between a block and the next item."""
        return self._shared[index]

    def is_labelled(self, index: int) -> bool:
        """Whether the very next block has labels."""
        return index + 1 < len(self._blocks) and bool(self._blocks[index + 1].labels)


def _kinds(blocks: Sequence[Block], level: ItemLevel) -> list[str]:
    ahead, following = [""] * len(blocks), ""
    for index in range(len(blocks) - 1, -1, -1):
        ahead[index] = following
        block = blocks[index]
        if level.problem(block) is not None or level.starts(block):
            following = "item"
        elif block.labels:
            following = "field"
    return ahead


def _shared(blocks: Sequence[Block], level: ItemLevel) -> list[bool]:
    ahead, following = [False] * len(blocks), False
    for index in range(len(blocks) - 1, -1, -1):
        ahead[index] = following
        block = blocks[index]
        if level.problem(block) is not None or level.starts(block):
            following = True
        elif block.labels:
            following = following and shares(block)
    return ahead


def _roles(blocks: Sequence[Block], level: ItemLevel) -> list[Role | None]:
    ahead: list[Role | None] = [None] * len(blocks)
    following: Role | None = None
    for index in range(len(blocks) - 1, -1, -1):
        ahead[index] = following
        block = blocks[index]
        if level.problem(block) is not None or (block.labels and not block.opens_with_label and level.starts(block)):
            following = Role.PROBLEM
        elif block.labels:
            following = block.labels[0].role
    return ahead
