"""What needs a person: no night or a failed one, an engine that is gone, Prefect away. Told by mail, once a day.

The ledger and the server are looked at; nobody's event is believed. An alarm leaves at once, also on a rest day, on a
channel of its own: it does not wait for the night that did not come.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.adapters.mail_message import message_id_for
from duban.adapters.prefect_api import PrefectApi, PrefectRefused, PrefectUnreachable
from duban.domain.parties import usable
from duban.services.deliver import Delivered, deliver
from duban.services.night import NightTools
from duban.services.queries.operations import last_night
from duban.services.queued_mail import queued_mail
from models import Delivery, NightState, Party, PartyKind, Plan, Signal

KIND, CHANNEL = "alarm", "alarm"
ITEM_POOL = "duban-items"
WAITS_TOO_LONG = dt.timedelta(minutes=10)  # an engine that is there delivers a signal in seconds

RUN_IT = "请系统管理员在服务器上运行 duban nightly：漏下的各夜一并补做，已发的不会重发。"
LOOK = "仍不成功的，请系统管理员查看 var/log 下的日志，并联系维护人员。"
START_IT = (
    "请系统管理员在服务器上运行 duban engine（单机运行的，重新运行 duban up）；在办事项不受影响，恢复后自动补上。"
)


class Trouble(StrEnum):
    """What can be wrong."""

    NIGHT_MISSING = "night-missing"
    NIGHT_FAILED = "night-failed"
    ENGINE_GONE = "engine-gone"
    PREFECT_AWAY = "prefect-away"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One trouble, in the words of the mail."""

    trouble: Trouble
    what: str
    said: tuple[str, ...]
    remedy: tuple[str, ...]


@dataclass(slots=True)
class Raised:
    """What one look found, and what became of its mails."""

    alarms: list[Alarm] = field(default_factory=list)
    queued: int = 0
    delivered: Delivered = field(default_factory=Delivered)


def look_and_tell(
    tools: NightTools, prefect: PrefectApi, *, now: dt.datetime, zone: ZoneInfo, night_by: dt.time
) -> Raised:
    """One look; what is wrong is mailed to the supervision office, each trouble once a day. Safe to repeat."""
    raised = Raised(look(tools.database, prefect, now=now, zone=zone, night_by=night_by))
    raised.queued = tell(tools, raised.alarms, as_of=now.astimezone(zone).date(), now=now)
    raised.delivered = deliver(tools.database, tools.transport, clock=tools.clock, channel=CHANNEL)
    return raised


def look(
    database: Database, prefect: PrefectApi, *, now: dt.datetime, zone: ZoneInfo, night_by: dt.time
) -> list[Alarm]:
    """What is wrong at this moment. `night_by` is the local time by which the night of a date must have been done."""
    with database.read() as session:
        released = session.scalar(select(func.min(Plan.released_at)))
    if released is None:
        return []  # nothing is owed to anybody yet
    found = [_night(database, released, now.astimezone(zone), night_by), _engine(database, prefect, now)]
    return [alarm for alarm in found if alarm is not None]


def _night(database: Database, released: dt.datetime, local: dt.datetime, night_by: dt.time) -> Alarm | None:
    """The newest night that is owed by now: today's from `night_by` on, yesterday's before."""
    owed = local.date() - dt.timedelta(days=0 if local.time() >= night_by else 1)
    if released.astimezone(local.tzinfo).date() >= owed:
        return None  # the first night is still to come
    today = local.date()
    done, last = (last_night(database, successful=only, until=today) for only in (True, False))
    if done is not None and done.as_of >= owed:
        return None
    since = f"最近一次完成的夜间督办:{done.as_of}。" if done else "此前没有完成过夜间督办。"
    day = f"{owed.month}月{owed.day}日"
    if last is not None and last.as_of >= owed and last.state is NightState.FAILED:
        failures = last.counts.get("failures")
        said = [str(f) for f in failures[:10]] if isinstance(failures, list) else []
        return Alarm(
            Trouble.NIGHT_FAILED, f"{day}的夜间督办没有全部完成", (*said, since), ("逐项处理上列问题。", RUN_IT, LOOK)
        )
    return Alarm(Trouble.NIGHT_MISSING, f"{day}的夜间督办没有完成", (since,), (RUN_IT, LOOK))


def _engine(database: Database, prefect: PrefectApi, now: dt.datetime) -> Alarm | None:
    try:
        online = prefect.workers_online(ITEM_POOL)
    except (PrefectUnreachable, PrefectRefused) as error:
        return Alarm(
            Trouble.PREFECT_AWAY,
            "Prefect 服务没有应答",
            (f"服务地址：{prefect.url}；{_short(error)}。",),
            ("请系统管理员检查 Prefect 服务是否在运行（单机运行的，重新运行 duban up）。", LOOK),
        )
    with database.read() as session:
        oldest = session.scalar(select(func.min(Signal.created_at)).where(Signal.delivered_at.is_(None)))
        waiting = session.scalar(select(func.count(Signal.id)).where(Signal.delivered_at.is_(None))) or 0
    late = oldest is not None and now - oldest > WAITS_TOO_LONG
    if online and not late:
        return None
    said = [] if online else ["没有一台引擎在线。"]
    if oldest is not None:
        said.append(
            f"尚未反映到 Prefect 的变动 {waiting} 件，最早的已等候 {int((now - oldest).total_seconds() // 60)} 分钟。"
        )
    return Alarm(Trouble.ENGINE_GONE, "引擎失联" if not online else "引擎没有跟上", tuple(said), (START_IT, LOOK))


def _short(error: PrefectUnreachable | PrefectRefused) -> str:
    return "拒绝了请求" if isinstance(error, PrefectRefused) else "连接不上或没有回应"


def tell(tools: NightTools, alarms: Sequence[Alarm], *, as_of: dt.date, now: dt.datetime) -> int:
    """Queues a mail for each alarm and supervision office that has none of this day yet; gives how many."""
    queued = 0
    for alarm in alarms:
        with tools.database.write() as session:
            for name, address in _offices(session, tools.office.email):
                key = hashlib.sha256(f"{KIND}:{alarm.trouble}:{as_of}:{address}".encode()).hexdigest()
                message_id = message_id_for(key, tools.domain)
                if session.scalar(select(Delivery.id).where(Delivery.message_id == message_id)) is None:
                    session.add(_mail(tools, alarm, name, address, message_id, as_of, now))
                    queued += 1
    return queued


def _offices(session: Session, otherwise: str) -> list[tuple[str, str]]:
    """The supervision offices of the released plans, each address once."""
    rows = session.execute(
        select(Party.name, Party.email)
        .join(Plan, Plan.id == Party.plan_id)
        .where(Party.kind == PartyKind.OFFICE, Plan.released_at.is_not(None))
        .order_by(Party.id)
    ).tuples()
    found = {address: name for name, address in rows if address and usable(address)}
    return [(name, address) for address, name in found.items()] or [("督查室", otherwise)]


def _mail(
    tools: NightTools, alarm: Alarm, name: str, address: str, message_id: str, as_of: dt.date, now: dt.datetime
) -> Delivery:
    context = {
        "recipient": {
            "name": name,
            "post": None,
            "is_unit": True,
            "address_as": "to",
            "on_behalf_of": None,
            "why": None,
        },
        "office": {"name": name, "letterhead": None, "phone": None, "email": address},
        "as_of": as_of.isoformat(),
        "what": alarm.what,
        "said": list(alarm.said),
        "remedy": list(alarm.remedy),
        "url": tools.office.public_url,
    }
    rendered = tools.renderer.render(KIND, context)
    return queued_mail(
        KIND,
        channel=CHANNEL,
        address=address,
        name=name,
        message_id=message_id,
        context=context,
        rendered=rendered,
        as_of=as_of,
        now=now,
    )
