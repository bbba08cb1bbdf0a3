"""The text layer: encodings, marks, furniture, wraps, and what is refused."""

from __future__ import annotations

import base64
import io
import zipfile
from datetime import date

import pytest

from duban.errors import Unreadable
from duban.reading.reader import read_bytes
from duban.reading.source import Format
from duban.reading.text import archive, text_layer
from duban.reading.text.detect import MAX_BYTES

PLAN = "整改方案\n\n一、服务群众方面\n1.办事排队时间长。\n责任单位:区政务服务局\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_any_usual_encoding_reads_the_same(encoding: str) -> None:
    assert text_layer(PLAN.encode(encoding), "plan.txt").text == text_layer(PLAN.encode(), "plan.txt").text


def test_lines_keep_their_number_and_their_printed_form() -> None:
    source = text_layer("## 一、总体　要求\n\n**整改目标**：１２项　全部完成&nbsp;。".encode(), "plan.md")
    assert source.format is Format.MARKDOWN
    assert [(line.number, line.level, line.text) for line in source.lines] == [
        (1, 2, "一、总体 要求"),
        (3, 0, "整改目标：12项 全部完成 。"),
    ]
    assert source.lines[1].original == "**整改目标**：１２项　全部完成&nbsp;。"


def test_traditional_characters_and_pinyin_residue_become_simplified() -> None:
    text = "關於加強城市管理的意見，現(xiàn)提出規(guī)劃實施要求，責任單位認真執(zhí)行。"
    line = text_layer(text.encode(), "plan.txt").lines[0]
    assert line.text == "关于加强城市管理的意见，现提出规划实施要求，责任单位认真执行。"
    assert line.original == text


def test_page_numbers_buttons_and_running_heads_are_dropped() -> None:
    page = "云泽区督查室文件汇编\n- {n} -\n{n}.第{n}个问题的整改情况还不够好。\n分享到\n"
    text = "".join(page.format(n=n) for n in range(1, 5))
    assert [line.text for line in text_layer(text.encode(), "plan.txt").lines] == [
        "云泽区督查室文件汇编",
        *(f"{n}.第{n}个问题的整改情况还不够好。" for n in range(1, 5)),
    ]


def test_a_value_that_returns_under_its_label_is_no_running_head() -> None:
    text = "".join(f"{n}.第{n}个问题。\n完成时限:\n长期坚持并推进\n" for n in range(1, 6))
    assert text_layer(text.encode(), "plan.txt").text.count("长期坚持并推进") == 5


def test_lines_broken_at_one_width_become_paragraphs() -> None:
    width, sentence = 30, "建立健全日常巡查机制并定期通报情况以便群众监督"
    paragraphs = [f"{n}.{(sentence + topic) * 4}。" for n, topic in enumerate(("会风", "文风和", "作风以及"), start=1)]
    wrapped = "\n".join("\n".join(p[i : i + width] for i in range(0, len(p), width)) for p in paragraphs)
    assert [line.text for line in text_layer(wrapped.encode(), "plan.txt").lines] == paragraphs


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "plan.txt", "empty"),
        (b" \n\n\t ", "plan.txt", "empty"),
        (bytes(range(256)) * 20, "plan.txt", "binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "plan.pdf", "picture"),
        (b"a" * (MAX_BYTES + 1), "plan.txt", "MB"),
        ("これはテストです。計画を作る".encode("shift-jis") * 20, "plan.txt", "encodings?"),
        (b"\xff\xfe" + "整改事项".encode() * 200, "plan.txt", "marked as utf-16"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "plan.doc", "before 2007"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "plan.docx", "password"),
        (b"PK\x03\x04 cut", "plan.docx", "damaged"),
        (b"%PDF-1.7\nnonsense", "plan.pdf", "damaged"),
        (b"{\\rtf1 }", "plan.rtf", "RTF"),
    ],
)
def test_what_is_no_document_is_refused_by_name(data: bytes, name: str, says: str) -> None:
    with pytest.raises(Unreadable, match=says) as refusal:
        text_layer(data, name)
    assert refusal.value.exit_code == 2
    assert refusal.value.remedy


def _zip(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_an_archive_that_unpacks_to_a_flood_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(Unreadable, match="unpacks to more"):
        text_layer(_zip({"word/document.xml": bytes(1_000_001)}), "plan.docx")


def test_a_document_that_defines_entities_is_refused() -> None:
    xml = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]><w>&x;</w>'
    with pytest.raises(Unreadable, match="entities"):
        text_layer(_zip({"word/document.xml": xml}), "plan.docx")


def test_other_archives_are_named() -> None:
    with pytest.raises(Unreadable, match="presentation"):
        text_layer(_zip({"ppt/presentation.xml": b"<p/>"}), "plan.pptx")


def test_a_web_page_is_read_without_what_stands_around_the_article() -> None:
    page = """<html><head><title>整改方案_某区政府</title><style>p{}</style></head><body>
    <div class="nav"><a>首页</a><a>政务公开</a></div><h1>某区突出问题整改方案</h1>
    <div class="share">分享到微信</div>
    <div id="zoom"><p>1.办事排队时间长。</p><p>责任<b>单位</b>:区政务服务局<br>完成时限:2025年6月底前</p>
    <ol><li>窗口延时</li><li><p>预约办理</p></li></ol></div>
    <script>alert(1)</script><div class="footer">版权所有</div></body></html>"""
    source = text_layer(page.encode("gb18030"), "plan.html")
    assert [line.text for line in source.lines] == [
        "某区突出问题整改方案",
        "1.办事排队时间长。",
        "责任单位:区政务服务局",
        "完成时限:2025年6月底前",
        "1.窗口延时",
        "2.预约办理",
    ]


def test_spanned_cells_of_a_web_table_are_repeated_and_marked() -> None:
    page = (
        "<html><table><tr><td rowspan=2>一</td><td colspan=2>甲</td></tr><tr><td>乙</td><td>丙</td></tr></table></html>"
    )
    rows = [(line.cells, line.merged) for line in text_layer(page.encode(), "plan.html").lines]
    assert rows == [(("一", "甲", "甲"), ("", "", "left")), (("一", "乙", "丙"), ("up", "", ""))]


def test_a_short_list_with_few_words_to_go_by_is_told_by_what_it_yields() -> None:
    text = (
        "东山区重大隐患挂牌督办进展情况\n\n"
        "1.兴隆商厦消防设施瘫痪（责任单位：区商务局、区消防救援大队；整改期限：2025年8月31日）。目前进展：已整改销号。\n"
        "2.向阳小区房屋地基沉降（责任单位：区住建局；整改期限：2025年9月30日）。目前进展：正在整改。\n"
    )
    reading = read_bytes(text.encode(), "list.txt")
    assert [item.responsible_units for item in reading.items] == [["区商务局", "区消防救援大队"], ["区住建局"]]
    assert [item.milestones[0].due_on for item in reading.items] == [date(2025, 8, 31), date(2025, 9, 30)]


def test_of_two_articles_of_one_kind_on_a_page_none_is_lost() -> None:
    article = '<div class="article"><h1>{0}区整改方案</h1><p>' + "一、河道保洁不到位。" * 5 + "{0}</p></div>"
    page = f"<html><body>{article.format('东')}{article.format('西')}</body></html>"
    texts = "".join(line.text for line in text_layer(page.encode(), "a.html").lines)
    assert "东</p>" not in texts
    assert texts.count("东区整改方案") == texts.count("西区整改方案") == 1


def test_a_markdown_table_with_breaks_in_its_cells_is_no_web_page() -> None:
    text = "# 清单\n\n| 序号 | 措施 | 单位 |\n| -- | -- | -- |\n" + "| 1 | 甲。<br>乙。<br/>丙。 | 区水务局 |\n" * 3
    assert text_layer(text.encode(), "a.md").lines[2].cells == ("1", "甲。\n乙。\n丙。", "区水务局")


def test_a_web_archive_is_read_as_its_page() -> None:
    data = (
        b'From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\tboundary="b"\r\n\r\n'
        b'--b\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.b64encode("<html><body><p>一、河道保洁不到位。</p></body></html>".encode())
        + b"\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n"
    )
    assert [line.text for line in text_layer(data, "a.mht").lines] == ["一、河道保洁不到位。"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{\\rtf1 x}", "RTF.*\n*.*save it as .docx"),
        (b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w/>', "one XML file"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b--", "without a page"),
    ],
)
def test_a_refusal_names_the_way_out(data: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=f"(?s){says}"):
        text_layer(data, "a")


def test_lines_set_by_hand_on_a_web_page_stay_lines() -> None:
    page = (
        "<html><body><pre>\n  一、河道保洁不到位。\n  责任单位：区水务局\n</pre><p>二、噪声\n扰民。</p></body></html>"
    )
    lines = [line.text for line in text_layer(page.encode(), "a.html").lines]
    assert lines == ["一、河道保洁不到位。", "责任单位：区水务局", "二、噪声扰民。"]


def test_the_line_of_counters_under_a_pages_title_says_when_it_was_published() -> None:
    page = (
        "<html><body><div class='article'><h1>崇安区常务会议议定事项任务分解</h1>"
        "<div class='info'>发布时间：2025-04-11&nbsp;来源：区政府办公室&nbsp;浏览次数：<span></span>次</div>"
        "<div class='content'><p>1.印发行动方案。（责任单位：区发改局；完成时限：6月底前）</p>"
        "<p>2.加强收入组织。（责任单位：区财政局；完成时限：9月底前）</p></div></div></body></html>"
    )
    reading = read_bytes(page.encode(), "分解.html")
    assert str(reading.issued_on) == "2025-04-11"
    assert [str(item.milestones[0].due_on) for item in reading.items] == ["2025-06-30", "2025-09-30"]
