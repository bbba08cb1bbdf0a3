"""A paper as one HTML file that needs nothing else: readable on a screen and on A4, every figure a link to its rows."""

from __future__ import annotations

from html import escape

from duban.reports.paper import Cell, Figure, Grid, Heading, Link, Paper, Part, Sentence, plain

_STYLE = """
:root{color-scheme:light}
body{max-width:52rem;margin:2rem auto;padding:0 1.5rem;
font-family:"仿宋_GB2312","仿宋",FangSong,"Noto Serif CJK SC",serif;
font-size:1.1rem;line-height:1.85;color:#1a1a1a;background:#fff}
h1{font-family:"方正小标宋简体","Noto Serif CJK SC",SimSun,serif;font-weight:600;
text-align:center;font-size:1.7rem;line-height:1.5}
h2{font-family:"黑体",SimHei,"Noto Sans CJK SC",sans-serif;font-weight:600;font-size:1.15rem;margin:1.6rem 0 .4rem}
h3{font-family:"楷体",KaiTi,"Noto Serif CJK SC",serif;font-weight:600;font-size:1.1rem;margin:1rem 0 .3rem}
p{text-indent:2em;margin:.4rem 0;text-align:justify}
p.to{text-indent:0}
p.sign{text-align:right;text-indent:0;margin-right:4em}
a{color:#0b57a4;text-decoration:none;border-bottom:1px dotted}
a.figure{font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%;margin:.6rem 0 1.2rem;font-family:"Noto Sans CJK SC","宋体",SimSun,sans-serif;
font-size:.86rem;line-height:1.5}
caption{font-weight:600;padding:.3rem}
th,td{border:1px solid #888;padding:.25rem .45rem;vertical-align:top}
th{background:#f1f1ee} td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
section.annex{break-before:page} section.annex h3:target,tr:target{background:#fff3cd}
.scroll{overflow-x:auto}
@media print{section.annex{display:none}body{margin:0;max-width:none;padding:0;font-size:12pt}a{color:inherit;border:0}
thead{display:table-header-group}
tr{break-inside:avoid}}
@page{size:A4;margin:37mm 26mm 35mm 28mm}
""".strip()


def fragment(paper: Paper) -> str:
    """The paper as a part of a page that has its own styles, everything escaped."""
    body = "\n".join(_block(block) for block in paper.blocks)
    addressees = f'<p class="to">{escape(paper.addressees)}</p>' if paper.addressees else ""
    notes = "".join(f"<p>{escape(note)}</p>" for note in paper.notes)
    day = paper.dated_on
    return (
        f"<h1>{escape(paper.title)}</h1>\n{addressees}{body}\n{notes}"
        f'<p class="sign">{escape(paper.office)}</p><p class="sign">{day.year}年{day.month}月{day.day}日</p>\n'
        f"{_annex(paper)}"
    )


def page(paper: Paper) -> str:
    """The paper as one HTML file, everything escaped."""
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(paper.title)}</title><style>{_STYLE}</style></head>\n<body>\n<main>\n"
        f"{fragment(paper)}</main>\n</body>\n</html>\n"
    )


def _block(block: Heading | Sentence | Grid) -> str:
    if isinstance(block, Heading):
        level = block.level + 1
        return f"<h{level}>{escape(block.text)}</h{level}>"
    if isinstance(block, Sentence):
        return f"<p>{''.join(_part(part) for part in block.parts)}</p>"
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in block.headings)
    rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in block.rows)
    caption = f"<caption>{escape(block.title)}</caption>"
    return f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _part(part: Part | Cell) -> str:
    if isinstance(part, Figure) and part.rows:
        label = escape(part.label, quote=True)
        return f'<a class="figure" href="#{escape(part.anchor)}" title="{label}">{part.value}</a>'
    if isinstance(part, Link) and part.url.startswith(("http://", "https://", "/")):
        return f'<a href="{escape(part.url, quote=True)}">{escape(part.text)}</a>'
    return escape(plain(part))


def _cell(cell: Cell) -> str:
    marked = ' class="number"' if isinstance(cell, (int, Figure)) else ""
    return f"<td{marked}>{_part(cell)}</td>"


def _annex(paper: Paper) -> str:
    figures = paper.sources()
    if not figures:
        return ""
    listed = []
    for figure in figures:
        rows = "".join(
            f"<tr>{_cell(row.number)}{_cell(Link(row.title, row.url))}{_cell(row.note)}</tr>" for row in figure.rows
        )
        head = "<thead><tr><th scope='col'>序号</th><th scope='col'>事项</th><th scope='col'>依据</th></tr></thead>"
        listed.append(
            f'<h3 id="{escape(figure.key)}">{escape(figure.label)}：{figure.value}</h3>'
            f'<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'
        )
    return f'<section class="annex"><h2>数据来源（不随文打印）</h2>{"".join(listed)}</section>\n'
