"""From a kind and its context to subject, text and HTML."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from duban.notices.context import CONTEXTS
from duban.notices.errors import TemplateRefused, UnknownNoticeKind
from duban.notices.sandbox import MemoryLoader, NoticeEnvironment, plain

SHIPPED = Path(__file__).resolve().parents[2] / "templates" / "notices"
"""The templates that come with duban."""

LARGEST_DOCUMENT = 5 * 1024 * 1024
"""Octets of a Word file that may serve as a template."""
_LARGEST_TEMPLATE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Rendered:
    """A notice as it will be sent, and what it was made from. `template_hash` is SHA-256, in hex."""

    subject: str
    text: str
    html: str
    template: str
    template_hash: str


class Renderer:
    """Renders notices from a folder `<kind>/{subject.txt,body.txt,body.html,sheet.txt}.j2`, `<kind>/sheet.docx`.

    The folder is read once, here: what is rendered and what is hashed are the same bytes, whatever an office edits in
    the meantime. A file that the folder does not have comes from the shipped ones; all do where there is no folder.
    """

    def __init__(self, folder: Path = SHIPPED) -> None:
        self.sources = read_folder(SHIPPED)
        self.documents: dict[str, bytes] = {}
        self.office: frozenset[str] = frozenset()
        if folder.exists() and folder.resolve() != SHIPPED:  # an office's own; it may hold as little as one file
            own = read_folder(folder)
            self.sources |= own
            self.documents = read_documents(folder)
            self.office = frozenset(own) | frozenset(self.documents)
        self.environment = NoticeEnvironment(MemoryLoader(self.sources))
        self._hashes: dict[str, str] = {}

    def render(self, kind: str, context: Mapping[str, Any]) -> Rendered:
        """The mail of a notice.

        Raises `UnknownNoticeKind`, and `TemplateRefused` with the place where a template asks for what it may not
        have or what the context lacks.
        """
        if kind not in CONTEXTS:
            raise UnknownNoticeKind(kind=kind, known=", ".join(CONTEXTS))
        values = plain(context)
        return Rendered(
            subject=" ".join(self.part(f"{kind}/subject.txt.j2", values).split()),
            text=tidy(self.part(f"{kind}/body.txt.j2", values)),
            html=self.part(f"{kind}/body.html.j2", values).strip() + "\n",
            template=self.named(kind),
            template_hash=self.hash_of(kind),
        )

    def part(self, name: str, values: Mapping[str, Any]) -> str:
        """One template rendered; `values` are already `plain`."""
        try:
            return self.environment.get_template(name).render(values)
        except TemplateSyntaxError as error:
            raise TemplateRefused(f"{error.name or name}, line {error.lineno}", str(error.message)) from error
        except TemplateNotFound as error:
            raise TemplateRefused(name, f"there is no template {error.name}") from error
        except (UndefinedError, SecurityError) as error:
            raise TemplateRefused(_place(error, name), str(error.message)) from error
        except (TemplateError, TypeError, ValueError, KeyError, ArithmeticError, RecursionError) as error:
            raise TemplateRefused(_place(error, name), f"{type(error).__name__}: {error}") from error

    def named(self, kind: str) -> str:
        """Where the templates of a kind come from: `shipped/urge` or `office/urge`."""
        return f"office/{kind}" if any(n.startswith((f"{kind}/", "_")) for n in self.office) else f"shipped/{kind}"

    def hash_of(self, kind: str) -> str:
        """SHA-256 over the kind's templates and the layouts that they share, in hex."""
        if kind not in self._hashes:
            digest = hashlib.sha256()
            for name in sorted(n for n in self.sources if n.startswith((f"{kind}/", "_"))):
                source = self.sources[name].encode()
                digest.update(f"{name}\0{len(source)}\0".encode() + source)
            document = self.documents.get(f"{kind}/sheet.docx", b"")
            digest.update(document)
            self._hashes[kind] = digest.hexdigest()
        return self._hashes[kind]


def read_folder(folder: Path) -> dict[str, str]:
    """Every `*.j2` of the folder by its name relative to it. A link that leads out of the folder is refused."""
    found: dict[str, str] = {}
    for name, data in _files(folder, "*.j2", _LARGEST_TEMPLATE):
        try:
            found[name] = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise TemplateRefused(name, "it is not UTF-8", "Save it as UTF-8.") from error
    return found


def read_documents(folder: Path) -> dict[str, bytes]:
    """Every `<kind>/sheet.docx` of the folder: Word files that stand in for `sheet.txt.j2`."""
    return {name: data for name, data in _files(folder, "sheet.docx", LARGEST_DOCUMENT) if name.count("/") == 1}


def _files(folder: Path, pattern: str, largest: int) -> Iterator[tuple[str, bytes]]:
    root = folder.resolve()
    if not root.is_dir():
        raise TemplateRefused(str(folder), "there is no such folder", "Give the folder that holds the templates.")
    for path in sorted(root.rglob(pattern)):
        name = path.relative_to(root).as_posix()
        if not path.resolve().is_relative_to(root):
            raise TemplateRefused(name, "it is a link that leads out of the folder", "Put the file itself there.")
        if path.stat().st_size > largest:
            raise TemplateRefused(name, f"it is larger than {largest // 1024} KB", "Make it smaller.")
        yield name, path.read_bytes()


def tidy(text: str) -> str:
    """Text without blanks at line ends, with at most one empty line in a row, ending in one line break."""
    lines: list[str] = []
    for line in (raw.rstrip() for raw in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"


def _place(error: BaseException, name: str) -> str:
    """The template and line where rendering failed: Jinja puts the template's own lines into the traceback."""
    found, trace = name, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(".j2"):
            found = f"{trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found
