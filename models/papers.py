"""Papers as they were issued: one of each kind a plan and period."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import Key


class IssuedPaper(Base):
    """月曝光, 月排名, 月检查, or the agenda of a review, as it was drawn when its period asked for it."""

    __tablename__ = "issued_paper"
    __table_args__ = (
        UniqueConstraint("plan_id", "kind", "period_on"),  # a run that is repeated repeats nothing
        CheckConstraint("period_on <= period_to", name="period"),
        CheckConstraint("length(title) > 0", name="title_not_empty"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    kind: Mapped[str] = mapped_column(String(40))  # exposure-monthly, agenda-weekly, …
    cadence: Mapped[str] = mapped_column(String(16))
    period_on: Mapped[dt.date]
    period_to: Mapped[dt.date]
    as_of: Mapped[dt.date]  # the day that it stands for
    dated_on: Mapped[dt.date]
    title: Mapped[str] = mapped_column(String(300))
    data: Mapped[dict[str, Any]]  # the paper as plain values
    word: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # the .docx as issued
    sources: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # the .docx of the rows behind its figures
    issued_at: Mapped[dt.datetime]
    mailed_at: Mapped[dt.datetime | None]  # when its mails were queued; null: they are still to be, or nobody gets one
