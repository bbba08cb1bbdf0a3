"""A paper as a Word file in the form of GB/T 9704-2012, and its sources as another: the rows behind every figure.

The paper goes to whom it is addressed; the sources, often longer than it, stay with whoever has to answer for them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from xml.sax.saxutils import escape

from duban.notices import sheet_layout as layout
from duban.notices import wordml
from duban.notices.wording import date_zh
from duban.notices.wordml import EM, LINE, TYPE_WIDTH, Style
from duban.reports.paper import Cell, Grid, Heading, Link, Paper, Part, Sentence, plain

_TWO = round(2 * EM)
_BODY = Style(indent=_TWO)
_CELL = Style(font=wordml.SONG, size=10.5, align="center", line=300, on_grid=False)
_HEAD = Style(font=wordml.HEI, size=10.5, align="center", line=300, on_grid=False, keep_next=True)
_EDGES = "".join(wordml.border(side, 4) for side in ("top", "left", "bottom", "right"))
#: XML 1.0 knows no other control characters; Word refuses a file that has one.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def word_file(paper: Paper) -> bytes:
    """The paper as `.docx`; the same paper gives the same bytes."""
    day = date_zh(paper.dated_on)
    blocks = [
        *layout.opening(layout.balanced(_clean(paper.title)), _clean(paper.addressees)),
        *(_block(block, last=block is paper.blocks[-1] and not paper.notes) for block in paper.blocks),
        *layout.body([_clean(note) for note in paper.notes]),
        *layout.closing(_clean(paper.office), day, ""),
    ]
    return wordml.package("".join(blocks), _clean(paper.title), _clean(paper.office), paper.dated_on.isoformat())


def sources_file(paper: Paper) -> bytes:
    """The rows behind every figure of the paper as `.docx`, a table for each; the same paper gives the same bytes."""
    title = f"{_clean(paper.title)}数据来源"
    blocks = layout.opening(layout.balanced(title), "")
    for figure in paper.sources():
        head = Style(font=wordml.HEI, size=12, before=LINE // 2, line=440, keep_next=True, on_grid=False)
        blocks.append(wordml.paragraph(f"{_clean(figure.label)}：{figure.value}", head))
        rows = tuple((row.number, Link(row.title, row.url), row.note) for row in figure.rows)
        table = _table(Grid(figure.key, "", ("序号", "事项", "依据"), rows, (3, 12, 11)))
        blocks.append(table[table.index("<w:tbl>") :])
    if not paper.sources():
        blocks.append(layout.body_paragraph("本材料没有由事项汇总的数字。"))
    return wordml.package("".join(blocks), title, _clean(paper.office), paper.dated_on.isoformat())


def _block(block: Heading | Sentence | Grid, *, last: bool) -> str:
    """One block; the last one stays on the page of the signature."""
    if isinstance(block, Heading):
        font = wordml.HEI if block.level == 1 else wordml.KAI
        return wordml.paragraph(_clean(block.text), Style(font=font, indent=_TWO, keep_next=True))
    if isinstance(block, Sentence):
        style = replace(_BODY, keep_next=last)
        return _paragraph("".join(_runs(part, style) for part in block.parts), style)
    return _table(block, last=last)


def _runs(part: Part | Cell, style: Style) -> str:
    """One part as runs; a page of the board is a link to its address."""
    words = wordml.run(_clean(plain(part)), style)
    if isinstance(part, Link) and part.url.startswith(("http://", "https://")):
        return _field(f' HYPERLINK "{part.url.replace(chr(34), "%22")}" ', words)
    return words


def _field(instruction: str, shown: str) -> str:
    """A field with its result: a link that needs no entry among the file's relationships."""

    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    code = f'<w:r><w:instrText xml:space="preserve">{escape(_clean(instruction))}</w:instrText></w:r>'
    return f"{mark('begin')}{code}{mark('separate')}{shown}{mark('end')}"


def _paragraph(runs: str, style: Style) -> str:
    """A paragraph of that style around runs of one's own."""
    empty = wordml.paragraph("", style)
    return empty[: empty.index("</w:pPr>") + len("</w:pPr>")] + runs + "</w:p>"


def _table(grid: Grid, *, last: bool = False) -> str:
    weights = grid.widths or (1,) * len(grid.headings)
    widths = [TYPE_WIDTH * weight // sum(weights) for weight in weights]
    caption = wordml.paragraph(
        _clean(grid.title), Style(font=wordml.HEI, size=12, align="center", before=LINE // 2, line=400, keep_next=True)
    )
    head = wordml.row(
        [
            wordml.cell(wordml.paragraph(_clean(text), _HEAD), width, _EDGES)
            for text, width in zip(grid.headings, widths, strict=True)
        ],
        380,
    ).replace("<w:trPr>", "<w:trPr><w:tblHeader/>", 1)
    styles = [replace(_CELL, keep_next=last and n == len(grid.rows)) for n in range(1, len(grid.rows) + 1)]
    rows = [
        wordml.row(
            [
                wordml.cell(_paragraph(_runs(value, style), style), width, _EDGES)
                for value, width in zip(cells, widths, strict=True)
            ],
            340,
        )
        for cells, style in zip(grid.rows, styles, strict=True)
    ]
    after = wordml.paragraph("", Style(size=6, line=200, on_grid=False, keep_next=last))
    return caption + wordml.table([head, *rows], widths, "") + after


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)
