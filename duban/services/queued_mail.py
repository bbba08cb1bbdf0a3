"""A mail that stands beside the notices (a summary, papers, an alarm) as the outbox takes it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from duban.notices.rendering import Rendered
from models import Delivery, DeliveryStatus


def queued_mail(
    kind: str,
    *,
    address: str,
    name: str,
    message_id: str,
    context: dict[str, Any],
    rendered: Rendered,
    as_of: dt.date,
    now: dt.datetime,
    channel: str = "mail",
) -> Delivery:
    """The row, not yet in a session. `message_id` is its unique key: the same mail is never queued twice."""
    return Delivery(
        kind=kind,
        channel=channel,
        address=address,
        name=name,
        as_of=as_of,
        message_id=message_id,
        context=context,
        subject=rendered.subject[:500],
        text=rendered.text,
        html=rendered.html,
        template=rendered.template,
        template_hash=rendered.template_hash,
        status=DeliveryStatus.QUEUED,
        not_before=now,
        created_at=now,
    )
