"""Which plan a page is about, where it is about one."""

from __future__ import annotations

from collections.abc import Sequence

from duban.errors import NotFound
from duban.services.queries.shapes import PlanView


def chosen_plan(plans: Sequence[PlanView], asked: str) -> PlanView | None:
    """The plan of this id or code; the newest where none is asked for, None where there is none. Raises NotFound."""
    if not asked:
        return plans[0] if plans else None
    for plan in plans:
        if asked in (str(plan.id), plan.code):
            return plan
    raise NotFound(what="plan", key=asked)
