"""Editions, reports, directories and dry runs over HTTP, through the typed client."""

from __future__ import annotations

import pytest

from duban.api.client import Client, Refused

from ..pages.test_documents import PLAN, REPORT
from .conftest import ROOT, Site


def test_an_upload_is_previewed_and_then_entered_as_it_was_shown(site: Site) -> None:
    text = PLAN.replace("澄川区", "云溪区").encode()
    directory = (ROOT / "examples" / "directory.csv").read_bytes()
    with Client(site.url, site.token("supervisor")) as duban:
        shown = duban.preview_plan("plan.md", text, directory=directory)
        assert len(duban.plans()) == 1
        done = duban.upload_plan("plan.md", text, directory=directory)
        assert (done.created, done.items) == (True, len(shown.items))
        assert done.quarantined == shown.summary.quarantined == sum(i.quarantined for i in shown.items)
        assert not duban.preview_plan("plan.md", text).summary.created


def test_an_edition_is_decided_about_by_key_with_a_reason(site_on_both: Site) -> None:
    second = PLAN.replace("2026年6月30日前完成", "2026年7月31日前完成").replace("陆知衡", "苏清越", 1).encode()
    with Client(site_on_both.url, site_on_both.token("supervisor")) as duban:
        assert duban.upload_edition("1", "b.md", second, dry_run=True).document_id is None
        assert [e.edition for e in duban.editions("1")] == [1]
        edition = duban.upload_edition("1", "b.md", second)
        lead, limit = edition.changes
        assert [f.field for c in (lead, limit) for f in c.fields] == ["lead_officials", "time_limit"]
        with pytest.raises(Refused) as refused:
            duban.decide_edition("1", 2, accept=[limit.key])
        assert (refused.value.status, refused.value.code) == (422, "edition_reason")
        done = duban.decide_edition("1", 2, accept=[limit.key], reasons={limit.key: "调整"}, digest=edition.digest)
        assert done.applied == (limit.key,)
        with pytest.raises(Refused) as refused:
            duban.decide_edition("1", 2, accept=[lead.key], reasons={"": "x"}, digest=edition.digest)
        assert refused.value.code == "edition_moved"
        with pytest.raises(Refused) as refused:
            duban.discard_edition("1", 2)
        assert refused.value.code == "edition_refused"
        duban.decide_edition("1", 2, decline=[lead.key])
        assert [e.pending for e in duban.editions("1")] == [0, 0]
        assert duban.history(limit.item_id or 0)[-1].type == "item.edited"


def test_a_report_is_entered_into_the_item_that_is_meant(site: Site) -> None:
    with Client(site.url, site.token("supervisor")) as duban:
        matches = duban.upload_report("1", "通报.txt", REPORT.encode(), dry_run=True)
        assert matches.document_id is None
        kept = duban.upload_report("1", "通报.txt", REPORT.encode())
        done = duban.enter_report("1", kept.document_id or 0, {"1": None}, decline=["2"])
        assert [m.entered for m in done.matches] == [True, False]
        assert duban.item(site.item("3").id).row.reported_done


def test_a_directory_is_previewed_and_entered_and_wrong_rows_are_named(site: Site) -> None:
    good = "名称,类别,邮箱\n陆知衡,领导,new@example.org\n".encode()
    with Client(site.url, site.token("supervisor")) as duban:
        shown = duban.update_directory("1", "d.csv", good, dry_run=True)
        assert [(c.name, c.fields[0].field, c.fields[0].after) for c in shown.changes] == [
            ("陆知衡", "email", "new@example.org")
        ]
        assert duban.update_directory("1", "d.csv", good).written
        assert next(p.email for p in duban.parties("1") if p.name == "陆知衡") == "new@example.org"
        assert duban.directory_workbook("1")[:2] == b"PK"
        with pytest.raises(Refused) as refused:
            duban.update_directory("1", "d.csv", "名称,类别,邮箱\n陆知衡,领导,x\n".encode())
        assert refused.value.code == "directory_invalid"
        assert "第2行" in refused.value.detail


def test_an_item_under_way_is_corrected_and_a_plan_is_taken_back(site_on_both: Site) -> None:
    other = PLAN.replace("澄川区", "澄湖区").encode()
    with Client(site_on_both.url, site_on_both.token("supervisor")) as duban:
        item = site_on_both.in_state("measure_drafted")
        done = duban.correct(item.id, "原文如此", version=item.version, support_units=["区财政局"])
        assert set(done.fields) == {"support_units"}
        with pytest.raises(Refused) as refused:
            duban.correct(item.id, "原文如此", version=done.version, support_units=["区财政局"])
        assert (refused.value.status, refused.value.code) == (422, "correction_refused")
        plan = duban.upload_plan("另一份.md", other)
        assert duban.directory_log(str(plan.plan_id)).total == 1  # the office that answers for everybody
        doubted = next(d for d in duban.quarantine(str(plan.plan_id)))
        parted = duban.split(doubted.row.id, "99", "原文是两项", version=doubted.row.version)
        assert parted.made is not None
        joined = duban.join(parted.made, doubted.row.number, "原文是一项", version=1)
        assert joined.dropped == [parted.made]
        assert duban.void_plan(str(plan.plan_id), "传错了文件").items == plan.items
        with pytest.raises(Refused) as refused:
            duban.ranking(str(plan.plan_id))
        assert (refused.value.status, refused.value.code) == (404, "plan_voided")
        assert duban.upload_plan("另一份.md", other).created
