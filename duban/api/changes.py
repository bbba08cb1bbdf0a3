"""One shape for whatever changes an item: the service's function with what it needs, answered with the item.

A route says `partial(report_measure, measure_id=…, progress=…)`; who does it, on which version and when is added here,
for the API's routes as for the forms of the pages.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol, TypeVar

from duban.adapters.database import Database
from duban.api.bodies import VersionedBody
from duban.api.context import Caller, Context
from duban.domain.actors import Actor
from duban.errors import NotFound
from duban.services.queries.item import present_version

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ItemChange(Protocol[T_co]):
    """What changes an item, once it is known who does it, which version they saw, and when."""

    def __call__(self, database: Database, *, actor: Actor, expected_version: int, now: dt.datetime) -> T_co:
        """Does it, or raises a DubanError."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The item after a change was recorded on it."""

    item_id: int
    version: int
    state: str


def recorded(context: Context, item_id: int) -> Recorded:
    """The item's version and state now."""
    present = present_version(context.database, item_id)
    if present is None:
        raise NotFound(what="item", key=item_id)
    return Recorded(item_id, *present)


def perform(context: Context, caller: Caller, version: int, change: ItemChange[T]) -> T:
    """Does the change as this caller, on the version that they saw; what the service answers."""
    return change(context.database, actor=caller.actor, expected_version=version, now=context.now())


def record(context: Context, caller: Caller, item_id: int, body: VersionedBody, change: ItemChange[object]) -> Recorded:
    """The change on the version that the body names; the item after it."""
    perform(context, caller, body.expected_version, change)
    return recorded(context, item_id)
