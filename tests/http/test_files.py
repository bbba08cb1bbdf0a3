"""Evidence over HTTP: what is taken, what its name may be, and how it comes back."""

from __future__ import annotations

import pytest

from .conftest import Site
from .test_progress import PDF, Work, xlsx


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
