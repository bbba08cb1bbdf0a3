"""`duban up`: of two that start at once the second chooses its ports only when the first one's parts listen."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from duban.cli.up import _alone


def test_the_second_waits_until_the_first_has_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    order: list[str] = []
    waiting = threading.Event()

    def said(text: str) -> None:
        order.append(text[:13])
        waiting.set()

    def second() -> None:
        with _alone(said):
            order.append("second starts")

    other = threading.Thread(target=second)
    with _alone(order.append):
        other.start()
        assert waiting.wait(10), "it says that it waits"
        order.append("first is up")
    other.join(10)
    assert order == ["Another duban", "first is up", "second starts"]
