"""Sections: a heading that names officials, units or a limit for everything below it becomes the parent of its items.

A bracket in the heading (一、组织建设方面(牵头领导:陈志远)), labels on the lines under it, or 以上由区住建局负责 at the
section's end say once what holds for all. Nothing is copied into the items: they become children of the section.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from duban.reading.bracketed import all_known
from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.source import Line
from duban.reading.structure import Block, Draft, Field, Orphan, Outline, Piece
from duban.reading.structure_continuation import trimmed
from duban.reading.structure_numbering import numbered

SHARED_ROLES = PARTY_ROLES | {Role.TIME_LIMIT}
_ABOVE_BY = re.compile(
    r"^[(（]?(?:以上|上述)(?:各项|所有|全部|\d+[项个条])?(?:整改)?(?:工作|任务|问题|事项|措施|内容)?(?:均|都)?(?P<by>由)"
    r"(?P<names>[^。;；]{2,120}?)(?:[,，](?P<limit>[^,，。;；]{0,30}(?:前|内|底)[^,，。;；]{0,12}))?[)）]?[。.;；]?$"
)


class Sections:
    """The headings of a document that have fields of their own, in document order."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], Draft] = {}

    def of(self, path: Sequence[str], line: Line) -> Draft:
        """The section under this path of headings; made when it is first asked for."""
        known = self._found.get(tuple(path))
        if known is None:
            mark = numbered(path[-1])
            known = Draft(mark.number if mark else "", line.number, line.last, list(path), page=line.page)
            known.sheet, known.style, known.value = line.sheet, "section", mark.value if mark else None
            text = mark.rest if mark else path[-1]
            known.title = Field(Role.PROBLEM, "", line.number, [Piece(text, line.number, line.last)])
            self._found[tuple(path)] = known
        return known

    def settle(self, outline: Outline) -> None:
        """Put the items of each section below it; what turns out to be no section's stays an orphan."""
        for depth in sorted({len(path) for path in self._found}, reverse=True):
            sections = {path: one for path, one in self._found.items() if len(path) == depth and one.fields}
            _settle(outline, sections, depth)
        outline.orphans.sort(key=lambda orphan: orphan.line)


def _settle(outline: Outline, sections: dict[tuple[str, ...], Draft], depth: int) -> None:
    """Sections of one depth: in one pass, since a document may have thousands."""
    below: dict[tuple[str, ...], list[Draft]] = {}
    for draft in outline.drafts:
        if (path := tuple(draft.path[:depth])) in sections:
            below.setdefault(path, []).append(draft)
    parents = {path: found for path, found in below.items() if not _is_own(sections[path], found)}
    kept: list[Draft] = []
    for draft in outline.drafts:
        path = tuple(draft.path[:depth])
        if path not in parents:
            kept.append(draft)
        elif draft is parents[path][0]:
            kept.append(_over(sections[path], parents[path], depth))
    outline.drafts = kept
    for path, section in sections.items():
        if path not in parents and section.style != "section-heading":
            text = "\n".join(f"{one.word}:{one.text}" for one in section.fields)
            first = section.fields[0].line
            outline.orphans.append(Orphan(first, max(first, section.end_line), text))


def _is_own(section: Draft, below: list[Draft]) -> bool:
    """Whether labels under a heading are a torn item's rather than the section's: items below have such fields too.

    What the heading's own words say is the section's only where the items below have numbers of their own.
    """
    roles = {one.role for one in section.fields if one.word != _BY_NAME}
    if section.style == "section-heading":
        return any(draft.under or draft.having(role) for draft in below for role in roles)
    return section.style == "section-lines" and any(draft.having(role) for draft in below for role in roles)


def _over(section: Draft, below: list[Draft], depth: int) -> Draft:
    section.path = section.path[: depth - 1]
    section.children = below
    section.line = min(section.line, below[0].line)
    section.end_line = max(section.end_line, *(draft.end_line for draft in below))
    return section


_BY_NAME = "由"


def above_by(block: Block) -> list[Field]:
    """The parties and limit of 「以上由县行政审批局牵头,县直各部门配合,6月底前完成」; none of any other line."""
    match = _ABOVE_BY.match(block.line.text)
    if match is None:
        return []
    line = block.line
    found = [Field(Role.UNITS_AND_OFFICIALS, _BY_NAME, line.number, [Piece(match["names"], line.number, line.last)])]
    if match["limit"]:
        found.append(Field(Role.TIME_LIMIT, _BY_NAME, line.number, [Piece(match["limit"], line.number, line.last)]))
    return found


def share_above(drafts: Sequence[Draft], fields: Sequence[Field]) -> bool:
    """Give the items above such a line what it says of them; whether there are any that lack it.

    Those are the last items that have no such field: the line itself names them (以上), nothing is inherited.
    """
    roles = {one.role for one in fields}
    for index in range(len(drafts) - 1, -1, -1):
        if any(one.role in roles or one.role in PARTY_ROLES for one in drafts[index].fields):
            break
        drafts[index].fields += [replace(one, pieces=list(one.pieces)) for one in fields]
    return bool(drafts) and any(one.word == _BY_NAME for one in drafts[-1].fields)


def heading_fields(block: Block, lexicon: Lexicon) -> list[Field]:
    """What a heading says of all below it in its own words: units (一、区财政局(3项)), a limit (5月底前完成的问题)."""
    line = block.line
    bracketed = _BRACKETED.match(line.text) if block.mark is None else None
    rest = block.mark.rest if block.mark else bracketed["who"] if bracketed else ""
    if not rest or len(rest) > _LONGEST_HEADING or block.labels:
        return []
    text = _COUNT.sub("", rest)
    if match := _LIMITED.match(text):
        role, found = Role.TIME_LIMIT, match["limit"]
    elif all_known(text, lexicon) and not re.search(r"[,，。:：]", text):
        role, found = Role.RESPONSIBLE_UNITS, text
    else:
        return []
    return [Field(role, "", line.number, [Piece(found, line.number, line.last)])]


_LONGEST_HEADING = 40
_BRACKETED = re.compile(r"^[【\[〔](?P<who>[^【】\[\]〔〕]{3,40})[】\]〕]$")
_COUNT = re.compile(
    r"\s*[(（]\s*(?:共|合计|计)?\s*[\d一二三四五六七八九十]+\s*[项条个件类]?\s*(?:问题|任务|事项)?\s*[)）]\s*$"
)
#: 2024年5月底前完成整改的问题, 立行立改类, 长期坚持事项.
_LIMITED = re.compile(
    r"^(?P<limit>(?:(?:19|20)\d\d年|年|\d{1,2}月|[一二三四]季度|[上下]半年)[^,，。;；:：]{0,14}?(?:前|内|底)(?:全部|基本)?(?:完成|到位|办结)?"
    r"|立行立改|即知即改|立即整改|长期坚持|持续推进|长期整改|持续整改)"
    r"(?:完成|整改|办结|解决|落实|到位|坚持|推进)*(?:的|类)?(?:整改|反馈)?(?:问题|事项|任务|内容|工作)?$"
)


def heading_alone(block: Block) -> Line:
    """A heading's line without the bracket or labels that give its fields."""
    if not block.labels:
        return block.line
    return replace(block.line, text=trimmed(block.line.text[: block.labels[0].start]))


def shares(block: Block) -> bool:
    """Whether all labels of a block give what may hold for a whole section: officials, units, a limit."""
    return bool(block.labels) and all(label.role in SHARED_ROLES for label in block.labels)


def nest_sections(outline: Outline) -> None:
    """Items of an outer numbering that only name officials, units or a limit, over items that have the measures."""
    for outer in dict.fromkeys(draft.style for draft in outline.drafts if draft.style not in ("label", "section")):
        holders = [draft for draft in outline.drafts if draft.style == outer]
        others = [draft for draft in outline.drafts if draft.style not in (outer, "section")]
        if not others or not all(_only_shares(draft) for draft in holders):
            continue
        if sum(bool(draft.having(Role.MEASURES)) for draft in others) >= 0.6 * len(others):
            _nest(outline, outer)


def _only_shares(draft: Draft) -> bool:
    return bool(draft.fields) and all(one.role in SHARED_ROLES for one in draft.fields) and not draft.children


def _nest(outline: Outline, outer: str) -> None:
    kept: list[Draft] = []
    holder: Draft | None = None
    for draft in outline.drafts:
        if draft.style == outer:
            holder = draft
        elif holder is not None:
            draft.path = [*holder.path, f"{holder.number}、{holder.title.text}"]
            holder.children.append(draft)
            continue
        kept.append(draft)
    outline.drafts = kept
