"""The shapes of a policy: the rules by which a plan is supervised, as one frozen value.

A policy is data (`policies/*.toml`, read and validated by `duban.domain.policies`); no number of it stands in code, and
each carries in `source` the rule that it comes from.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from duban.domain.seasons import DEFAULT_SEASONS, Season, Seasons


class ClockKind(StrEnum):
    """What a clock waits for."""

    LIMIT = "limit"
    CHECK_IN = "check_in"
    ACKNOWLEDGE = "acknowledge"
    VERIFY = "verify"
    RE_INSPECT = "re_inspect"


class Colour(StrEnum):
    """Lights, and the colour of a rung; `none` is 无时限."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    NONE = "none"


class Target(StrEnum):
    """Whom a rung is meant for, before anybody is looked up."""

    UNIT_CONTACTS = "unit_contacts"
    UNIT_HEAD = "unit_head"
    LEAD_OFFICIALS = "lead_officials"
    SUPERVISING_UNITS = "supervising_units"
    PLAN_UNITS = "plan_units"
    PLAN_HEAD = "plan_head"
    SUPERVISION_OFFICE = "supervision_office"
    ADDRESSEE = "addressee"  # of a clock for one sheet: whoever that sheet was addressed to


class Fallback(StrEnum):
    """Where a notice goes when its holder cannot be reached: a unit's head, the substitute that the directory names."""

    HEAD = "head"
    SUBSTITUTE = "substitute"
    SUPERVISION_OFFICE = "supervision_office"


class LightRule(StrEnum):
    """How a light before the limit is judged: by the days left, or by the gap to schedule progress (序时进度)."""

    DAYS_LEFT = "days_left"
    SCHEDULE_GAP = "schedule_gap"


class Every(StrEnum):
    """A cadence of check-ins and reviews."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"


class Carry(StrEnum):
    """Which fired rungs a changed limit carries over: all of them, or those whose new date is reached already."""

    ALL = "all"
    REACHED = "reached"


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of notice that a ladder may fire: its Chinese title, and the series of its number if it is a sheet.

    `approver` lets it go where the rung says `approve`.
    """

    kind: str
    title: str
    series: str | None = None
    approver: Target = Target.SUPERVISION_OFFICE


#: The documents that rungs may name; the series is the word before 〔year〕 in a sheet's 发文字号.
DOCUMENTS: Mapping[str, DocumentKind] = {
    d.kind: d
    for d in (
        DocumentKind("remind", "提醒"),
        DocumentKind("acknowledge", "签收提醒"),
        DocumentKind("urge", "催办通知书", "督催"),
        DocumentKind("supervise", "督办单", "督办"),
        DocumentKind("circulate", "通报", "督通"),
        DocumentKind("summon", "约谈通知书", "督约", Target.PLAN_HEAD),
    )
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder. `offset` and the other day counts are working days, from the (rolled) due date.

    `key` names the rung for good: the ledger's unique key holds it. A `numbered` rung is a sheet of its `series`.
    `acknowledge_days`: its recipients owe a receipt within so many days. `held`: an earlier receipt holds it back.
    `approve`: the sheet waits, without a number, until its kind's approver lets it go. `exposure`: the item is listed
    for the month's exposure (月曝光). `repeat_every`/`repeat_cap`: said again so often, so many times at most.
    `terms`: only for clocks of these terms (all where empty). `fallback` overrides the policy's order.
    """

    key: str
    offset: int
    kind: str
    title: str
    colour: Colour
    to: tuple[Target, ...]
    cc: tuple[Target, ...] = ()
    series: str | None = None
    acknowledge_days: int | None = None
    held: bool = True
    approve: bool = False
    exposure: bool = False
    repeat_every: int | None = None
    repeat_cap: int = 0
    clock: ClockKind = ClockKind.LIMIT
    terms: tuple[str, ...] = ()
    fallback: tuple[Fallback, ...] = ()
    source: str = ""

    @property
    def numbered(self) -> bool:
        """Whether the rung is an official sheet with a number of its own."""
        return self.series is not None

    def occurrence_key(self, occurrence: int) -> str:
        """The ledger's key of the first firing (`urge_1`) and of each repeat (`urge_1#2`, `urge_1#3`)."""
        return self.key if occurrence == 1 else f"{self.key}#{occurrence}"


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """The office's hours, local time: what comes in from `cut_off` on has missed the day."""

    opens: dt.time
    cut_off: dt.time
    source: str = ""


@dataclass(frozen=True, slots=True)
class Lights:
    """When an item that is not overdue turns yellow or red. Overdue is red under every rule.

    DAYS_LEFT: yellow from `yellow_days` working days before the limit. SCHEDULE_GAP: yellow when progress lags more
    than `yellow_points` percentage points behind schedule progress, red when more than `red_points`.
    """

    rule: LightRule
    yellow_days: int | None = None
    yellow_points: int | None = None
    red_points: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """How often a long-term item reports, and how many working days after the period's end it may take."""

    every: Every
    grace_days: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A class of limits by length in calendar months from start to due; `up_to_months` None takes all the rest."""

    key: str
    title: str
    up_to_months: int | None
    check_in: CheckIn
    source: str = ""


@dataclass(frozen=True, slots=True)
class ExtensionRules:
    """Who decides the first, the second, … extension (the last one named decides all later ones), and how many."""

    deciders: tuple[Target, ...]
    most: int
    source: str = ""

    def decider(self, ordinal: int) -> Target | None:
        """Who decides the `ordinal`-th request (from 1); None where no more may be granted."""
        return self.deciders[min(ordinal, len(self.deciders)) - 1] if 1 <= ordinal <= self.most else None


@dataclass(frozen=True, slots=True)
class Review:
    """A meeting that the plan holds: 每周碰、双周议、每月研. `on` is a weekday 1–7, or the n-th working day.

    `to`: who gets its agenda by mail; nobody where empty.
    """

    key: str
    title: str
    every: Every
    on: int
    source: str = ""
    to: tuple[Target, ...] = ()


class PaperKind(StrEnum):
    """The papers that are drawn when a period has ended."""

    CHECK = "check"
    EXPOSURE = "exposure"
    RANKING = "ranking"
    PROGRESS = "progress"


@dataclass(frozen=True, slots=True)
class PaperRule:
    """A paper on each period that has ended (月检查、月曝光、月排名), and who gets it by mail."""

    key: PaperKind
    every: Every
    to: tuple[Target, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Scoring:
    """The monthly ranking: what each kind of duty that fell due weighs, and how few of them are told apart from many.

    `smoothing_points` count once as met and once as missed (Laplace's rule of succession).
    """

    limit_points: int
    report_points: int
    acknowledge_points: int
    smoothing_points: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a recipient's nightly digest leaves to sheets of their own, and the weekday (1–7) of the weekly one."""

    own_sheet: tuple[Colour, ...]
    weekly_on: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules of one plan. Day counts are working days, but `re_inspection_days` are calendar days after closing."""

    name: str
    title: str
    rungs: tuple[Rung, ...]
    lights: Lights
    check_in: CheckIn
    hours: WorkingHours
    fallback: tuple[Fallback, ...]
    acknowledge_days: int
    hold_days: int
    verify_days: int
    publication_days: int
    re_inspection_days: int
    extension: ExtensionRules
    scoring: Scoring
    digest: Digest
    fixed_dates_move: bool = False
    carry: Carry = Carry.REACHED
    reviews: tuple[Review, ...] = ()
    papers: tuple[PaperRule, ...] = ()
    seasons: tuple[Season, ...] = ()
    terms: tuple[Term, ...] = ()
    source: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    def __hash__(self) -> int:
        # Hashed for every clock of a night: the text stands for all that was read from it.
        return hash((self.name, self.text))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the policy's text: which rules a plan was armed with."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def ladder(self, kind: ClockKind = ClockKind.LIMIT, term: str | None = None) -> tuple[Rung, ...]:
        """The rungs of one kind of clock, in order; with `term`, those for that term."""
        return tuple(r for r in self.rungs if r.clock == kind and (not r.terms or term is None or term in r.terms))

    def rung(self, key: str) -> Rung | None:
        """The rung that an occurrence key (`urge_1`, `urge_1#2`) belongs to."""
        base = key.partition("#")[0]
        return next((r for r in self.rungs if r.key == base), None)

    @property
    def named_seasons(self) -> Seasons:
        """Feasts and seasons as the reading of limits takes them: the policy's own before the usual ones."""
        return {**DEFAULT_SEASONS, **{season.name: season for season in self.seasons}}
