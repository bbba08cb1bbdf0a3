"""The Word file itself: page, grid, styles, footers and packaging in the form of GB/T 9704-2012.

Written as XML by hand, since the standard fixes every measure: A4 with margins of 37, 35, 28 and 26 mm (5.2.1), a type
area of 156 × 225 mm that holds 22 lines of 28 characters (5.2.3), body in 仿宋 3号, title in 小标宋 2号 (7.3.1), page
numbers 4号 between one-em dashes, 7 mm under the type area, odd ones right, even ones left (7.5). The bytes depend on
the content alone: fixed times, fixed order.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

PAGE_WIDTH, PAGE_HEIGHT = 11906, 16838
"""A4 in twips (1/1440 inch)."""
TOP, BOTTOM, LEFT, RIGHT = 2098, 1984, 1588, 1474
"""37, 35, 28 and 26 mm in twips."""
TYPE_WIDTH = PAGE_WIDTH - LEFT - RIGHT
"""156 mm in twips."""
LINE = 579
"""225 mm / 22 lines in twips, rounded down: a 580th would push the last line over the page."""
EM = TYPE_WIDTH / 28
"""One character of the grid in twips (15.79 pt for the 16 pt of 3号)."""
TIGHTER = -5
"""Twips taken off each 16 pt character, so that 28 fit: with a character grid LibreOffice would give each two cells."""
EMU = 635
"""English metric units in a twip."""
RED = "FF0000"

SONG, FANGSONG, HEI, KAI, TITLE = "宋体", "仿宋_GB2312", "黑体", "楷体_GB2312", "方正小标宋简体"
LATIN = "Times New Roman"

_FALLBACKS = {FANGSONG: "仿宋", HEI: "SimHei", KAI: "楷体", TITLE: "方正小标宋_GBK", SONG: "SimSun"}
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_NO_GAPS = '<w:autoSpaceDE w:val="0"/><w:autoSpaceDN w:val="0"/>'
"""No quarter space between figures and characters: 2026年7月14日."""
_SHAPE = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
_DRAWING = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:wps="{_SHAPE}"'
)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


@dataclass(frozen=True, slots=True)
class Style:
    """How a paragraph looks. Sizes in points, distances in twips; `line` is exact."""

    font: str = FANGSONG
    size: float = 16
    align: str = "both"
    indent: int = 0
    left: int = 0
    right: int = 0
    before: int = 0
    after: int = 0
    line: int = LINE
    colour: str | None = None
    border_bottom: str = ""
    keep_next: bool = False
    on_grid: bool = True


def paragraph(text: str, style: Style) -> str:
    """One `w:p`. A line break in the text becomes one in the paragraph."""
    return f"<w:p>{_paragraph_properties(style)}{run(text, style)}</w:p>"


def paragraph_to_edge(left: str, right: str, style: Style) -> str:
    """One `w:p` with a text at either edge of the type area, by a tab stop at the right one."""
    stop = f'<w:tabs><w:tab w:val="right" w:pos="{TYPE_WIDTH - style.right}"/></w:tabs>'
    properties = _paragraph_properties(style, stop)
    tab = f"<w:r>{_run_properties(style)}<w:tab/></w:r>"
    return f"<w:p>{properties}{run(left, style)}{tab}{run(right, style)}</w:p>"


def run(text: str, style: Style) -> str:
    """One `w:r` for each line of the text, with breaks between."""
    lines = text.split("\n")
    properties = _run_properties(style)
    pieces = [f'<w:r>{properties}<w:t xml:space="preserve">{escape(line)}</w:t></w:r>' for line in lines]
    return f"<w:r>{properties}<w:br/></w:r>".join(pieces)


def table(rows: list[str], widths: list[int], properties: str) -> str:
    """A `w:tbl` of `rows` (see `row`), its columns `widths` twips wide."""
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    total = sum(widths)
    layout = f'{properties}<w:tblW w:w="{total}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
    margins = '<w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/></w:tblCellMar>'
    return f"<w:tbl><w:tblPr>{layout}{margins}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


def row(cells: list[str], height: int) -> str:
    """A `w:tr` at least `height` twips high that does not break over pages."""
    return f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="{height}"/></w:trPr>{"".join(cells)}</w:tr>'


def cell(content: str, width: int, borders: str = "") -> str:
    """A `w:tc` with its paragraphs in the middle of its height."""
    marked = f"<w:tcBorders>{borders}</w:tcBorders>" if borders else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{marked}<w:vAlign w:val="center"/></w:tcPr>{content}</w:tc>'
    )


def at_foot(content: str, height: int, plain_text: str) -> str:
    """A text box over the whole width at the foot of the type area, `height` twips high; text keeps clear of it.

    A frame or a floating table would do in Word, but LibreOffice moves neither. Readers that know no text boxes show
    `plain_text`.
    """
    size = f'cx="{TYPE_WIDTH * EMU}" cy="{height * EMU}"'
    shape = (
        '<wps:wsp><wps:cNvSpPr txBox="1"/><wps:spPr>'
        f'<a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:noFill/><a:ln><a:noFill/></a:ln></wps:spPr>'
        f"<wps:txbx><w:txbxContent>{content}</w:txbxContent></wps:txbx>"
        '<wps:bodyPr wrap="square" lIns="0" tIns="0" rIns="0" bIns="0" anchor="b"><a:noAutofit/></wps:bodyPr></wps:wsp>'
    )
    anchor = (
        '<wp:anchor distT="0" distB="0" distL="0" distR="0" simplePos="0" relativeHeight="2" behindDoc="0" locked="0" '
        'layoutInCell="1" allowOverlap="0"><wp:simplePos x="0" y="0"/>'
        '<wp:positionH relativeFrom="margin"><wp:align>left</wp:align></wp:positionH>'
        '<wp:positionV relativeFrom="margin"><wp:align>bottom</wp:align></wp:positionV>'
        f'<wp:extent {size}/><wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapTopAndBottom/>'
        '<wp:docPr id="1" name="版记"/><wp:cNvGraphicFramePr/>'
        f'<a:graphic><a:graphicData uri="{_SHAPE}">{shape}</a:graphicData></a:graphic></wp:anchor>'
    )
    style = Style(size=1, line=20, on_grid=False)
    fallback = f"<mc:Fallback><w:t>{escape(plain_text)}</w:t></mc:Fallback>"
    choice = f'<mc:Choice Requires="wps"><w:drawing>{anchor}</w:drawing></mc:Choice>'
    held = f"<w:r><mc:AlternateContent>{choice}{fallback}</mc:AlternateContent></w:r>"
    return f"<w:p>{_paragraph_properties(style)}{held}</w:p>"


def border(side: str, eighths: int, colour: str = "000000", space: int = 0) -> str:
    """A border of `eighths` of a point."""
    return f'<w:{side} w:val="single" w:sz="{eighths}" w:space="{space}" w:color="{colour}"/>'


def _paragraph_properties(style: Style, tabs: str = "") -> str:
    keep = "<w:keepNext/>" if style.keep_next else ""
    edge = f"<w:pBdr>{style.border_bottom}</w:pBdr>" if style.border_bottom else ""
    grid = "" if style.on_grid else '<w:snapToGrid w:val="0"/>'
    spacing = f'<w:spacing w:before="{style.before}" w:after="{style.after}" w:line="{style.line}" w:lineRule="exact"/>'
    first = f' w:firstLine="{style.indent}"' if style.indent else ""
    if style.indent < 0:
        first = f' w:hanging="{-style.indent}"'
    indent = f'<w:ind w:left="{style.left}" w:right="{style.right}"{first}/>'
    return f'<w:pPr>{keep}{edge}{tabs}{_NO_GAPS}{grid}{spacing}{indent}<w:jc w:val="{style.align}"/></w:pPr>'


def _run_properties(style: Style) -> str:
    half_points = round(style.size * 2)
    latin = LATIN if style.font in (FANGSONG, KAI) else style.font
    fonts = (
        f'<w:rFonts w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{style.font}" w:cs="{LATIN}" w:hint="eastAsia"/>'
    )
    colour = f'<w:color w:val="{style.colour}"/>' if style.colour else ""
    tighter = f'<w:spacing w:val="{TIGHTER}"/>' if style.on_grid else ""
    return f'<w:rPr>{fonts}{colour}{tighter}<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/></w:rPr>'


def package(body: str, title: str, author: str, created_on: str) -> bytes:
    """The `.docx` around a body of paragraphs and tables. `created_on` is an ISO date and the only time within."""
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relationships(
            ("officeDocument", f"{_OFFICE}/officeDocument", "word/document.xml"),
            ("core", f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        ),
        "word/document.xml": _document(body),
        "word/_rels/document.xml.rels": _relationships(
            *((name, f"{_OFFICE}/{name}", f"{name}.xml") for name in ("styles", "settings", "fontTable")),
            ("odd", f"{_OFFICE}/footer", "footer1.xml"),
            ("even", f"{_OFFICE}/footer", "footer2.xml"),
        ),
        "word/styles.xml": _styles(),
        "word/settings.xml": _settings(),
        "word/fontTable.xml": _font_table(),
        "word/footer1.xml": _footer("right"),
        "word/footer2.xml": _footer("left"),
        "docProps/core.xml": _core(title, author, created_on),
    }
    return zipped({name: text.encode() for name, text in parts.items()})


def zipped(parts: dict[str, bytes]) -> bytes:
    """A zip file of the parts in their order, every one dated 1980-01-01: the same parts give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            entry.create_system = 3
            archive.writestr(entry, data)
    return buffer.getvalue()


def _document(body: str) -> str:
    section = (
        '<w:sectPr><w:footerReference w:type="default" r:id="odd"/><w:footerReference w:type="even" r:id="even"/>'
        f'<w:pgSz w:w="{PAGE_WIDTH}" w:h="{PAGE_HEIGHT}"/>'
        f'<w:pgMar w:top="{TOP}" w:right="{RIGHT}" w:bottom="{BOTTOM}" w:left="{LEFT}" w:header="851" w:footer="1247" '
        'w:gutter="0"/>'
        f'<w:docGrid w:type="lines" w:linePitch="{LINE}"/></w:sectPr>'
    )
    return f"{_HEAD}<w:document {_W} {_R} {_DRAWING}><w:body>{body}{section}</w:body></w:document>"


def _footer(side: str) -> str:
    style = Style(font=SONG, size=14, align=side, left=round(EM), right=round(EM), line=320, on_grid=False)
    properties = _run_properties(style)
    field = "".join(
        f"<w:r>{properties}{piece}</w:r>"
        for piece in (
            '<w:fldChar w:fldCharType="begin"/>',
            '<w:instrText xml:space="preserve"> PAGE </w:instrText>',
            '<w:fldChar w:fldCharType="separate"/>',
            "<w:t>1</w:t>",
            '<w:fldChar w:fldCharType="end"/>',
        )
    )
    content = f"<w:p>{_paragraph_properties(style)}{run('— ', style)}{field}{run(' —', style)}</w:p>"
    return f"{_HEAD}<w:ftr {_W} {_R}>{content}</w:ftr>"


def _styles() -> str:
    fonts = f'<w:rFonts w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:eastAsia="{FANGSONG}" w:cs="{LATIN}"/>'
    run_default = (
        f'<w:rPr>{fonts}<w:sz w:val="32"/><w:szCs w:val="32"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr>'
    )
    normal = '<w:pPr><w:widowControl w:val="0"/><w:jc w:val="both"/></w:pPr>'
    return (
        f"{_HEAD}<w:styles {_W}>"
        f"<w:docDefaults><w:rPrDefault>{run_default}</w:rPrDefault><w:pPrDefault/></w:docDefaults>"
        f'<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/>{normal}</w:style>'
        '<w:style w:type="table" w:default="1" w:styleId="t"><w:name w:val="Normal Table"/><w:uiPriority w:val="99"/>'
        '<w:tblPr><w:tblInd w:w="0" w:type="dxa"/></w:tblPr></w:style></w:styles>'
    )


def _settings() -> str:
    compatible = (
        '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>'
    )
    return (
        f'{_HEAD}<w:settings {_W}><w:zoom w:percent="100"/>'
        "<w:bordersDoNotSurroundHeader/><w:bordersDoNotSurroundFooter/>"
        '<w:evenAndOddHeaders/><w:characterSpacingControl w:val="doNotCompress"/>'
        f"<w:compat><w:spaceForUL/><w:useFELayout/>{compatible}</w:compat>"
        '<w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/></w:settings>'
    )


def _font_table() -> str:
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in _FALLBACKS.items()
    )
    return f"{_HEAD}<w:fonts {_W}>{fonts}</w:fonts>"


def _core(title: str, author: str, created_on: str) -> str:
    spaces = (
        'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    )
    stamp = f"{created_on}T00:00:00Z"
    return (
        f"{_HEAD}<cp:coreProperties {spaces}>"
        f"<dc:title>{escape(title)}</dc:title><dc:creator>{escape(author)}</dc:creator>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{stamp}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{stamp}</dcterms:modified></cp:coreProperties>'
    )


def _content_types() -> str:
    overrides = {
        "/word/document.xml": f"{_WORD_TYPE}.document.main+xml",
        "/word/styles.xml": f"{_WORD_TYPE}.styles+xml",
        "/word/settings.xml": f"{_WORD_TYPE}.settings+xml",
        "/word/fontTable.xml": f"{_WORD_TYPE}.fontTable+xml",
        "/word/footer1.xml": f"{_WORD_TYPE}.footer+xml",
        "/word/footer2.xml": f"{_WORD_TYPE}.footer+xml",
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    listed = "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in overrides.items())
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )


def _relationships(*links: tuple[str, str, str]) -> str:
    listed = "".join(f'<Relationship Id="{i}" Type="{kind}" Target={quoteattr(target)}/>' for i, kind, target in links)
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'
