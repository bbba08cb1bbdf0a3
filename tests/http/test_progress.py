"""From measures to 销号 over HTTP: evidence by its bytes, the steps of closing, extensions, doubts."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx

from .conftest import Site

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n"


def xlsx() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return file.getvalue()


class Work:
    """One item, worked on by whoever is asked for; the version is always the present one."""

    def __init__(self, site: Site, number: str) -> None:
        self.site, self.number = site, number
        self.clients: dict[str, httpx.Client] = {}

    def by(self, person: str) -> httpx.Client:
        return self.clients.setdefault(person, self.site.client(person))

    @property
    def at(self) -> str:
        return f"/api/v1/items/{self.site.item(self.number).id}"

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.by("supervisor").get(self.at).json()
        return found

    def post(self, person: str, path: str, **body: Any) -> httpx.Response:
        body["expected_version"] = self.site.item(self.number).version
        return self.by(person).post(self.at + path, json=body)

    def hand_in(self, person: str, name: str, content: bytes) -> httpx.Response:
        form = {"expected_version": self.site.item(self.number).version, "note": "说明"}
        return self.by(person).post(self.at + "/evidence", data=form, files={"file": (name, content)})


def test_an_item_is_worked_off_and_struck_off_with_every_step_on_record(site_on_both: Site) -> None:
    work = Work(site_on_both, "3")
    for measure in work.shown()["measures"]:
        assert work.post("unit", f"/measures/{measure['id']}", progress="done").status_code == 200
    for milestone in work.shown()["milestones"]:
        answer = work.post("unit", f"/milestones/{milestone['id']}", done_on="2026-07-10")
        assert answer.status_code == 200, answer.text
    for regulation in work.shown()["regulations"]:
        body = {"document_number": "澄府办〔2026〕8号", "issued_on": "2026-07-01"}
        assert work.post("unit", f"/regulations/{regulation['id']}", **body).status_code == 200
    assert work.post("unit", "/transitions", action="start").status_code == 200
    assert work.hand_in("unit", "总结.pdf", PDF).status_code == 201
    assert work.post("unit", "/closing", step="request").status_code == 200
    assert work.post("lead", "/closing", step="sign").status_code == 200
    assert work.post("supervisor", "/closing", step="verify").status_code == 200
    published = work.post("supervisor", "/closing", step="publish", ends_on="2026-07-20")
    assert published.status_code in (200, 422)  # the plan's rules may set the last day themselves
    site_on_both.clock.advance(days=30)
    closed = work.post("admin", "/transitions", action="close")
    assert closed.status_code == 200, closed.text
    shown = work.shown()
    assert (shown["row"]["state"], shown["row"]["outcome"]) == ("closed", "rectified")
    assert [c["step"] for c in shown["closing"]][:3] == ["request", "sign", "verify"]
    assert all(c["state"] in ("completed", "cancelled", "running") for c in shown["clocks"])


def test_whoever_asked_for_the_closing_does_not_verify_it(site: Site) -> None:
    work = Work(site, "3")
    assert work.post("unit", "/transitions", action="start").status_code == 200
    assert work.post("supervisor", "/closing", step="request").status_code == 200
    answer = work.post("supervisor", "/closing", step="verify")
    assert (answer.status_code, answer.json()["code"]) == (409, "closing_step_refused")
    assert work.post("admin", "/closing", step="verify").status_code == 200


def test_a_measure_of_another_item_is_not_found_here(site: Site) -> None:
    measure = Work(site, "3").shown()["measures"][0]["id"]
    answer = Work(site, "6").post("supervisor", f"/measures/{measure}", progress="done")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_day_that_has_not_come_is_refused(site: Site) -> None:
    work = Work(site, "3")
    milestone = work.shown()["milestones"][0]["id"]
    answer = work.post("unit", f"/milestones/{milestone}", done_on="2027-01-01")
    assert (answer.status_code, answer.json()["code"]) == (422, "in_the_future")


def test_an_extension_is_asked_shown_and_decided_by_somebody_else(site: Site) -> None:
    work = Work(site, "3")
    clock = next(c for c in work.shown()["clocks"] if c["kind"] == "limit")
    body = {"clock_id": clock["id"], "until_on": "2026-09-30", "reason": "设备到货晚", "progress": "完成八成"}
    asked = work.post("unit", "/extensions", **body)
    assert asked.status_code == 200, asked.text
    assert "延期待批" in work.shown()["row"]["marks"]
    decision = f"/extensions/{asked.json()['extension_id']}/decision"
    assert work.post("unit", "/extensions", **body).status_code == 409
    assert work.by("unit").post(work.at + decision, json={"granted": True}).status_code == 403
    assert work.by("supervisor").post(work.at + decision, json={"granted": True}).status_code == 200
    row = work.shown()["row"]
    assert (row["due_on"], row["first_due_on"]) == ("2026-09-30", "2026-07-14")
    again = work.by("supervisor").post(work.at + decision, json={"granted": False})
    assert (again.status_code, again.json()["code"]) == (409, "extension_refused")


def test_a_clock_is_paused_with_a_reason_and_runs_on(site: Site) -> None:
    work = Work(site, "3")
    clock = next(c for c in work.shown()["clocks"] if c["kind"] == "limit")["id"]
    assert work.post("supervisor", f"/clocks/{clock}/pause", reason="等待上级批复").status_code == 200
    assert next(c for c in work.shown()["clocks"] if c["id"] == clock)["state"] == "paused"
    assert work.post("supervisor", f"/clocks/{clock}/pause", reason="x").status_code == 409
    assert work.post("supervisor", f"/clocks/{clock}/resume").status_code == 200
    assert next(c for c in work.shown()["clocks"] if c["id"] == clock)["state"] == "running"


def test_a_doubt_is_settled_with_a_reason_and_taken_back(site_on_both: Site) -> None:
    site = site_on_both
    client = site.client("supervisor")
    first = site.item("12", copy=1)
    answer = client.post(
        f"/api/v1/items/{first.id}/resolution",
        json={"action": "keep", "reason": "已对照原件", "expected_version": first.version},
    )
    assert answer.status_code == 200, answer.text
    assert not site.item("12", copy=1).quarantined
    assert site.item("12", copy=2).dropped
    undo = client.post(f"/api/v1/items/{first.id}/resolution/{answer.json()['resolution_id']}/undo")
    assert undo.status_code == 200, undo.text
    assert site.item("12", copy=1).quarantined
    assert not site.item("12", copy=2).dropped


def test_a_doubt_is_settled_by_an_edit_of_named_fields(site: Site) -> None:
    client = site.client("supervisor")
    second = site.item("12", copy=2)
    answer = client.post(
        f"/api/v1/items/{second.id}/resolution",
        json={
            "action": "edit",
            "reason": "与责任单位核实",
            "expected_version": second.version,
            "edit": {
                "time_limit": "2026年10月底前完成。",
                "responsible_units": ["区委研究室"],
                "lead_officials": ["顾明川"],
            },
        },
    )
    assert answer.status_code == 200, answer.text
    shown = client.get(f"/api/v1/items/{second.id}").json()
    assert shown["row"]["due_on"] == "2026-11-02"  # 10-31 is a Saturday
    assert {p["name"] for p in shown["row"]["parties"]} >= {"区委研究室", "顾明川"}


def test_quarantine_shows_the_reading_beside_its_source(site: Site) -> None:
    found = site.client("supervisor").get("/api/v1/plans/1/quarantine").json()
    assert {d["row"]["number"] for d in found} == {"12"}
    for doubtful in found:
        within = [line for line in doubtful["source"] if line["within"]]
        assert any("12" in line["text"] for line in within)
        assert any(line["doubted"] for line in doubtful["source"])
        assert doubtful["copies"]


def test_a_long_term_item_reports_and_its_next_period_begins(site: Site) -> None:
    with site.database.read() as session:
        from sqlalchemy import select

        from models import Clock, ClockKind, Item

        number = session.scalars(
            select(Item.number).join(Clock, Clock.item_id == Item.id).where(Clock.kind == ClockKind.CHECK_IN)
        ).first()
    assert number is not None
    work = Work(site, number)

    def running() -> list[str]:
        clocks = work.shown()["clocks"]
        return [c["due_on"] for c in clocks if (c["kind"], c["state"]) == ("check_in", "running")]

    before = running()
    assert work.post("supervisor", "/check-ins", text="本月无新增问题").status_code == 200
    assert len(running()) == 1
    assert running() > before
    none = Work(site, "3").post("supervisor", "/check-ins", text="x")
    assert (none.status_code, none.json()["code"]) == (404, "not_found")


def test_a_target_counts_up_and_its_standing_shows(site: Site) -> None:
    targets = site.client("supervisor").get("/api/v1/plans/1/targets").json()
    target = targets[0]
    work = Work(site, target["number"])
    answer = work.post("supervisor", f"/targets/{target['target_id']}", reached=target["value"] / 2)
    assert answer.status_code == 200, answer.text
    now = next(
        t
        for t in site.client("supervisor").get("/api/v1/plans/1/targets").json()
        if t["target_id"] == target["target_id"]
    )
    assert now["reached"] == target["value"] / 2
    assert now["reported_by"] == "supervisor"
    other = {t["item_id"] for t in site.client("other unit").get("/api/v1/plans/1/targets").json()}
    assert other < {t["item_id"] for t in targets}


def test_an_absence_is_entered_by_oneself_or_the_office_and_taken_back(site: Site) -> None:
    body = {"party": "陆知衡", "first_on": "2026-07-20", "last_on": "2026-07-24"}
    assert site.client("other lead").post("/api/v1/plans/1/absences", json=body).status_code == 403
    made = site.client("lead").post("/api/v1/plans/1/absences", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["party"] == "陆知衡"
    again = site.client("supervisor").post("/api/v1/plans/1/absences", json=body)
    assert (again.status_code, again.json()["code"]) == (422, "absence_refused")
    address = f"/api/v1/absences/{made.json()['id']}"
    assert site.client("supervisor").delete(address).status_code == 204
    listed = site.client("viewer").get("/api/v1/plans/1/absences").json()
    assert [a["cancelled_at"] is not None for a in listed] == [True]
