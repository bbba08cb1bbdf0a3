"""A real Prefect server and a real engine whose environment holds secrets, as an office's would."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

import pytest

from tests.prefect.world import World, a_world

#: None of these may be seen by a run. No mail is sent here.
SECRETS = MappingProxyType(
    {
        "DUBAN_SESSION_SECRET": "signs-the-links-of-the-mails-of-this-office-0123456789",
        "DUBAN_MAIL_URL": "smtp://office:letmein-mail@127.0.0.1:9",
        "PREFECT_API_DATABASE_PASSWORD": "letmein-database",
    }
)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server and the engine, started once."""
    with a_world(tmp_path_factory.mktemp("secure"), **SECRETS) as found:
        yield found
