"""How fast mails leave, and the robot that repeats the office's: on a real ledger, over a real SMTP server."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.adapters.mail import Outgoing, PermanentRefusal, Receipt, TransportUnavailable
from duban.errors import WrongSetting
from duban.notices.throttle import Rate, Throttle
from duban.services.deliver import deliver
from duban.services.link_keys import LinkMaker
from duban.services.night import NightTools, run_night
from duban.services.robot import robot_from_url
from models import Delivery, DeliveryStatus, Night, NightState, NoticeRecipient

from .ledger import Watch, World, a_world, an_item, due, night_tools
from .nights import DUE, RUNGS, mails, text_of
from .servers import Postbox, smtp_server

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


def queued(world: World) -> list[Delivery]:
    return world.all(Delivery, Delivery.status == DeliveryStatus.QUEUED)


def test_more_mails_than_a_minute_takes_are_put_off_and_none_is_dropped(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    postbox, watch = Postbox(), Watch(RUNGS["urge_1"])
    throttle = Throttle(total=Rate(2, MINUTE))
    with smtp_server(postbox) as url:
        tools = dataclasses.replace(night_tools(database, url, watch), throttle=throttle)
        report = run_night(tools, RUNGS["urge_1"])
        assert (report.mails, report.delivered.sent, report.delivered.waiting) == (4, 2, 2)
        assert report.ok
        assert deliver(database, tools.transport, clock=watch, throttle=throttle).sent == 0, "not before its time"
        watch.later(minutes=1)
        assert deliver(database, tools.transport, clock=watch, throttle=throttle).sent == 2
    assert len(set(postbox.addresses)) == len(postbox.addresses) == 4
    assert queued(world) == []


def test_a_night_waits_for_a_minute_that_is_near(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    postbox, watch, pauses = Postbox(), Watch(RUNGS["urge_1"]), []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        watch.later(seconds=seconds)

    with smtp_server(postbox) as url:
        tools = night_tools(database, url, watch)
        tools = dataclasses.replace(tools, throttle=Throttle(total=Rate(1, MINUTE)), pause=pause)
        report = run_night(tools, RUNGS["urge_1"])
    assert (report.delivered.sent, report.delivered.waiting) == (4, 0)
    assert pauses
    assert all(0 < seconds <= 60 for seconds in pauses)
    times = sorted(d.sent_at for d in world.all(Delivery) if d.sent_at)
    assert all(MINUTE <= b - a < MINUTE * 1.1 for a, b in itertools.pairwise(times))


def test_one_address_gets_so_many_an_hour_and_holds_up_nobody_else(database: Database) -> None:
    watch, throttle = Watch(RUNGS["urge_1"]), Throttle(per_recipient=Rate(1, HOUR))
    first, second = (a_world(database, an_item(**due(DUE))) for _ in range(2))
    postbox = Postbox()
    with smtp_server(postbox) as url:
        tools = dataclasses.replace(night_tools(database, url, watch), throttle=throttle)
        assert run_night(tools, RUNGS["urge_1"], only=[first.plan.plan_id]).delivered.sent == 4
        third = a_world(database, an_item(responsible_units=["区教育局"], **due(DUE)))
        report = run_night(tools, RUNGS["urge_1"])
        late = {d.address for d in queued(second)}
        assert late == set(postbox.addresses[:4])
        assert "jiaoyu@example.org" in postbox.addresses, "who got nothing yet is not held up"
        assert report.delivered.waiting == len(late) > 0
        watch.later(hours=1)
        assert deliver(database, tools.transport, clock=watch, throttle=throttle).sent == len(late)
    assert queued(third) == []
    assert len(postbox.message_ids) == len(set(postbox.message_ids))


def test_a_slow_server_gets_no_more_in_a_minute_than_it_should(database: Database) -> None:
    """The plan is made anew from what did leave: mails that left late push the rest back."""
    items = [an_item(str(n), **due(DUE)) for n in range(1, 4)]
    world = a_world(database, *items)
    for _ in range(2):
        a_world(database, an_item(responsible_units=["区教育局"], lead_officials=["沈予安"], **due(DUE)))
    postbox, watch = Postbox(), Watch(RUNGS["urge_1"])
    postbox.rcpt = lambda _: watch.later(seconds=25) or "250 OK"  # type: ignore[func-returns-value]
    throttle = Throttle(total=Rate(3, MINUTE))
    with smtp_server(postbox) as url:
        tools = dataclasses.replace(
            night_tools(database, url, watch), throttle=throttle, pause=lambda s: watch.later(seconds=s)
        )
        assert run_night(tools, RUNGS["urge_1"]).delivered.waiting == 0
    times = sorted(d.sent_at for d in world.all(Delivery) if d.sent_at)
    assert len(times) == len(postbox.addresses) >= 5
    for at in times:
        assert sum(1 for other in times if at <= other < at + MINUTE) <= 3


# -- the robot ---------------------------------------------------------------------------------------------------


class Group:
    """A chat group, as its robot's transport sees it."""

    repeatable = False

    def __init__(self, error: Exception | None = None) -> None:
        self.posts: list[Outgoing] = []
        self.error = error

    @contextmanager
    def open(self) -> Iterator[Group]:
        yield self

    def send(self, outgoing: Outgoing) -> Receipt:
        if self.error is not None:
            raise self.error
        self.posts.append(outgoing)
        return Receipt(outgoing.message_id, "0")


def with_robot(database: Database, folder: Path, group: Group, watch: Watch) -> NightTools:
    links = LinkMaker(b"k" * 40, "http://127.0.0.1:8300", dt.timedelta(days=30))
    return dataclasses.replace(night_tools(database, folder, watch), robot=group, links=links)


def test_the_robot_repeats_what_the_offices_mailbox_got_once(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    group, watch = Group(), Watch(RUNGS["urge_1"])
    for _ in range(2):
        report = run_night(with_robot(database, tmp_path, group, watch), RUNGS["urge_1"])
        assert report.ok
    (post,) = group.posts
    (mail,) = world.all(Delivery, Delivery.address == "ducha@example.org", Delivery.channel == "mail")
    assert post.subject == mail.subject
    assert mail.status is DeliveryStatus.SENT, "beside the mail, never instead of it"
    assert len(list(tmp_path.glob("*.eml"))) == 4, "the mail transport sends no robot's message"


def test_nobody_in_the_group_gets_the_links_that_answer_for_the_office(database: Database, tmp_path: Path) -> None:
    a_world(database, an_item(**due(DUE)), directory=())
    group, day = Group(), RUNGS["supervise_6"]
    run_night(with_robot(database, tmp_path, group, Watch(day)), day)
    (post,) = group.posts
    assert "签收" in post.text
    assert "/link/" not in post.text
    (mail,) = mails(tmp_path)
    assert "/link/" in text_of(mail), "the office's own mail has them"


@pytest.mark.parametrize(
    "error", [PermanentRefusal("企业微信: code 93000"), TransportUnavailable("no robot"), RuntimeError("a library")]
)
def test_a_robot_that_fails_fails_no_night_and_nobody_answers_for_it(
    database: Database, tmp_path: Path, error: Exception
) -> None:
    world = a_world(database, an_item(**due(DUE)))
    report = run_night(with_robot(database, tmp_path, Group(error), Watch(RUNGS["urge_1"])), RUNGS["urge_1"])
    assert report.ok
    assert report.robot is not None
    assert report.robot.sent == 0
    assert world.all(Night)[0].state is NightState.COMPLETED
    copies = [r for r in world.all(NoticeRecipient) if r.why and "拒收" in r.why]
    assert copies == []


@pytest.mark.parametrize("url", ["http://example.org", "smtp://x", "wecombot://", "督办", "slack://a/b/c"])
def test_what_is_no_robot_is_refused_without_its_token(url: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        robot_from_url(url)
    assert "example.org" not in str(refused.value)
