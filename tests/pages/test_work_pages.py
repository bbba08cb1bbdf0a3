"""举一反三, 吹哨, 回头看, 外出, 视图, 规则, 放假安排 and 放行, by their pages' own forms as a clerk would fill them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from duban.domain.lifecycle import Outcome, State
from duban.services.clocks import start_re_inspection
from duban.services.rules import rules_of
from models import Absence, Clock, ClockKind, Item, Origin, Plan

from ..http.conftest import AS_OF, NOW, Site
from .test_pages import form_values, soup


def form_at(client: httpx.Client, path: str, action: str) -> Any:
    """The form of a page that is sent to an address."""
    found = soup(client.get(path)).select_one(f'form[action="{action}"]')
    assert found is not None, (path, action)
    return found


def send(client: httpx.Client, form: Any, **typed: Any) -> httpx.Response:
    return client.post(form["action"], data={**form_values(form), **typed})


def test_a_clerk_lets_all_streets_check_themselves_and_sees_what_they_found(site: Site) -> None:
    office, item = site.signed_in("supervisor"), site.item("3")
    at = f"/items/{item.id}/self-checks"
    assert soup(office.get(f"/items/{item.id}")).select_one(f'a[href="{at}"]'), "the item leads there"
    form = form_at(office, at, at)
    assert form.select_one('[value="区市场监管局"]').has_attr("disabled"), "it answers for the item itself"
    assert send(office, form, due_on="2026-08-14").status_code == 422
    done = send(office, form, units=["各街镇", "区住建局"], due_on="2026-08-14")
    assert done.headers["location"] == f"{at}?done=5"
    with site.database.read() as session:
        own = session.scalars(select(Item).where(Item.origin == Origin.SELF_CHECK, Item.number == "3-自查5")).one()
    unit = site.signed_in("other unit")
    assert "待报自查结果" in unit.get("/my").text
    report = form_at(unit, f"/items/{own.id}", f"/items/{own.id}/self-check-report")
    assert send(unit, report, found="两件", text="x").status_code == 422
    assert send(unit, report, found="2", text="工地两处未登记").status_code == 303
    page = soup(office.get(at))
    assert [int(b.text) for b in page.select(".figure b")] == [5, 1, 2, 4, 0, 0]
    assert "工地两处未登记" in page.text
    assert "2件，1家" in re.sub(r"\s", "", soup(office.get("/self-checks")).select_one("tbody").text)
    assert soup(unit.get(at)).select_one("form[action$=self-checks]") is None, "a unit orders nothing"


def test_a_unit_calls_others_and_each_reports_on_the_calls_page(site: Site) -> None:
    unit, other = site.signed_in("unit"), site.signed_in("other unit")
    form = form_at(unit, "/calls", "/calls")
    assert [o.text for o in form.select("#caller option")] == ["区市场监管局"], "nobody calls for others"
    called = send(unit, form, units=["区住建局", "区交通局"], title="招牌坠落", due_on="2026-07-17")
    assert called.status_code == 303, called.text
    page = soup(other.get("/calls"))
    assert "招牌坠落" in page.text
    assert re.search("催办通知书送[^。；]*叶知秋", page.text), "it says whom it presses next: the unit and its head"
    with site.database.read() as session:
        item = session.scalars(select(Item).where(Item.origin == Origin.CALL)).one()
    answer = form_at(other, f"/items/{item.id}", f"/items/{item.id}/call-answer")
    assert [o.text for o in answer.select("option")] == ["区住建局"]
    assert send(other, answer, text="当日到场").status_code == 303
    text = re.sub(r"\s", "", soup(unit.get("/calls")).text)
    assert "已报到1/2" in text
    assert "当日到场" in text
    assert soup(site.signed_in("viewer").get("/calls")).select_one('form[action="/calls"]') is None


def test_a_relapse_is_entered_from_the_list_of_what_is_due(site: Site) -> None:
    item = site.item("3")
    with site.database.write() as session:
        row = session.get_one(Item, item.id)
        row.state, row.outcome, row.closed_at = State.CLOSED, Outcome.RECTIFIED, NOW
        start_re_inspection(session, row, rules_of(session, 1), AS_OF, dt.date(2026, 7, 20))
    office = site.signed_in("supervisor")
    assert "待回头看" in office.get("/my").text
    link = soup(office.get("/re-inspections")).select_one("table a.button")["href"]
    form = form_at(office, link.partition("#")[0], f"/items/{item.id}/re-inspection")
    assert send(office, form, passed="no", note="又见重复检查").status_code == 409, "a relapse needs its new limit"
    assert send(office, form, passed="no", note="又见重复检查", due_on="2026-09-30").status_code == 303
    after = soup(office.get("/re-inspections"))
    assert "反弹，已重新启动" in after.text
    assert "没有要回头看的事项" in after.text
    assert "反弹1次" in soup(office.get(f"/items/{item.id}")).text


def test_somebody_enters_their_own_absence_and_takes_it_back(site: Site) -> None:
    lead = site.signed_in("lead")
    form = form_at(lead, "/absences", "/absences")
    assert [o["value"] for o in form.select("#party option")] == ["陆知衡"]
    assert send(lead, form, first_on="2026-07-20", last_on="2026-07-13").status_code == 422
    assert send(lead, form, first_on="2026-07-13", last_on="2026-07-20").status_code == 303
    assert "外出中" in lead.get("/absences").text
    with site.database.read() as session:
        absence = session.scalars(select(Absence)).one()
    cancel = form_at(lead, "/absences", f"/absences/{absence.id}/cancel")
    assert soup(site.signed_in("other lead").get("/absences")).select_one("form[action$=cancel]") is None
    assert send(lead, cancel).status_code == 303
    assert "已取消" in soup(lead.get("/absences")).select_one("table").text


def test_a_view_is_kept_from_the_list_and_stands_on_every_page(site: Site) -> None:
    unit = site.signed_in("unit")
    form = form_at(unit, "/items?light=red&sort=due", "/views")
    kept = send(unit, form, name="<我的>红灯")
    assert kept.headers["location"] == "/items?light=red&sort=due"
    assert soup(unit.get("/notices")).select_one(".mine-nav a").text == "<我的>红灯"
    assert soup(site.signed_in("other unit").get("/notices")).select_one(".mine-nav") is None
    page = soup(unit.get("/views"))
    assert send(unit, page.select_one("form[action$=delete]")).status_code == 303
    assert soup(unit.get("/notices")).select_one(".mine-nav") is None


def test_numbers_of_a_policy_are_changed_only_after_their_effect_was_shown(site: Site) -> None:
    office = site.signed_in("supervisor")
    page = soup(office.get("/plans/1/policy"))
    assert "逾期第1个工作日" in page.text
    form = page.select_one("form:has([name='rung.urge_1.offset'])")
    assert send(office, form, **{"rung.urge_1.offset": "2"}).status_code == 422, "a number carries its source"
    shown = send(office, form, source="区政府常务会议〔2026〕7号", **{"rung.urge_1.offset": "2"})
    preview = soup(shown)
    assert "还没有生效" in preview.text
    assert "没有事项的灯色因此改变" in preview.text
    lights = soup(send(office, form, source="区政府常务会议〔2026〕7号", **{"lights.yellow_days": "250"}))
    changed = lights.select("section[aria-labelledby=lights] tbody tr")
    assert changed
    assert all("绿灯 → 黄灯" in row.text for row in changed)
    assert f"{len(changed)}项的灯色有变" in lights.text
    confirm = preview.select_one('form[action="/plans/1/policy"]')
    assert send(office, confirm).status_code == 303
    page = soup(office.get("/plans/1/policy"))
    assert "逾期第2个工作日" in page.text
    assert "区政府常务会议〔2026〕7号" in page.text
    stale = send(office, confirm)
    assert stale.status_code == 409
    assert "请重新预览" in stale.text
    assert soup(site.signed_in("viewer").get("/plans/1/policy")).select_one("form[action*=policy]") is None
    shipped = page.select_one("form:has(#shipped)")
    assert "lights-10-30" in {o["value"] for o in shipped.select("option")}
    assert "还没有生效" in soup(send(office, shipped, shipped="lights-10-30")).text


def test_a_day_off_is_entered_with_its_effect_and_taken_out_again(site: Site) -> None:
    office = site.signed_in("supervisor")
    with site.database.read() as session:
        clock = session.scalars(
            select(Clock).where(Clock.kind == ClockKind.LIMIT, Clock.state == "running", Clock.due_on > AS_OF)
        ).first()
        assert clock is not None
        due, number = clock.due_on, session.get_one(Item, clock.item_id).number
    page = soup(office.get("/calendar"))
    form = page.select_one("form:has(#note)")
    preview = soup(send(office, form, on=due.isoformat(), working="no", note='防汛"停工"'))
    assert number in preview.select_one("tbody").text
    assert send(office, preview.select_one('form[action="/calendar"]')).status_code == 303
    with site.database.read() as session:
        assert session.get_one(Clock, clock.id).due_on > due
    page = soup(office.get("/calendar"))
    assert '防汛"停工"' in page.text
    back = soup(send(office, page.select_one("form:has([value=remove])")))
    assert send(office, back.select_one('form[action="/calendar"]')).status_code == 303
    with site.database.read() as session:
        assert session.get_one(Clock, clock.id).due_on == due


def test_the_first_night_is_shown_before_the_release_and_only_to_the_office(site: Site) -> None:
    with site.database.write() as session:
        plan = session.get_one(Plan, 1)
        plan.released_at = plan.released_by = None
    office = site.signed_in("supervisor")
    link = soup(office.get("/")).select_one('a[href="/plans/1/release"]')
    assert link is not None, "the board leads to the preview, not past it"
    form = form_at(office, "/plans/1/release", "/plans/1/release")
    done = send(office, form, assign="yes")
    assert re.fullmatch(r"/plans/1/release\?done=1&written=\d\d", done.headers["location"])
    assert soup(office.get("/plans/1/release")).select_one('form[action="/plans/1/release"]') is None
    assert site.signed_in("unit").get("/plans/1/release").status_code == 403


def test_an_item_is_merged_by_choosing_and_an_undated_part_is_counted_from_its_day(site: Site) -> None:
    office, item = site.signed_in("supervisor"), site.in_state("ongoing", due_on=None)
    page = soup(office.get(f"/items/{item.id}"))
    options = {o["value"] for o in page.select("#merge-choices option")}
    assert "3" in options
    assert item.number not in options
    form = page.select_one(f'form[action="/items/{item.id}/limits"]')
    assert send(office, form, amount="0", unit="workdays", from_on="2026-07-01").status_code == 422
    done = send(office, form, amount="40", unit="workdays", from_on="2026-07-01", milestone_id="", reason="批复之日")
    assert done.status_code == 303, done.text
    with site.database.read() as session:
        counted = session.scalars(
            select(Clock).where(Clock.item_id == item.id, Clock.counted, Clock.amount == 40)
        ).one()
    assert counted.due_on == dt.date(2026, 8, 26)
    assert "批复之日" in soup(office.get(f"/items/{item.id}")).select_one(".timeline").text
    merge = next(
        f for f in soup(office.get(f"/items/{item.id}")).select("form") if f.select_one("[name=action][value=merge]")
    )
    assert "不对应唯一" in send(office, merge, merge_into="没有这一项", reason="同一问题").text
    title = site.item("3").title
    assert send(office, merge, merge_into=title[:12], reason="同一问题").status_code == 303
    assert site.item(item.number).merged_into_id == site.item("3").id


def test_items_without_an_assignment_notice_can_be_handed_over_after_the_release_too(site: Site) -> None:
    office = site.signed_in("supervisor")
    done = send(office, form_at(office, "/plans/1/release", "/plans/1/assign"))
    assert re.fullmatch(r"/plans/1/release\?written=\d\d", done.headers["location"])
    page = soup(office.get(done.headers["location"]))
    assert "写好交办通知" in page.get_text()
    assert page.select_one('form[action="/plans/1/assign"]') is None


def test_every_pile_is_counted_whole_and_its_pages_lead_to_all_of_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("duban.services.queries.todo.PAGE", "duban.web.mine.PAGE"):
        monkeypatch.setattr(place, 3)
    office = site.signed_in("supervisor")
    cut = 0
    for pile in soup(office.get("/my")).select("section[id^=pile-], section[aria-labelledby^=pile-]"):
        key = pile["aria-labelledby"].removeprefix("pile-")
        counted = int(re.search(r"（(\d+)）", pile.h2.text).group(1))  # type: ignore[union-attr]
        listed, here = [], pile
        while True:
            listed += [a["href"] for a in here.select(".title-cell a")]
            following = here.select_one("a[rel=next]")
            if following is None:
                break
            here = soup(office.get(following["href"])).select_one(f"section[aria-labelledby=pile-{key}]")
            assert f"（{counted}）" in here.h2.text
        assert len(set(listed)) == len(listed) == counted
        cut += counted > 3
    assert cut, "some pile needs more than one page"
