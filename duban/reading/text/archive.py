"""Zip containers: .docx and .xlsx are told apart by their parts; bombs, damaged archives and tricks are refused."""

from __future__ import annotations

import io
import zipfile

from duban.errors import Unreadable
from duban.reading.source import Source

#: Unpacked size that no plan reaches; a bomb does, and is refused before it is unpacked.
MAX_UNPACKED = 200 * 1024 * 1024
MAX_PARTS = 5_000
_OTHER = (
    ("ppt/presentation.xml", "a presentation (.pptx)"),
    ("OFD.xml", "an OFD document"),
    ("META-INF/manifest.xml", "an OpenDocument file (.odt, .ods)"),
)
#: XML allows these words in capitals only; UTF-16 hides them from a search for bytes.
_DEFINITIONS = tuple(
    word.encode(code) for word in ("<!DOCTYPE", "<!ENTITY") for code in ("utf-8", "utf-16-le", "utf-16-be")
)


def read_archive(data: bytes) -> Source:
    """A `.docx` or `.xlsx` as lines; raises `Unreadable` for every other archive."""
    archive = Archive(data)
    if archive.has("word/document.xml"):
        from duban.reading.text.docx import read_docx

        return read_docx(archive)
    if archive.has("xl/workbook.xml"):
        from duban.reading.text.xlsx import read_xlsx

        return read_xlsx(archive)
    what = next((what for part, what in _OTHER if archive.has(part)), "a zip archive")
    raise Unreadable(reason=f"it is {what}", remedy="Give the document itself as .docx, .xlsx, text PDF, HTML or text.")


class Archive:
    """The parts of a zip file, each unpacked within bounds and free of document type definitions."""

    def __init__(self, data: bytes) -> None:
        self.data = data
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
        self._names = {info.filename.lstrip("/"): info for info in infos}

    @property
    def names(self) -> list[str]:
        """The names of all parts."""
        return list(self._names)

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return name in self._names

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
        return content


def _damaged() -> Unreadable:
    return Unreadable(reason="the archive is damaged or cut short", remedy="Download or save it again.")
