"""Makes the example plan in every format from `plan.md`, and `directory.xlsx` from `directory.csv`.

Run `python examples/make.py`. The PDF needs LibreOffice (`soffice`); without it the other files are made.
"""

from __future__ import annotations

import csv
import html
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import docx
import openpyxl
from docx.oxml.ns import qn
from docx.shared import Pt
from openpyxl.styles import Alignment, Font

HERE = Path(__file__).parent
_LABEL = re.compile(r"^\*\*(?P<word>[^*(]+)(?:\((?P<number>\d+)\))?\*\*:(?P<text>.*)$")
COLUMNS = ("整改目标", "整改措施", "牵头领导", "责任单位", "配合单位", "督导单位", "整改时限")


def main() -> None:
    """Write all files."""
    lines = (HERE / "plan.md").read_text("utf-8").splitlines()
    write_text(lines)
    write_html(lines)
    write_docx(lines)
    write_xlsx(lines)
    write_directory()
    write_pdf()


def write_text(lines: list[str]) -> None:
    """Plain text: no marks, GB18030 as many offices still save it."""
    text = "\n".join(re.sub(r"^#+ ", "", line).replace("**", "") for line in lines)
    (HERE / "plan.txt").write_bytes((text + "\n").encode("gb18030"))


def write_html(lines: list[str]) -> None:
    """A page as a site publishes it, with its navigation, share buttons and foot around the text."""
    body = []
    for line in lines:
        if heading := re.match(r"^(#+) (.*)$", line):
            level = len(heading.group(1))
            body.append(f"<h{level}>{html.escape(heading.group(2))}</h{level}>")
        elif line:
            bold = re.sub(r"[*][*](.+?)[*][*]", r"<strong>\1</strong>", html.escape(line, quote=False))
            body.append(f"<p>{bold}</p>")
    page = f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>整改方案 - 澄川区人民政府网站</title></head>
<body><div class="nav"><a href="/">首页</a> <a href="/zwgk">政务公开</a> <a href="/hudong">互动交流</a></div>
<div class="share">分享到: <a href="#">微信</a> <a href="#">微博</a></div>
<div id="content">
{chr(10).join(body)}
</div>
<div class="footer">主办单位:澄川区人民政府办公室 网站标识码:0000000000</div></body></html>
"""
    (HERE / "plan.html").write_text(page, "utf-8")


def write_docx(lines: list[str]) -> None:
    """A Word document of paragraphs."""
    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Noto Serif CJK SC", Pt(12)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "Noto Serif CJK SC")
    for line in lines:
        if heading := re.match(r"^(#+) (.*)$", line):
            document.add_heading(heading.group(2), level=len(heading.group(1)))
        elif line:
            paragraph = document.add_paragraph()
            for index, run in enumerate(re.split(r"\*\*", line)):
                paragraph.add_run(run).bold = index % 2 == 1
    document.save(str(HERE / "plan.docx"))


def write_xlsx(lines: list[str]) -> None:
    """A ledger: a title over the head, a row a problem, the parts as merged rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "整改台账"
    head = ["序号", "整改事项", *COLUMNS]
    for front in [line.lstrip("# ") for line in lines[:8] if line][:4]:
        sheet.append([front])
        sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=len(head))
    sheet.append(head)
    for cell in sheet[sheet.max_row]:
        cell.font = Font(bold=True)
    for row in _rows(lines):
        sheet.append(row)
        if len(row) == 1:
            sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=len(head))
        for cell in sheet[sheet.max_row]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for letter, width in zip("ABCDEFGHI", (6, 36, 30, 60, 16, 20, 20, 16, 30), strict=True):
        sheet.column_dimensions[letter].width = width
    book.save(HERE / "plan.xlsx")


def _rows(lines: list[str]) -> list[list[object]]:
    """A row for each heading (one cell) and each problem (a cell a column)."""
    rows: list[list[object]] = []
    for line in lines:
        if heading := re.match(r"^##+ (.*)$", line):
            rows.append([heading.group(1)])
        elif match := _LABEL.match(line):
            if match["number"]:
                rows.append([int(match["number"]), match["text"], *[None] * len(COLUMNS)])
            else:
                rows[-1][2 + COLUMNS.index(match["word"])] = match["text"]
    return rows


def write_directory() -> None:
    """The directory of parties as a workbook."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "通讯录"
    with (HERE / "directory.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.reader(stream):
            sheet.append(row)
    book.save(HERE / "directory.xlsx")


def write_pdf() -> None:
    """The Word document printed."""
    soffice = shutil.which("soffice")
    if soffice is None:
        print("soffice is not installed: plan.pdf stays as it is")
        return
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                soffice,
                f"-env:UserInstallation=file://{profile}",
                "--headless",
                "--convert-to",
                "pdf",
                "--outdir",
                str(HERE),
                str(HERE / "plan.docx"),
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )


if __name__ == "__main__":
    main()
