"""The Word file that an office starts from: the shipped sheet with its fields in double braces, ready to be edited."""

from __future__ import annotations

import re

from duban.notices import sheet_layout as layout
from duban.notices import wordml
from duban.notices.context import KINDS_ZH, SHEET_KINDS
from duban.notices.errors import UnknownNoticeKind
from duban.notices.rendering import Renderer
from duban.notices.sheet import RECEIPT, sorted_lines

_INCLUDE = re.compile(r'{%-?\s*include\s+"([^"]+)"\s*-?%}')
_ALONE = re.compile(r"{%-?\s*((?:if|elif|else|endif|for|endfor)\b[^%]*?)\s*-?%}")
_CONTACT = "{% if office.phone %}（联系电话：{{ office.phone }}）{% endif %}"


def starter_docx(kind: str, renderer: Renderer | None = None) -> bytes:
    """The sheet of a kind as a Word template for `<kind>/sheet.docx`. Rendered, it says what the shipped sheet says.

    Two things that Word cannot do are fixed: the letterhead's size suits nine characters, and the title has no
    balanced lines. Raises `UnknownNoticeKind` for a kind that has no sheet.
    """
    if kind not in SHEET_KINDS:
        raise UnknownNoticeKind(kind=kind, known=", ".join(sorted(SHEET_KINDS)))
    sources = (renderer or Renderer()).sources
    lines = [_word_tags(line) for line in _whole(sources, f"{kind}/sheet.txt.j2").splitlines() if line.strip()]
    title, addressees, body = sorted_lines(kind, lines)
    label = "{% if sheet %}{{ sheet.label }}{% endif %}"
    date = "{{ as_of|date_zh }}"
    passed_over = "addressees|rejectattr('is_unit')" if "main_units" in addressees else "[]"
    blocks = [
        *layout.head("{{ office.letterhead or office.name }}", label, characters=9),
        *layout.opening(title, addressees),
        *layout.body([text for text in body if text != RECEIPT]),
        *layout.closing("{{ office.name }}", date, _CONTACT, receipt=RECEIPT in body, widths=(9, 7)),
        layout.imprint([f"{{{{ {passed_over}|copy_names(copies, office)|names('无') }}}}"], "{{ office.name }}", date),
    ]
    return wordml.package("".join(blocks), KINDS_ZH[kind], "", "2000-01-01")


def _whole(sources: dict[str, str], name: str) -> str:
    """The template with its includes in place, each on one line."""

    def included(match: re.Match[str]) -> str:
        return re.sub(r"\s*\n\s*", "", _whole(sources, match[1])).strip()

    return _INCLUDE.sub(included, sources[name])


def _word_tags(line: str) -> str:
    """A line that is nothing but a tag becomes a paragraph that docxtpl takes away with its tag (`{%p if … %}`).

    Tags that strip blanks would pull paragraphs together in Word, so they become plain ones.
    """
    alone = _ALONE.fullmatch(line.strip())
    if alone:
        return f"{{%p {alone[1]} %}}"
    return line.replace("{%-", "{%").replace("-%}", "%}")
