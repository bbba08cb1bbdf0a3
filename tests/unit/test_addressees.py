"""Whom a rung reaches: unit, head, office; holder, substitute, office. Never silence, never twice, nobody above."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from duban.domain.addressees import Resolved, resolve_targets
from duban.domain.parties import Directory, ItemParties, NoSupervisionOffice, PartyFacts, PartyKind, usable
from duban.domain.policies import load_policy
from duban.domain.policy_model import Fallback, Target

POLICY = load_policy(Path(__file__).parents[2] / "policies" / "default.toml")
_OFFICE, _LEADS = Target.SUPERVISION_OFFICE, Target.LEAD_OFFICIALS
REMIND = POLICY.ladder()[0]
#: Each target by itself, with copies: what the ladder of an office may combine.
URGE = replace(POLICY.ladder()[2], to=(Target.UNIT_HEAD,), cc=(_LEADS, _OFFICE))
SUPERVISE = replace(POLICY.ladder()[3], to=(_LEADS,), cc=(_OFFICE,))
CIRCULATE = replace(POLICY.ladder()[4], to=(Target.PLAN_HEAD,), cc=(_LEADS, _OFFICE))
ON = dt.date(2026, 3, 5)
UNIT = PartyKind.UNIT

OFFICE = PartyFacts("office", "督查室", PartyKind.OFFICE, "office@example.org")
BUREAU = PartyFacts("bureau", "区农委", UNIT, "bureau@example.org", superior="wang", head="chen")
ZHANG = PartyFacts("zhang", "张主任", address="zhang@example.org")
CHEN = PartyFacts("chen", "陈主任", address="chen@example.org", substitute="fang")
FANG = PartyFacts("fang", "方副主任", address="fang@example.org")
WANG = PartyFacts("wang", "王副区长", address="wang@example.org", superior="mayor")
ZHOU = PartyFacts("zhou", "周部长", address="zhou@example.org")
MAYOR = PartyFacts("mayor", "赵区长", address="mayor@example.org")
EVERYBODY = (BUREAU, ZHANG, CHEN, FANG, WANG, ZHOU, MAYOR)
ITEM = ItemParties(units=("bureau",), lead_officials=("wang",), plan_head="mayor")


def directory(*changed: PartyFacts) -> Directory:
    return Directory((*EVERYBODY, *changed), OFFICE)


def shown(found: list[Resolved]) -> list[tuple[str, str, str | None]]:
    return [(one.role, one.party.key, one.on_behalf_of) for one in found]


def test_a_reminder_goes_to_the_units_own_mailbox() -> None:
    assert shown(resolve_targets(REMIND, ITEM, directory(), POLICY, ON)) == [("to", "bureau", None)]


@pytest.mark.parametrize(
    ("head", "reaches"),
    [
        (CHEN, "chen"),
        (replace(CHEN, valid_to=dt.date(2026, 3, 4)), "office"),
        (replace(CHEN, absences=((ON, ON),)), "office"),
        (replace(CHEN, address=None), "office"),
    ],
)
def test_a_unit_without_a_mailbox_is_reached_through_its_head_and_never_through_its_superior(
    head: PartyFacts, reaches: str
) -> None:
    found = resolve_targets(REMIND, ITEM, directory(replace(BUREAU, address=None), head), POLICY, ON)
    assert shown(found) == [("to", reaches, "bureau")]
    assert found[0].why == "名录中没有其邮箱地址"
    assert found[0].via is (Fallback.HEAD if reaches == "chen" else Fallback.SUPERVISION_OFFICE)


def test_an_urge_goes_to_the_head_with_copies_to_lead_and_office() -> None:
    found = resolve_targets(URGE, ITEM, directory(), POLICY, ON)
    assert shown(found) == [("to", "chen", None), ("cc", "wang", None), ("cc", "office", None)]
    assert all(one.why == "" for one in found)


@pytest.mark.parametrize(
    ("chen", "reaches", "why"),
    [
        (replace(CHEN, address=None), "fang", "名录中没有其邮箱地址"),
        (replace(CHEN, address="chen@example.org\nBcc: x@y"), "fang", "名录中没有其邮箱地址"),
        (replace(CHEN, valid_to=dt.date(2026, 3, 4)), "fang", "已离任"),
        (replace(CHEN, valid_from=dt.date(2026, 3, 6)), "fang", "尚未到任"),
        (replace(CHEN, absences=((ON, ON),)), "fang", "外出期间不能签收"),
        (replace(CHEN, address=None, substitute=None, superior="wang"), "office", "名录中没有其邮箱地址"),
        (replace(CHEN, address=None, substitute="nobody", superior="wang"), "office", "名录中没有其邮箱地址"),
        (replace(CHEN, absences=((ON, ON),), substitute=None, superior="wang"), "office", "外出期间不能签收"),
        (replace(CHEN, address=None, substitute="chen"), "office", "名录中没有其邮箱地址"),
    ],
)
def test_a_head_who_cannot_be_reached_is_stood_in_for(chen: PartyFacts, reaches: str, why: str) -> None:
    first = resolve_targets(URGE, ITEM, directory(chen), POLICY, ON)[0]
    assert (first.role, first.party.key, first.on_behalf_of, first.why) == ("to", reaches, "chen", why)
    steps = {"fang": Fallback.SUBSTITUTE, "office": Fallback.SUPERVISION_OFFICE}
    assert first.via is steps[reaches]


@pytest.mark.parametrize("last_day", [ON, None])
def test_the_last_day_in_office_still_counts(last_day: dt.date | None) -> None:
    assert resolve_targets(URGE, ITEM, directory(replace(CHEN, valid_to=last_day)), POLICY, ON)[0].party.key == "chen"


def test_an_absent_holder_with_an_absent_substitute_is_stood_in_for_by_the_office() -> None:
    both = (replace(CHEN, absences=((ON, ON),)), replace(FANG, absences=((ON, ON),), substitute="zhang"))
    assert shown(resolve_targets(URGE, ITEM, directory(*both), POLICY, ON))[0] == ("to", "office", "chen")


def test_joint_leads_each_get_the_sheet_and_a_missing_one_does_not_silence_the_other() -> None:
    item = replace(ITEM, lead_officials=("wang", "zhou", "who"))
    found = resolve_targets(SUPERVISE, item, directory(), POLICY, ON)
    assert shown(found) == [("to", "wang", None), ("to", "zhou", None), ("to", "office", "who")]
    assert found[2].why == "名录中没有此人（单位）"


def test_a_circular_goes_to_every_unit_of_the_plan_with_copies_to_leads_and_plan_head() -> None:
    town = PartyFacts("town", "某镇", UNIT, "town@example.org")
    everybody = Directory((*EVERYBODY, town), OFFICE)
    found = resolve_targets(POLICY.ladder()[4], replace(ITEM, plan_units=("bureau", "town")), everybody, POLICY, ON)
    assert shown(found) == [
        ("to", "bureau", None),
        ("to", "town", None),
        ("cc", "wang", None),
        ("cc", "mayor", None),
        ("cc", "office", None),
    ]


def test_an_item_that_names_nobody_reaches_the_supervision_office_by_every_rung() -> None:
    for rung in POLICY.rungs:
        found = resolve_targets(rung, ItemParties(), Directory((), OFFICE), POLICY, ON)
        assert {one.party.key for one in found} == {"office"}, rung.key
        assert found[0].role == "to"
        assert len(found) == len({(one.party.key, one.on_behalf_of) for one in found})


def test_the_office_is_told_for_whom_it_receives() -> None:
    found = resolve_targets(SUPERVISE, ItemParties(units=("bureau",)), directory(), POLICY, ON)
    assert [(one.on_behalf_of_name, one.why) for one in found] == [("牵头领导", "文件未载明")]


def test_a_unit_that_names_no_people_is_written_to_as_a_unit() -> None:
    bureau = replace(BUREAU, head=None)
    assert shown(resolve_targets(URGE, ITEM, directory(bureau), POLICY, ON))[0] == ("to", "bureau", None)
    silent = replace(bureau, address=None)
    assert shown(resolve_targets(URGE, ITEM, directory(silent), POLICY, ON))[0] == ("to", "office", "bureau")


def test_whoever_gets_the_sheet_gets_no_copy_of_it() -> None:
    item = replace(ITEM, lead_officials=("mayor",))
    assert shown(resolve_targets(CIRCULATE, item, directory(), POLICY, ON)) == [
        ("to", "mayor", None),
        ("cc", "office", None),
    ]


def test_a_called_item_escalates_upward_from_the_called_unit_and_never_to_the_caller() -> None:
    town = PartyFacts("town", "某镇", UNIT, "town@example.org", superior="wang")
    item = ItemParties(units=("town",), lead_officials=("zhou",), plan_head="mayor", caller="town", called=("bureau",))
    found = resolve_targets(URGE, item, directory(town), POLICY, ON)
    assert shown(found) == [("to", "chen", None), ("cc", "wang", None), ("cc", "office", None)]
    under_the_caller = replace(BUREAU, superior="town", head=None, address=None)
    found = resolve_targets(URGE, item, directory(town, under_the_caller), POLICY, ON)
    assert "town" not in {one.party.key for one in found}
    assert found[0].party.key == "office"


def test_a_directory_without_a_reachable_office_is_refused() -> None:
    with pytest.raises(NoSupervisionOffice, match="督查室"):
        Directory((), replace(OFFICE, address=""))


def test_an_address_that_would_break_a_mail_is_not_used() -> None:
    assert usable("a@example.org")
    assert usable("张三@example.org")
    broken = ["a", "@example.org", "a@", "a@b@example.org", "a b@example.org", "a@example.org\r\nBcc: b@example.org"]
    never = [
        "a..b@example.org",
        ".a@example.org",
        "a@-example.org",
        "a@example..org",
        "a@example.123",
        "a@exa mple.org",
    ]
    never += ["a\uff20example.org", "a@example\u3002org", "a@example.org\uff1b", "a" * 65 + "@example.org"]
    for address in (*broken, *never, "A <a@example.org>", "a@example.org,b@example.org", "", None):
        assert not usable(address), address
