"""A sheet is a Word file in the form of GB/T 9704-2012, the same bytes for the same notice."""

from __future__ import annotations

import copy
import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pdfplumber
import pytest
from docx import Document
from docx.document import Document as Word
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from lxml import etree

from duban.notices import samples
from duban.notices.context import SHEET_KINDS
from duban.notices.errors import TemplateRefused, UnknownNoticeKind
from duban.notices.sheet import render_sheet_docx, sheet_file_name
from duban.notices.sheet_layout import TITLE_CHARACTERS, balanced

KINDS = sorted(SHEET_KINDS)
LEADER = {"name": "沈明远", "post": "区委副书记", "is_unit": False}
OFFICE = {"name": "中共临江区委督查室", "post": None, "is_unit": True}
UNIT_COPIED = {"name": "区财政局", "post": None, "is_unit": True}


def opened(data: bytes) -> Word:
    return Document(io.BytesIO(data))


def made(kind: str, context: dict[str, Any] | None = None) -> Word:
    return opened(render_sheet_docx(context or samples.full(kind), kind))


def lines(document: Word) -> list[str]:
    return [p.text for p in document.paragraphs if p.text.strip()]


def everything(data: bytes) -> str:
    """All text of the file, boxes and tables too."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root = etree.fromstring(archive.read("word/document.xml"))
    return "".join(node.text or "" for node in root.iter(qn("w:t")))


def test_the_page_is_a4_with_a_type_area_of_156_by_225_mm() -> None:
    section = made("supervise").sections[0]
    assert section.page_width is not None
    assert section.page_height is not None
    assert abs(section.page_width - Mm(210)) < Mm(0.1)
    assert abs(section.page_height - Mm(297)) < Mm(0.1)
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    for margin, wanted in zip(margins, (37, 35, 28, 26), strict=True):
        assert margin is not None
        assert abs(margin - Mm(wanted)) < Mm(0.1)


def test_22_lines_and_28_characters_fit_the_type_area_and_23_and_29_do_not() -> None:
    paragraph = next(p for p in made("supervise").paragraphs if "截至" in p.text)
    line = paragraph.paragraph_format.line_spacing
    assert line is not None
    assert 22 * line <= Mm(225) < 23 * line
    properties = paragraph.runs[0]._r.rPr
    assert properties is not None
    tighter = int(properties.find(qn("w:spacing")).get(qn("w:val"))) / 20
    width = Pt(16 + tighter)
    assert 28 * width <= Mm(156) < 29 * width


@pytest.mark.parametrize(
    ("begins", "font", "points"),
    [
        ("中共临江区委督查室", "方正小标宋简体", 42),
        ("临督办〔2026〕3号", "仿宋_GB2312", 16),
        ("关于", "方正小标宋简体", 22),
        ("区城管执法局、区生态环境局：", "仿宋_GB2312", 16),
        ("一、督办事项", "黑体", 16),
        ("（一）", "仿宋_GB2312", 16),
        ("2026年7月14日", "仿宋_GB2312", 16),
    ],
)
def test_each_part_has_its_font_and_size(begins: str, font: str, points: int) -> None:
    paragraph = next(p for p in made("supervise").paragraphs if p.text.startswith(begins))
    for run in paragraph.runs:
        properties = run._r.rPr
        assert properties is not None
        assert properties.find(qn("w:rFonts")).get(qn("w:eastAsia")) == font
        assert run.font.size == Pt(points)


def test_the_head_is_red_and_a_red_line_stands_under_the_number() -> None:
    first, number = made("supervise").paragraphs[:2]
    assert str(first.runs[0].font.color.rgb) == "FF0000"
    edge = number._p.pPr.find(qn("w:pBdr")).find(qn("w:bottom"))
    assert edge.get(qn("w:color")) == "FF0000"


def test_page_numbers_stand_between_dashes_right_on_odd_pages_and_left_on_even_ones() -> None:
    document = made("supervise")
    section = document.sections[0]
    assert document.settings.odd_and_even_pages_header_footer
    for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        paragraph = footer.paragraphs[0]
        assert paragraph.text == "— 1 —"
        assert " PAGE " in "".join(node.text or "" for node in paragraph._p.iter(qn("w:instrText")))
        assert paragraph._p.pPr.find(qn("w:jc")).get(qn("w:val")) == side


def test_a_sheet_that_is_to_be_acknowledged_has_a_receipt_box_and_others_have_none() -> None:
    assert [c.text for c in made("supervise").tables[0].column_cells(0)] == ["签收单位", "签收时间"]
    assert made("circulate").tables == []


def kept_with_next(document: Word) -> list[str]:
    """The paragraphs and tables from the last of the body's on, each kept on the page of the next, to the imprint."""
    found: list[str] = []
    for block in reversed(list(document.element.body)[:-2]):  # the imprint and the section stand last
        marks = [p.find(qn("w:pPr")).find(qn("w:keepNext")) is not None for p in block.iter(qn("w:p"))]
        if not all(marks):
            break
        found.append("".join(node.text or "" for node in block.iter(qn("w:t"))))
    return found[::-1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sample", ["full", "bare", "late"])
def test_signature_and_date_never_stand_alone_on_a_page(kind: str, sample: str) -> None:
    context = getattr(samples, sample)(kind)
    kept = kept_with_next(made(kind, context))
    at = kept.index(context["office"]["name"])
    assert len("".join(kept[: at - 2])) > 10, "a paragraph of the body, and more than 此复, is kept with the signature"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice lays the pages out")
@pytest.mark.slow
def test_a_page_of_any_sheet_carries_words_of_its_body(tmp_path: Path) -> None:
    for lines in range(30):
        context = samples.full("return")
        context["returned"]["reason"] = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙" * lines + "完"
        (tmp_path / f"{lines}.docx").write_bytes(render_sheet_docx(context, "return"))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, *tmp_path.glob("*.docx")],
        check=True,
        capture_output=True,
    )
    for file in tmp_path.glob("*.pdf"):
        with pdfplumber.open(file) as pdf:
            last = pdf.pages[-1].extract_text().splitlines()
        assert not last[0].startswith(("中共临江区委督查室", "2026", "（联系", "抄送")), file.name
        assert any("印发" in line for line in last), file.name


@pytest.mark.parametrize("kind", sorted(SHEET_KINDS - {"propose"}))
def test_a_sheet_is_addressed_to_units_and_leaders_get_copies(kind: str) -> None:
    context = samples.full(kind)
    context |= {"addressees": [LEADER, *context["addressees"]], "copies": [UNIT_COPIED, OFFICE]}
    text = everything(render_sheet_docx(context, kind))
    assert "沈明远同志：" not in text
    assert "抄送：沈明远同志，区财政局。" in text, "neither the office itself nor a unit twice"


def test_marks_on_a_sheet_are_full_width_whatever_the_document_had() -> None:
    context = samples.full("supervise")
    context["item"] |= {"title": '作风不实,措施不力(区级)；落实"一网通办"不够.', "goal": "建章立制;抓好「举一反三」"}
    text = everything(render_sheet_docx(context, "supervise"))
    assert re.findall(r"[\u4e00-\u9fff][,;:?!()\"]|[,;:?!(\"][\u4e00-\u9fff]|[「」]|。[；，]", text) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_sheet_names_number_addressees_office_date_and_copies(kind: str) -> None:
    context = samples.full(kind)
    text = everything(render_sheet_docx(context, kind))
    named = [person["name"] for person in context["addressees"] + context["copies"]]
    for said in (context["sheet"]["label"], context["office"]["name"], *named):
        assert said in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sample", ["full", "bare", "late"])
def test_the_same_notice_is_the_same_bytes(kind: str, sample: str) -> None:
    context = getattr(samples, sample)(kind)
    assert render_sheet_docx(context, kind) == render_sheet_docx(copy.deepcopy(context), kind)


def test_the_reader_of_a_copy_changes_nothing_on_the_sheet() -> None:
    assert render_sheet_docx(samples.full("supervise"), "supervise") == render_sheet_docx(
        samples.full("supervise") | {"recipient": samples.late("supervise")["recipient"]}, "supervise"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_markup_and_control_characters_in_a_name_do_not_break_the_file(kind: str) -> None:
    context = samples.full(kind)
    context["item"]["title"] = "</w:t></w:r><w:p/>&amp;\x00\x0b<b>“题”\r\n# 第二个标题\ud800"
    context["office"]["name"] = "督查室&<室>"
    context["copies"] = [{"name": "甲<乙>&丙\n丁", "post": None, "is_unit": True}]
    data = render_sheet_docx(context, kind)
    opened(data)
    assert "甲<乙>&丙 丁" in everything(data)


def test_what_has_no_sheet_is_refused() -> None:
    with pytest.raises(UnknownNoticeKind, match="remind"):
        render_sheet_docx(samples.full("remind"), "remind")


def test_a_context_without_a_key_is_refused() -> None:
    context = samples.full("supervise")
    del context["item"]["goal"]
    with pytest.raises(TemplateRefused, match=r"supervise/sheet\.txt\.j2, line 5"):
        render_sheet_docx(context, "supervise")


def test_the_attachment_is_named_after_kind_and_number() -> None:
    assert sheet_file_name(samples.full("supervise"), "supervise") == "督办单 临督办〔2026〕3号.docx"
    assert sheet_file_name(samples.bare("supervise"), "supervise") == "督办单.docx"


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("关于报送材料的通知", "关于报送材料的通知"),
        (
            "关于“沿河餐饮油烟扰民问题整治不到位”逾期未完成的督办单",
            "关于“沿河餐饮油烟扰民问题整治不到位”\n逾期未完成的督办单",
        ),
    ],
)
def test_a_long_title_breaks_where_it_reads_best(title: str, wanted: str) -> None:
    assert balanced(title) == wanted


@pytest.mark.parametrize("length", [1, 19, 20, 21, 39, 40, 41, 60, 77])
def test_no_title_line_is_too_long_and_nothing_is_lost(length: int) -> None:
    title = ("关于整改事项（第7项）“党性教育”、作风建设的" * 9)[:length]
    broken = balanced(title)
    assert broken.replace("\n", "") == title
    assert max(len(line) for line in broken.split("\n")) <= TITLE_CHARACTERS


def test_a_very_long_letterhead_gets_smaller_instead_of_breaking() -> None:
    context = samples.full("supervise")
    context["office"]["letterhead"] = "临江区整治形式主义为基层减负专项工作督查组"
    head = made("supervise", context).paragraphs[0]
    size = head.runs[0].font.size
    assert size is not None
    assert size * len(head.text) <= Mm(157)
