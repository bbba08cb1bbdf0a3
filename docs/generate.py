"""Writes the pages of docs/ that are printed from the code (`make docs`); a test compares them with what stands."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

from docs import answers
from duban.domain.lifecycle import ACTION_ZH, RELATION_ZH, STATE_ZH, TRANSITIONS, Action, State
from duban.errors import DubanError

GUIDE = Path(__file__).parent / "guide"

#: What each guard asks beside a reason; `duban.domain.lifecycle.gaps` is the code.
GUARDS = {
    Action.DRAFT_MEASURE: "at least one measure",
    Action.ISSUE_REGULATION: "each promised regulation has its 文号 or its date",
    Action.START: "no regulation is still promised",
    Action.CLOSE: "the closing gate, below",
    Action.MERGE: "another open item of the plan that goes on",
    Action.REOPEN: "a new limit",
}


def lifecycle() -> str:
    """docs/guide/lifecycle.md: the diagram and the table."""
    lines = [
        "# The lifecycle of an item",
        "",
        "Printed from the transition table in `duban/domain/lifecycle.py` by `make docs`; a test compares the two.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    direction LR",
        *(f"    {state.value} : {STATE_ZH[state]} {state.value}" for state in State),
        f"    [*] --> {State.ASSIGNED.value}",
    ]
    for transition in TRANSITIONS.values():
        for source in transition.sources:
            label = f"{ACTION_ZH[transition.action]} {transition.action.value}"
            lines.append(f"    {source.value} --> {transition.target.value} : {label}")
    lines += [f"    {State.CLOSED.value} --> [*]", "```", "", *_transitions(), "", *_closing_gate()]
    return "\n".join(lines) + "\n"


def _transitions() -> list[str]:
    rows = ["| action | from | to | who | asks for | event |", "| --- | --- | --- | --- | --- | --- |"]
    for t in TRANSITIONS.values():
        sources = "、".join(STATE_ZH[s] for s in t.sources)
        who = "、".join(RELATION_ZH[r] for r in t.by)
        asks = "; ".join(filter(None, ("a reason" if t.needs_reason else "", GUARDS.get(t.action, "")))) or "–"
        action = f"{ACTION_ZH[t.action]} `{t.action.value}`"
        rows.append(f"| {action} | {sources} | {STATE_ZH[t.target]} | {who} | {asks} | `{t.event}` |")
    return rows


def _closing_gate() -> list[str]:
    entering = """An item enters at the state that its text tells: see `duban read`. Whoever may do what to whose item
    stands in [roles.md](roles.md). An action gives the version that its author saw; a stale one is refused with 409 and
    the present version. An item in quarantine refuses every action until a person has resolved its doubts."""
    gate = """Every milestone is done; every measure is 已完成 (基本完成 never closes); every regulation has its
    文号 and its date; every child item is closed; evidence of this round is there; the unit has asked for the closing;
    every lead official has signed; somebody who neither did the work nor asked for it has verified it; and where it is
    published, the period has run out. A refusal names each gap. Withdrawn and merged items are closed with that
    outcome. Reopening begins a new round: evidence, signatures and verification count for one round only, and an item
    that had been closed as rectified counts a relapse."""
    return [_paragraph(entering), "", "## The closing gate (销号)", "", _paragraph(gate)]


def _paragraph(text: str) -> str:
    return " ".join(text.split())


def errors() -> str:
    """docs/guide/errors.md: every refusal with its stable code."""
    lines = [
        "# Refusals",
        "",
        _paragraph(
            """Printed from the error classes by `make docs`; a test compares the two. Codes are stable: programs may
            rely on them. The HTTP API answers `application/problem+json` with the `code` and the status below; the
            command line prints the message and what would be right on standard error and ends with the exit code (1
            refused or failed, 2 usage or unreadable input). `{words}` are filled in."""
        ),
        "",
        "| code | HTTP | exit | what is wrong | what would be right |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in sorted(error_classes(), key=lambda c: c.code):
        first, _, rest = inspect.cleandoc(kind.__doc__ or "").partition("\n")
        wrong, right = _cell(first), _cell(rest) or "–"
        lines.append(f"| `{kind.code}` | {kind.status} | {kind.exit_code} | {wrong} | {right} |")
    return "\n".join(lines) + "\n"


def error_classes() -> list[type[DubanError]]:
    """Every class of refusal in the product, whichever module it stands in."""
    import duban

    for module in pkgutil.walk_packages(duban.__path__, "duban."):
        importlib.import_module(module.name)
    found: dict[str, type[DubanError]] = {}
    stack = DubanError.__subclasses__()
    while stack:
        kind = stack.pop()
        stack += kind.__subclasses__()
        if kind.__module__.startswith("duban.") and not kind.__name__.startswith("_"):  # those never leave their module
            found[f"{kind.__module__}.{kind.__qualname__}"] = kind
    return [found[name] for name in sorted(found)]


def _cell(text: str) -> str:
    """One line of a table: no line breaks, no bars."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|").replace("<", "&lt;")


PAGES = {"lifecycle.md": lifecycle, "errors.md": errors}


def main() -> None:
    """Writes every page."""
    for name, page in PAGES.items():
        (GUIDE / name).write_text(page(), encoding="utf-8", newline="\n")
        print(f"docs/guide/{name}")
    answers.TARGET.write_text(answers.text(), encoding="utf-8", newline="\n")
    print(answers.TARGET.relative_to(GUIDE.parents[1]))


if __name__ == "__main__":
    main()
