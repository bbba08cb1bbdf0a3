"""Policies as data: the shipped ones load, and every way to make a ladder wrong or silent is refused with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from duban.domain.policies import PolicyInvalid, load_policy, parse_policy
from duban.domain.policy_model import Carry, ClockKind, Colour, Every, LightRule, Target

FOLDER = Path(__file__).parents[2] / "policies"
DEFAULT = (FOLDER / "default.toml").read_text(encoding="utf-8")


def test_the_default_ladder_is_the_one_that_offices_expect() -> None:
    policy = parse_policy(DEFAULT)
    ladder = [(r.offset, r.kind, r.title, r.to, r.cc) for r in policy.ladder()]
    office = Target.SUPERVISION_OFFICE
    contacts, head, leads = Target.UNIT_CONTACTS, Target.UNIT_HEAD, Target.LEAD_OFFICIALS
    assert ladder == [
        (-10, "remind", "提醒", (contacts,), ()),
        (-3, "remind", "提醒", (contacts,), ()),
        (1, "urge", "催办通知书", (contacts, head), (leads, office)),
        (6, "supervise", "督办单", (contacts, leads), (office,)),
        (11, "circulate", "通报", (Target.PLAN_UNITS,), (leads, Target.PLAN_HEAD, office)),
        (21, "summon", "约谈通知书", (contacts, leads), (office,)),
    ]
    supervise, summon = policy.ladder()[3], policy.ladder()[5]
    assert supervise.acknowledge_days == 2
    assert [r.kind for r in policy.ladder() if r.approve] == ["circulate", "summon"]
    assert summon.exposure
    assert [r.series for r in policy.ladder()] == [None, None, "督催", "督办", "督通", "督约"]


@pytest.mark.parametrize("name", ["default", "lights-10-30", "inspection"])
def test_every_shipped_policy_loads_and_says_where_each_number_comes_from(name: str) -> None:
    policy = load_policy(FOLDER / f"{name}.toml")
    assert policy.name == name
    assert all(rung.source for rung in policy.rungs)
    assert all(policy.ladder(kind) for kind in ClockKind)
    assert policy.lights.source
    assert policy.sources["pause"]


def test_the_other_policies_differ_where_their_names_say() -> None:
    by_gap = load_policy(FOLDER / "lights-10-30.toml")
    assert (by_gap.lights.rule, by_gap.lights.yellow_points, by_gap.lights.red_points) == (
        LightRule.SCHEDULE_GAP,
        10,
        30,
    )
    inspection = load_policy(FOLDER / "inspection.toml")
    assert [(t.key, t.up_to_months, t.check_in.every) for t in inspection.terms] == [
        ("short", 6, Every.MONTHLY),
        ("middle", 24, Every.MONTHLY),
        ("long", None, Every.QUARTERLY),
    ]
    assert [r.key for r in inspection.ladder(term="short")][:3] == ["remind_10", "remind_3", "urge_1"]
    assert [r.key for r in inspection.ladder(term="long")][:2] == ["remind_60", "remind_30"]


@pytest.mark.parametrize(
    ("before", "after", "key", "stands", "says"),
    [
        ("offset = 6\n", "offset = 1\n", "rung[4].offset", "offset = 1", "rungs out of order: supervise_6 at \\+1"),
        ("offset = 6\n", "offset = 0\n", "rung[4].offset", "offset = 0", "rungs out of order"),
        ("offset = 6\n", 'offset = "6"\n', "rung[4].offset", 'offset = "6"', "whole number from -1000"),
        ('kind = "urge"', 'kind = "poke"', "rung[3].kind", 'kind = "poke"', "unknown document kind"),
        (
            'to = ["unit_contacts", "unit_head"]\ncc',
            'to = ["mayor"]\ncc',
            "rung[3].to",
            'to = ["mayor"]',
            "'mayor' is unknown",
        ),
        ('to = ["unit_contacts", "unit_head"]\ncc', "to = []\ncc", "rung[3].to", "to = []", "nobody is named"),
        ('key = "remind_3"', 'key = "remind_10"', "rung[2].key", 'key = "remind_10"', "stands twice"),
        ('key = "remind_3"', 'key = "remind#3"', "rung[2].key", "remind#3", "is no key"),
        (', "substitute", "supervision_office"]', ', "substitute"]', "fallback.order", "order = [", "never resolve"),
        ("yellow_days = 10", "yelow_days = 10", "lights.yellow_days", "[lights]", "is missing"),
        ("yellow_days = 10", "yellow_days = 10\nred_days = 3", "lights.red_days", "red_days = 3", "unknown key"),
        ("[lights]", "[lamps]", "lamps", "[lamps]", "unknown key"),
        ('cut_off = "17:00"', 'cut_off = "5pm"', "working_hours.cut_off", 'cut_off = "5pm"', "no time of day"),
        (
            'cut_off = "17:00"',
            'cut_off = "08:00"',
            "working_hours.cut_off",
            'cut_off = "08:00"',
            "ends before it begins",
        ),
        ("most = 2", "most = true", "extension.most", "most = true", "True is out of place"),
        ("smoothing_points = 10", "smoothing_points = 0", "ranking.smoothing_points", "smoothing_points = 0", "1"),
        ("repeat_cap = 2\n", "", "rung[10].repeat_every", "repeat_every = 2", "go together"),
        ('carry = "reached"', 'carry = "some"', "supersede.carry", 'carry = "some"', "'some' is unknown"),
        ('from = "06-01"', 'from = "06-31"', "season[1].from", 'from = "06-31"', "no day that every year has"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_line_and_key(
    before: str, after: str, key: str, stands: str, says: str
) -> None:
    assert before in DEFAULT
    wrong = DEFAULT.replace(before, after, 1)
    with pytest.raises(PolicyInvalid, match=says) as refused:
        parse_policy(wrong, "office.toml")
    assert refused.value.fields["key"] == key
    assert refused.value.fields["file"] == "office.toml"
    assert stands in wrong.splitlines()[refused.value.fields["line"] - 1]
    assert refused.value.remedy


def test_a_file_that_is_no_toml_is_refused_with_the_line() -> None:
    wrong = DEFAULT.replace("[lights]\n", "[lights]\nyellow\n")
    with pytest.raises(PolicyInvalid, match="not TOML") as refused:
        parse_policy(wrong)
    assert wrong.splitlines()[refused.value.fields["line"] - 1] == "yellow"


def test_a_clock_whose_ladder_ends_before_its_due_date_would_be_silent_and_is_refused() -> None:
    late = DEFAULT.index('[[rung]]\nclock = "verify"\nkey = "verify_late"')
    end = DEFAULT.index("# ---- 回头看")
    with pytest.raises(PolicyInvalid, match="verify clocks have no rung after their due date"):
        parse_policy(DEFAULT[:late] + DEFAULT[end:])


def test_every_number_owes_its_source() -> None:
    with pytest.raises(PolicyInvalid, match=r"verify\.source: it is missing"):
        parse_policy(DEFAULT.replace('source = "督办系统默认规则：申请销号后10个工作日内核查"\n', ""))


def test_a_missing_policy_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid, match=r"nowhere\.toml"):
        load_policy(tmp_path / "nowhere.toml")


def test_a_sheet_may_have_a_series_of_the_office() -> None:
    policy = parse_policy(DEFAULT.replace('kind = "supervise"', 'kind = "supervise"\nseries = "区府督"', 1))
    assert policy.ladder()[3].series == "区府督"
    unnumbered = parse_policy(DEFAULT.replace('kind = "urge"', 'kind = "urge"\nnumbered = false', 1))
    assert not unnumbered.ladder()[2].numbered


def test_the_rest_of_the_default_rules() -> None:
    policy = parse_policy(DEFAULT)
    assert (policy.acknowledge_days, policy.hold_days, policy.carry) == (2, 2, Carry.REACHED)
    assert [season.name for season in policy.seasons] == ["汛期"]
    assert policy.named_seasons["春节"].starts_on(2026) == dt.date(2026, 2, 17)
    assert policy.named_seasons["春节"].starts_on(1999) is None
    assert [policy.extension.decider(n) for n in (1, 2, 3)] == [Target.SUPERVISION_OFFICE, Target.PLAN_HEAD, None]
    assert policy.digest.own_sheet == (Colour.RED,)
    assert len(policy.fingerprint) == 64
