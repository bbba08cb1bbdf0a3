"""The secret of the links: made once, kept to its owner, changed without breaking what was sent."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from duban.errors import WrongSetting
from duban.services.link_keys import FILE, link_secrets
from duban.services.tools import night_tools
from duban.settings import Settings


def settings(folder: Path, **values: Any) -> Settings:
    return Settings(data_dir=folder, **values)


def test_a_missing_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "新 数据"
    (first,) = link_secrets(settings(folder))
    assert len(first) >= 32
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert link_secrets(settings(folder)) == (first,)
    assert [file.name for file in folder.iterdir()] == [FILE]


def _secrets(folder: Path) -> tuple[bytes, ...]:
    return link_secrets(settings(folder))


def test_processes_that_start_at_once_have_one_secret(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.map(_secrets, [tmp_path / "data"] * 6, chunksize=1)
    assert len(set(found)) == 1


def test_the_setting_goes_before_the_file_and_may_hold_those_before_it(tmp_path: Path) -> None:
    old, new = "o" * 32, "n" * 40
    assert link_secrets(settings(tmp_path, session_secret=SecretStr(f"{new} {old}"))) == (new.encode(), old.encode())
    assert not (tmp_path / FILE).exists()
    (tmp_path / FILE).write_text(f"{new}\n{old}\n")
    assert link_secrets(settings(tmp_path)) == (new.encode(), old.encode())


@pytest.mark.parametrize("value", ["", " ", "short", "n" * 40 + " short"])
def test_a_secret_that_can_be_guessed_is_refused_at_start_and_not_repeated(tmp_path: Path, value: str) -> None:
    with pytest.raises(WrongSetting, match="DUBAN_SESSION_SECRET") as refused:
        link_secrets(settings(tmp_path, session_secret=SecretStr(value)))
    assert "short " not in str(refused.value).replace("too short ", "")
    (tmp_path / FILE).write_text(value)
    with pytest.raises(WrongSetting, match=r"session\.secret"):
        link_secrets(settings(tmp_path))


def test_every_door_signs_with_the_same_secret(tmp_path: Path) -> None:
    from duban.adapters.database import Database

    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    tools = night_tools(settings(tmp_path), database)
    database.dispose()
    assert tools.links is not None
    assert (tools.links.secret,) == link_secrets(settings(tmp_path))
