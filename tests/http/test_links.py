"""The signed link of a mail: its recipient acknowledges and reports, nobody else does anything."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from duban.notices.links import Purpose, sign
from duban.services.link_keys import link_secrets
from duban.services.night import run_night
from duban.services.release import release
from duban.services.tools import night_tools
from duban.web.links import AT_ONCE, Door
from models import (
    AccessLog,
    Clock,
    ClockKind,
    ClockState,
    Event,
    Notice,
    NoticeRecipient,
    Party,
)

from .conftest import AS_OF, OFFICE, Holder, Site
from .mailed_links import links_of

LONG = dt.timedelta(days=30)


@dataclasses.dataclass
class Sent:
    """A supervision sheet that went out, and the link in its recipient's mail."""

    site: Site
    notice: Notice
    party: Party
    path: str
    client: httpx.Client

    @property
    def token(self) -> str:
        return self.path.removeprefix("/link/")

    def acknowledge(self, token: str | None = None) -> httpx.Response:
        return self.client.post("/link/acknowledge", data={"token": self.token if token is None else token})

    def report(self, text: str, token: str | None = None) -> httpx.Response:
        return self.client.post("/link/report", data={"token": token or self.token, "text": text})

    def events(self, kind: str) -> list[Event]:
        with self.site.database.read() as session:
            query = select(Event).where(Event.item_id == self.notice.item_id, Event.type == kind).order_by(Event.seq)
            return list(session.scalars(query))

    def copies(self) -> list[NoticeRecipient]:
        with self.site.database.read() as session:
            query = select(NoticeRecipient).where(NoticeRecipient.notice_id == self.notice.id)
            return list(session.scalars(query.order_by(NoticeRecipient.id)))

    def everything(self) -> list[tuple[int, ...]]:
        """What must stay as it is when somebody only looks."""
        with self.site.database.read() as session:
            given = select(func.count()).where(NoticeRecipient.acknowledged_at.is_not(None))
            return [(session.scalar(select(func.max(Event.id))) or 0, session.scalar(given) or 0)]


def send(site: Site, *, own_party: bool = True) -> Sent:
    """Runs a night on the example, and finds a sheet that asks for receipt with the link in its mail."""
    release(site.database, plan=site.plan_id, actor=OFFICE, now=site.clock())
    tools = dataclasses.replace(night_tools(site.settings, site.database), clock=site.clock)
    assert run_night(tools, AS_OF).ok
    with site.database.read() as session:
        rows = session.execute(
            select(Notice, Party, NoticeRecipient.address)
            .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
            .join(Party, Party.id == NoticeRecipient.party_id)
            .where(Notice.acknowledge_by.is_not(None), NoticeRecipient.role == "to")
            .where((NoticeRecipient.for_name == "") if own_party else (NoticeRecipient.for_name != ""))
            .order_by(Notice.id)
        ).tuples()
        notice, party, address = next(iter(rows))
    door = Door(site.settings)
    for path in links_of(site.settings.data_dir / "mail", address):
        claim = door.claim(path.removeprefix("/link/"), "test", site.clock())
        if (claim.party_id, claim.about_id) == (party.id, notice.id):
            return Sent(site, notice, party, path, site.client())
    raise AssertionError("the mail carries no link of its recipient")


@pytest.fixture
def sent(site: Site) -> Sent:
    return send(site)


def test_the_link_in_a_mail_lets_its_recipient_acknowledge_and_report(site_on_both: Site) -> None:
    sent = send(site_on_both)
    page = sent.client.get(sent.path)
    assert page.status_code == 200, page.text
    assert sent.notice.context["item"]["title"] in page.text
    assert sent.party.name in page.text
    assert "签收本件" in page.text
    answer = sent.acknowledge()
    assert (answer.status_code, answer.headers["location"]) == (303, f"{sent.path}?done=receipt")
    (event,) = sent.events("notice.acknowledged")
    assert (event.actor, event.source) == (sent.party.name, "link")
    answer = sent.report("两处点位已完工，\r\n余下一处月底前完成。")
    assert answer.status_code == 303
    (event,) = sent.events("progress.reported")
    assert (event.actor, event.source, event.reason) == (
        sent.party.name,
        "link",
        "两处点位已完工，\n余下一处月底前完成。",
    )
    page = sent.client.get(f"{sent.path}?done=report")
    assert "进展已报告督查室" in page.text
    assert "签收本件" not in page.text
    assert "余下一处月底前完成" in page.text


def test_a_receipt_ends_the_clock_of_whom_it_was_owed_by_and_nobody_elses(sent: Sent) -> None:
    sent.acknowledge()
    with sent.site.database.read() as session:
        rows = session.execute(
            select(NoticeRecipient.party_id, Clock.state)
            .join(Clock, Clock.recipient_id == NoticeRecipient.id)
            .where(NoticeRecipient.notice_id == sent.notice.id, Clock.kind == ClockKind.ACKNOWLEDGE)
        ).tuples()
        states = dict(rows.all())
    assert states.pop(sent.party.id) is ClockState.COMPLETED
    assert set(states.values()) == {ClockState.RUNNING}


def test_opening_a_link_changes_nothing_however_often_a_scanner_does_it(sent: Sent) -> None:
    before = sent.everything()
    for _ in range(5):
        assert sent.client.get(sent.path).status_code == 200
    sent.client.head(sent.path)
    sent.client.get("/link/acknowledge", params={"token": sent.token})
    sent.client.get("/link/report", params={"token": sent.token, "text": "x"})
    assert sent.everything() == before


def test_a_button_pressed_twice_does_it_once(sent: Sent) -> None:
    for _ in range(2):
        assert sent.acknowledge().status_code == 303
        assert sent.report("已完成").status_code == 303
    assert len(sent.events("notice.acknowledged")) == 1
    assert len(sent.events("progress.reported")) == 1


def test_a_link_acknowledges_for_its_own_holder_only(sent: Sent) -> None:
    sent.acknowledge()
    given = {c.party_id for c in sent.copies() if c.acknowledged_at is not None}
    assert given == {sent.party.id}


@pytest.mark.parametrize(
    "broken",
    [
        lambda token: "",
        lambda token: token[:-1],
        lambda token: token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        lambda token: "x" + token,
        lambda token: "a.b",
    ],
)
def test_a_link_that_was_changed_or_cut_does_nothing_and_says_so(sent: Sent, broken: Callable[[str], str]) -> None:
    before = sent.everything()
    token = broken(sent.token)
    for answer in (
        sent.acknowledge(token),
        sent.report("x", token or "none"),
        sent.client.get(f"/link/{token or '-'}"),
    ):
        assert answer.status_code == 403
        assert "链接无效或已过期" in answer.text
        assert sent.notice.context["item"]["title"] not in answer.text
    assert sent.everything() == before


def test_a_link_ends_with_its_days(sent: Sent) -> None:
    sent.site.clock.advance(days=sent.site.settings.link_days, seconds=-1)
    assert sent.client.get(sent.path).status_code == 200
    sent.site.clock.advance(seconds=2)
    assert sent.client.get(sent.path).status_code == 403
    assert sent.acknowledge().status_code == 403
    assert sent.events("notice.acknowledged") == []


def test_a_signature_for_somebody_who_is_no_addressee_opens_nothing(sent: Sent) -> None:
    with sent.site.database.read() as session:
        addressed = {c.party_id for c in sent.copies()}
        other = next(p for p in session.scalars(select(Party.id).order_by(Party.id)) if p not in addressed)
    secret = link_secrets(sent.site.settings)[0]
    token = sign(secret, other, sent.notice.id, sent.site.clock() + dt.timedelta(days=1), Purpose.ANSWER)
    for answer in (sent.client.get(f"/link/{token}"), sent.acknowledge(token), sent.report("x", token)):
        assert answer.status_code == 403
    assert sent.events("notice.acknowledged") == sent.events("progress.reported") == []


def test_an_official_who_has_left_opens_nothing_any_more(sent: Sent) -> None:
    with sent.site.database.write() as session:
        session.execute(update(Party).where(Party.id == sent.party.id).values(valid_to=dt.date(2026, 7, 12)))
    assert sent.client.get(sent.path).status_code == 403
    assert sent.acknowledge().status_code == 403


def test_a_withdrawn_notice_says_so_and_takes_no_answer(sent: Sent) -> None:
    with sent.site.database.write() as session:
        session.execute(
            update(Notice)
            .where(Notice.id == sent.notice.id)
            .values(withdrawn_at=sent.site.clock(), withdrawn_reason="数据有误", withdrawn_by="督查室")
        )
    page = sent.client.get(sent.path).text
    assert "已撤回：数据有误" in page
    assert "<form" not in page
    for answer in (sent.acknowledge(), sent.report("x")):
        assert answer.status_code == 409
    assert sent.events("notice.acknowledged") == sent.events("progress.reported") == []


@pytest.mark.parametrize("text", ["", "   \n ", "长" * 2001])
def test_a_report_without_text_or_without_end_is_refused_and_kept_in_the_form(sent: Sent, text: str) -> None:
    answer = sent.report(text)
    assert answer.status_code == 422
    assert "没有填写进展" in answer.text
    assert sent.events("progress.reported") == []


def test_markup_in_a_report_stays_text(sent: Sent) -> None:
    sent.report("<script>alert(1)</script>")
    page = sent.client.get(sent.path).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_form_on_another_site_cannot_answer_without_the_token(sent: Sent) -> None:
    office = sent.site.signed_in("supervisor")
    answer = office.post("/link/acknowledge", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert sent.events("notice.acknowledged") == []


def test_what_was_done_by_link_stands_in_the_access_log_without_the_token(sent: Sent) -> None:
    sent.client.get(sent.path)
    sent.acknowledge()
    sent.acknowledge("nonsense")
    with sent.site.database.read() as session:
        lines = session.scalars(select(AccessLog).where(AccessLog.action.like("link.%")).order_by(AccessLog.id)).all()
        everything = session.scalars(select(AccessLog)).all()
    assert [(line.action, line.outcome) for line in lines] == [
        ("link.open", "done"),
        ("link.acknowledge", "done"),
        ("link.acknowledge", "link_refused"),
    ]
    assert lines[1].actor == f"party {sent.party.id}"
    assert lines[1].address == "127.0.0.1"
    assert not [line for line in everything if sent.token[:30] in line.action + line.detail]


def test_whoever_tries_links_at_random_is_slowed_down(sent: Sent) -> None:
    answers = [sent.client.get(f"/link/guess-{n}").status_code for n in range(AT_ONCE + 3)]
    assert answers[:AT_ONCE] == [403] * AT_ONCE
    assert 429 in answers[AT_ONCE:]
    assert sent.client.get(sent.path).status_code == 200, "and nobody else is"


def test_nobody_else_reads_a_link_in_the_copies_that_the_pages_show(sent: Sent) -> None:
    for person in ("viewer", "supervisor"):
        notice = sent.site.client(person).get(f"/api/v1/notices/{sent.notice.id}").text
        assert sent.token not in notice
        assert "/link/" not in notice
    page = sent.site.signed_in("supervisor").get(f"/notices/{sent.notice.id}").text
    assert "/link/" not in page


def test_after_the_secret_has_changed_links_that_were_sent_still_work_as_long_as_it_stays_behind(
    sent: Sent, server: tuple[str, Holder]
) -> None:
    _, holder = server
    old = link_secrets(sent.site.settings)[0].decode()
    for secret, status in ((f"{'n' * 40} {old}", 200), ("n" * 40, 403)):
        holder.site.state.links = Door(sent.site.settings.model_copy(update={"session_secret": SecretStr(secret)}))
        assert sent.client.get(sent.path).status_code == status


def test_a_copy_for_information_asks_for_no_receipt(sent: Sent) -> None:
    with sent.site.database.read() as session:
        informed = session.execute(
            select(NoticeRecipient.party_id, NoticeRecipient.notice_id)
            .join(Notice, Notice.id == NoticeRecipient.notice_id)
            .where(NoticeRecipient.role == "cc", Notice.acknowledge_by.is_not(None))
        ).first()
    assert informed is not None
    life = sent.site.clock() + dt.timedelta(days=1)
    token = sign(link_secrets(sent.site.settings)[0], *informed, life, Purpose.ANSWER)
    assert "本件不要求签收" in sent.client.get(f"/link/{token}").text
