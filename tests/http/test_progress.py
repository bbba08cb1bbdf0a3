"""From measures to 销号 over HTTP: evidence by its bytes, the steps of closing, extensions, doubts."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx
import pytest

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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("报告.pdf", PDF),
        ("照片.JPG", b"\xff\xd8\xff\xe0rest"),
        ("截图.png", b"\x89PNG\r\n\x1a\nrest"),
        ("表.xlsx", xlsx()),
        ("说明.txt", "已完成".encode()),
        ("旧文.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"),
    ],
)
def test_evidence_comes_back_as_it_was_handed_in_as_a_download(site: Site, name: str, content: bytes) -> None:
    work = Work(site, "3")
    kept = work.hand_in("unit", name, content)
    assert kept.status_code == 201, kept.text
    answer = work.by("unit").get(f"{work.at}/evidence/{kept.json()['evidence_id']}")
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    shown = work.shown()["evidence"][0]
    assert (shown["filename"], shown["size"], shown["uploaded_by"]) == (name, len(content), "unit")


@pytest.mark.parametrize(
    ("asked", "status", "content", "part"),
    [
        ("bytes=0-4", 206, PDF[:5], "bytes 0-4/{size}"),
        ("bytes=5-", 206, PDF[5:], "bytes 5-{last}/{size}"),
        ("bytes=-3", 206, PDF[-3:], "bytes {third}-{last}/{size}"),
        ("bytes=2-999999", 206, PDF[2:], "bytes 2-{last}/{size}"),
        ("bytes=-999999", 206, PDF, "bytes 0-{last}/{size}"),
        ("bytes=4-2", 200, PDF, None),
        ("bytes=0-1,3-4", 200, PDF, None),
        ("lines=1-2", 200, PDF, None),
        ("bytes=-", 200, PDF, None),
        ("bytes=999999-", 416, None, None),
        ("bytes=-0", 416, None, None),
    ],
)
def test_a_download_that_broke_off_goes_on(
    site: Site, asked: str, status: int, content: bytes | None, part: str | None
) -> None:
    work = Work(site, "3")
    at = f"{work.at}/evidence/{work.hand_in('unit', '报告.pdf', PDF).json()['evidence_id']}"
    answer = work.by("unit").get(at, headers={"Range": asked})
    assert answer.status_code == status
    if content is None:
        assert answer.json()["code"] == "no_such_part"
        return
    assert answer.content == content
    sizes = {"size": len(PDF), "last": len(PDF) - 1, "third": len(PDF) - 3}
    assert answer.headers.get("content-range") == (part.format(**sizes) if part else None)
    assert answer.headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("报告.pdf.exe", None),
        ("报告.exe.pdf", "报告.exe.pdf"),
        ("报告\u202efdp.exe.pdf", "报告fdp.exe.pdf"),
        ("..\\..\\报告.pdf", "报告.pdf"),
        ("/etc/cron.d/x.pdf", "x.pdf"),
        ("..", None),
        (".pdf", ".pdf"),
        ('a"; filename="b.pdf', "a%22; filename=%22b.pdf"),  # as clients send it
    ],
)
def test_a_name_plays_no_tricks(site: Site, sent: str, kept: str | None) -> None:
    work = Work(site, "3")
    answer = work.hand_in("unit", sent, PDF)
    if kept is None:
        assert (answer.status_code, answer.json()["code"]) == (422, "evidence_type")
        return
    assert answer.json()["filename"] == kept
    shown = work.by("unit").get(f"{work.at}/evidence/{answer.json()['evidence_id']}").headers["content-disposition"]
    assert shown.startswith("attachment; filename*=UTF-8''")
    assert not {'"', ";", "/"} & set(shown.removeprefix("attachment; filename*=UTF-8''"))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"", "evidence_refused"),
        ("a.exe", b"MZ\x90\x00", "evidence_type"),
        ("a.pdf", b"<html><script>", "evidence_type"),
        ("a.html", b"<html>", "evidence_type"),
        ("a.txt", b"\x00\x01", "evidence_type"),
        ("a.png", PDF, "evidence_type"),
        ("noending", PDF, "evidence_type"),
        ("a.svg", b"<svg onload=alert(1)>", "evidence_type"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(site: Site, name: str, content: bytes, code: str) -> None:
    answer = Work(site, "3").hand_in("unit", name, content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_the_same_file_twice_is_refused(site: Site) -> None:
    work = Work(site, "3")
    assert work.hand_in("unit", "a.pdf", PDF).status_code == 201
    assert work.hand_in("unit", "b.pdf", PDF).json()["code"] == "evidence_refused"


def test_a_file_name_with_a_path_keeps_only_its_last_part(site: Site) -> None:
    work = Work(site, "3")
    assert work.hand_in("unit", "..\\..\\etc/passwd.pdf", PDF).json()["filename"] == "passwd.pdf"


def test_evidence_of_another_item_is_not_found_here(site: Site) -> None:
    kept = Work(site, "3").hand_in("unit", "a.pdf", PDF).json()
    other = site.item("6")
    answer = site.client("supervisor").get(f"/api/v1/items/{other.id}/evidence/{kept['evidence_id']}")
    assert answer.status_code == 404
    assert site.client("other unit").get(f"{Work(site, '3').at}/evidence/{kept['evidence_id']}").status_code == 403


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
