"""`make bench`: what one benchmark measured is printed though another fails."""

from __future__ import annotations

import sys
import types

import pytest

from benchmarks import __main__ as bench
from benchmarks.figures import Figure


def test_one_that_fails_is_named_and_takes_no_other_figures_along(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> list[Figure]:
        raise TimeoutError("the worker did not end in 60 s")

    for name, run in (("first", list), ("broken", broken), ("last", list)):
        module = types.ModuleType(f"bench_{name}")
        module.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
    told: list[str] = []
    monkeypatch.setattr(bench, "say", told.append)
    monkeypatch.setattr(bench, "BENCHES", {n: f"bench_{n}" for n in ("first", "broken", "last")})
    assert bench.main([]) == 1
    assert "FAILED broken: TimeoutError: the worker did not end in 60 s" in capsys.readouterr().out
    assert "last …" in told
