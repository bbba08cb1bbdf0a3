"""举一反三, 吹哨, 回头看, saved views and rules over HTTP, as a clerk's program would use them."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from duban.api.client import Client, Refused
from duban.domain.lifecycle import Outcome, State
from duban.services.clocks import start_re_inspection
from duban.services.release import release
from duban.services.rules import rules_of
from models import Item, Party, PartyKind, Plan

from .conftest import NOW, OFFICE, Site

LIMIT = dt.date(2026, 8, 14)


def clients(site: Site, *people: str) -> list[Client]:
    found = [Client(site.url, site.token(person)) for person in people]
    site.clients += found  # type: ignore[arg-type]  # they are closed with the site
    return found


def test_sibling_units_check_themselves_and_what_they_find_is_rolled_up(site_on_both: Site) -> None:
    site = site_on_both
    office, other = clients(site, "supervisor", "other unit")
    item = site.item("3")
    made = office.spawn_self_checks(item.id, ["各街镇", "区住建局", "区市场监管局"], LIMIT, version=item.version)
    assert len(made.items) == 5, "four streets and towns, 区住建局; 区市场监管局 answers for the item itself"
    before = office.self_checks(item.id)
    assert (before.asked, before.reported) == (5, 0)
    (own,) = [check for check in before.checks if check.unit == "区住建局"]
    (responsible,) = clients(site, "unit")
    with pytest.raises(Refused) as refused:
        responsible.report_self_check(own.row.id, 0, "x", version=own.row.version)
    assert refused.value.status == 403
    done = other.report_self_check(own.row.id, 2, "工地两处未登记", version=own.row.version)
    other.report_self_check(own.row.id, 3, "复查又发现一处", version=done.version)
    first = next(c for c in before.checks if c.unit != "区住建局")
    office.report_self_check(first.row.id, 0, "电话报告：未发现", version=first.row.version)
    after = office.self_checks(item.id)
    assert (after.reported, after.found, after.with_findings) == (2, 3, 1), "the last report of each unit counts"
    (of_all,) = office.all_self_checks()
    assert of_all.of.id == item.id
    assert office.item(own.row.id).row.state.value == "assigned", "an answer moves nothing"
    with pytest.raises(Refused, match="answer_refused"):
        office.report_self_check(item.id, 0, "x", version=office.item(item.id).row.version)


def test_a_call_is_answered_by_each_called_unit_for_itself(site_on_both: Site) -> None:
    site = site_on_both
    release(site.database, plan=site.plan_id, actor=OFFICE, now=NOW)
    office, unit, other = clients(site, "supervisor", "unit", "other unit")
    number = unit.call(
        "1", caller="区市场监管局", called=["区住建局", "区交通局"], title="招牌坠落", due_on=dt.date(2026, 7, 17)
    )
    (call,) = office.calls()
    assert call.row.id == number
    assert [c.name for c in call.called] == ["区住建局", "区交通局"]
    assert call.escalation[0].title == "催办通知书"
    pressed = {name for rung in call.escalation for name in rung.readers}
    assert "叶知秋" in " ".join(pressed)
    assert "江以沫" not in " ".join(pressed), "the caller is never pressed"
    with pytest.raises(Refused) as refused:
        other.answer_call(number, "到场", version=call.row.version, unit="区交通局")
    assert refused.value.status == 403
    other.answer_call(number, "当日到场", version=call.row.version)
    (after,) = unit.calls()
    assert after.answered == 1
    assert {c.name: c.answer.text if c.answer else None for c in after.called} == {
        "区住建局": "当日到场",
        "区交通局": None,
    }
    with pytest.raises(Refused, match="区住建局"):
        office.answer_call(number, "x", version=after.row.version)  # the office has to say for whom
    with pytest.raises(Refused) as other_caller:
        other.call("1", caller="区市场监管局", called=["区交通局"], title="x", due_on=dt.date(2026, 7, 17))
    assert other_caller.value.status == 403


def test_an_absence_is_entered_once_however_often_it_is_sent(site: Site) -> None:
    lead = site.client("lead")
    body = {"party": "陆知衡", "first_on": "2026-07-20", "last_on": "2026-07-24"}
    sent = [lead.post("/api/v1/plans/1/absences", json=body, headers={"Idempotency-Key": "a"}) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    (typed,) = clients(site, "lead")
    assert [a.party for a in typed.absences("1")] == ["陆知衡"]
    with pytest.raises(Refused, match="absence_refused"):
        typed.enter_absence("1", "陆知衡", dt.date(2026, 7, 24), dt.date(2026, 7, 25))
    typed.cancel_absence(sent[0].json()["id"])
    assert typed.absences("1")[0].cancelled_at is not None


def test_views_are_ones_own_and_the_same_name_takes_the_new_filters(site: Site) -> None:
    unit, other = clients(site, "unit", "other unit")
    first = unit.save_view("急件", light="red", sort="due")
    assert first.path == "/items?light=red&sort=due"
    assert unit.save_view("急件", light="yellow").id == first.id
    assert [v.path for v in unit.views()] == ["/items?light=yellow"]
    assert other.views() == ()
    with pytest.raises(Refused) as refused:
        other.delete_view(first.id)
    assert refused.value.status == 404
    for n in range(19):
        unit.save_view(f"视图{n}")
    with pytest.raises(Refused, match="view_refused"):
        unit.save_view("第二十一个")
    unit.delete_view(first.id)
    assert len(unit.views()) == 19


def test_a_policy_is_previewed_and_applied_only_onto_what_was_seen(site_on_both: Site) -> None:
    site = site_on_both
    office, viewer = clients(site, "supervisor", "viewer")
    now = viewer.policy("1")
    assert next(r for r in now.rungs if r.key == "urge_1").source
    assert {r.table for r in now.rules} >= {"lights", "extension", "ranking"}
    text = now.text.replace('key = "urge_1"\noffset = 1', 'key = "urge_1"\noffset = 2')
    seen = office.preview_policy("1", text)
    assert [(r.key, r.before, r.after) for r in seen.rules] == [("rung.urge_1.offset", "1", "2")]
    assert [e.rules for e in seen.effects] == [("rung.urge_1.offset",)]
    dark = office.preview_policy("1", now.text.replace("yellow_days = 10", "yellow_days = 250"))
    assert dark.lights
    assert {(c.before, c.after) for c in dark.lights} == {("green", "yellow")}
    assert office.policy("1").sha256 == now.sha256, "a preview writes nothing"
    with pytest.raises(Refused) as refused:
        viewer.apply_policy("1", text, seen=now.sha256)
    assert refused.value.status == 403
    done = office.apply_policy("1", text, seen=now.sha256)
    assert done.applied
    with pytest.raises(Refused) as stale:
        office.apply_policy("1", now.text, seen=now.sha256)
    assert (stale.value.status, stale.value.code) == (409, "stale_rules")
    assert [e.edition for e in office.policy("1").editions] == [1]
    with pytest.raises(Refused, match="policy_invalid"):
        office.preview_policy("1", text.replace("offset = 2", "offset = -99"))


def test_a_calendar_shows_what_it_moves_and_then_moves_it(site: Site) -> None:
    (office,) = clients(site, "supervisor")
    with site.database.read() as session:
        due = session.scalars(select(Item.due_on).where(Item.number == "3", Item.plan_id == 1)).one()
    assert due is not None
    text = f'[[day]]\non = {due}\nworking = false\nnote = "防汛停工"\n'
    moves = office.preview_calendar(text).moves
    assert [m.before for m in moves if m.number == "3"] == [due]
    before = office.calendar()
    office.apply_calendar(text, seen=before.sha256 or "")
    assert site.item("3").due_on == due + dt.timedelta(days=1)
    with pytest.raises(Refused, match="stale_rules"):
        office.apply_calendar(text, seen="")
    assert office.calendar().own_days[0][2] == "防汛停工"


def test_the_first_night_is_looked_at_before_it_is_let_go(site: Site) -> None:
    office, unit = clients(site, "supervisor", "unit")
    would = office.first_night("1")
    assert {w.kind for w in would} >= {"urge"}
    with pytest.raises(Refused) as refused:
        unit.first_night("1")
    assert refused.value.status == 403
    assert office.assign("1") > 10
    assert office.assign("1") == 0
    assert office.release("1")
    with site.database.read() as session:
        assert session.get_one(Plan, 1).released_at is not None
        assert session.scalars(select(Party.id).where(Party.kind == PartyKind.OFFICE)).one()


def test_a_relapse_is_recorded_over_http_and_the_due_list_empties(site: Site) -> None:

    item = site.item("3")
    with site.database.write() as session:
        row = session.get_one(Item, item.id)
        row.state, row.outcome, row.closed_at = State.CLOSED, Outcome.RECTIFIED, NOW
        start_re_inspection(session, row, rules_of(session, 1), NOW.date(), dt.date(2026, 7, 20))
    (office,) = clients(site, "supervisor")
    (owed,) = office.re_inspections().due
    assert (owed.row.id, owed.due_on, owed.days_left) == (item.id, dt.date(2026, 7, 20), 5)
    assert office.re_inspections(until=dt.date(2026, 7, 19)).due == ()
    office.re_inspect(item.id, passed=False, note="抽查又见重复检查", due_on="2026-09-30", version=item.version)
    after = office.re_inspections()
    assert after.due == ()
    assert [(f.number, f.passed, f.note) for f in after.found] == [("3", False, "抽查又见重复检查")]
    assert office.item(item.id).relapses == 1
