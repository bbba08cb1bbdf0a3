"""Which format the bytes are in: told by the bytes themselves, the file's name only decides between kinds of text."""

from __future__ import annotations

import re
from pathlib import PurePath

from duban.errors import Unreadable
from duban.reading.source import Format, Source
from duban.reading.text.furniture import without_signatures

#: Published plans are small; a larger file is a mistake (a film, an archive) and is refused before it is looked at.
MAX_BYTES = 32 * 1024 * 1024

_OCR = "Recognise its text first (OCR), or ask the issuing office for the text."
_UNPACK = "Unpack it and give the document itself as .docx, .xlsx, text PDF, HTML or text."
_USUAL = "Give a published plan as text, Markdown, HTML, .docx, .xlsx or text PDF."
_SAVE_DOCX = "Open it and save it as .docx."
_REFUSED = (
    (b"\x89PNG", "a picture", _OCR),
    (b"\xff\xd8\xff", "a picture", _OCR),
    (b"GIF8", "a picture", _OCR),
    (b"II*\x00", "a picture", _OCR),
    (b"MM\x00*", "a picture", _OCR),
    (b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (b"Rar!", "a rar archive", _UNPACK),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ", "an xz archive", _UNPACK),
    (b"{\\rtf", "an RTF document", _SAVE_DOCX),
    (b"\x7fELF", "a program", _USUAL),
    (b"MZ\x90", "a program", _USUAL),
    (b"SQLite format 3\x00", "a database", _USUAL),
)
#: Word and Excel could write a document as one XML file (2003), and Word still can.
_OFFICE_XML = re.compile(
    rb"<\?mso-application\s+progid=\"(?:Word|Excel)|schemas\.microsoft\.com/office/(?:word/2003|2006/xmlPackage)"
    rb"|urn:schemas-microsoft-com:office:spreadsheet\"[^<>]{0,400}>\s*<(?!html)"
)
_HTML = re.compile(rb"<\s*(?:!doctype\s+html|html[\s>]|head[\s>]|body[\s>])", re.IGNORECASE)
_MIME = re.compile(
    rb"^(?:[A-Za-z-]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){0,30}?Content-Type:\s*multipart/", re.IGNORECASE
)
_HTML_PARTS = re.compile(rb"<\s*(?:p|div|table|td|span|br)\b[^>]{0,300}>", re.IGNORECASE)


def text_layer(data: bytes, filename: str = "") -> Source:
    """The document as lines. Raises `Unreadable` for whatever is no document, naming what it is and what to do."""
    _refuse_outright(data)
    source = _read(data, filename)
    source.filename = filename
    source.lines = without_signatures(source.lines)
    if not any(line.text for line in source.lines):
        raise Unreadable(reason="there is no text in it")
    return source


def refuse_large(size: int) -> None:
    """Raise `Unreadable` for a file of more bytes than any plan has."""
    if size > MAX_BYTES:
        raise Unreadable(
            reason=f"it has {size / 1_000_000:.0f} MB, and a plan has at most {MAX_BYTES // 1_000_000} MB",
            remedy="Give the document alone, without its pictures and annexes.",
        )


def _refuse_outright(data: bytes) -> None:
    if not data.strip(b"\x00 \t\r\n\x0c\xef\xbb\xbf\xff\xfe"):
        raise Unreadable(reason="it is empty")
    refuse_large(len(data))
    for magic, what, remedy in _REFUSED:
        if data.startswith(magic):
            raise Unreadable(reason=f"it is {what}, not a document that is read here", remedy=remedy)
    if data.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<?xml") and _OFFICE_XML.search(data[:4096]):
        raise Unreadable(
            reason="it is a document of Word or Excel as one XML file", remedy="Open it and save it as .docx or .xlsx."
        )


def _read(data: bytes, filename: str) -> Source:
    suffix = PurePath(filename).suffix.lower()
    if data.startswith(b"PK"):
        from duban.reading.text.archive import read_archive

        return read_archive(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        _refuse_compound(data)
    if b"%PDF-" in data[:1024]:
        from duban.reading.text.pdf import read_pdf

        return read_pdf(data)
    if _MIME.search(data[:4096]):
        data = page_of_archive(data)
    if suffix in (".html", ".htm", ".mht", ".shtml") or (suffix not in (".md", ".markdown") and _is_html(data)):
        from duban.reading.text.html import read_html

        return read_html(data)
    if suffix in (".csv", ".tsv"):
        from duban.reading.text.separated import read_separated

        return read_separated(data)
    from duban.reading.text.plain import read_plain

    return read_plain(data, Format.MARKDOWN if suffix in (".md", ".markdown") else Format.TEXT)


def page_of_archive(data: bytes) -> bytes:
    """The page in a web archive (.mht, or what Word saves as .doc with MIME parts). Raises `Unreadable` without one."""
    from email import message_from_bytes, policy

    for part in message_from_bytes(data, policy=policy.compat32).walk():
        if part.get_content_type() == "text/html":
            page = part.get_payload(decode=True)
            if isinstance(page, bytes) and page.strip():
                return page
    raise Unreadable(
        reason="it is a web archive or a mail without a page in it", remedy="Open it and save it as .docx or as a page."
    )


def _is_html(data: bytes) -> bool:
    head = data[:4096]
    return bool(_HTML.search(head)) or len(_HTML_PARTS.findall(head)) >= 5


def _refuse_compound(data: bytes) -> None:
    """The container of Word and Excel before 2007, and of today's files when they have a password."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Unreadable(reason="it is protected by a password", remedy="Remove the password and give it again.")
    raise Unreadable(
        reason="it is a document in the format of Word or Excel before 2007 (.doc, .xls, .wps)",
        remedy="Open it and save it as .docx or .xlsx.",
    )
