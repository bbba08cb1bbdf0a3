"""What requests bring along. Unknown fields are refused: a misspelt one must not be dropped in silence."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from duban.domain.lifecycle import Action
from models import ClosingStep, Progress, ResolutionAction, UserRole

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


#: Text that both databases can hold.
Text = Annotated[str, AfterValidator(_storable)]
ShortText = Annotated[str, Field(max_length=200), AfterValidator(_storable)]
Reason = Annotated[str, Field(max_length=4000), AfterValidator(_storable)]
Id = Annotated[int, Path(ge=1, le=LARGEST)]
BodyId = Annotated[int, Field(ge=1, le=LARGEST)]
Version = Annotated[
    int, Field(ge=1, le=2**31 - 1, description="The item's version that you saw; a later one is answered with 409.")
]


class Body(BaseModel):
    """The base of all bodies."""

    model_config = ConfigDict(extra="forbid")


class VersionedBody(Body):
    """The base of bodies that change an item."""

    expected_version: Version


class InstrumentIn(Body):
    """An issued regulation: its document number (文号), its date, or both."""

    document_number: ShortText | None = Field(None, examples=["嘉府办发〔2014〕12号"])
    issued_on: dt.date | None = Field(None, examples=["2014-09-12"])


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
    due_on: dt.date | None = Field(None, description="With reopen: the new limit.")
    occurred_at: AwareDatetime | None = Field(None, description="When it really happened, if before now.")


class BulkMove(MoveIn):
    """One transition of many."""

    item_id: BodyId


class BulkIn(Body):
    """Many transitions; each is done or refused by itself."""

    transitions: list[BulkMove] = Field(min_length=1, max_length=200)


class MeasureIn(VersionedBody):
    """How far a measure is: open 未完成, mostly_done 基本完成, done 已完成."""

    progress: Progress
    done_on: dt.date | None = None
    reason: Reason = ""


class MilestoneIn(VersionedBody):
    """A milestone that is done."""

    done_on: dt.date | None = None
    reason: Reason = ""


class CheckInIn(VersionedBody):
    """A long-term item's periodic report (长效期报告)."""

    text: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)]


class TargetIn(VersionedBody):
    """The value that a target has reached by a day, today where it is left out."""

    reached: Annotated[Decimal, Field(max_digits=20, decimal_places=4, allow_inf_nan=False)]
    reached_on: dt.date | None = None
    evidence_id: BodyId | None = None
    note: Reason = ""


class AbsenceIn(Body):
    """Who is away (外出、请假), first and last day included; the substitute stands in, and nobody further."""

    party: ShortText
    first_on: dt.date
    last_on: dt.date


class RegulationIn(InstrumentIn, VersionedBody):
    """A regulation's document number and date."""


class ClosingIn(VersionedBody):
    """A step towards striking the item off: request 申请销号, sign 签字, verify 核查, publish 公示."""

    step: ClosingStep
    on_behalf_of: ShortText | None = Field(None, description="With sign: the lead official who signed on paper.")
    note: Reason = ""
    ends_on: dt.date | None = Field(None, description="With publish: the publication's last day.")


Names = Annotated[list[ShortText], Field(max_length=100)]


class EditIn(Body):
    """With the action edit: the fields as they should stand; what is left out stays as it was read."""

    title: Reason | None = None
    goal: Reason | None = None
    measures: Annotated[list[Reason], Field(max_length=100)] | None = None
    time_limit: Reason | None = None
    lead_officials: Names | None = None
    lead_units: Names | None = None
    responsible_units: Names | None = None
    support_units: Names | None = None
    supervising_units: Names | None = None


class ResolveIn(VersionedBody):
    """A person's decision about an item's doubts: keep, merge (with its other copies), edit or drop."""

    action: ResolutionAction
    reason: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)]
    edit: EditIn = Field(default_factory=EditIn)


class ExtensionIn(VersionedBody):
    """A request for a later limit, before the cut-off on its last day."""

    clock_id: BodyId
    until_on: dt.date
    reason: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)]
    progress: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_storable)]


class DecisionIn(Body):
    """What somebody else decides about it; without a date the one that was asked for."""

    granted: bool
    until_on: dt.date | None = None
    opinion: Reason = ""


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
