"""The lifecycle of an item: one frozen table of transitions, and the pure checks that guard them.

Nothing else in the project decides which state follows which (the table in docs/guide/lifecycle.md is generated
from here). Applying a transition to the ledger is `duban.services.transitions.move`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where an item stands; `closed` is the only end."""

    ASSIGNED = "assigned"
    MEASURE_DRAFTED = "measure_drafted"
    REGULATION_ISSUED = "regulation_issued"
    ONGOING = "ongoing"
    CLOSED = "closed"


STATE_ZH = MappingProxyType(
    {
        State.ASSIGNED: "交办",
        State.MEASURE_DRAFTED: "措施已拟定",
        State.REGULATION_ISSUED: "制度已出台",
        State.ONGOING: "持续推进",
        State.CLOSED: "已销号",
    }
)

OPEN_STATES = (State.ASSIGNED, State.MEASURE_DRAFTED, State.REGULATION_ISSUED, State.ONGOING)


class Action(StrEnum):
    """What a person may do to an item's state."""

    DRAFT_MEASURE = "draft_measure"
    RETURN_MEASURE = "return_measure"
    ISSUE_REGULATION = "issue_regulation"
    START = "start"
    SUSTAIN = "sustain"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    MERGE = "merge"
    REOPEN = "reopen"


ACTION_ZH = MappingProxyType(
    {
        Action.DRAFT_MEASURE: "拟定措施",
        Action.RETURN_MEASURE: "退回措施",
        Action.ISSUE_REGULATION: "出台制度",
        Action.START: "启动推进",
        Action.SUSTAIN: "转入长效",
        Action.CLOSE: "销号",
        Action.WITHDRAW: "撤销",
        Action.MERGE: "合并",
        Action.REOPEN: "重新启动",
    }
)


class Outcome(StrEnum):
    """How a closed item ended."""

    RECTIFIED = "rectified"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


OUTCOME_ZH = MappingProxyType({Outcome.RECTIFIED: "整改到位", Outcome.WITHDRAWN: "已撤销", Outcome.MERGED: "已合并"})


def state_zh(state: State, outcome: Outcome | None = None) -> str:
    """A state in words; withdrawn and merged are not struck off (销号), and never called so."""
    if state is State.CLOSED and outcome in (Outcome.WITHDRAWN, Outcome.MERGED):
        return OUTCOME_ZH[outcome]
    return STATE_ZH[state]


class Relation(StrEnum):
    """What an actor is to an item; the transition table says which relation may do what."""

    UNIT = "unit"  # a lead or responsible unit of the item
    LEAD = "lead"  # one of its lead officials
    SUPERVISION = "supervision"  # the supervision office


RELATION_ZH = MappingProxyType(
    {Relation.UNIT: "牵头单位、责任单位", Relation.LEAD: "牵头领导", Relation.SUPERVISION: "督查室"}
)


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: from which states, to which, by whom, and the event that it leaves behind."""

    action: Action
    sources: tuple[State, ...]
    target: State
    by: tuple[Relation, ...]
    event: str
    needs_reason: bool = False


_SUPERVISION = (Relation.SUPERVISION,)
_UNIT = (Relation.UNIT, Relation.SUPERVISION)

# The supervision office may do what a unit may: it records on behalf of units that report by phone, under its own name.
TRANSITIONS = MappingProxyType(
    {
        t.action: t
        for t in (
            Transition(Action.DRAFT_MEASURE, (State.ASSIGNED,), State.MEASURE_DRAFTED, _UNIT, "item.measure_drafted"),
            Transition(
                Action.RETURN_MEASURE,
                (State.MEASURE_DRAFTED,),
                State.ASSIGNED,
                (Relation.LEAD, Relation.SUPERVISION),
                "item.measure_returned",
                needs_reason=True,
            ),
            Transition(
                Action.ISSUE_REGULATION,
                (State.MEASURE_DRAFTED,),
                State.REGULATION_ISSUED,
                _UNIT,
                "item.regulation_issued",
            ),
            Transition(Action.START, (State.MEASURE_DRAFTED,), State.ONGOING, _UNIT, "item.started"),
            Transition(Action.SUSTAIN, (State.REGULATION_ISSUED,), State.ONGOING, _UNIT, "item.sustained"),
            Transition(
                Action.CLOSE, (State.REGULATION_ISSUED, State.ONGOING), State.CLOSED, _SUPERVISION, "item.closed"
            ),
            Transition(Action.WITHDRAW, OPEN_STATES, State.CLOSED, _SUPERVISION, "item.withdrawn", needs_reason=True),
            Transition(Action.MERGE, OPEN_STATES, State.CLOSED, _SUPERVISION, "item.merged", needs_reason=True),
            Transition(Action.REOPEN, (State.CLOSED,), State.ONGOING, _SUPERVISION, "item.reopened", needs_reason=True),
        )
    }
)


def possible_actions(state: State) -> tuple[Action, ...]:
    """The actions that the table allows from a state, in the table's order."""
    return tuple(t.action for t in TRANSITIONS.values() if state in t.sources)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards look at, gathered from the ledger by the service. Counts and names only: no rows."""

    measures: int = 0
    milestones_open: tuple[str, ...] = ()  # texts of milestones not done
    measures_open: tuple[str, ...] = ()  # texts of measures whose progress is not `done`
    regulations_promised: tuple[str, ...] = ()  # titles that are still only planned
    regulations_unnumbered: tuple[str, ...] = ()  # titles with neither document number nor date
    regulations_incomplete: tuple[str, ...] = ()  # titles that lack the document number or the date
    children_open: tuple[str, ...] = ()  # numbers of child items not closed
    evidence: int = 0
    leads_unsigned: tuple[str, ...] = ()
    verified_by: str | None = None
    worked_on_by: frozenset[str] = field(default_factory=frozenset)  # who did a measure or asked for the closing
    closing_requested: bool = False
    publication_ends_on: str | None = None  # ISO date while the publication period still runs
    publication_owed: int = 0  # working days of a publication that the policy asks for and nobody has begun
    reason: str = ""
    merge_into: str | None = None


def gaps(action: Action, facts: Facts) -> list[str]:
    """What still stands in the way of an action, each gap in words that say what to do; empty where nothing does."""
    found = [] if facts.reason.strip() or not TRANSITIONS[action].needs_reason else ["请填写理由"]
    match action:
        case Action.DRAFT_MEASURE:
            found += [] if facts.measures else ["至少要有一条整改措施"]
        case Action.ISSUE_REGULATION:
            found += [f"制度《{t}》缺少文号或日期" for t in facts.regulations_unnumbered]
        case Action.START:
            found += [f"制度《{t}》尚未出台" for t in facts.regulations_promised]
        case Action.CLOSE:
            found += closing_gaps(facts)
        case Action.MERGE:
            found += [] if facts.merge_into else ["请指明并入哪一项"]
        case _:
            pass
    return found


def closing_gaps(facts: Facts) -> list[str]:
    """The closing gate (销号): every gap by name. 基本完成 never closes."""
    found = [f"节点未完成:{t}" for t in facts.milestones_open]
    found += [f"措施未完成:{t}" for t in facts.measures_open]
    found += [f"制度《{t}》缺少文号或日期" for t in (*facts.regulations_promised, *facts.regulations_incomplete)]
    found += [f"子事项{n}尚未销号" for n in facts.children_open]
    if not facts.evidence:
        found.append("尚未上传佐证材料")
    if not facts.closing_requested:
        found.append("责任单位尚未申请销号")
    found += [f"牵头领导{name}尚未签字" for name in facts.leads_unsigned]
    if facts.verified_by is None:
        found.append("尚未核查")
    elif facts.verified_by in facts.worked_on_by:
        found.append(f"核查人{facts.verified_by}参与过办理,须由他人核查")
    if facts.publication_owed:
        found.append(f"尚未公示,须公示{facts.publication_owed}个工作日")
    if facts.publication_ends_on:
        found.append(f"公示期未满,{facts.publication_ends_on}届满")
    return found
