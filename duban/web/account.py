"""One's own account: password and tokens; and for administrators, the users."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.problems import Invalid
from duban.services.accounts import (
    change_password,
    create_user,
    deactivate,
    issue_token,
    list_tokens,
    list_users,
    revoke_token,
    set_password,
)
from duban.services.single_sign_on import link
from duban.web.session import Form, Visit, Visitor, field, lines_field
from models import UserRole

router = APIRouter(prefix="/account")


@router.get("")
def get_account(visit: Visit) -> Response:
    """Who one is, one's tokens, and the users where one is an administrator."""
    return _page(visit)


def _page(visit: Visitor, fresh: str = "", message: str = "") -> Response:
    admin = visit.caller.identity.role is UserRole.ADMIN
    return visit.render(
        "account.html",
        tokens=list_tokens(visit.context.database, user=visit.caller.identity.name),
        users=list_users(visit.context.database) if admin else [],
        fresh=fresh,
        message=message,
        single_sign_on=visit.context.settings.oidc_issuer is not None,
    )


@router.post("/password")
def post_password(visit: Visit, form: Form) -> Response:
    """A new password; every session ends with it, this one too."""
    new = _secret(form.get("new"))
    if new != _secret(form.get("again")):
        raise Invalid(problems="again: 两次输入的新密码不一致")
    change_password(
        visit.context.database,
        name=visit.caller.identity.name,
        old=_secret(form.get("old")),
        new=new,
        now=visit.context.now(),
    )
    return RedirectResponse("/sign-in", 303)


@router.post("/tokens")
def post_token(visit: Visit, form: Form) -> Response:
    """A new token, shown on this page once."""
    token = issue_token(
        visit.context.database,
        user=visit.caller.identity.name,
        name=field(form, "name", most=100) or "网页新建",
        now=visit.context.now(),
        life=dt.timedelta(days=180),
    )
    return _page(visit, fresh=token)


@router.post("/tokens/{token_id}/revoke")
def post_revocation(token_id: Id, visit: Visit, _form: Form) -> Response:
    """Ends one of one's own tokens."""
    owner = visit.caller.identity.name
    revoke_token(visit.context.database, token_id=token_id, now=visit.context.now(), owner=owner)
    return RedirectResponse("/account", 303)


@router.post("/users")
def post_user(visit: Visit, form: Form) -> Response:
    """A new user. Administrators only."""
    visit.caller.require("新建用户", UserRole.ADMIN)
    name, password = field(form, "name", most=100), _secret(form.get("password"))
    if not name:
        raise Invalid(problems="name: 请填写用户名")
    try:
        role = UserRole(field(form, "role"))
    except ValueError:
        raise Invalid(problems="role: 请选择角色") from None
    create_user(
        visit.context.database,
        name=name,
        role=role,
        parties=lines_field(form, "parties"),
        password=password or None,
        now=visit.context.now(),
    )
    return _page(visit, message=f"已新建用户“{name}”。")


@router.post("/users/change")
def post_user_change(visit: Visit, form: Form) -> Response:
    """A new password for somebody, their link to the identity provider, or the end of an account. Admins only."""
    visit.caller.require("管理用户", UserRole.ADMIN)
    name = field(form, "name", most=100)
    if field(form, "change") == "deactivate":
        if name == visit.caller.identity.name:
            raise Invalid(problems="name: 不能停用自己的账户")
        deactivate(visit.context.database, name=name, now=visit.context.now())
        return _page(visit, message=f"已停用“{name}”。")
    if field(form, "change") == "link":
        mail = field(form, "mail", most=254)
        if mail and ("@" not in mail.strip("@") or any(c.isspace() for c in mail)):
            raise Invalid(problems="mail: 请填写邮箱地址,例如 zhang@example.org")
        link(visit.context.database, name=name, mail=mail or None)
        done = f"“{name}”下次用统一认证的 {mail} 登录时自动关联。" if mail else f"已取消“{name}”的统一认证关联。"
        return _page(visit, message=done)
    set_password(visit.context.database, name=name, password=_secret(form.get("password")), now=visit.context.now())
    return _page(visit, message=f"已重设“{name}”的密码。")


def _secret(value: object) -> str:
    """A password as typed: space at its ends belongs to it."""
    return value[:200] if isinstance(value, str) else ""
