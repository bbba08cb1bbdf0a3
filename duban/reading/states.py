"""The state in which an item is registered, told from its text alone."""

from __future__ import annotations

import re

from duban.reading.model import Item

#: A limit that says of all measures at once that they are carried out: then their regulations are issued too.
_ALL_DONE = re.compile(r"^(?:均|各项措施|措施)?已(?:经|全部|全面)?(?:实施|落实|执行|完成|完成整改)$")

_ORDER = ("assigned", "measure_drafted", "regulation_issued", "ongoing", "closed")


def opening_state(item: Item) -> str:
    """The lifecycle state that the document itself shows (the rules under "State at registration").

    No measures: `assigned` (a parent: the earliest state of its children). A planned regulation or a dated part still
    to come: `measure_drafted`. A regulation issued and nothing kept up: `regulation_issued`. Carried out or kept up,
    with nothing dated still open: `ongoing`.
    """
    if item.status == "done":
        return "ongoing"
    if not item.measures:
        return min((child.state for child in item.children), key=_ORDER.index, default="assigned")
    all_done = any(part.done and _ALL_DONE.match(part.text.strip("。;, ")) for part in item.milestones)
    planned = not all_done and any(regulation.status == "planned" for regulation in item.regulations)
    to_come = any(not part.done and (part.due_on or part.start_on) for part in item.milestones)
    if planned or to_come:
        return "measure_drafted"
    done = any(part.done for part in item.milestones)
    issued = any(regulation.status == "issued" for regulation in item.regulations)
    if issued and not item.long_term:
        return "regulation_issued"
    return "ongoing" if done or item.long_term else "measure_drafted"
