"""An earlier day, and items that took others over, through the doors: HTTP, the command line, pages and their links."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from duban.api.client import Client, Refused
from duban.cli.main import cli
from duban.domain.lifecycle import Outcome
from duban.web.session import ELSEWHERE
from models import Item

from .conftest import AS_OF, Site

LAST_WEEK = AS_OF - dt.timedelta(days=7)


def open_items(duban: Client) -> list[int]:
    return [row.id for row in duban.items() if row.state != "closed" and not row.quarantined and row.parent_id is None]


def outcome(site: Site, item_id: int) -> Outcome | None:
    """As the ledger has it: the keyboard acts today, and the site shows the day of its own clock."""
    with site.database.read() as session:
        return session.get_one(Item, item_id).outcome


def test_what_took_others_over_is_withdrawn_over_http_only_with_each_of_them_named(site_on_both: Site) -> None:
    with Client(site_on_both.url, site_on_both.token("supervisor")) as duban:
        first, second, into, *_ = open_items(duban)
        for one in (first, second):
            duban.move(one, "merge", version=duban.item(one).row.version, reason="同一问题", merge_into=into)
        asked = {"version": duban.item(into).row.version, "reason": "不再整改"}
        for named in ([], [first]):
            with pytest.raises(Refused) as refused:
                duban.move(into, "withdraw", with_merged=named, **asked)
            assert refused.value.code == "guard_failed"
        assert duban.item(into).row.state != "closed"
        duban.move(into, "withdraw", with_merged=[first, second], **asked)
        assert duban.item(into).row.outcome == "withdrawn"


def test_what_took_others_over_is_withdrawn_at_the_keyboard_only_with_each_of_them_named(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUBAN_DATABASE_URL", site.database.url)
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with Client(site.url, site.token("supervisor")) as duban:
        first, into, *_ = open_items(duban)
        done = CliRunner().invoke(cli, ["move", str(first), "merge", "--into", str(into), "--reason", "同一问题"])
        assert done.exit_code == 0, done.output
        asked = ["move", str(into), "withdraw", "--reason", "不再整改"]
        assert CliRunner().invoke(cli, asked).exit_code != 0
        assert outcome(site, into) is None
        done = CliRunner().invoke(cli, [*asked, "--with-merged", str(first)])
        assert done.exit_code == 0, done.output
        assert outcome(site, into) is Outcome.WITHDRAWN


def test_an_earlier_day_is_read_back_over_http_as_it_stood_before_what_was_done_since(site_on_both: Site) -> None:
    with Client(site_on_both.url, site_on_both.token("supervisor")) as duban:
        before = {row.id: (row.state, row.outcome, row.light, row.due_on) for row in duban.items(as_of=LAST_WEEK)}
        board = duban.plans()[0]
        gone, into, *_ = open_items(duban)
        duban.move(gone, "withdraw", version=duban.item(gone).row.version, reason="不再整改")
        assert duban.item(gone).row.outcome == "withdrawn"
        after = {row.id: (row.state, row.outcome, row.light, row.due_on) for row in duban.items(as_of=LAST_WEEK)}
        assert after == before
        then = duban.item(gone, as_of=LAST_WEEK).row
        assert (then.state, then.outcome) == before[gone][:2]
        assert duban.item(into, as_of=LAST_WEEK).row.state == before[into][0]
        assert {row.id for row in duban.items(as_of=LAST_WEEK, light=then.light)} >= {gone}
        assert duban.plans()[0] != board, "today the plan has one item less to do"


@pytest.mark.parametrize("path", ["/", "/items", "/items/3", "/ranking", "/items?light=red&sort=due", "/self-checks"])
def test_every_link_of_a_page_on_an_earlier_day_stays_on_that_day(site: Site, path: str) -> None:
    asked = f"{path}{'&' if '?' in path else '?'}as_of={LAST_WEEK}"
    page = BeautifulSoup(site.signed_in("supervisor").get(asked).text, "html.parser")
    links = [urlsplit(a["href"]) for a in page.select("a[href^='/']") if not a["href"].startswith(ELSEWHERE)]
    assert links
    days = {parse_qs(link.query).get("as_of", [""])[0] for link in links}
    assert days <= {LAST_WEEK.isoformat(), AS_OF.isoformat()}
    today = [link for link in links if AS_OF.isoformat() in link.query]
    assert len(today) == 1, "only the one that says so leads to today"
    for form in page.select("form[method=get]"):
        assert form.select_one(f'input[name=as_of][value="{LAST_WEEK}"]') is not None, form.get("action")
