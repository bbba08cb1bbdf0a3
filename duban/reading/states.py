"""The state in which an item is registered, told from its text alone."""

from __future__ import annotations

from duban.reading.model import Item


def opening_state(item: Item) -> str:
    """The lifecycle state that the document itself shows (the rules under "State at registration").

    No measures: `assigned`. A planned regulation or a dated part still to come: `measure_drafted`. A regulation
    issued and nothing kept up: `regulation_issued`. Carried out or kept up, with nothing dated still open: `ongoing`.
    """
    if item.status == "done":
        return "ongoing"
    if not item.measures:
        return "assigned"
    planned = any(regulation.status == "planned" for regulation in item.regulations)
    to_come = any(not part.done and (part.due_on or part.start_on) for part in item.milestones)
    if planned or to_come:
        return "measure_drafted"
    done = any(part.done for part in item.milestones)
    issued = any(regulation.status == "issued" for regulation in item.regulations)
    if issued and not item.long_term:
        return "regulation_issued"
    return "ongoing" if done or item.long_term else "measure_drafted"
