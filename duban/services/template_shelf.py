"""The office's own templates of notices: where they lie, which are in use, and those that were in use before.

Every file that was ever put into use is kept by its hash, beside a log of who did it when: going back is one step.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duban.domain.actors import Actor
from duban.errors import Forbidden, NotFound
from duban.notices.context import CONTEXTS, SHEET_KINDS
from duban.notices.errors import UnknownNoticeKind
from duban.notices.office_templates import PARTS, check_template, save_template
from duban.notices.rendering import SHIPPED, Renderer
from duban.notices.word_starter import starter_docx
from duban.settings import Settings

PARTS_ZH = {
    "subject.txt.j2": "邮件主题",
    "body.txt.j2": "邮件正文（纯文本）",
    "body.html.j2": "邮件正文（网页格式）",
    "sheet.txt.j2": "文书文字",
    "sheet.docx": "文书（Word 模板）",
}
"""What each file of a kind is."""

LOG = "versions.jsonl"


@dataclass(frozen=True, slots=True)
class Version:
    """A file as it was put into use; `sha256` None: the shipped one was taken again."""

    at: str
    by: str
    sha256: str | None
    in_use: bool


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """One file of a kind: whether the office's own is in use, and what was before, the newest first."""

    name: str
    part: str
    own: bool
    versions: tuple[Version, ...]


def own_folder(settings: Settings) -> Path:
    """Where the office's own templates lie: the folder that is set, else one beside the ledger.

    The folder that comes with duban is not the office's to change: the next update overwrites it.
    """
    folder = settings.templates / "notices"
    return settings.data_dir / "templates" / "notices" if folder.resolve() == SHIPPED else folder


def parts_of(settings: Settings, kind: str) -> tuple[TemplatePart, ...]:
    """The files of a kind. Raises UnknownNoticeKind."""
    if kind not in CONTEXTS:
        raise UnknownNoticeKind(kind=kind, known=", ".join(CONTEXTS))
    folder, log = own_folder(settings), _log(settings)
    found = []
    for part in PARTS:
        if part.startswith("sheet.") and kind not in SHEET_KINDS:
            continue
        name = f"{kind}/{part}"
        file = folder / name
        now = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
        lines = [line for line in reversed(log) if line["name"] == name]
        versions = tuple(Version(v["at"], v["by"], v["sha256"], v["sha256"] == now) for v in lines)
        found.append(TemplatePart(name, part, now is not None, versions))
    return tuple(found)


def file_in_use(settings: Settings, name: str) -> bytes:
    """A template as it is used now; where a kind has no Word sheet of its own, one to start from. Raises NotFound."""
    file = own_folder(settings) / _known(name)
    if file.is_file():
        return file.read_bytes()
    if name.endswith(".docx"):
        return starter_docx(name.partition("/")[0])
    return Renderer().sources[name].encode()


def check(settings: Settings, name: str, data: bytes) -> None:
    """Everything that is checked before a file is put into use. Raises TemplateRefused with the place."""
    check_template(own_folder(settings), name, data)


def put_into_use(settings: Settings, name: str, data: bytes, *, actor: Actor, now: dt.datetime) -> None:
    """Checks a file, keeps what was in use, and uses this one from the next mail on. Raises TemplateRefused."""
    _admin_only(actor)
    folder, before = own_folder(settings), own_folder(settings) / _known(name)
    if before.is_file():
        known = {line["sha256"] for line in _log(settings) if line["name"] == name}
        if hashlib.sha256(before.read_bytes()).hexdigest() not in known:  # put there by hand
            _keep(settings, name, before.read_bytes(), "—", now)
    save_template(folder, name, data)
    _keep(settings, name, data, actor.name, now)


def go_back(settings: Settings, name: str, sha256: str | None, *, actor: Actor, now: dt.datetime) -> None:
    """Uses an earlier version again, or with None the shipped one. Raises NotFound, TemplateRefused."""
    _admin_only(actor)
    if sha256 is None:
        (own_folder(settings) / _known(name)).unlink(missing_ok=True)
        _write(settings, name, None, actor.name, now)
        return
    if sha256 not in {line["sha256"] for line in _log(settings) if line["name"] == name}:
        raise NotFound(what=f"version of {name}", key=sha256[:12])
    put_into_use(settings, name, (_history(settings) / sha256).read_bytes(), actor=actor, now=now)


def _known(name: str) -> str:
    kind, _, part = name.partition("/")
    if kind not in CONTEXTS or part not in PARTS or (part.startswith("sheet.") and kind not in SHEET_KINDS):
        raise NotFound(what="template", key=name)
    return name


def _admin_only(actor: Actor) -> None:
    if actor.role != "admin":
        raise Forbidden(actor=actor.name, action="修改文书模板,", who="管理员")


def _history(settings: Settings) -> Path:
    """Beside the templates and not among them: what lies there is not in use."""
    return own_folder(settings).parent / "notices.history"


def _log(settings: Settings) -> list[dict[str, Any]]:
    file = _history(settings) / LOG
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.is_file() else []


def _keep(settings: Settings, name: str, data: bytes, by: str, now: dt.datetime) -> None:
    digest = hashlib.sha256(data).hexdigest()
    folder = _history(settings)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / digest).exists():
        (folder / digest).write_bytes(data)
    _write(settings, name, digest, by, now)


def _write(settings: Settings, name: str, sha256: str | None, by: str, now: dt.datetime) -> None:
    folder = _history(settings)
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"at": now.isoformat(), "by": by, "name": name, "sha256": sha256}, ensure_ascii=False)
    with (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
