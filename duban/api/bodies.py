"""What requests bring along. Unknown fields are refused: a misspelt one must not be dropped in silence."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from duban.domain.counting import Unit
from duban.domain.lifecycle import Action
from models import ClosingStep, Progress, UserRole

#: Ids as the databases hold them.
LARGEST = 2**63 - 1


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the character NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode") from None
    return text


def _written(value: object) -> object:
    if isinstance(value, (int, float)) or (isinstance(value, str) and not _BEGINS_LIKE_A_DATE.match(value)):
        raise ValueError("must be written out, as in 2026-07-13")
    return value


#: As the document says, and as a person reads it: pydantic alone also takes a number, as seconds since 1970.
_BEGINS_LIKE_A_DATE = re.compile(r"\d{4}-\d\d-\d\d")
Date = Annotated[dt.date, BeforeValidator(_written)]
Instant = Annotated[AwareDatetime, BeforeValidator(_written)]
#: Text that both databases can hold.
Text = Annotated[str, AfterValidator(_storable)]
ShortText = Annotated[str, Field(max_length=200), AfterValidator(_storable)]
Reason = Annotated[str, Field(max_length=4000), AfterValidator(_storable)]
Id = Annotated[int, Path(ge=1, le=LARGEST)]
BodyId = Annotated[int, Field(ge=1, le=LARGEST)]
Version = Annotated[
    int, Field(ge=1, le=2**31 - 1, description="The item's version that you saw; a later one is answered with 409.")
]


#: A day that somebody plans with: what lies outside is a typing error, and far from any calendar.
Day = Annotated[Date, Field(ge=dt.date(2000, 1, 1), le=dt.date(2099, 12, 31))]


class Body(BaseModel):
    """The base of all bodies."""

    model_config = ConfigDict(extra="forbid")


class VersionedBody(Body):
    """The base of bodies that change an item."""

    expected_version: Version


class InstrumentIn(Body):
    """An issued regulation: its document number (文号), its date, or both."""

    document_number: ShortText | None = Field(None, examples=["嘉府办发〔2014〕12号"])
    issued_on: Date | None = Field(None, examples=["2014-09-12"])


class MoveIn(Body):
    """A transition. Which actions are possible, and what each needs: `GET /items/{id}`, `actions`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "action": "draft_measure",
                    "expected_version": 1,
                    "reason": "按时拟定",
                    "measures": ["修订《公务用车管理办法》", "每季度抽查一次"],
                }
            ]
        }
    )

    action: Action
    expected_version: Version
    reason: Reason = ""
    measures: list[Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)]] = Field(
        default_factory=list, max_length=50, description="With draft_measure: texts of measures to add."
    )
    regulations: dict[BodyId, InstrumentIn] = Field(
        default_factory=dict, description="With issue_regulation: what was issued, by the id of the regulation."
    )
    merge_into: BodyId | None = Field(None, description="With merge: the item that it goes on in.")
    with_merged: list[BodyId] = Field(
        [], max_length=200, description="With withdraw: every item that was merged into this one, and ends with it."
    )
    due_on: Date | None = Field(None, description="With reopen: the new limit.")
    occurred_at: Instant | None = Field(None, description="When it really happened, if before now.")


class BulkMove(MoveIn):
    """One transition of many."""

    item_id: BodyId


class BulkIn(Body):
    """Many transitions; each is done or refused by itself."""

    transitions: list[BulkMove] = Field(min_length=1, max_length=1000)
    dry_run: bool = Field(False, description="Say what would become of each, one after the other, and do nothing.")


class MeasureIn(VersionedBody):
    """How far a measure is: open 未完成, mostly_done 基本完成, done 已完成."""

    progress: Progress
    done_on: Date | None = None
    reason: Reason = ""


class MilestoneIn(VersionedBody):
    """A milestone that is done."""

    done_on: Date | None = None
    reason: Reason = ""


class CheckInIn(VersionedBody):
    """A long-term item's periodic report (长效期报告)."""

    text: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)]


class TargetIn(VersionedBody):
    """The value that a target has reached by a day, today where it is left out."""

    reached: Annotated[Decimal, Field(max_digits=20, decimal_places=4, allow_inf_nan=False)]
    reached_on: Date | None = None
    evidence_id: BodyId | None = None
    note: Reason = ""


class AbsenceIn(Body):
    """Who is away (外出、请假), first and last day included; the substitute stands in, and nobody further."""

    party: ShortText
    first_on: Date
    last_on: Date


class SelfChecksIn(VersionedBody):
    """举一反三: which sibling units check themselves, by when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"units": ["各街镇", "区教育局"], "due_on": "2026-08-14", "goal": "", "expected_version": 3}]
        }
    )

    units: list[ShortText] = Field(
        min_length=1, max_length=200, description="Names of the plan's directory; a collective is each of its members."
    )
    due_on: Day
    goal: Reason = Field("", description="What is to be reached; made from the item's number where left out.")


class SelfCheckReportIn(VersionedBody):
    """自查结果: how many problems of the kind were found, and how it was checked."""

    found: Annotated[int, Field(ge=0, le=9999)] = Field(examples=[0, 2])
    text: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)] = Field(
        examples=["自查台账12份，未发现同类问题"]
    )


class CallIn(Body):
    """吹哨: a unit calls others, which must report (报到)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"caller": "临溪镇", "called": ["区交通局"], "title": "镇中路塌陷", "due_on": "2026-07-17"}]
        }
    )

    caller: ShortText
    called: list[ShortText] = Field(min_length=1, max_length=50)
    title: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_storable)]
    due_on: Day
    goal: Reason = ""


class CallAnswerIn(VersionedBody):
    """报到: what a called unit does. `unit` may be left out where only one can be meant."""

    text: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)] = Field(
        examples=["当日到场，已围挡，夜间抢修"]
    )
    unit: ShortText | None = None


class ReInspectionIn(VersionedBody):
    """回头看: what was found. One that failed needs the new limit; one that passed may name the next."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"passed": False, "note": "问题反弹", "due_on": "2026-09-30", "expected_version": 9}]
        }
    )

    passed: bool
    note: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)]
    due_on: Day | None = Field(None, description="With passed false: the new limit.")
    again_on: Day | None = Field(None, description="With passed true: the day of the next re-inspection, if any.")


Filter = Annotated[str, Field(max_length=200), AfterValidator(_storable)]


class ViewFilters(Body):
    """The filters of the list of items, as its address has them; "" for any."""

    plan: Filter = ""
    state: Literal["", "assigned", "measure_drafted", "regulation_issued", "ongoing", "closed"] = ""
    outcome: Literal["", "rectified", "withdrawn", "merged"] = ""
    light: Literal["", "green", "yellow", "red", "none"] = ""
    unit: Filter = ""
    lead: Filter = ""
    q: Filter = ""
    overdue: Literal["", "1"] = ""
    quarantined: Literal["", "1"] = ""
    long_term: Literal["", "1"] = ""
    mine: Literal["", "1"] = ""
    sort: Literal["position", "due", "updated"] = "position"


class ViewIn(Body):
    """A view of the list of items under a name of one's own; the same name again takes the new filters."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "我的红灯", "filters": {"light": "red", "sort": "due"}}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_storable)]
    filters: ViewFilters = Field(default_factory=ViewFilters)


class RulesIn(Body):
    """The text of a policy or of the office's calendar (TOML), to preview or to apply.

    `seen` is the `sha256` of what was in force when the preview was looked at: where something else was applied since,
    the answer is 409 and nothing changes.
    """

    text: Annotated[str, Field(max_length=200_000), AfterValidator(_storable)]
    filename: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^/\\]+$"), AfterValidator(_storable)] = (
        Field("policy.toml", examples=["policy.toml"])
    )
    seen: Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f]*$")] = ""


class RegulationIn(InstrumentIn, VersionedBody):
    """A regulation's document number and date."""


class ClosingIn(VersionedBody):
    """A step towards striking the item off: request 申请销号, sign 签字, verify 核查, publish 公示."""

    step: ClosingStep
    on_behalf_of: ShortText | None = Field(None, description="With sign: the lead official who signed on paper.")
    note: Reason = ""
    ends_on: Date | None = Field(None, description="With publish: the publication's last day.")


class ExtensionIn(VersionedBody):
    """A request for a later limit, before the cut-off on its last day."""

    clock_id: BodyId
    until_on: Date
    reason: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)]
    progress: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)]


class DecisionIn(Body):
    """What somebody else decides about it; without a date the one that was asked for."""

    granted: bool
    until_on: Date | None = None
    opinion: Reason = ""


class CountIn(VersionedBody):
    """A relative limit (40个工作日内) and the day of the event that it counts from; it counts from the day after."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"amount": 40, "unit": "workdays", "from_on": "2026-07-01", "expected_version": 3}]
        }
    )

    amount: Annotated[int, Field(ge=1, le=3650)]
    unit: Unit
    from_on: Day
    milestone_id: BodyId | None = Field(None, description="The undated part; without it the item gets one of its own.")
    reason: Reason = Field("", description="Which event the day is that of.")


class PauseIn(VersionedBody):
    """Stopping a clock, or letting it run on."""

    reason: Reason = ""


class AcknowledgeIn(Body):
    """签收. `on_behalf_of` is for the supervision office: whose receipt by phone or on paper it enters."""

    on_behalf_of: ShortText | None = None
    note: Reason = ""


class TokenIn(Body):
    """A new token of one's own; an administrator may make one for anybody."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_storable)] = Field(examples=["填报脚本"])
    user: ShortText | None = None
    days: Annotated[int, Field(ge=1, le=3650)] = 180


class UserIn(Body):
    """A new user."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_storable)]
    role: UserRole
    parties: list[ShortText] = Field(default_factory=list, max_length=200)
    password: Annotated[str, Field(max_length=200)] | None = None
