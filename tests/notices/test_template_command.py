"""An office makes its own templates from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from duban.cli.template import template
from duban.notices import samples
from duban.notices.context import CONTEXTS
from duban.notices.errors import TemplateRefused
from duban.notices.rendering import SHIPPED, Renderer


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "自己的 模板"
    monkeypatch.setenv("DUBAN_TEMPLATES", str(folder))
    return folder


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(template, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_fields_are_listed_for_a_person_and_for_a_program() -> None:
    assert "方案全称" in run("fields", "urge")
    assert {"path": "item.title", "kind_zh": "文字", "meaning_zh": "事项名称", "may_be_empty": False} in json.loads(
        run("fields", "urge", "--json")
    )


@pytest.mark.parametrize("kind", list(CONTEXTS))
def test_what_an_office_starts_from_can_be_saved_as_it_is(own: Path, tmp_path: Path, kind: str) -> None:
    run("start", kind, tmp_path / "start")
    for file in (tmp_path / "start" / kind).iterdir():
        run("save", f"{kind}/{file.name}", file)
    assert (
        Renderer(own / "notices").render(kind, samples.full(kind)).text
        == Renderer().render(kind, samples.full(kind)).text
    )


def test_a_start_never_overwrites_work(tmp_path: Path) -> None:
    run("start", "urge", tmp_path)
    (tmp_path / "urge" / "sheet.docx").write_bytes(b"mine")
    assert "left as it is" in run("start", "urge", tmp_path)
    assert (tmp_path / "urge" / "sheet.docx").read_bytes() == b"mine"


def test_a_preview_writes_text_html_and_sheet(tmp_path: Path) -> None:
    run("preview", "supervise", tmp_path / "样张")
    assert sorted(f.name for f in (tmp_path / "样张").iterdir()) == [
        "supervise.docx",
        "supervise.html",
        "supervise.txt",
    ]


def test_a_bad_template_is_not_saved(own: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("{{ item.titel }}", "utf-8")
    with pytest.raises(TemplateRefused, match=r"urge/subject\.txt\.j2, line 1"):
        run("save", "urge/subject.txt.j2", tmp_path / "bad")
    assert not own.exists()


def test_the_shipped_templates_are_not_an_offices_to_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path / "data"))
    shipped = (SHIPPED / "urge" / "subject.txt.j2").read_bytes()
    (tmp_path / "good").write_text("题目", "utf-8")
    run("save", "urge/subject.txt.j2", tmp_path / "good")
    assert (tmp_path / "data" / "templates" / "notices" / "urge" / "subject.txt.j2").read_text("utf-8") == "题目"
    assert (SHIPPED / "urge" / "subject.txt.j2").read_bytes() == shipped
