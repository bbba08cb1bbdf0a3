"""Templates that an office makes itself: checked before they are saved, shown before they are used.

A file is `<kind>/subject.txt.j2`, `<kind>/body.txt.j2`, `<kind>/body.html.j2`, `<kind>/sheet.txt.j2`, a shared
`_name.{txt,html}.j2`, or `<kind>/sheet.docx`, a Word file with the same fields in double braces.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duban.notices import samples
from duban.notices.context import CONTEXTS, NOT_OF_AN_ITEM, SHEET_KINDS
from duban.notices.errors import TemplateRefused
from duban.notices.rendering import LARGEST_DOCUMENT, Rendered, Renderer
from duban.notices.schema import shape_of
from duban.notices.sheet import render_sheet_docx
from duban.notices.template_check import Checker, Problem, refuse_if_any
from duban.notices.word_templates import check_word

PARTS = ("subject.txt.j2", "body.txt.j2", "body.html.j2", "sheet.txt.j2", "sheet.docx")
"""The files of a kind."""

LARGEST_RESULT = 1024 * 1024
"""Characters that a rendered part may have."""

_SHARED = re.compile(r"_[a-z0-9_]{1,40}\.(txt|html)\.j2")


@dataclass(frozen=True, slots=True)
class Preview:
    """A kind rendered with made-up facts: the mail, and the sheet as `.docx` where the kind has one."""

    mail: Rendered
    sheet: bytes | None


def save_template(folder: Path, name: str, data: bytes) -> None:
    """Checks the file and puts it into the office's folder, whole or not at all.

    Raises `TemplateRefused` with the place: an unknown name, a field that does not exist, a reach for attributes or
    files, a template that fails with made-up facts of any kind that uses it.
    """
    check_template(folder, name, data)
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def check_template(folder: Path, name: str, data: bytes) -> None:
    """Everything that `save_template` checks, and nothing written."""
    kinds = _kinds_touched(name)
    renderer = _renderer_with(folder, name, data)
    for kind in kinds:
        if name.endswith(".docx"):
            check_word(kind, data, shape_of(kind))
        else:
            _check_fields(renderer, kind, name)
        _try_out(renderer, kind)


def preview(folder: Path, kind: str, changed: Mapping[str, bytes] | None = None, sample: str = "full") -> Preview:
    """The kind as it would look, with `changed` files (not saved) over the office's and the shipped ones.

    `sample` is `full` (every field filled), `bare` (whatever may be empty is) or `late` (for somebody without an
    address, after missed nights). Raises `TemplateRefused`.
    """
    renderer = Renderer(folder)
    for name, data in (changed or {}).items():
        check_template(folder, name, data)
        _put(renderer, name, data)
    context = _SAMPLES[sample](kind)
    sheet = render_sheet_docx(context, kind, renderer) if kind in SHEET_KINDS else None
    return Preview(renderer.render(kind, context), sheet)


def _kinds_touched(name: str) -> list[str]:
    """The kinds that use a file: its own, or all for a shared one. Raises `TemplateRefused` for any other name."""
    kind, slash, part = name.partition("/")
    if slash and kind in CONTEXTS and part in PARTS:
        if part.startswith("sheet.") and kind not in SHEET_KINDS:
            raise TemplateRefused(
                name, f"{kind} has no sheet", f"Kinds with a sheet: {', '.join(sorted(SHEET_KINDS))}."
            )
        return [kind]
    if _SHARED.fullmatch(name):
        return list(CONTEXTS)
    remedy = f"A template is KIND/{{{','.join(PARTS)}}} or _name.txt.j2, _name.html.j2."
    raise TemplateRefused(repr(name), "no kind of notice has a template of that name", remedy)


def _renderer_with(folder: Path, name: str, data: bytes) -> Renderer:
    renderer = Renderer(folder)
    _put(renderer, name, data)
    return renderer


def _put(renderer: Renderer, name: str, data: bytes) -> None:
    """Lays a file over those that the renderer has read."""
    renderer.office |= {name}
    if name.endswith(".docx"):
        if len(data) > LARGEST_DOCUMENT:
            raise TemplateRefused(name, f"it is larger than {LARGEST_DOCUMENT // 1024} KB", "Make it smaller.")
        renderer.documents[name] = data
        return
    try:
        renderer.sources[name] = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise TemplateRefused(name, "it is not UTF-8", "Save it as UTF-8.") from error


def _check_fields(renderer: Renderer, kind: str, changed: str) -> None:
    """Every template of the kind, since a shared one is checked where it is used."""
    problems: list[Problem] = []
    for part in PARTS[:-1]:
        name = f"{kind}/{part}"
        if name in renderer.sources and (name == changed or changed.startswith("_")):
            problems += Checker(renderer.environment, renderer.sources).check(
                name, renderer.sources[name], shape_of(kind)
            )
    if changed.startswith("_"):
        problems = [p for p in problems if p.name == changed]
    refuse_if_any(problems)


def _try_out(renderer: Renderer, kind: str) -> None:
    """Renders with every sample: what may be empty must not break a night."""
    names = [n for n in _SAMPLES if n != "late" or kind not in NOT_OF_AN_ITEM]
    for context in (_SAMPLES[n](kind) for n in names):
        rendered = renderer.render(kind, context)
        if not rendered.subject or not rendered.text.strip():
            raise TemplateRefused(kind, "subject or text come out empty", "Write at least one line.")
        if max(len(rendered.subject) * 1000, len(rendered.text), len(rendered.html)) > LARGEST_RESULT:
            raise TemplateRefused(
                kind, "the mail comes out too long", "Shorten it: a subject is a line, a mail a page."
            )
        if kind in SHEET_KINDS:
            render_sheet_docx(context, kind, renderer)


_SAMPLES: dict[str, Callable[[str], dict[str, Any]]] = {
    "full": samples.full,
    "bare": samples.bare,
    "late": samples.late,
}
