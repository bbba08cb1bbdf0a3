"""Word files as templates of sheets: checked for what they ask and carry, rendered with docxtpl in our sandbox."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import unescape

from jinja2 import TemplateError

from duban.notices import wordml
from duban.notices.errors import TemplateRefused
from duban.notices.sandbox import NoticeEnvironment
from duban.notices.schema import Record
from duban.notices.template_check import Checker, Problem

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

LARGEST_UNPACKED = 30 * 1024 * 1024
"""Octets of all parts of a Word file together, unpacked."""
MOST_PARTS = 500

_FORBIDDEN_PARTS = re.compile(r"vbaProject|/embeddings/|/activeX/|afchunk|\.bin$|\.ole", re.IGNORECASE)
_FORBIDDEN_FIELDS = re.compile(
    r"\b(INCLUDETEXT|INCLUDEPICTURE|DDEAUTO|DDE|LINK|IMPORT|DATABASE|MACROBUTTON)\b", re.IGNORECASE
)
_EXTERNAL = re.compile(rb"<[^>]*\bTargetMode\s*=\s*[\"']External[\"'][^>]*>")
_PROPERTIES = ("author", "comments", "identifier", "language", "subject", "title")
_REMEDY = "Save it in Word as a plain .docx without macros, embedded objects or linked files."


def word_environment() -> NoticeEnvironment:
    """The sandbox for Word files: no includes, everything escaped for XML, no line trimmed."""
    environment = NoticeEnvironment()
    environment.autoescape = True
    environment.trim_blocks = environment.lstrip_blocks = False
    return environment


def check_word(kind: str, data: bytes, fields: Record) -> None:
    """Raises `TemplateRefused` with the paragraph for a field that does not exist, or for what no sheet may carry."""
    place = f"{kind}/sheet.docx"
    _check_package(place, data)
    template = _opened(place, data)
    for part, source in _sources(template):
        checker = Checker(word_environment(), {})
        for problem in checker.check(part, source, fields):
            raise TemplateRefused(_paragraph(place, problem, source), problem.reason)


def render_word(place: str, data: bytes, values: Mapping[str, Any]) -> bytes:
    """The Word file filled with `values` (already `plain`). The same input gives the same bytes."""
    template = _opened(place, data)
    try:
        template.render(dict(values), jinja_env=word_environment(), autoescape=True)
        buffer = io.BytesIO()
        template.save(buffer)
    except (TemplateError, TypeError, ValueError, KeyError, ArithmeticError, RecursionError) as error:
        raise TemplateRefused(place, str(getattr(error, "message", None) or error)) from error
    with zipfile.ZipFile(buffer) as archive:
        return wordml.zipped({name: archive.read(name) for name in archive.namelist()})


def _check_package(place: str, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_PARTS or sum(e.file_size for e in entries) > LARGEST_UNPACKED:
                raise TemplateRefused(place, "it is too large unpacked", _REMEDY)
            parts = {e.filename: archive.read(e) for e in entries}
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise TemplateRefused(place, "it is no Word file (.docx)", _REMEDY) from error
    if "word/document.xml" not in parts:
        raise TemplateRefused(place, "it is no Word file (.docx)", _REMEDY)
    for name, content in parts.items():
        _check_part(place, name, content)


def _check_part(place: str, name: str, content: bytes) -> None:
    if _FORBIDDEN_PARTS.search(name):
        raise TemplateRefused(f"{place}, part {name}", "it carries a macro or an embedded object", _REMEDY)
    if name.endswith(".rels"):
        for link in _EXTERNAL.findall(content):
            if b"/hyperlink" not in link:
                raise TemplateRefused(f"{place}, part {name}", "it fetches something from outside", _REMEDY)
    if name.endswith(".xml"):
        text = content.decode("utf-8", "replace")
        if "<!DOCTYPE" in text or "<!ENTITY" in text or "altChunk" in text:
            raise TemplateRefused(f"{place}, part {name}", "it carries an entity or another document", _REMEDY)
        instructions = "".join(re.findall(r"<w:instrText[^>]*>([^<]*)", text)) + "".join(
            re.findall(r'w:instr="([^"]*)"', text)
        )
        if _FORBIDDEN_FIELDS.search(instructions):
            raise TemplateRefused(f"{place}, part {name}", "it has a Word field that reads a file", _REMEDY)


def _opened(place: str, data: bytes) -> DocxTemplate:
    from docxtpl import DocxTemplate  # python-docx takes a fifth of a second: only where a Word file is a template

    try:
        template = DocxTemplate(io.BytesIO(data))
        template.init_docx()
    except Exception as error:  # python-docx raises KeyError, ValueError, lxml errors and its own
        raise TemplateRefused(place, f"Word's parts do not fit together: {error}", _REMEDY) from error
    return template


def _sources(template: DocxTemplate) -> Iterator[tuple[str, str]]:
    """Each part that may hold fields, as the Jinja source that docxtpl makes of it, a paragraph a line."""
    yield "text", _a_paragraph_a_line(template, template.get_xml())
    for uri, name in ((template.HEADER_URI, "header"), (template.FOOTER_URI, "footer")):
        for _key, part in template.get_headers_footers(uri):
            yield name, _a_paragraph_a_line(template, template.get_part_xml(part))
    for part in template.docx.part.package.iter_parts():
        if part.content_type.endswith(("footnotes+xml", "endnotes+xml")):
            yield "footnotes", _a_paragraph_a_line(template, part.blob.decode("utf-8"))
    for name in _PROPERTIES:
        yield f"property {name}", getattr(template.docx.core_properties, name)


def _a_paragraph_a_line(template: DocxTemplate, xml: str) -> str:
    return re.sub(r"<w:p([ >])", r"\n<w:p\1", template.patch_xml(xml).replace("\n", " "))


def _paragraph(place: str, problem: Problem, source: str) -> str:
    """Where in the Word file: the paragraph's number and its first words."""
    lines = source.split("\n")
    words = unescape(re.sub(r"<[^>]+>", "", lines[min(problem.line, len(lines)) - 1])).strip()[:40]
    return f"{place}, {problem.name}, paragraph {max(problem.line - 1, 1)} ({words})"
