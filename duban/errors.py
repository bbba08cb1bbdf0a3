"""Every refusal that duban gives, one class each.

The class docstring is the message: its first line says what is wrong, with `{fields}` filled from the keyword
arguments; the lines after it say what would be right. `code` is stable and documented in docs/guide/errors.md,
`status` is what the HTTP API answers, `exit_code` what the command line ends with (1 refused, 2 usage or unreadable).
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar


class DubanError(Exception):
    """Something was refused."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    exit_code: ClassVar[int] = 1

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        text = inspect.cleandoc(type(self).__doc__ or "")
        first, _, rest = text.partition("\n")
        self.message = first.format(**fields)
        self.remedy = rest.strip().format(**fields)
        super().__init__(f"{self.message} {self.remedy}".strip())


class Unreadable(DubanError):
    """The file cannot be read: {reason}.

    {remedy}
    """

    code = "unreadable"
    status = 422
    exit_code = 2

    def __init__(
        self, reason: str, remedy: str = "Give a published plan as text, Markdown, HTML, .docx, .xlsx or text PDF."
    ) -> None:
        super().__init__(reason=reason, remedy=remedy)


class WrongSetting(DubanError):
    """Setting {name} is wrong: {reason}.

    {remedy}
    """

    code = "wrong_setting"
    status = 500
    exit_code = 2


class NotFound(DubanError):
    """There is no {what} {key}.

    List what there is first, or check the number for a typing error.
    """

    code = "not_found"
    status = 404


class StaleVersion(DubanError):
    """The item has changed since you saw it: you gave version {expected}, it is now version {present} in state {state}.

    Look at the item again, and repeat the action with the present version if it still applies.
    """

    code = "stale_version"
    status = 409


class TransitionRefused(DubanError):
    """Action {action} is not possible in state {state}.

    Possible now: {possible}.
    """

    code = "transition_refused"
    status = 409


class GuardFailed(DubanError):
    """Action {action} is refused: {gaps}.

    Fill each gap named above, then repeat the action.
    """

    code = "guard_failed"
    status = 422


class InTheFuture(DubanError):
    """{what} is reported as of {on}, which has not come yet.

    Give the day on which it was really done, today at the latest.
    """

    code = "in_the_future"
    status = 422


class DayToCome(DubanError):
    """The business date {day} is still to come: today is {today}.

    A night, its mails and the papers of a period are of today at the latest. What a later day would send is shown
    by a dry run, which writes nothing.
    """

    code = "day_to_come"
    status = 422


class Forbidden(DubanError):
    """{actor} may not {action} this item.

    It may be done by: {who}.
    """

    code = "forbidden"
    status = 403


class Quarantined(DubanError):
    """The item is in quarantine: its reading has unresolved doubts ({codes}).

    Resolve them first (`duban review PLAN`, or the page 待核), then repeat the action.
    """

    code = "quarantined"
    status = 409
