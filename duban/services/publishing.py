"""公开: a plan's public page, which anybody may read without signing in; the office opens and shuts it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import Forbidden
from duban.services.queries.plans import locked_plan
from models import AccessLog, Item

SHOWN = ("方案名称、印发机关", "事项编号、内容", "责任单位", "到期日", "办理状态")
HIDDEN = ("领导姓名", "邮箱", "措施和进展内容", "佐证材料", "亮灯和逾期", "通知和文书", "待核的事项")


@dataclass(frozen=True, slots=True)
class Publication:
    """Whether a plan's page is public; how many items it shows and holds back (待核), and what of them in words."""

    plan: str
    address: str
    published: bool
    changed: bool
    items_shown: int
    items_hidden: int
    shown: tuple[str, ...]
    hidden: tuple[str, ...]


def publish(
    database: Database, *, plan: str, published: bool, actor: Actor, now: dt.datetime, dry_run: bool = False
) -> Publication:
    """Opens or shuts a plan's public page; again it changes nothing. A dry run only says what it shows.

    Who did it when stands in the access log. Raises NotFound or Forbidden.
    """
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="公开方案", who="督查室")
    with database.write() as session:
        found = locked_plan(session, plan)
        changed = found.published is not published
        live = select(func.count(Item.id)).where(Item.plan_id == found.id, ~Item.dropped)
        done = Publication(
            plan=found.code,
            address=f"/public/{found.id}",
            published=found.published if dry_run else published,
            changed=changed and not dry_run,
            items_shown=session.scalar(live.where(~Item.quarantined)) or 0,
            items_hidden=session.scalar(live.where(Item.quarantined)) or 0,
            shown=SHOWN,
            hidden=HIDDEN,
        )
        if done.changed:
            found.published = published
            what = "publish" if published else "unpublish"
            session.add(
                AccessLog(at=now, actor=actor.name[:100], action=what, outcome="done", address="-", detail=found.code)
            )
        return done
