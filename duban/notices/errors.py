"""What the notices refuse."""

from __future__ import annotations

from duban.errors import DubanError


class TemplateRefused(DubanError):
    """Template {place} is refused: {reason}.

    {remedy}
    """

    code = "template_refused"
    status = 422

    def __init__(self, place: str, reason: str, remedy: str = "Use only the fields in the list of fields.") -> None:
        super().__init__(place=place, reason=reason, remedy=remedy)


class UnknownNoticeKind(DubanError):
    """There is no notice of kind {kind}.

    Known kinds: {known}.
    """

    code = "unknown_notice_kind"
    status = 422


class LinkRefused(DubanError):
    """The link is refused: {reason}.

    Ask the supervision office for a new one, or sign in.
    """

    code = "link_refused"
    status = 403
