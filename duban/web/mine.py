"""为我待办: what waits for the reader; the page that links in mails lead to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from duban.api.items import Search
from duban.services.queries.todo import PAGE, todo
from duban.web.session import Visit

router = APIRouter()
Page = Annotated[int, Query(ge=1, le=100_000)]

PILES_ZH = {
    "quarantined": ("待核", "读取原文时有疑点，核定前不计时、不发通知"),
    "to_decide": ("待批延期", "申请未批复前时钟不停"),
    "to_verify": ("待核查", "责任单位已申请销号，须由未参与办理的人核查"),
    "to_sign": ("待签字", "责任单位已申请销号，等您签字"),
    "to_review": ("待督促", "已逾期，您牵头"),
    "to_re_inspect": ("待回头看", "已销号，到了再看一次的时候；打开事项登记结果"),
    "to_answer": ("待报到、待报自查结果", "其他单位在等您的答复；打开事项填写"),
    "overdue": ("已逾期", "请尽快办理并填报进展"),
    "soon": ("两周内到期", "请按时填报节点完成情况"),
    "underway": ("其余在办", "按期推进，随时可填报进展"),
    "to_draft": ("待拟定措施", "请填报整改措施"),
}


@router.get("/my")
def get_mine(visit: Visit, pile: Search = "", page: Page = 1) -> Response:
    """Receipts owed, then items by what can be done about them; or one pile, page by page."""
    wanted = pile if pile in PILES_ZH else None
    found = todo(visit.context.database, scope=visit.caller.scope, as_of=visit.as_of, pile=wanted, page=page)
    return visit.render("mine.html", todo=found, piles_zh=PILES_ZH, chosen=wanted, page=page, a_page=PAGE)
