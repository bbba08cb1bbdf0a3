"""`duban user` and `duban token`: what they make works over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duban.cli.main import cli
from duban.errors import DubanError
from duban.settings import ROOT

from .conftest import Site


@pytest.fixture
def duban(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Runs a command on the site's ledger."""
    monkeypatch.setenv("DUBAN_DATABASE_URL", site.database.url)
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(cli, list(arguments), input=typed, catch_exceptions=True)

    return run


def test_a_token_made_at_the_keyboard_opens_the_api(duban, site: Site) -> None:  # type: ignore[no-untyped-def]
    secret = duban("token", "create", "--user", "unit", "--name", "script").output.strip()
    headers = {"Authorization": f"Bearer {secret}"}
    assert site.client().get("/api/v1/me", headers=headers).json()["name"] == "unit"
    listed = json.loads(duban("token", "list", "--user", "unit", "--json").output)
    assert secret not in json.dumps(listed)
    assert duban("token", "revoke", str(listed[0]["id"])).exit_code == 0
    assert site.client().get("/api/v1/me", headers=headers).status_code == 401


def test_a_user_made_with_a_random_password_signs_in(duban, site: Site) -> None:  # type: ignore[no-untyped-def]
    made = duban("user", "create", "新来的", "--role", "unit", "--party", "区教育局", "--generate")
    assert made.exit_code == 0, made.output
    password = made.output.rsplit(": ", 1)[1].strip()
    client = site.client()
    csrf = client.get("/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    answer = client.post("/sign-in", data={"name": "新来的", "password": password, "csrf": csrf})
    assert answer.status_code == 303
    users = {u["name"]: u for u in json.loads(duban("user", "list", "--json").output)}
    assert users["新来的"]["parties"] == ["区教育局"]
    assert duban("user", "deactivate", "新来的").exit_code == 0
    assert client.get("/my").status_code == 303


def test_passwords_come_from_standard_input_and_weak_ones_are_refused(duban, site: Site) -> None:  # type: ignore[no-untyped-def]
    assert duban("user", "password", "unit", "--password-stdin", typed="long enough 1\n").exit_code == 0
    weak = duban("user", "password", "unit", "--password-stdin", typed="short\n")
    assert isinstance(weak.exception, DubanError)
    assert weak.exception.code == "weak_password"
    unknown = duban("user", "scope", "nobody", "--role", "viewer")
    assert isinstance(unknown.exception, DubanError)
    assert unknown.exception.code == "not_found"
    twice = duban("user", "create", "unit", "--role", "unit", "--no-password")
    assert isinstance(twice.exception, DubanError)
    assert twice.exception.code == "name_taken"


@pytest.mark.parametrize(
    "command",
    [
        ("nightly", "--as-of", "2099-06-15"),
        ("papers", "monthly", "--as-of", "2099-06-15"),
        ("weekly", "--as-of", "2099-06-15"),
        ("release", "1", "--as-of", "2099-06-15"),
        ("up", "--as-of", "2099-06-15"),
    ],
    ids=lambda command: str(command[0]),
)
def test_a_business_date_that_is_still_to_come_is_refused(duban, site: Site, command: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    refused = duban(*command)
    assert isinstance(refused.exception, DubanError), refused.output
    assert refused.exception.code == "day_to_come"


def test_a_day_to_come_can_be_looked_at_in_a_dry_run(duban, site: Site) -> None:  # type: ignore[no-untyped-def]
    for command in (("nightly",), ("release", "1"), ("papers", "monthly")):
        shown = duban(*command, "--as-of", "2099-06-15", "--dry-run")
        assert shown.exit_code == 0, shown.output


def test_rules_are_shown_light_by_light_before_they_are_applied(duban, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = (ROOT / "policies" / "default.toml").read_text(encoding="utf-8")
    file = tmp_path / "own.toml"
    file.write_text(text.replace("yellow_days = 10", "yellow_days = 250"), encoding="utf-8")
    asked = ("policy", "apply", "1", str(file), "--dry-run", "--as-of", "2026-06-01")
    lights = json.loads(duban(*asked, "--json").output)["lights"]
    assert lights
    shown = duban(*asked).output
    assert f"and {len(lights)} lights are touched" in shown
    assert "灯色生效后即按新规则判定" in shown
    assert all(one["number"] in shown for one in lights)
