"""One real Prefect server and one real engine for all tests of this folder, on loopback, in folders of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .world import World, a_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server and the engine, started once."""
    with a_world(tmp_path_factory.mktemp("督办 world")) as found:
        yield found
