"""The office's own templates of notices: downloaded, sent in, checked, looked at, put into use, taken back."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.items import Search
from duban.api.notices import DOCX
from duban.api.problems import Invalid, TooLarge
from duban.errors import NotFound
from duban.notices.context import KINDS_ZH, SHEET_KINDS
from duban.notices.errors import TemplateRefused
from duban.notices.office_templates import Preview, preview
from duban.notices.rendering import LARGEST_DOCUMENT
from duban.notices.schema import fields_of
from duban.services.sign_in import log_access
from duban.services.template_shelf import (
    PARTS_ZH,
    check,
    file_in_use,
    go_back,
    own_folder,
    parts_of,
    put_into_use,
)
from duban.services.uploads import Kept, forget, keep, kept
from duban.web.notices import MAIL_POLICY
from duban.web.session import Form, Visit, Visitor, field, file_field
from models import UserRole

router = APIRouter(prefix="/templates")
Sample = Literal["full", "bare", "late"]
#: How a reason begins, and what it says to the administrator.
_WHY = (
    (r"there is no field (\S+?)(?: here)?;", "没有“{0}”这个字段，请对照下面的字段表。"),
    (r"(.+) is no field; attributes", "“{0}”不是字段；模板不能读取对象的内部属性。"),
    (r"there is no template (.+?);", "没有模板“{0}”；模板不能读取文件夹以外的文件。"),
    (r"there is no filter (.+)", "没有“{0}”这种格式写法。"),
    (r"(\S+) is asked of a list", "“{0}”取自名单，请先用 for 逐个列出。"),
    (r"(\S+) is asked of a single value", "“{0}”取自单个值，它没有下级字段。"),
    (r"syntax: (.+)", "写法有误：{0}"),
    (
        r".*(?:'None' has no|is undefined|asked of a field that is empty|NoneType)",
        "有可能为空的字段没有用 if 包起来；字段表里注明了哪些可为空。",
    ),
    (r"it is no Word file", "不是 Word 文件（.docx）。"),
    (r"it carries a macro", "文件含有宏或嵌入对象，请去掉。"),
    (r"it (?:fetches something|carries an entity|has a Word field)", "文件引用了外部的图片或文件，请去掉。"),
    (r"it is (?:larger|too large)|the mail comes out too long", "太大或太长，请缩短。"),
    (r"it is not UTF-8", "不是 UTF-8 编码，请另存为 UTF-8。"),
    (r"subject or text come out empty", "排出来是空的，请至少写一行。"),
)
DONE = {"used": "已启用，下一封邮件起使用。", "back": "已恢复，下一封邮件起使用。", "dropped": "已放弃，未作改动。"}


@router.get("")
def get_templates(visit: Visit) -> Response:
    """Every kind, and which files the office has made its own."""
    _admin(visit)
    own = {k: [p for p in parts_of(visit.context.settings, k) if p.own] for k in KINDS_ZH}
    return visit.render("templates.html", kinds=KINDS_ZH, own=own, parts_zh=PARTS_ZH, sheets=SHEET_KINDS)


@router.get("/{kind}")
def get_kind(kind: str, visit: Visit, done: Search = "") -> Response:
    """One kind: its files, the fields that they may use, how it looks now, and what was in use before."""
    _admin(visit)
    return _kind_page(visit, kind, done=DONE.get(done, ""))


def _kind_page(
    visit: Visitor, kind: str, *, status: int = 200, done: str = "", error: tuple[str, str] | None = None
) -> Response:
    parts = parts_of(visit.context.settings, kind)
    return visit.render(
        "template.html",
        status,
        kind=kind,
        kind_zh=KINDS_ZH[kind],
        parts=parts,
        parts_zh=PARTS_ZH,
        fields=fields_of(kind),
        has_sheet=kind in SHEET_KINDS,
        moment=dt.datetime.fromisoformat,
        done=done,
        error=error,
    )


@router.get("/{kind}/file/{part}")
def get_file(kind: str, part: str, visit: Visit) -> Response:
    """A file as it is used now, to be edited."""
    _admin(visit)
    data = file_in_use(visit.context.settings, f"{kind}/{part}")
    return _download(data, f"{kind}-{part}", DOCX if part.endswith(".docx") else "text/plain; charset=utf-8")


@router.get("/{kind}/mail")
def get_mail(kind: str, visit: Visit, sample: Sample = "full") -> Response:
    """How the mail of a kind looks now, with made-up facts."""
    _admin(visit)
    return _mail(_preview(visit, kind, None, sample))


@router.get("/{kind}/sheet")
def get_sheet(kind: str, visit: Visit, sample: Sample = "full") -> Response:
    """How the sheet of a kind looks now, with made-up facts."""
    _admin(visit)
    return _sheet(_preview(visit, kind, None, sample), kind)


@router.post("/{kind}")
def post_file(kind: str, visit: Visit, form: Form) -> Response:
    """Checks a file that was sent in, and keeps it to be looked at. Raises TemplateRefused with the place."""
    _admin(visit)
    part = field(form, "part", most=40)
    if part not in PARTS_ZH:
        raise Invalid(problems="part: 请选择文件用途")
    sent = file_field(form, "file")
    data = sent.file.read(LARGEST_DOCUMENT + 1)
    if len(data) > LARGEST_DOCUMENT:
        raise TooLarge(limit=f"{LARGEST_DOCUMENT // 1024 // 1024} MB")
    try:
        check(visit.context.settings, f"{kind}/{part}", data)
    except TemplateRefused as refused:
        return _kind_page(visit, kind, status=refused.status, error=_in_chinese(refused))
    about = {"template": f"{kind}/{part}"}
    name = sent.filename or part
    upload = keep(visit.context.database, name, data, about, actor=visit.caller.actor, now=visit.context.now())
    return RedirectResponse(f"/templates/{kind}/try/{upload}", 303)


@router.get("/{kind}/try/{upload_id}")
def get_try(kind: str, upload_id: Id, visit: Visit) -> Response:
    """How the kind would look with the file that was sent in."""
    _admin(visit)
    upload = _upload(visit, kind, upload_id)
    shown = _preview(visit, kind, upload)
    part = str(upload.about["template"]).partition("/")[2]
    return visit.render(
        "template_try.html",
        kind=kind,
        kind_zh=KINDS_ZH[kind],
        upload=upload,
        part_zh=PARTS_ZH[part],
        shown=shown,
        has_sheet=shown.sheet is not None,
    )


@router.get("/{kind}/try/{upload_id}/mail")
def get_try_mail(kind: str, upload_id: Id, visit: Visit, sample: Sample = "full") -> Response:
    """The mail, for the frame of the page."""
    _admin(visit)
    return _mail(_preview(visit, kind, _upload(visit, kind, upload_id), sample))


@router.get("/{kind}/try/{upload_id}/sheet")
def get_try_sheet(kind: str, upload_id: Id, visit: Visit, sample: Sample = "full") -> Response:
    """The sheet, as a download."""
    _admin(visit)
    return _sheet(_preview(visit, kind, _upload(visit, kind, upload_id), sample), kind)


@router.post("/{kind}/try/{upload_id}")
def post_try(kind: str, upload_id: Id, visit: Visit, form: Form) -> Response:
    """启用, or 放弃."""
    _admin(visit)
    upload = _upload(visit, kind, upload_id)
    done = "dropped"
    if field(form, "decision", most=20) == "use":
        name = str(upload.about["template"])
        now = visit.context.now()
        put_into_use(visit.context.settings, name, upload.content, actor=visit.caller.actor, now=now)
        _log(visit, "template.use", name)
        done = "used"
    forget(visit.context.database, upload.id)
    return RedirectResponse(f"/templates/{kind}?done={done}", 303)


@router.post("/{kind}/back")
def post_back(kind: str, visit: Visit, form: Form) -> Response:
    """恢复 an earlier version, or the shipped one."""
    _admin(visit)
    name = f"{kind}/{field(form, 'part', most=40)}"
    version = field(form, "version", most=64) or None
    go_back(visit.context.settings, name, version, actor=visit.caller.actor, now=visit.context.now())
    _log(visit, "template.back", f"{name} {(version or 'shipped')[:12]}")
    return RedirectResponse(f"/templates/{kind}?done=back", 303)


def _in_chinese(refused: TemplateRefused) -> tuple[str, str]:
    """Where the mistake is, and what it is; what has no words here says what it says."""
    place = re.sub(r", line (\d+)", r" 第\1行", str(refused.fields["place"]))
    reason = str(refused.fields["reason"])
    for pattern, words in _WHY:
        found = re.match(pattern, reason)
        if found is not None:
            return place, words.format(*found.groups())
    return place, reason


def _admin(visit: Visitor) -> None:
    visit.caller.require("change the templates of notices", UserRole.ADMIN)


def _upload(visit: Visitor, kind: str, upload_id: int) -> Kept:
    upload = kept(visit.context.database, upload_id, actor=visit.caller.actor)
    if not str(upload.about.get("template", "")).startswith(f"{kind}/"):
        raise NotFound(what=f"template of {kind}", key=upload_id)
    return upload


def _preview(visit: Visitor, kind: str, upload: Kept | None, sample: Sample = "full") -> Preview:
    changed = {str(upload.about["template"]): upload.content} if upload else None
    return preview(own_folder(visit.context.settings), kind, changed, sample)


def _mail(shown: Preview) -> Response:
    headers = {"Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse(shown.mail.html, headers=headers)


def _sheet(shown: Preview, kind: str) -> Response:
    if shown.sheet is None:
        raise NotFound(what="sheet of", key=kind)
    return _download(shown.sheet, f"样张-{KINDS_ZH[kind]}.docx", DOCX)


def _download(data: bytes, name: str, media_type: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(data, media_type=media_type, headers={"Content-Disposition": disposition})


def _log(visit: Visitor, action: str, detail: str) -> None:
    log_access(
        visit.context.database,
        actor=visit.caller.identity.name,
        action=action,
        outcome="done",
        address=visit.caller.address,
        now=visit.context.now(),
        detail=detail,
    )
