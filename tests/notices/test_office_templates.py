"""An office's own template is checked before it is saved: fields, reach, and whether it renders."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from docx import Document

from duban.notices import samples
from duban.notices.context import CONTEXTS, SHEET_KINDS
from duban.notices.errors import TemplateRefused, UnknownNoticeKind
from duban.notices.office_templates import check_template, preview, save_template
from duban.notices.rendering import SHIPPED, Renderer
from duban.notices.schema import fields_of, shape_of
from duban.notices.sheet import render_sheet_docx
from duban.notices.template_check import Checker
from duban.notices.word_starter import starter_docx


def refused(folder: Path, name: str, data: str | bytes) -> str:
    """What the refusal says; nothing may have been written."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(TemplateRefused) as error:
        save_template(folder, name, data.encode() if isinstance(data, str) else data)
    assert sorted(folder.rglob("*")) == before
    return error.value.message


def test_every_shipped_template_passes_the_check_that_offices_face() -> None:
    renderer = Renderer(SHIPPED)
    for name, source in renderer.sources.items():
        kind = name.partition("/")[0]
        if kind in CONTEXTS:
            assert Checker(renderer.environment, renderer.sources).check(name, source, shape_of(kind)) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{{ item.titel }}", "there is no field titel here; there are: closed, days_overdue, due_on"),
        ("{{ things }}", "there is no field things"),
        ("{{ item.title|default('') }}{{ item.nmae|default('') }}", "there is no field nmae"),
        ("{% for unit in item.units %}{{ unit.name }}{% endfor %}", "name is asked of a single value"),
        ("{% for person in addressees %}{{ person.nam }}{% endfor %}", "there is no field nam"),
        ("{{ addressees|map(attribute='nam')|join }}", "there is no field nam"),
        ("{% if addressees|selectattr('is_uni') %}{% endif %}", "there is no field is_uni"),
        ("{{ addressees.name }}", "name is asked of a list"),
        ("{% set a = item %}{{ a.foo }}", "there is no field foo"),
        ("{{ item.__class__ }}", "__class__ is no field; attributes"),
        ("{{ item['__class__'] }}", "__class__ is no field"),
        ("{{ item.title.upper() }}", "only macros can be called"),
        ("{{ range(9) }}", "there is no field range"),
        ("{{ item|attr('x') }}", "there is no filter attr"),
        ("{% include '../../etc/passwd' %}", "there is no template ../../etc/passwd"),
        ("{% include item.title %}", "must stand there as it is"),
        ("{% if item %}", "syntax"),
        ("{{ sheet.label }}", "of a field that is empty here"),
        ("{{ missed.nights }}", "of a field that is empty here"),
    ],
)
@pytest.mark.parametrize("part", ["body.txt.j2", "body.html.j2", "sheet.txt.j2"])
def test_a_mistake_is_refused_with_its_line_and_nothing_is_saved(
    tmp_path: Path, part: str, line: str, said: str
) -> None:
    message = refused(tmp_path, f"urge/{part}", f"# 题目\n第一行\n{line}\n")
    assert said in message
    assert f"urge/{part}, line 3" in message or "syntax" in said


def test_a_good_template_is_saved_and_used(tmp_path: Path) -> None:
    save_template(tmp_path, "urge/subject.txt.j2", "请抓紧：{{ item.title }}".encode())
    assert Renderer(tmp_path).render("urge", samples.full("urge")).subject == "请抓紧：沿河餐饮油烟扰民问题整治不到位"
    assert [p.name for p in (tmp_path / "urge").iterdir()] == ["subject.txt.j2"]


def test_a_shared_template_is_checked_with_every_kind_that_uses_it(tmp_path: Path) -> None:
    save_template(tmp_path, "_signature.txt.j2", b"{{ office.name }} {{ as_of|date_zh }}")
    assert "there is no field item" in refused(tmp_path, "_signature.txt.j2", "{{ office.name }}{{ item.title }}")


@pytest.mark.parametrize(
    "name", ["../x.j2", "urge/../../x.j2", "urge/evil.py", "invite/body.txt.j2", "/etc/x.j2", "", "remind/sheet.docx"]
)
def test_a_file_of_another_name_is_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, name, "x")


def test_a_template_that_renders_without_end_is_refused(tmp_path: Path) -> None:
    loop, end = "{% for a in l %}", "{% endfor %}"
    members = ",".join("1" * 50)
    assert "nested" in refused(tmp_path, "urge/body.txt.j2", f"{{% set l = [1] %}}{loop * 4}x{end * 4}")
    assert "members" in refused(tmp_path, "urge/body.txt.j2", f"{{% set l = [{members},1] %}}x")
    assert "too long" in refused(
        tmp_path, "urge/body.txt.j2", f"{{% set l = [{members}] %}}{loop * 3}督办督办督办督办督办{end * 3}"
    )
    refused(tmp_path, "urge/body.txt.j2", '{% include "urge/body.txt.j2" %}')


def test_an_empty_subject_is_refused(tmp_path: Path) -> None:
    assert "empty" in refused(tmp_path, "urge/subject.txt.j2", "{% if missed %}x{% endif %}")


@pytest.mark.parametrize("kind", list(CONTEXTS))
def test_a_preview_shows_mail_and_sheet(tmp_path: Path, kind: str) -> None:
    shown = preview(tmp_path, kind, {f"{kind}/subject.txt.j2": "样张".encode()})
    assert shown.mail.subject == "样张"
    assert (shown.sheet is not None) == (kind in SHEET_KINDS)


@pytest.mark.parametrize("kind", list(CONTEXTS))
def test_the_list_of_fields_is_what_a_template_may_use_and_is_in_chinese(tmp_path: Path, kind: str) -> None:
    guarded = []
    for field in fields_of(kind):
        assert not field.meaning_zh.isascii(), field
        if "[]" not in field.path and field.kind_zh not in ("列表", "分组"):
            group = field.path.rpartition(".")[0] or field.path
            guarded.append(f"{{% if {group} %}}{{{{ {field.path} }}}}{{% endif %}}")
    check_template(tmp_path, f"{kind}/body.txt.j2", "\n".join(guarded).encode())


def test_the_fields_of_an_unknown_kind_are_refused() -> None:
    with pytest.raises(UnknownNoticeKind):
        fields_of("invite")


# Word files


def words(data: bytes) -> list[str]:
    """The paragraphs of a Word file; a title's line breaks do not count."""
    return [p.text.replace("\n", "") for p in Document(io.BytesIO(data)).paragraphs if p.text.strip()]


@pytest.mark.parametrize("kind", sorted(SHEET_KINDS))
def test_the_word_file_that_an_office_starts_from_says_what_the_shipped_sheet_says(tmp_path: Path, kind: str) -> None:
    save_template(tmp_path, f"{kind}/sheet.docx", starter_docx(kind))
    own = Renderer(tmp_path)
    for sample in (samples.full, samples.bare, samples.late):
        data = render_sheet_docx(sample(kind), kind, own)
        assert words(data) == words(render_sheet_docx(sample(kind), kind))
        assert data == render_sheet_docx(sample(kind), kind, Renderer(tmp_path))


def word(*paragraphs: str) -> bytes:
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def changed(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ item.titel }}", "there is no field titel"),
        ("{{ item.title.__class__ }}", "no field"),
        ("{% include '/etc/passwd' %}", "there is no template"),
        ("{% if item.title %}", "syntax"),
        ("{{ sheet.label }}", "empty here"),
    ],
)
def test_a_mistake_in_a_word_file_is_refused_with_its_paragraph(tmp_path: Path, text: str, said: str) -> None:
    message = refused(tmp_path, "urge/sheet.docx", word("题目 {{ item.title }}", f"第二段 {text}"))
    assert said in message
    assert "urge/sheet.docx" in message
    if "field" in said and "empty" not in said:
        assert "paragraph 2 (第二段" in message


def test_names_with_markup_stay_text_in_a_word_file(tmp_path: Path) -> None:
    save_template(tmp_path, "urge/sheet.docx", word("{{ item.title }}"))
    context = samples.full("urge")
    context["item"]["title"] = "<b>&督办</w:t>"
    assert words(render_sheet_docx(context, "urge", Renderer(tmp_path))) == ["<b>&督办</w:t>"]


def macro(parts: dict[str, bytes]) -> None:
    parts["word/vbaProject.bin"] = b"x"


def embedded(parts: dict[str, bytes]) -> None:
    parts["word/embeddings/sheet.xlsx"] = b"x"


def remote_picture(parts: dict[str, bytes]) -> None:
    picture = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
    target = b"http://x.example.org/a.png"
    link = b'<Relationship Id="rX" Type="%b" Target="%b" TargetMode="External"/></Relationships>' % (picture, target)
    parts["word/_rels/document.xml.rels"] = parts["word/_rels/document.xml.rels"].replace(b"</Relationships>", link)


def file_field(parts: dict[str, bytes]) -> None:
    field = b'<w:body><w:p><w:r><w:instrText> INCLUDETEXT "/etc/passwd" </w:instrText></w:r></w:p>'
    parts["word/document.xml"] = parts["word/document.xml"].replace(b"<w:body>", field)


def entity(parts: dict[str, bytes]) -> None:
    declared = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document'
    parts["word/document.xml"] = parts["word/document.xml"].replace(b"<w:document", declared, 1)


def not_word(parts: dict[str, bytes]) -> None:
    parts.clear()
    parts["a.txt"] = b"x"


def bomb(parts: dict[str, bytes]) -> None:
    parts["word/media/a.png"] = b"\0" * (31 * 1024 * 1024)


@pytest.mark.parametrize("change", [macro, embedded, remote_picture, file_field, entity, not_word, bomb])
def test_a_word_file_that_carries_or_fetches_something_is_refused(
    tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    data = changed(word("{{ item.title }}"), change)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target, zipfile.ZipFile(io.BytesIO(data)) as source:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    refused(tmp_path, "urge/sheet.docx", packed.getvalue())


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"x" * 100, word("x")[:500]])
def test_what_is_no_word_file_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "no Word file" in refused(tmp_path, "urge/sheet.docx", data)
