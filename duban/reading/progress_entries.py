"""Which numbered lines of a progress report are its problems, and what else it reports on where it names none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from duban.reading.progress_status import (
    SPEAKS_OF_IT,
    closing_status,
    entry_status,
    joined,
    status_above,
    status_in,
    status_of_headings,
    without_status,
)
from duban.reading.prose import Part, Prose, lead_and_rest

_FAULT = (
    r"不够|不足|不到位|不力|不强|不严|不高|不深|不实|不规范|不及时|不彻底|不健全|不完善|不紧|不牢|不准|不多|不快|不全|薄弱|欠缺|滞后|缺失|差距"
    r"|漏洞|短板|弱化|偏差|缓慢|偏慢|偏软|偏弱|较弱|松懈|淡薄|模糊|虚化|淡化|缺位|流于形式|走过场|时有发生|突出|违规|未落实|未执行"
)
_PROBLEM = re.compile(
    rf"^(?:针对|关于|对于|对照|反馈指出)|问题[”\"]?[。:\uff1a;\uff1b]?$|(?:{_FAULT})[^,\uff0c。]{{0,6}}[。:\uff1a]?$"
)
_OPENS_PROBLEM = re.compile(r"^(?:针对|关于|对于)[^。]{2,80}?(?:问题|不足|方面)")


def problem_parts(prose: Prose) -> list[Part]:
    """The parts that name problems, of one numbering style.

    Siblings of which none names a problem are left out, unless their numbers go on from those that do. Of two styles
    one within the other the inner one counts where it names problems too: (一) is then an aspect, 1. its problems.
    """
    by_style: dict[str, list[Part]] = {}
    for group in _siblings(prose):
        kept = by_style.setdefault(group[0].style, [])
        goes_on = bool(kept) and group[0].value == kept[-1].value + 1
        if _answered(group) and (goes_on or sum(map(names_problem, group)) >= 0.4 * len(group)):
            kept += group
    styles = [style for style, parts in by_style.items() if sum(map(names_problem, parts)) >= max(1, 0.5 * len(parts))]
    inner = [style for style in styles if not any(_within(by_style[other], by_style[style]) for other in styles)]
    best = max(inner, key=lambda style: len(by_style[style]), default=None)
    return by_style[best] if best is not None else []


def unnumbered(prose: Prose) -> list[Part]:
    """Paragraphs that open with 针对…问题 where the report numbers none; what follows one is what was done."""
    found: list[Part] = []
    for holder, lines in [(None, prose.front), *((part, part.body) for part in prose.walk())]:
        current: Part | None = None
        for line in lines:
            if _OPENS_PROBLEM.match(line.text):
                current = Part(line, "", "", 0, line.text, parent=holder)
                found.append(current)
            elif current is not None:
                current.body.append(line)
    return found if len(found) >= 2 else []


def _siblings(prose: Prose) -> Iterator[list[Part]]:
    """Parts of one parent and one style, in document order of the parents."""
    waiting: list[list[Part]] = [prose.parts]
    waiting += [part.children for part in prose.walk() if part.children]
    for children in waiting:
        by_style: dict[str, list[Part]] = {}
        for part in children:
            by_style.setdefault(part.style, []).append(part)
        yield from by_style.values()


def names_problem(part: Part) -> bool:
    """Whether a part's title says that it is a problem, or what follows it speaks of it as one."""
    if part.children and status_of_headings([part.line.text]) is not None:
        return False  # 进展缓慢的事项 is a heading over those that stand so
    title, rest = title_of(part)
    behind = rest or (part.body[0].text if part.body else "")
    return bool(_PROBLEM.search(title) or SPEAKS_OF_IT.match(behind))


def _answered(group: list[Part]) -> bool:
    """Whether most of the parts have a text under their title, or parts of their own."""
    return sum(bool(part.body or part.children or title_of(part)[1]) for part in group) >= 0.5 * len(group)


def _within(parts: list[Part], outer: list[Part]) -> bool:
    """Whether at least half of the parts stand below some of the outer ones."""
    holders = {id(part) for part in outer}
    return sum(part.parent is not None and id(part.parent) in holders for part in parts) >= max(1, 0.5 * len(parts))


def title_of(part: Part) -> tuple[str, str]:
    """The problem as printed, and what was done where it stands in the same paragraph."""
    if colon := re.match(r"^(?P<lead>[^:\uff1a。]{6,100}问题[”\"]?)\s*[:\uff1a]\s*(?P<rest>.{4,})$", part.text):
        return colon["lead"], colon["rest"]
    if comma := re.match(
        r"^(?P<lead>(?:针对|关于|对于)[“\"][^”\"。]{4,80}[”\"](?:的)?问题)[,\uff0c](?P<rest>.{4,})$", part.text
    ):
        return comma["lead"], comma["rest"]
    lead, rest = lead_and_rest(part.text, longest=120)
    return (without_status(lead), rest) if lead else (without_status(part.text), "")


def told_parts(prose: Prose) -> list[Part]:
    """The entries of a report that names no problems: the parts of the style that most often says how a thing stands.

    Where nothing says so, those that have a text under a title of their own; the innermost of several styles.
    """
    by_style: dict[str, list[Part]] = {}
    for part in prose.walk():
        by_style.setdefault(part.style, []).append(part)
    told = {style: sum(map(_is_told, parts)) for style, parts in by_style.items()}
    best = max(told, key=lambda style: told[style], default=None)
    if best is not None and told[best] >= max(2, 0.4 * len(by_style[best])):
        return [part for part in by_style[best] if _is_told(part) or _is_entry(part)]
    entries = {style: [part for part in parts if _is_entry(part)] for style, parts in by_style.items()}
    most = max(entries, key=lambda style: len(entries[style]), default=None)
    return entries[most] if most is not None and len(entries[most]) >= 3 else []


def _is_entry(part: Part) -> bool:
    return not part.children and bool(title_of(part)[1] or part.body)


def _is_told(part: Part) -> bool:
    if part.children:
        return False
    text = joined([part.text, *(line.text for line in part.body)])
    return bool(status_in(text) or closing_status(text) or status_above(part) or entry_status(text))
