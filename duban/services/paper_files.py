"""A paper as a Word file in the form of GB/T 9704-2012; every figure leads to its rows in the annex."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from duban.notices import sheet_layout as layout
from duban.notices import wordml
from duban.notices.wording import date_zh
from duban.notices.wordml import EM, LINE, TYPE_WIDTH, Style
from duban.reports.paper import Cell, Figure, Grid, Heading, Link, Paper, Part, Sentence, plain

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
    marks = _Bookmarks(paper)
    blocks = [
        *layout.opening(layout.balanced(_clean(paper.title)), _clean(paper.addressees)),
        *(_block(block, marks) for block in paper.blocks),
        *(layout.body_paragraph(_clean(note)) for note in paper.notes),
        *layout.closing(_clean(paper.office), day, ""),
        *_annex(paper, marks),
    ]
    return wordml.package("".join(blocks), _clean(paper.title), _clean(paper.office), paper.dated_on.isoformat())


class _Bookmarks:
    """The place in the annex of each figure's rows."""

    def __init__(self, paper: Paper) -> None:
        self._ids = {figure.key: number for number, figure in enumerate(paper.sources(), start=1)}

    def name(self, figure: Figure) -> str | None:
        """A bookmark's name: Word takes letters, figures and the underscore."""
        number = self._ids.get(figure.anchor)
        return f"rows_{number}" if number else None

    def around(self, figure: Figure, runs: str) -> str:
        """The runs, marked as the place of a figure's rows."""
        number = self._ids[figure.key]
        begin = f'<w:bookmarkStart w:id="{number}" w:name="rows_{number}"/>'
        return f'{begin}{runs}<w:bookmarkEnd w:id="{number}"/>'


def _block(block: Heading | Sentence | Grid, marks: _Bookmarks) -> str:
    if isinstance(block, Heading):
        font = wordml.HEI if block.level == 1 else wordml.KAI
        return wordml.paragraph(_clean(block.text), Style(font=font, indent=_TWO, keep_next=True))
    if isinstance(block, Sentence):
        return _paragraph("".join(_runs(part, _BODY, marks) for part in block.parts), _BODY)
    return _table(block, marks)


def _runs(part: Part | Cell, style: Style, marks: _Bookmarks) -> str:
    """One part as runs; a figure is a link to its rows within the file, a page of the board one to its address."""
    words = wordml.run(_clean(plain(part)), style)
    if isinstance(part, Figure) and (name := marks.name(part)) is not None:
        return f'<w:hyperlink w:anchor="{name}" w:history="1">{words}</w:hyperlink>'
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


def _table(grid: Grid, marks: _Bookmarks) -> str:
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
    rows = [
        wordml.row(
            [
                wordml.cell(_paragraph(_runs(value, _CELL, marks), _CELL), width, _EDGES)
                for value, width in zip(cells, widths, strict=True)
            ],
            340,
        )
        for cells in grid.rows
    ]
    after = wordml.paragraph("", Style(size=6, line=200, on_grid=False))
    return caption + wordml.table([head, *rows], widths, "") + after


def _annex(paper: Paper, marks: _Bookmarks) -> list[str]:
    figures = paper.sources()
    if not figures:
        return []
    found = ['<w:p><w:r><w:br w:type="page"/></w:r></w:p>']
    found.append(wordml.paragraph("附件", Style(font=wordml.HEI, keep_next=True)))
    title = Style(font=wordml.TITLE, size=22, align="center", after=LINE, line=660, on_grid=False, keep_next=True)
    found.append(wordml.paragraph("数据来源", title))
    for figure in figures:
        head = Style(font=wordml.HEI, size=12, line=440, keep_next=True, on_grid=False)
        runs = wordml.run(f"{_clean(figure.label)}：{figure.value}", head)
        found.append(_paragraph(marks.around(figure, runs), head))
        rows = tuple((row.number, Link(row.title, row.url), row.note) for row in figure.rows)
        grid = Grid(figure.key, "", ("序号", "事项", "依据"), rows, (3, 12, 11))
        table = _table(grid, marks)
        found.append(table[table.index("<w:tbl>") :])
    return found


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)
