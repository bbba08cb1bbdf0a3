"""Invariants of clocks and dates."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import exists, func, or_, select

from duban.domain.lifecycle import State
from duban.services.checks_look import Look
from duban.services.queries.operations import whole_nights
from duban.services.rules import business_date
from models import Clock, ClockKind, ClockState, Item, Milestone, Night, NightState, Plan

OPEN = (ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED)


def open_clock_on_closed_item(look: Look) -> Iterator[str]:
    """Where it does not hold that no clock but a re-inspection runs on a closed item."""
    # The re-inspection of a closed item is the one thing that still runs.
    query = (
        select(Clock.id, Clock.kind, Item.id)
        .join(Item, Item.id == Clock.item_id)
        .where(Clock.state.in_(OPEN), Clock.kind != ClockKind.RE_INSPECT, Item.state == State.CLOSED)
        .order_by(Clock.id)
    )
    for clock, kind, item in look.rows(query):
        yield f"clock {clock} ({kind.value}) of item {item}"


def clock_on_quarantined_item(look: Look) -> Iterator[str]:
    """Where it does not hold that no clock runs on an item that is in doubt or dropped."""
    query = (
        select(Clock.id, Item.id)
        .join(Item, Item.id == Clock.item_id)
        .where(Clock.state.in_(OPEN), or_(Item.quarantined, Item.dropped))
        .order_by(Clock.id)
    )
    for clock, item in look.rows(query):
        yield f"clock {clock} of item {item}"


def clock_of_done_milestone(look: Look) -> Iterator[str]:
    """Where it does not hold that a milestone that is done has no running clock."""
    query = (
        select(Clock.id, Milestone.id)
        .join(Milestone, Milestone.id == Clock.milestone_id)
        .where(Clock.state.in_(OPEN), Milestone.done)
        .order_by(Clock.id)
    )
    for clock, milestone in look.rows(query):
        yield f"clock {clock} of milestone {milestone}"


def milestone_without_clock(look: Look) -> Iterator[str]:
    """Where it does not hold that every dated part of an open item has its clock."""
    clock = exists().where(Clock.milestone_id == Milestone.id, Clock.kind == ClockKind.LIMIT, Clock.state.in_(OPEN))
    query = (
        select(Milestone.id, Item.id)
        .join(Item, Item.id == Milestone.item_id)
        .where(
            ~Milestone.done,
            Milestone.due_on.is_not(None),
            Item.state != State.CLOSED,
            ~Item.quarantined,
            ~Item.dropped,
            ~clock,
        )
        .order_by(Milestone.id)
    )
    for milestone, item in look.rows(query):
        yield f"milestone {milestone} of item {item}"


def due_date_out_of_line(look: Look) -> Iterator[str]:
    """Where it does not hold that an item shows its earliest open limit."""
    earliest = (
        select(func.min(Milestone.rolled_due_on))
        .where(Milestone.item_id == Item.id, ~Milestone.done)
        .correlate(Item)
        .scalar_subquery()
    )
    query = (
        select(Item.id, Item.due_on, earliest)
        .where(Item.state != State.CLOSED, Item.due_on.is_distinct_from(earliest))
        .order_by(Item.id)
    )
    for item, shown, due in look.rows(query):
        yield f"item {item} shows {shown}, its earliest open part is due {due}"


def clock_date_out_of_line(look: Look) -> Iterator[str]:
    """Where it does not hold that a clock runs to its milestone's date."""
    query = (
        select(Clock.id, Clock.due_on, Milestone.rolled_due_on)
        .join(Milestone, Milestone.id == Clock.milestone_id)
        .where(
            Clock.kind == ClockKind.LIMIT, Clock.state.in_(OPEN), Clock.due_on.is_distinct_from(Milestone.rolled_due_on)
        )
        .order_by(Clock.id)
    )
    for clock, runs_to, due in look.rows(query):
        yield f"clock {clock} runs to {runs_to}, its milestone is due {due}"


def clock_passed_over(look: Look) -> Iterator[str]:
    """Where it does not hold that no night passes over a clock that is due."""
    night = _last_night(look, NightState.COMPLETED)
    if night is None:
        return
    query = (
        select(Clock.id, Clock.next_rung_on)
        .join(Plan, Plan.id == Clock.plan_id)
        .where(Clock.next_rung_on <= night.as_of, Clock.started_on <= night.as_of, Plan.released_at < night.started_at)
        .order_by(Clock.id)
    )
    for clock, on in look.rows(query):
        yield f"clock {clock} was to be looked at on {on}; the night of {night.as_of} did not"


def _last_night(look: Look, *states: NightState) -> Night | None:
    return next(whole_nights(look.session, until=business_date(look.now), states=states), None)
