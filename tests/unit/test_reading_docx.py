"""What a Word file holds beside plain text: boxes, changes not yet accepted, numbers that only the page shows."""

from __future__ import annotations

import io
import zipfile

import pytest

from duban.reading.text import text_layer

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def paragraph(inner: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def document(body: str, *, numbering: str = "", main: str = "word/document.xml", namespace: str = W) -> bytes:
    """A file of this body; `main` is where its text stands."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="{main}"/></Relationships>',
        )
        archive.writestr(
            main, f'<w:document xmlns:w="{namespace}" xmlns:mc="{MC}"><w:body>{body}</w:body></w:document>'
        )
        if numbering:
            archive.writestr("word/numbering.xml", f'<w:numbering xmlns:w="{W}">{numbering}</w:numbering>')
    return packed.getvalue()


def texts(data: bytes) -> list[str]:
    return [line.text for line in text_layer(data, "plan.docx").lines]


def test_paragraphs_of_a_text_box_are_lines_of_their_own_and_stand_once() -> None:
    inner = (
        "<w:txbxContent>"
        + paragraph(run("责任单位：区水务局"))
        + paragraph(run("完成时限：年底前"))
        + "</w:txbxContent>"
    )
    box = (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{inner}</w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict>{inner}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    body = paragraph(run("一、河道淤积")) + paragraph(run("整改措施：清淤。") + box)
    expected = ["一、河道淤积", "整改措施：清淤。", "责任单位：区水务局", "完成时限：年底前"]
    assert texts(document(body)) == expected
    cell = f"<w:tbl><w:tr><w:tc>{paragraph(run('1'))}</w:tc><w:tc>{paragraph(box)}</w:tc></w:tr></w:tbl>"
    assert text_layer(document(cell), "plan.docx").lines[0].cells == ("1", "责任单位：区水务局\n完成时限：年底前")


def test_what_is_deleted_is_not_read_and_a_deleted_end_joins_two_paragraphs() -> None:
    gone = "<w:del><w:r><w:delText>区城管局</w:delText></w:r></w:del>"
    mark = "<w:rPr><w:del/></w:rPr>"
    body = (
        paragraph(run("责任单位：") + gone + f"<w:ins>{run('区水务局')}</w:ins>")
        + paragraph(gone, mark)
        + paragraph(run("完成时限："), mark)
        + paragraph(run("2025年底前"))
        + f"<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph(gone)}</w:tc><w:tc>{paragraph(gone)}</w:tc></w:tr>"
        f"<w:tr><w:tc>{paragraph(run('1'))}</w:tc><w:tc>{paragraph(run('清淤'))}</w:tc></w:tr></w:tbl>"
    )
    assert texts(document(body)) == ["责任单位：区水务局", "完成时限：2025年底前", "1 | 清淤"]


def test_hidden_text_is_not_read_but_named() -> None:
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>此件不印发</w:t></w:r>"
    source = text_layer(document(paragraph(run("一、河道淤积") + hidden)), "plan.docx")
    assert [line.text for line in source.lines] == ["一、河道淤积"]
    assert [line.text for line in source.hidden] == ["此件不印发"]


def test_pages_are_those_that_word_wrote_down_and_unknown_where_it_did_not() -> None:
    turn = "<w:r><w:lastRenderedPageBreak/><w:t>二、噪声扰民</w:t></w:r>"
    by_hand = '<w:r><w:br w:type="page"/></w:r>'
    body = paragraph(run("一、河道淤积")) + paragraph(by_hand) + paragraph(turn) + paragraph(run("三、违法建设"))
    assert [line.page for line in text_layer(document(body), "a.docx").lines] == [1, 2, 2]
    unknown = body.replace("<w:lastRenderedPageBreak/>", "")
    assert [line.page for line in text_layer(document(unknown), "a.docx").lines] == [None, None, None]
    cells = f"<w:tc>{paragraph(turn)}</w:tc><w:tc>{paragraph(run('区城管局'))}</w:tc>"
    table = f"<w:tbl><w:tr>{cells.replace('<w:lastRenderedPageBreak/>', '')}</w:tr><w:tr>{cells}</w:tr></w:tbl>"
    assert [line.page for line in text_layer(document(table), "a.docx").lines] == [1, 2]


LEVELS = (
    '<w:abstractNum w:abstractNumId="1">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{0}"/><w:lvlText w:val="{1}"/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:numFmt w:val="{2}"/>{4}<w:lvlText w:val="{3}"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="8"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/>'
    "</w:lvlOverride></w:num>"
)


def numbered(*levels: int, num: int = 7) -> str:
    return "".join(
        paragraph(run("甲"), f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{num}"/></w:numPr>')
        for level in levels
    )


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        (
            ("chineseCountingThousand", "%1、", "chineseCounting", "（%2）", ""),
            ["一、甲", "（一）甲", "二、甲", "（一）甲"],
        ),
        (
            ("chineseCountingThousand", "%1、", "chineseCounting", "（%2）", '<w:lvlRestart w:val="0"/>'),
            ["一、甲", "（一）甲", "二、甲", "（二）甲"],
        ),
        (
            ("chineseLegalSimplified", "第%1条 ", "decimal", "%1.%2 ", "<w:isLgl/>"),
            ["第壹条 甲", "1.1 甲", "第贰条 甲", "2.1 甲"],
        ),
        (("decimalEnclosedParen", "%1", "lowerRoman", "%2) ", ""), ["⑴甲", "i) 甲", "⑵甲", "i) 甲"]),
    ],
)
def test_numbers_that_the_page_counts_are_put_before_the_text(shapes: tuple[str, ...], expected: list[str]) -> None:
    assert texts(document(numbered(0, 1, 0, 1), numbering=LEVELS.format(*shapes))) == expected


def test_a_list_begins_again_where_it_says_so_and_runs_on_over_a_hundred() -> None:
    numbering = LEVELS.format("chineseCounting", "%1、", "decimal", "%2.", "")
    again = texts(document(numbered(0, 0) + numbered(0, 0, num=8), numbering=numbering))
    assert again == ["一、甲", "二、甲", "一、甲", "二、甲"]
    many = texts(document(numbered(*[0] * 120), numbering=numbering))
    assert [many[i] for i in (99, 100, 109, 114, 119)] == [
        "一百、甲",
        "一百零一、甲",
        "一百一十、甲",
        "一百一十五、甲",
        "一百二十、甲",
    ]


def test_a_strict_file_and_one_whose_text_stands_elsewhere_are_read() -> None:
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    assert texts(document(paragraph(run("一、河道淤积")), namespace=strict)) == ["一、河道淤积"]
    assert texts(document(paragraph(run("一、河道淤积")), main="word/document2.xml")) == ["一、河道淤积"]
