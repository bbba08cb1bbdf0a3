"""Read a policy from TOML and refuse, with the line, whatever could make a ladder wrong or silent.

The shapes are in `duban.domain.policy_model`; `policies/default.toml` shows every key with its meaning.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Final

from duban.domain.policy_model import (
    DOCUMENTS,
    Carry,
    CheckIn,
    ClockKind,
    Colour,
    Digest,
    Every,
    ExtensionRules,
    Fallback,
    LightRule,
    Lights,
    PaperKind,
    PaperRule,
    Policy,
    Review,
    Rung,
    Scoring,
    Target,
    Term,
    WorkingHours,
)
from duban.domain.policy_tables import PolicyInvalid, Table, TomlFile
from duban.domain.seasons import Season

__all__ = ["Policy", "PolicyInvalid", "Rung", "load_policy", "parse_policy"]

_TABLES: Final = (
    "working_hours", "fallback", "rung", "lights", "check_in", "acknowledge", "verify", "publication", "re_inspection",
    "extension", "pause", "supersede", "digest", "ranking", "review", "paper", "season", "term",
)  # fmt: skip
#: Clocks for one sheet: each waits for one party that the sheet was addressed to, and only that one is reminded.
OF_ONE_SHEET: Final = (ClockKind.ACKNOWLEDGE,)
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_DEFAULT_FALLBACK: Final = (Fallback.HEAD, Fallback.SUBSTITUTE, Fallback.SUPERVISION_OFFICE)


def load_policy(path: Path) -> Policy:
    """Read and validate a policy file. Raises `PolicyInvalid`, with line 0 where the file itself cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "Give the path of a UTF-8 TOML file, such as policies/default.toml."
        raise PolicyInvalid(file=path.name, line=0, key="file", problem=f"{error}", remedy=remedy) from error
    return parse_policy(text, path.name)


def parse_policy(text: str, filename: str = "policy.toml") -> Policy:
    """Read and validate a policy's text; the text stays with the value. Raises `PolicyInvalid` with the line."""
    file = TomlFile(text, filename)
    top = file.top(_TABLES)
    name, title, source = top.text("name"), top.text("title"), top.text("source")
    top.done()
    sources: dict[str, str] = {}
    check_in = _check_in(file.table("check_in"))
    terms = _terms(file)
    order = file.table("fallback")
    fallback = _fallback(order, "order", _DEFAULT_FALLBACK)
    _close(order, sources)
    hours = _hours(file.table("working_hours"), sources)
    acknowledge = file.table("acknowledge")
    pause, supersede = file.table("pause"), file.table("supersede")
    policy = Policy(
        name=name,
        title=title,
        rungs=_rungs(file, terms),
        lights=_lights(file.table("lights")),
        check_in=check_in,
        hours=hours,
        fallback=fallback,
        acknowledge_days=acknowledge.number("days", 1, 60),
        hold_days=acknowledge.number("hold_days", 0, 60),
        verify_days=_days(file.table("verify"), sources, 1, 250),
        publication_days=_days(file.table("publication"), sources, 0, 250),
        re_inspection_days=_days(file.table("re_inspection"), sources, 0, 3650),
        extension=_extension(file.table("extension")),
        scoring=_scoring(file.table("ranking")),
        digest=_digest(file.table("digest")),
        fixed_dates_move=pause.flag("fixed_dates_move", default=False),
        carry=supersede.choice("carry", Carry),
        reviews=_reviews(file),
        papers=_papers(file),
        seasons=_seasons(file),
        terms=terms,
        source=source,
        sources=sources,
        text=text,
    )
    for table in (acknowledge, pause, supersede):
        _close(table, sources)
    return policy


def _close(table: Table, sources: dict[str, str]) -> None:
    sources[table.name] = table.text("source")
    table.done()


def _source(table: Table) -> str:
    source = table.text("source")
    table.done()
    return source


def _days(table: Table, sources: dict[str, str], low: int, high: int) -> int:
    days = table.number("days", low, high)
    _close(table, sources)
    return days


# -- the ladder --------------------------------------------------------------------------------------------------


def _rungs(file: TomlFile, terms: tuple[Term, ...]) -> tuple[Rung, ...]:
    read = [(table, _rung(table, terms)) for table in file.tables("rung")]
    keys: set[str] = set()
    for table, rung in read:
        if rung.key in keys:
            table.refuse("key", f"{rung.key} stands twice", "Give each rung a key of its own: it is what fires once.")
        keys.add(rung.key)
    for kind in ClockKind:
        _check_ladder(file, kind, [(t, r) for t, r in read if r.clock == kind])
    order = list(ClockKind)
    return tuple(sorted((r for _, r in read), key=lambda r: order.index(r.clock)))


def _check_ladder(file: TomlFile, kind: ClockKind, ladder: list[tuple[Table, Rung]]) -> None:
    if not any(rung.offset > 0 for _, rung in ladder):
        remedy = f'Add a [[rung]] with clock = "{kind}" and an offset above 0, as in policies/default.toml.'
        file.refuse(
            "", 0, "rung", f"{kind} clocks have no rung after their due date and would run out in silence", remedy
        )
    for position, (table, rung) in enumerate(ladder):
        before = [r for _, r in ladder[:position] if not r.terms or not rung.terms or set(r.terms) & set(rung.terms)]
        if before and rung.offset <= before[-1].offset:
            last = before[-1]
            problem = f"rungs out of order: {rung.key} at {rung.offset:+d} stands after {last.key} at {last.offset:+d}"
            table.refuse("offset", problem, "Order the rungs by rising offset, no two alike.")


def _rung(table: Table, terms: tuple[Term, ...]) -> Rung:
    key = table.text("key")
    if not _KEY.fullmatch(key):
        table.refuse("key", f"{key!r} is no key", "Use up to 32 of a-z, 0-9 and _, a letter first.")
    kind = table.text("kind")
    if kind not in DOCUMENTS:
        table.refuse("kind", f"{kind!r} is an unknown document kind", f"Known: {', '.join(DOCUMENTS)}.")
    document = DOCUMENTS[kind]
    numbered = table.flag("numbered", default=document.series is not None)
    series = table.text("series", document.series or document.title) if numbered or "series" in table else None
    to = table.choices("to", Target)
    if not to:
        table.refuse("to", "nobody is named", f"Name one or more of: {', '.join(Target)}.")
    clock = table.choice("clock", ClockKind, ClockKind.LIMIT)
    if (Target.ADDRESSEE in to) != (clock in OF_ONE_SHEET):
        remedy = f'Write to = ["{Target.ADDRESSEE}"] with clock = "{ClockKind.ACKNOWLEDGE}", and nowhere else.'
        table.refuse("to", f"a {clock} clock does not wait for these", remedy)
    every, cap = table.optional_number("repeat_every", 1, 250), table.optional_number("repeat_cap", 1, 24)
    if (every is None) != (cap is None):
        table.refuse("repeat_every", "repeat_every and repeat_cap go together", "Set both, or neither.")
    named = table.texts("terms")
    for term in named:
        if term not in {t.key for t in terms}:
            table.refuse("terms", f"{term!r} is no term", f"Known: {', '.join(t.key for t in terms) or 'none'}.")
    rung = Rung(
        key=key,
        offset=table.number("offset", -1000, 1000),
        kind=kind,
        title=table.text("title", document.title),
        colour=table.choice("colour", Colour),
        to=to,
        cc=table.choices("cc", Target, ()),
        series=series,
        acknowledge_days=table.optional_number("acknowledge_days", 1, 60),
        held=table.flag("held", default=True),
        approve=_approve(table, kind),
        exposure=table.flag("exposure", default=False),
        repeat_every=every,
        repeat_cap=cap or 0,
        clock=clock,
        terms=named,
        fallback=_fallback(table, "fallback", ()),
        source=table.text("source"),
    )
    table.done()
    return rung


def _approve(table: Table, kind: str) -> bool:
    """A summons names time, place and who speaks, which only its approval gives."""
    approve = table.flag("approve", default=False)
    if kind == "summon" and not approve:
        table.refuse("approve", "a summons has no time and place before it is approved", "Write approve = true.")
    return approve


def _fallback(table: Table, key: str, default: tuple[Fallback, ...]) -> tuple[Fallback, ...]:
    """An order that can end without anybody is silence: each must end at the office that always resolves."""
    order = table.choices(key, Fallback, default)
    if key in table and (not order or order[-1] != Fallback.SUPERVISION_OFFICE):
        problem = "the order can end without anybody: its target may never resolve"
        table.refuse(key, problem, 'Let it end with "supervision_office", which always resolves.')
    return order


# -- the other tables --------------------------------------------------------------------------------------------


def _hours(table: Table, sources: dict[str, str]) -> WorkingHours:
    opens, cut_off = table.clock_time("opens"), table.clock_time("cut_off")
    if opens >= cut_off:
        table.refuse("cut_off", "the day ends before it begins", "Let cut_off be later than opens.")
    _close(table, sources)
    return WorkingHours(opens, cut_off, sources[table.name])


def _lights(table: Table) -> Lights:
    rule = table.choice("rule", LightRule)
    days = points = red = None
    if rule == LightRule.DAYS_LEFT:
        days = table.number("yellow_days", 1, 250)
    else:
        days = table.optional_number("yellow_days", 1, 250)
        points, red = table.number("yellow_points", 0, 99), table.number("red_points", 1, 100)
        if points >= red:
            table.refuse("red_points", "red begins before yellow", "Let red_points be above yellow_points.")
    return Lights(rule, days, points, red, _source(table))


def _check_in(table: Table) -> CheckIn:
    return CheckIn(table.choice("every", Every), table.optional_number("grace_days", 0, 60) or 0, _source(table))


def _terms(file: TomlFile) -> tuple[Term, ...]:
    found: list[tuple[Table, Term]] = []
    for table in file.tables("term"):
        key, title = table.text("key"), table.text("title")
        months = table.optional_number("up_to_months", 1, 600)
        every, grace = table.choice("check_in", Every), table.optional_number("grace_days", 0, 60) or 0
        source = _source(table)
        found.append((table, Term(key, title, months, CheckIn(every, grace, source), source)))
    for (_, before), (table, term) in pairwise(found):
        if before.up_to_months is None or (term.up_to_months or 10**6) <= before.up_to_months:
            table.refuse("up_to_months", "terms out of order", "Order terms by rising months; only the last has none.")
    if found and found[-1][1].up_to_months is not None:
        found[-1][0].refuse("up_to_months", "longer limits have no term", "Leave up_to_months out of the last term.")
    return tuple(term for _, term in found)


def _extension(table: Table) -> ExtensionRules:
    deciders, most = table.choices("deciders", Target), table.number("most", 0, 20)
    if not deciders:
        table.refuse("deciders", "nobody decides", 'Write deciders = ["supervision_office", "plan_head"].')
    return ExtensionRules(deciders, most, _source(table))


def _scoring(table: Table) -> Scoring:
    limit, report = table.number("limit_points", 0, 100), table.number("report_points", 0, 100)
    acknowledge, smoothing = table.number("acknowledge_points", 0, 100), table.number("smoothing_points", 1, 1000)
    return Scoring(limit, report, acknowledge, smoothing, _source(table))


def _digest(table: Table) -> Digest:
    return Digest(table.choices("own_sheet", Colour), table.number("weekly_on", 1, 7), _source(table))


def _reviews(file: TomlFile) -> tuple[Review, ...]:
    found: list[Review] = []
    for table in file.tables("review"):
        key, title, every = table.text("key"), table.text("title"), table.choice("every", Every)
        weekly = every in (Every.WEEKLY, Every.FORTNIGHTLY)
        on, to = table.number("on", 1, 7 if weekly else 20), _readers(table)
        found.append(Review(key, title, every, on, _source(table), to))
    return tuple(found)


def _papers(file: TomlFile) -> tuple[PaperRule, ...]:
    found: list[PaperRule] = []
    for table in file.tables("paper"):
        key, every = table.choice("key", PaperKind), table.choice("every", Every)
        if every in (Every.WEEKLY, Every.FORTNIGHTLY):
            table.refuse("every", f"a paper is not drawn {every}", "Write monthly, quarterly or half_yearly.")
        if key is not PaperKind.PROGRESS and every is not Every.MONTHLY:
            table.refuse("every", f"{key} looks at one month", 'Write every = "monthly", or take key = "progress".')
        if any((rule.key, rule.every) == (key, every) for rule in found):
            table.refuse("key", f"{key} stands twice for {every}", "Give each paper one table for each cadence.")
        found.append(PaperRule(key, every, _readers(table), _source(table)))
    return tuple(found)


def _readers(table: Table) -> tuple[Target, ...]:
    """Who gets a paper on the whole plan: only those who answer for all of it."""
    to = table.choices("to", Target, ())
    wrong = next((t for t in to if t not in (Target.PLAN_HEAD, Target.SUPERVISION_OFFICE)), None)
    if wrong is not None:
        table.refuse("to", f"{wrong} differs from item to item", "Name plan_head, supervision_office, or both.")
    return to


def _seasons(file: TomlFile) -> tuple[Season, ...]:
    found: list[Season] = []
    for table in file.tables("season"):
        name, years = table.text("name"), table.raw("by_year") or {}
        start = table.month_day("from", table.raw("from")) if "from" in table else None
        if not isinstance(years, dict) or not all(re.fullmatch(r"\d{4}", year) for year in years):
            table.refuse("by_year", "its keys are not years", 'Write by_year = { 2026 = "02-17" }.')
        days = {int(year): table.month_day("by_year", day) for year, day in years.items()}
        if start is None and not days:
            table.refuse("from", "the season never begins", 'Write from = "06-01", or by_year = { 2026 = "02-17" }.')
        found.append(Season(name, start, days, _source(table)))
    return tuple(found)
