"""Zip containers: .docx and .xlsx are told apart by their parts; bombs, damaged archives and tricks are refused."""

from __future__ import annotations

import io
import posixpath
import zipfile

from duban.errors import Unreadable
from duban.reading.source import Source
from duban.reading.text.xml_parts import parse

#: Unpacked size that no plan reaches; a bomb does, and is refused before it is unpacked.
MAX_UNPACKED = 200 * 1024 * 1024
MAX_PARTS = 5_000
WORD_ROOT = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}document"
EXCEL_ROOT = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}workbook"
_OTHER = (
    ("ppt/presentation.xml", "a presentation (.pptx)", "Save its text as .docx and give that."),
    (
        "OFD.xml",
        "an OFD document",
        "Open it in an OFD reader and save it as a text PDF, or give the .docx that it was made of.",
    ),
    ("content.xml", "an OpenDocument file (.odt, .ods)", "Open it and save it as .docx or .xlsx."),
    ("xl/workbook.bin", "a binary workbook (.xlsb)", "Open it and save it as .xlsx."),
    ("Index/Document.iwa", "a document of Pages or Numbers", "Export it as .docx or .xlsx."),
)
_IS_STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
    (b"http://purl.oclc.org/ooxml/officeDocument/", b"http://schemas.openxmlformats.org/officeDocument/2006/"),
)  # fmt: skip
#: XML allows these words in capitals only; UTF-16 hides them from a search for bytes.
_DEFINITIONS = tuple(
    word.encode(code) for word in ("<!DOCTYPE", "<!ENTITY") for code in ("utf-8", "utf-16-le", "utf-16-be")
)


def read_archive(data: bytes) -> Source:
    """A `.docx` or `.xlsx` as lines; raises `Unreadable` for every other archive."""
    archive = Archive(data)
    kind = archive.kind
    if kind == "document":
        from duban.reading.text.docx import read_docx

        return read_docx(archive)
    if kind == "workbook":
        from duban.reading.text.xlsx import read_xlsx

        return read_xlsx(archive)
    for part, what, remedy in _OTHER:
        if archive.has(part):
            raise Unreadable(reason=f"it is {what}", remedy=remedy)
    raise Unreadable(
        reason=f"it is a zip archive with {len(archive.names)} files in it: {_few(archive.names)}",
        remedy="Unpack it and give the document itself as .docx, .xlsx, text PDF, HTML or text.",
    )


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


class Archive:
    """The parts of a zip file, each unpacked within bounds and free of document type definitions."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._strict = False
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, RecursionError) as error:
            raise _damaged() from error
        if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > MAX_UNPACKED:
            raise Unreadable(
                reason="it unpacks to more than any plan holds", remedy="Save the document anew without annexes."
            )
        if any(info.flag_bits & 1 for info in infos):
            raise Unreadable(reason="it is protected by a password", remedy="Remove the password and give it again.")
        self._names = {info.filename.replace("\\", "/").lstrip("/"): info for info in infos}
        usual = next((name for name in ("word/document.xml", "xl/workbook.xml") if name in self._names), "")
        self.main = self._target("", "officeDocument") or usual

    @property
    def names(self) -> list[str]:
        """The names of all parts."""
        return list(self._names)

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return name in self._names

    @property
    def kind(self) -> str:
        """What the main part is by its root: "document" (Word), "workbook" (Excel); "" for any other archive."""
        root = parse(self.part(self.main)).tag if self.has(self.main) else ""
        return {WORD_ROOT: "document", EXCEL_ROOT: "workbook"}.get(str(root), "")

    def related(self, relation: str, usual: str) -> bytes:
        """The part that the main part names as its `styles`, `numbering` …; else the one of the `usual` name."""
        return self.part(self._target(self.main, relation) or usual)

    def _target(self, source: str, relation: str) -> str:
        folder, _, name = source.rpartition("/")
        content = self.part(f"{folder}/_rels/{name}.rels".lstrip("/"))
        for link in parse(content) if content else ():
            if str(link.get("Type", "")).endswith(f"/{relation}"):
                target = str(link.get("Target", "")).replace("\\", "/")
                path = target if target.startswith("/") else f"{folder}/{target}"
                return posixpath.normpath(path).lstrip("/")
        return ""

    def transitional(self) -> bytes:
        """The whole file in the usual namespaces: libraries know none of the strict ones (ISO/IEC 29500-4)."""
        self.part(self.main)
        if not self._strict:
            return self.data
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as target:
            for name in self.names:
                target.writestr(name, self.part(name))
        return packed.getvalue()

    def part(self, name: str) -> bytes:
        """The bytes of a part, empty if there is none; what its header promises is all that is unpacked."""
        info = self._names.get(name)
        if info is None:
            return b""
        try:
            with self._zip.open(info) as stream:
                content = stream.read(info.file_size + 1)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
            raise _damaged() from error
        except Exception as error:  # zlib.error and lzma.LZMAError have no common base
            raise _damaged() from error
        if len(content) > info.file_size:
            raise _damaged()
        if any(word in content for word in _DEFINITIONS):
            raise Unreadable(reason="its XML defines entities, which no office program writes", remedy="Save it anew.")
        if _IS_STRICT in content[:20_000] and name.endswith((".xml", ".rels")):
            self._strict = True
            for strict, usual in _STRICT:
                content = content.replace(strict, usual)
        return content


def _damaged() -> Unreadable:
    return Unreadable(reason="the archive is damaged or cut short", remedy="Download or save it again.")
