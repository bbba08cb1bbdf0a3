"""Any edit of a policy loads or is refused with its place; any directory leaves a rung with somebody to go to."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from duban.domain.addressees import resolve_targets
from duban.domain.parties import Directory, ItemParties, PartyFacts, PartyKind, usable
from duban.domain.policies import PolicyInvalid, load_policy, parse_policy

FOLDER = Path(__file__).parents[2] / "policies"
TEXT = (FOLDER / "inspection.toml").read_text(encoding="utf-8")
LINES = TEXT.splitlines()
POLICY = load_policy(FOLDER / "default.toml")
INSPECTION = load_policy(FOLDER / "inspection.toml")
QUICK = settings(max_examples=10, deadline=None, database=None)

VALUES = ["-1", "0", "99999999999", "1.5", "true", '""', '"x"', "[]", "[1]", '["lead_officials"]', "{}", "{ a = 1 }"]
VALUES += ["2026-01-01", "nan", '["lead_officials", "lead_officials"]', '"\\n"', '[{ a = "b" }]', '"17:00"']


@QUICK
@given(st.integers(0, len(LINES) - 1), st.sampled_from(["drop", "double", "cut", *VALUES]))
def test_any_edit_of_a_policy_loads_or_is_refused_with_its_place(at: int, edit: str) -> None:
    lines = list(LINES)
    if edit == "drop":
        del lines[at]
    elif edit == "double":
        lines.insert(at, lines[at])
    elif edit == "cut":
        lines[at] = lines[at][: len(lines[at]) // 2]
    elif "=" in lines[at]:
        lines[at] = f"{lines[at].partition('=')[0]}= {edit}"
    try:
        policy = parse_policy("\n".join(lines))
    except PolicyInvalid as error:
        refused = error
    else:
        assert policy.ladder()
        assert policy.fallback[-1] == "supervision_office"
        return
    assert 1 <= refused.fields["line"] <= len(lines)
    assert refused.remedy


KEYS = ["unit", "head", "lead", "mayor", "deputy", "contact", "office"]
keys = st.none() | st.sampled_from([*KEYS, "nobody"])
days = st.none() | st.integers(-3, 3).map(lambda n: dt.date(2026, 3, 5) + dt.timedelta(days=n))
ON = dt.date(2026, 3, 5)


@st.composite
def people(draw: st.DrawFn) -> list[PartyFacts]:
    return [
        PartyFacts(
            key,
            key,
            PartyKind.UNIT if key == "unit" else PartyKind.PERSON,
            draw(st.sampled_from([None, "", "broken", f"{key}@example.org"])),
            substitute=draw(keys),
            superior=draw(keys),
            head=draw(keys),
            valid_from=draw(days),
            valid_to=draw(days),
        )
        for key in draw(st.lists(st.sampled_from(KEYS[:-1]), unique=True, max_size=6))
    ]


@QUICK
@given(people(), st.booleans())
def test_every_rung_reaches_somebody_near_its_holder_whatever_the_directory_holds(
    found: list[PartyFacts], called: bool
) -> None:
    office = PartyFacts("office", "督查室", PartyKind.OFFICE, "office@example.org")
    directory = Directory(found, office)
    item = ItemParties(("unit",), ("lead", "deputy"), ("mayor",), "mayor", *(("lead", ("unit",)) if called else ()))
    known = {p.key: p for p in found}
    nobody = PartyFacts("", "")
    for rung in (*POLICY.rungs, *INSPECTION.rungs):
        readers = resolve_targets(rung, item, directory, POLICY, ON)
        assert readers[0].role == "to", rung.key
        assert len({(r.party.key, r.on_behalf_of) for r in readers}) == len(readers)
        for reader in readers:
            assert usable(reader.party.address)
            assert (reader.via is None) == (reader.on_behalf_of_name is None)
            if reader.via is not None and reader.party.key != "office":
                meant = known.get(reader.on_behalf_of or "", nobody)
                assert reader.party.key in {meant.substitute, meant.head}, "it goes to nobody who is not named for it"
