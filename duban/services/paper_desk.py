"""What the papers on one plan share: the standing that they count, figures with their rows, and tables of items."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from duban.adapters.database import Database
from duban.domain.full_width import full_width
from duban.notices.wording import book, date_zh
from duban.reports.paper import Block, Figure, Grid, Heading, Link, Paper, RowRef, numeral
from duban.services.standing import Part, PlanStanding, Standing, plan_standing
from models import Origin

LIGHTS_ZH = {"red": "红", "yellow": "黄", "green": "绿", "none": "无时限"}


@dataclass(frozen=True, slots=True)
class Desk:
    """What every paper of one plan needs: the standing on the day, and where its rows can be looked at."""

    standing: PlanStanding
    public_url: str

    @property
    def title(self) -> str:
        """The plan's title in 《》."""
        return book(full_width(self.standing.facts.title))

    @property
    def items(self) -> list[Standing]:
        """The items of the plan itself."""
        return [one for one in self.standing.items if one.of_plan]

    @property
    def apart(self) -> list[Standing]:
        """Self-checks and calls that came of the plan: followed like its items, and none of them."""
        return [one for one in self.standing.items if not one.of_plan]

    @property
    def office(self) -> str:
        """The supervision office that signs."""
        return self.standing.facts.parties[self.standing.facts.office_id].name

    def url(self, item_id: int) -> str:
        """An item's page."""
        return f"{self.public_url}/items/{item_id}"

    def row(self, one: Standing, note: str) -> RowRef:
        """An item as a row behind a figure."""
        return RowRef(one.row.id, one.row.number, one.row.title, note, self.url(one.row.id))

    def figure(
        self,
        key: str,
        label: str,
        items: Iterable[Standing],
        note: Callable[[Standing], str],
        within: str | None = None,
    ) -> Figure:
        """A count of items, with each of them behind it; `within` names the figure that lists them already."""
        rows = tuple(self.row(one, note(one)) for one in items)
        return Figure(key, label, len(rows), rows, within)

    def parts(self, key: str, label: str, parts: Iterable[Part], within: str | None = None) -> Figure:
        """A count of measures or regulations, with each of them behind it."""
        by_id = {one.row.id: one for one in self.items}
        rows = tuple(self.row(by_id[p.item_id], part_note(p)) for p in parts if p.item_id in by_id)
        return Figure(key, label, len(rows), rows, within)


def desk(database: Database, *, plan: str, as_of: dt.date, public_url: str) -> Desk:
    """Reads what the papers of a plan are drawn from. Raises NotFound."""
    return Desk(plan_standing(database, plan=plan, as_of=as_of), public_url.rstrip("/"))


def items_grid(at: Desk, key: str, title: str, items: Sequence[Standing]) -> Grid:
    """Items as a table: number and page, who answers for it, how it stands."""
    rows = tuple(
        (
            Link(one.row.number, at.url(one.row.id)),
            one.row.title,
            "、".join(one.units),
            "、".join(one.row.names("lead_official")),
            due_text(one),
            one.row.state_zh,
            max(-(one.row.days_left or 0), 0),
        )
        for one in items
    )
    headings = ("序号", "事项", "责任单位", "牵头领导", "到期日", "状态", "逾期天数")
    return Grid(key, title, headings, rows, (2, 7, 5, 3, 6, 4, 2))


def paper_of(
    at: Desk, kind: str, title: str, sections: Sequence[tuple[str, list[Block]]], dated_on: dt.date | None
) -> Paper:
    """The sections under 一、二、…; a paper of one section needs no heading."""
    blocks: list[Block] = []
    for n, (heading, content) in enumerate(sections, start=1):
        if heading:
            blocks.append(Heading(1, f"{numeral(n)}、{heading}"))
        blocks += content
    return Paper(
        kind=kind,
        title=title,
        office=at.office,
        as_of=at.standing.as_of,
        dated_on=dated_on or at.standing.as_of,
        blocks=tuple(blocks),
    )


def units_of(one: Standing, by_id: dict[int, Standing]) -> list[str]:
    """The units of an item, or of the nearest parent that names them."""
    at: Standing | None = one
    while at is not None:
        if at.units:
            return list(dict.fromkeys(at.units))
        at = by_id.get(at.row.parent_id) if at.row.parent_id is not None else None
    return []


def by_due(one: Standing) -> tuple[dt.date, int]:
    """The earliest limit first; items without one last."""
    return one.row.due_on or dt.date.max, one.row.id


def due_text(one: Standing) -> str:
    """When it falls due."""
    return date_zh(one.row.due_on) if one.row.due_on else "无时限"


def state_note(one: Standing) -> str:
    """Where it stands."""
    kept = "，自查事项" if one.origin is Origin.SELF_CHECK else ""
    return f"{one.row.state_zh}{kept}"


def closed_note(one: Standing) -> str:
    """When it was struck off, withdrawn, or merged into another."""
    said = one.row.state_zh
    return f"{date_zh(one.closed_on)}{said.removeprefix('已')}" if one.closed_on else said


def due_note(one: Standing) -> str:
    """Where it stands against its limit."""
    if not one.open:
        return closed_note(one)
    late = max(-(one.row.days_left or 0), 0)
    due = f"{date_zh(one.row.due_on)}到期" if one.row.due_on else "无时限"
    return f"{one.row.state_zh}，{due}" + (f"，逾期{late}个工作日" if one.row.overdue and late else "")


def light_note(one: Standing) -> str:
    """Its light, and where it stands against its limit."""
    return f"{LIGHTS_ZH[one.row.light]}灯，{due_note(one)}" if one.open and one.row.due_on else due_note(one)


def part_note(part: Part) -> str:
    """A measure or regulation with what became of it."""
    done = f"（{date_zh(part.done_on)}）" if part.done and part.done_on else "（已完成）" if part.done else "（未完成）"
    return f"{part.text}{done}"
