"""The numbered sheet of paper: from `<kind>/sheet.txt.j2` to a Word file in the form of GB/T 9704-2012.

`sheet.txt.j2` holds the words alone, a paragraph a line: `# ` begins the title, `@ ` the addressees, `[签收]` is the
receipt box; headings with 一、 are recognised by themselves. Head, number, signature, date, contact and imprint come
from the context.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from duban.domain.full_width import full_width
from duban.notices import sheet_layout as layout
from duban.notices import wordml
from duban.notices.context import KINDS_ZH, SHEET_KINDS
from duban.notices.errors import TemplateRefused, UnknownNoticeKind
from duban.notices.rendering import Renderer
from duban.notices.sandbox import plain
from duban.notices.wording import copy_names, date_zh

RECEIPT = "[签收]"
"""The line of `sheet.txt` that stands for the receipt box."""

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
"""The media type of what `render_sheet_docx` makes."""


def render_sheet_docx(context: Mapping[str, Any], kind: str, renderer: Renderer | None = None) -> bytes:
    """The sheet as a `.docx`. The same context and templates give the same bytes.

    Raises `UnknownNoticeKind` for a kind that has no sheet, `TemplateRefused` for a template that fails.
    """
    if kind not in SHEET_KINDS:
        raise UnknownNoticeKind(kind=kind, known=", ".join(sorted(SHEET_KINDS)))
    renderer = renderer or Renderer()
    values = plain(context)
    own = f"{kind}/sheet.docx"
    if own in renderer.documents:
        from duban.notices.word_templates import render_word

        return render_word(own, renderer.documents[own], values)
    lines = [full_width(str(plain(line))) for line in renderer.part(f"{kind}/sheet.txt.j2", values).splitlines()]
    title, addressees, body = sorted_lines(kind, [line for line in lines if line])
    office, date = values["office"], date_zh(values["as_of"])
    blocks = [
        *layout.head(office["letterhead"] or office["name"], values["sheet"]["label"] if values["sheet"] else ""),
        *layout.opening(layout.balanced(title), addressees),
        *layout.body([text for text in body if text != RECEIPT]),
        *layout.closing(office["name"], date, _contact(office), receipt=RECEIPT in body),
        layout.imprint(copied(values, addressees), office["name"], date),
    ]
    return wordml.package("".join(blocks), title, office["name"], values["as_of"])


def copied(values: Mapping[str, Any], addressees: str) -> list[str]:
    """抄送: who is addressed and not named as 主送 (leaders, as 同志), then the copies; nobody twice."""
    passed_over = [p for p in values["addressees"] if p["name"] not in addressees]
    return copy_names(passed_over, values["copies"], values["office"])


def _contact(office: Mapping[str, Any]) -> str:
    """附注: one way to reach the office, in round brackets; none if it has none."""
    ways = (("联系电话", office["phone"]), ("联系邮箱", office["email"]))
    return next((f"（{label}：{value}）" for label, value in ways if value), "")


def sheet_file_name(context: Mapping[str, Any], kind: str) -> str:
    """What the attachment is called: `督办单 临督办〔2026〕3号.docx`."""
    label = plain(context["sheet"]["label"]) if context["sheet"] else ""
    return f"{KINDS_ZH[kind]} {label}".strip().replace("/", "_") + ".docx"


def sorted_lines(kind: str, lines: Sequence[str]) -> tuple[str, str, list[str]]:
    """Title, addressees and the rest of a rendered `sheet.txt`."""
    titles = [line[2:] for line in lines if line.startswith("# ")]
    if len(titles) != 1:
        raise TemplateRefused(
            f"{kind}/sheet.txt.j2", "exactly one line must begin with '# ', the title", "Mark the title."
        )
    addressees = "".join(line[2:] for line in lines if line.startswith("@ "))
    return titles[0], addressees, [line for line in lines if not line.startswith(("# ", "@ "))]
