"""A typed client of the HTTP API, in one file, on httpx. What the server refuses is raised as `Refused`.

with Client("http://127.0.0.1:8300", token) as duban:
    for item in duban.items(overdue=True):
        print(item.number, item.title, item.days_left)
    moved = duban.move(17, "draft_measure", version=3, measures=["…"])
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import Any, TypeVar, cast

import httpx
from pydantic import TypeAdapter

from duban.api.changes import Recorded
from duban.api.editions import ReportMatches
from duban.api.moves import BulkAnswer
from duban.api.notices import Acknowledged
from duban.api.outbox import Withdrawn
from duban.api.progress import Kept
from duban.api.proposals import TalkRecorded
from duban.api.rules import Assigned
from duban.api.spread import Called, Spawned
from duban.services.absences import AbsenceView
from duban.services.calendars import CalendarChange, CalendarInForce
from duban.services.corrections import Corrected
from duban.services.directory_log import DirectoryLog
from duban.services.directory_update import DirectoryUpdated
from duban.services.editions import Edition, EditionRow
from duban.services.handovers import HandedOver
from duban.services.night import WouldSend
from duban.services.paper_shelf import Issued
from duban.services.policy_changes import PolicyChange
from duban.services.proposals import Decided
from duban.services.queries.explain import ItemExplained
from duban.services.queries.notices import NoticePage, NoticeWhole
from duban.services.queries.outbox import MailPage, MailRow
from duban.services.queries.proposals import ProposalView
from duban.services.queries.quarantine import Doubtful
from duban.services.queries.ranking import Ranked
from duban.services.queries.re_inspections import ReInspections
from duban.services.queries.rules import PolicyView
from duban.services.queries.shapes import AnomalyView, EventView, ItemPage, ItemRow, ItemWhole, PartyView, PlanView
from duban.services.queries.spread import CallView, SelfChecks
from duban.services.registration import Registered
from duban.services.registration_preview import Preview
from duban.services.resolutions import Resolved
from duban.services.saved_views import ViewEntry
from duban.services.transitions import Moved
from duban.services.voiding import Voided

T = TypeVar("T")


class Refused(Exception):
    """The server refused: `code` is stable, `detail` says what is wrong, `remedy` what would be right."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        self.problem = dict(problem)
        self.status = int(problem["status"])
        self.code = str(problem["code"])
        self.detail = str(problem["detail"])
        self.remedy = str(problem["remedy"])
        super().__init__(f"{self.status} {self.code}: {self.detail} {self.remedy}")


class Client:
    """One signed-in client. Requests that change something carry an Idempotency-Key of their own."""

    def __init__(self, url: str, token: str, *, timeout: float = 30.0) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=url.rstrip("/") + "/api/v1", headers=headers, timeout=timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()

    # -- reading ------------------------------------------------------------------------------------------------

    def items(self, **filters: Any) -> Iterator[ItemRow]:
        """Every item that a filter keeps, page after page; the filters are the parameters of `GET /items`."""
        cursor: str | None = None
        while True:
            page = self._get(ItemPage, "/items", filters | ({"cursor": cursor} if cursor else {}))
            yield from page.items
            cursor = page.next
            if cursor is None:
                return

    def item(self, item_id: int, *, as_of: dt.date | None = None) -> ItemWhole:
        """One item with everything."""
        return self._get(ItemWhole, f"/items/{item_id}", {"as_of": as_of})

    def history(self, item_id: int, *, after: int = 0) -> tuple[EventView, ...]:
        """An item's events after a number."""
        return self._get(tuple[EventView, ...], f"/items/{item_id}/history", {"after": after})

    def explain(self, item_id: int, *, as_of: dt.date | None = None) -> ItemExplained:
        """Why this date and this light."""
        return self._get(ItemExplained, f"/items/{item_id}/explain", {"as_of": as_of})

    def plans(self) -> tuple[PlanView, ...]:
        """All plans."""
        return self._get(tuple[PlanView, ...], "/plans")

    def void_plan(self, plan: str, reason: str) -> Voided:
        """Takes a plan back that was registered by mistake, before its release."""
        return self._post(Voided, f"/plans/{plan}/void", {"reason": reason})

    def quarantine(self, plan: str, *, limit: int = 100, offset: int = 0) -> tuple[Doubtful, ...]:
        """Items that wait for a person, each beside its source; then those that were settled."""
        return self._get(tuple[Doubtful, ...], f"/plans/{plan}/quarantine", {"limit": limit, "offset": offset})

    def directory_log(self, plan: str, *, q: str = "", page: int = 1) -> DirectoryLog:
        """Who changed the directory, when, and from which file."""
        return self._get(DirectoryLog, f"/plans/{plan}/directory/log", {"q": q, "page": page})

    def anomalies(self, plan: str, *, unresolved: bool | None = None) -> tuple[AnomalyView, ...]:
        """The doubts about a plan's reading."""
        return self._get(tuple[AnomalyView, ...], f"/plans/{plan}/anomalies", {"unresolved": unresolved})

    def parties(self, plan: str) -> tuple[PartyView, ...]:
        """A plan's directory."""
        return self._get(tuple[PartyView, ...], f"/plans/{plan}/parties")

    def ranking(self, plan: str) -> tuple[Ranked, ...]:
        """The ranking of a plan's units."""
        return self._get(tuple[Ranked, ...], f"/plans/{plan}/ranking")

    def notices(self, **filters: Any) -> NoticePage:
        """A page of notices; the filters are the parameters of `GET /notices`."""
        return self._get(NoticePage, "/notices", filters)

    def notice(self, notice_id: int) -> NoticeWhole:
        """One notice with its copies."""
        return self._get(NoticeWhole, f"/notices/{notice_id}")

    def outbox(self, **filters: Any) -> MailPage:
        """A page of mails; the filters are the parameters of `GET /outbox`."""
        return self._get(MailPage, "/outbox", filters)

    def paper(self, plan: str, kind: str, *, as_of: dt.date | None = None, **more: Any) -> dict[str, Any]:
        """A paper on a plan as of a day, as plain values: progress, exposure, ranking, check, agenda."""
        return self._get(dict[str, Any], f"/plans/{plan}/papers/{kind}", {"as_of": as_of, **more})

    def paper_file(self, plan: str, kind: str, form: str, *, as_of: dt.date | None = None, **more: Any) -> bytes:
        """A paper as a file: docx, xlsx or html."""
        answer = self._http.get(f"/plans/{plan}/papers/{kind}/{form}", params=_given({"as_of": as_of, **more}))
        _raise(answer)
        return answer.content

    def issued_papers(self, **filters: Any) -> tuple[Issued, ...]:
        """Papers that were issued; the filters are the parameters of `GET /papers`."""
        return self._get(tuple[Issued, ...], "/papers", filters)

    def changes(self, *, after: int | None = None) -> Iterator[EventView]:
        """Events as they happen, for ever; `after` goes on from an event's id."""
        headers = {"Last-Event-ID": str(after)} if after is not None else {}
        with self._http.stream("GET", "/events/stream", headers=headers, timeout=None) as answer:
            if answer.is_error:
                answer.read()
                _raise(answer)
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield _adapter(EventView).validate_json(line[6:])

    def self_checks(self, item_id: int) -> SelfChecks:
        """An item's self-checks (举一反三), rolled up."""
        return self._get(SelfChecks, f"/items/{item_id}/self-checks")

    def all_self_checks(self, plan: str | None = None) -> tuple[SelfChecks, ...]:
        """Every item that other units check themselves for."""
        return self._get(tuple[SelfChecks, ...], "/self-checks", {"plan": plan})

    def calls(self, plan: str | None = None) -> tuple[CallView, ...]:
        """Calls (吹哨) with who has reported."""
        return self._get(tuple[CallView, ...], "/calls", {"plan": plan})

    def re_inspections(self, plan: str | None = None, *, until: dt.date | None = None) -> ReInspections:
        """What is to be looked at again (回头看), and what was found last."""
        return self._get(ReInspections, "/re-inspections", {"plan": plan, "until": until})

    def absences(self, plan: str, *, since: dt.date | None = None) -> tuple[AbsenceView, ...]:
        """Who is away, and who stands in."""
        return self._get(tuple[AbsenceView, ...], f"/plans/{plan}/absences", {"since": since})

    def policy(self, plan: str) -> PolicyView:
        """The rules that a plan runs on, each number with its source."""
        return self._get(PolicyView, f"/plans/{plan}/policy")

    def calendar(self) -> CalendarInForce:
        """The calendar in force."""
        return self._get(CalendarInForce, "/calendar")

    def first_night(self, plan: str, *, as_of: dt.date | None = None) -> list[WouldSend]:
        """What a plan's next night would send, released or not."""
        return self._get(list[WouldSend], f"/plans/{plan}/first-night", {"as_of": as_of})

    def views(self) -> tuple[ViewEntry, ...]:
        """One's own views of the list of items."""
        return self._get(tuple[ViewEntry, ...], "/views")

    # -- changing -----------------------------------------------------------------------------------------------

    def move(self, item_id: int, action: str, *, version: int, **more: Any) -> Moved:
        """A transition; `more` are the further fields of its body (reason, measures, regulations, …)."""
        return self._post(
            Moved, f"/items/{item_id}/transitions", {"action": action, "expected_version": version, **more}
        )

    def move_many(self, transitions: Sequence[Mapping[str, Any]], *, dry_run: bool = False) -> BulkAnswer:
        """Many transitions, a result for each."""
        body = {"transitions": list(transitions), "dry_run": dry_run}
        return self._post(BulkAnswer, "/items/transitions", body)

    def report_measure(self, item_id: int, measure_id: int, progress: str, *, version: int, **more: Any) -> Recorded:
        """How far a measure is."""
        body = {"progress": progress, "expected_version": version, **more}
        return self._post(Recorded, f"/items/{item_id}/measures/{measure_id}", body)

    def report_milestone(self, item_id: int, milestone_id: int, *, version: int, **more: Any) -> Recorded:
        """A milestone that is done."""
        return self._post(
            Recorded, f"/items/{item_id}/milestones/{milestone_id}", {"expected_version": version, **more}
        )

    def report_regulation(self, item_id: int, regulation_id: int, *, version: int, **more: Any) -> Recorded:
        """A regulation's document number and date."""
        body = {"expected_version": version, **more}
        return self._post(Recorded, f"/items/{item_id}/regulations/{regulation_id}", body)

    def hand_in(self, item_id: int, filename: str, content: bytes, *, version: int, note: str = "") -> Kept:
        """Evidence."""
        answer = self._http.post(
            f"/items/{item_id}/evidence",
            data={"expected_version": str(version), "note": note},
            files={"file": (filename, content)},
        )
        return _read(Kept, answer)

    def count_limit(
        self, item_id: int, amount: int, unit: str, from_on: dt.date, *, version: int, **more: Any
    ) -> Recorded:
        """起算: a relative limit from the day of its event; `more`: milestone_id, reason."""
        body = {"amount": amount, "unit": unit, "from_on": from_on, "expected_version": version, **more}
        return self._post(Recorded, f"/items/{item_id}/limits", body)

    def closing_step(self, item_id: int, step: str, *, version: int, **more: Any) -> Recorded:
        """A step towards 销号: request, sign, verify, publish."""
        return self._post(Recorded, f"/items/{item_id}/closing", {"step": step, "expected_version": version, **more})

    def resolve(self, item_id: int, action: str, reason: str, *, version: int, **edit: Any) -> Resolved:
        """A decision about an item's doubts: keep, merge, edit, drop."""
        body = {"action": action, "reason": reason, "expected_version": version, "edit": edit}
        return self._post(Resolved, f"/items/{item_id}/resolution", body)

    def split(self, item_id: int, number: str, reason: str, *, version: int, **more: Any) -> Resolved:
        """Parts an item that is two; `more`: title, from_measure."""
        body = {"number": number, "reason": reason, "expected_version": version, **more}
        return self._post(Resolved, f"/items/{item_id}/split", body)

    def join(self, item_id: int, into: str, reason: str, *, version: int) -> Resolved:
        """Appends an item to the one of this number that it is the rest of."""
        body = {"into": into, "reason": reason, "expected_version": version}
        return self._post(Resolved, f"/items/{item_id}/join", body)

    def correct(self, item_id: int, reason: str, *, version: int, **edit: Any) -> Corrected:
        """Sets fields of an item under way right that were read wrong."""
        body = {"edit": edit, "reason": reason, "expected_version": version}
        return self._post(Corrected, f"/items/{item_id}/correction", body)

    def acknowledge(self, notice_id: int, *, on_behalf_of: str | None = None) -> Acknowledged:
        """签收."""
        return self._post(Acknowledged, f"/notices/{notice_id}/acknowledge", {"on_behalf_of": on_behalf_of})

    def proposals(self, *, waiting: bool = True) -> tuple[ProposalView, ...]:
        """Sheets that wait for their approval, or all that ever needed one."""
        return self._get(tuple[ProposalView, ...], "/proposals", {"waiting": waiting})

    def decide(
        self,
        notice_id: int,
        *,
        approved: bool,
        reason: str = "",
        talk_at: dt.datetime | None = None,
        talk_place: str = "",
        talk_speaker: str = "",
    ) -> Decided:
        """Lets a sheet go that waits, or refuses it; a summons needs time, place and speaker."""
        talk = {"talk_at": talk_at.isoformat() if talk_at else None, "talk_place": talk_place}
        body = {"approved": approved, "reason": reason, "talk_speaker": talk_speaker} | talk
        return self._post(Decided, f"/notices/{notice_id}/decision", body)

    def record_talk(self, notice_id: int, *, promised: str, promised_on: dt.date | None = None) -> TalkRecorded:
        """What was promised in a talk, and by when."""
        body = {"promised": promised, "promised_on": promised_on.isoformat() if promised_on else None}
        return self._post(TalkRecorded, f"/notices/{notice_id}/talk", body)

    def settle_mail(self, delivery_id: int, verdict: str, *, note: str = "") -> MailRow:
        """What became of a mail (arrived, lost), or that it goes out again (resend)."""
        return self._post(MailRow, f"/outbox/{delivery_id}/verdict", {"verdict": verdict, "note": note})

    def withdraw_notice(self, notice_id: int, reason: str) -> Withdrawn:
        """Takes a notice back before it is sent; its number is kept."""
        return self._post(Withdrawn, f"/notices/{notice_id}/withdrawal", {"reason": reason})

    def upload_plan(
        self, filename: str, content: bytes, *, directory: bytes | None = None, as_of: dt.date | None = None
    ) -> Registered:
        """A published document, with its directory of parties as CSV."""
        files = {"file": (filename, content)} | ({"directory": ("directory.csv", directory)} if directory else {})
        answer = self._http.post("/plans", files=files, params=_given({"as_of": as_of}))
        return _read(Registered, answer)

    def preview_plan(self, filename: str, content: bytes, *, directory: bytes | None = None) -> Preview:
        """What `upload_plan` would enter; nothing is written."""
        files = {"file": (filename, content)} | ({"directory": ("directory.csv", directory)} if directory else {})
        return _read(Preview, self._http.post("/plans/preview", files=files))

    def upload_edition(self, plan: str, filename: str, content: bytes, *, dry_run: bool = False) -> Edition:
        """Another edition of a plan, and what it changes; nothing is applied."""
        return self._upload(Edition, f"/plans/{plan}/editions", filename, content, dry_run=dry_run)

    def edition(self, plan: str, number: int) -> Edition:
        """An edition's difference as it stands now."""
        return self._get(Edition, f"/plans/{plan}/editions/{number}")

    def editions(self, plan: str) -> tuple[EditionRow, ...]:
        """A plan's editions, the newest first."""
        return self._get(tuple[EditionRow, ...], f"/plans/{plan}/editions")

    def decide_edition(self, plan: str, number: int, **decision: Any) -> Edition:
        """Takes differences over, or not: `accept`, `decline`, `reopen`, `reasons`, `digest`."""
        return self._post(Edition, f"/plans/{plan}/editions/{number}/decisions", decision)

    def discard_edition(self, plan: str, number: int) -> None:
        """Takes back an edition that was the wrong file."""
        _raise(self._http.delete(f"/plans/{plan}/editions/{number}"))

    def upload_report(self, plan: str, filename: str, content: bytes, *, dry_run: bool = False) -> ReportMatches:
        """A published report on what was done, beside the plan's items; nothing is entered."""
        return self._upload(ReportMatches, f"/plans/{plan}/reports", filename, content, dry_run=dry_run)

    def enter_report(
        self, plan: str, report: int, accept: Mapping[str, int | None], *, decline: Sequence[str] = ()
    ) -> ReportMatches:
        """Enters reported problems: by key, with the item that is meant (None: the one proposed)."""
        body = {"accept": dict(accept), "decline": list(decline)}
        return self._post(ReportMatches, f"/plans/{plan}/reports/{report}/decisions", body)

    def update_directory(self, plan: str, filename: str, content: bytes, *, dry_run: bool = False) -> DirectoryUpdated:
        """A newer directory of parties, as CSV or .xlsx."""
        return self._upload(DirectoryUpdated, f"/plans/{plan}/directory", filename, content, dry_run=dry_run)

    def hand_over(self, plan: str, source: str, target: str, reason: str, *, dry_run: bool = False) -> HandedOver:
        """All open items of one party go to another."""
        body = {"source": source, "target": target, "reason": reason}
        return self._post(HandedOver, f"/plans/{plan}/hand-overs{'?dry_run=true' if dry_run else ''}", body)

    def directory_workbook(self, plan: str) -> bytes:
        """The directory as a workbook, to be corrected and given back."""
        answer = self._http.get(f"/plans/{plan}/directory")
        _raise(answer)
        return answer.content

    def release(self, plan: str) -> bool:
        """Lets a plan's notices go; False where that was done before."""
        answer = self._http.post(f"/plans/{plan}/release")
        _raise(answer)
        return bool(answer.json()["released"])

    def assign(self, plan: str) -> int:
        """Writes the assignment notices (交办通知) that are missing; how many."""
        return self._post(Assigned, f"/plans/{plan}/assignments", {}).written

    def spawn_self_checks(
        self, item_id: int, units: Sequence[str], due_on: dt.date, *, version: int, goal: str = ""
    ) -> Spawned:
        """举一反三: one self-check a unit; a collective is each of its members."""
        body = {"units": list(units), "due_on": due_on, "goal": goal, "expected_version": version}
        return self._post(Spawned, f"/items/{item_id}/self-checks", body)

    def report_self_check(self, item_id: int, found: int, text: str, *, version: int) -> Recorded:
        """What a self-check found."""
        body = {"found": found, "text": text, "expected_version": version}
        return self._post(Recorded, f"/items/{item_id}/self-check-report", body)

    def call(
        self, plan: str, *, caller: str, called: Sequence[str], title: str, due_on: dt.date, goal: str = ""
    ) -> int:
        """吹哨: the new item's id."""
        body = {"caller": caller, "called": list(called), "title": title, "due_on": due_on, "goal": goal}
        return self._post(Called, f"/plans/{plan}/calls", body).item_id

    def answer_call(self, item_id: int, text: str, *, version: int, unit: str | None = None) -> Recorded:
        """报到."""
        body = {"text": text, "unit": unit, "expected_version": version}
        return self._post(Recorded, f"/items/{item_id}/call-answer", body)

    def re_inspect(self, item_id: int, *, passed: bool, note: str, version: int, **more: Any) -> Recorded:
        """回头看; `more`: due_on with a relapse, again_on with one that passed."""
        body = {"passed": passed, "note": note, "expected_version": version, **more}
        return self._post(Recorded, f"/items/{item_id}/re-inspection", body)

    def preview_policy(self, plan: str, text: str, filename: str = "policy.toml") -> PolicyChange:
        """What another policy would change."""
        return self._post(PolicyChange, f"/plans/{plan}/policy/preview", {"text": text, "filename": filename})

    def apply_policy(self, plan: str, text: str, *, seen: str, filename: str = "policy.toml") -> PolicyChange:
        """Applies a policy onto the one whose `sha256` was seen."""
        body = {"text": text, "filename": filename, "seen": seen}
        return self._post(PolicyChange, f"/plans/{plan}/policy", body)

    def preview_calendar(self, text: str, filename: str = "calendar.toml") -> CalendarChange:
        """What another calendar would move."""
        return self._post(CalendarChange, "/calendar/preview", {"text": text, "filename": filename})

    def apply_calendar(self, text: str, *, seen: str, filename: str = "calendar.toml") -> CalendarChange:
        """Applies a calendar onto the one whose `sha256` was seen, "" for the national one alone."""
        return self._post(CalendarChange, "/calendar", {"text": text, "filename": filename, "seen": seen})

    def enter_absence(self, plan: str, party: str, first_on: dt.date, last_on: dt.date) -> AbsenceView:
        """外出: the substitute stands in from the first to the last day."""
        body = {"party": party, "first_on": first_on, "last_on": last_on}
        return self._post(AbsenceView, f"/plans/{plan}/absences", body)

    def cancel_absence(self, absence_id: int) -> None:
        """Takes an absence back."""
        _raise(self._http.delete(f"/absences/{absence_id}"))

    def save_view(self, name: str, **filters: str) -> ViewEntry:
        """Keeps filters of the list of items under a name."""
        return self._post(ViewEntry, "/views", {"name": name, "filters": filters})

    def delete_view(self, view_id: int) -> None:
        """Takes a view of one's own away."""
        _raise(self._http.delete(f"/views/{view_id}"))

    # -- the wire -----------------------------------------------------------------------------------------------

    def _get(self, shape: type[T], path: str, params: Mapping[str, Any] | None = None) -> T:
        return _read(shape, self._http.get(path, params=_given(params or {})))

    def _upload(self, shape: type[T], path: str, filename: str, content: bytes, *, dry_run: bool) -> T:
        params = {"dry_run": "true"} if dry_run else {}
        return _read(shape, self._http.post(path, files={"file": (filename, content)}, params=params))

    def _post(self, shape: type[T], path: str, body: Mapping[str, Any]) -> T:
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
        return _read(shape, self._http.post(path, content=json.dumps(body, default=str).encode(), headers=headers))


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: str(value).lower()
        if isinstance(value, bool)
        else value.isoformat()
        if isinstance(value, dt.date)
        else value
        for name, value in params.items()
        if value is not None
    }


@lru_cache(maxsize=64)
def _adapter(shape: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, shape))


def _read(shape: type[T], answer: httpx.Response) -> T:
    _raise(answer)
    found: T = _adapter(cast(Hashable, shape)).validate_json(answer.content)
    return found


def _raise(answer: httpx.Response) -> None:
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        raise Refused(answer.json())
    answer.raise_for_status()
