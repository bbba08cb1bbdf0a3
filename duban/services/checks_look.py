"""What every invariant of the ledger is looked at with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from duban.adapters.evidence_folder import EvidenceFolder


@dataclass(frozen=True, slots=True)
class Look:
    """The ledger in one session, the instant, and the folder of evidence files (None: nobody said where they lie)."""

    session: Session
    now: dt.datetime
    evidence: EvidenceFolder | None

    def rows(self, query: Select[Any]) -> Iterator[Any]:
        """The rows of a query, a batch at a time."""
        return iter(self.session.execute(query.execution_options(yield_per=1000)))
