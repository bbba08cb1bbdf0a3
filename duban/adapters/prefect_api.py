"""Prefect over plain HTTP: what the ledger's side needs of a server, without importing Prefect (3 s).

Every call repeats itself for a while on what passes by itself: a server that restarts, or a SQLite server that answers
503 because two of its own transactions met. All calls here are safe to repeat: runs are created under a key of
ours, forms are kept once a key, states are set outright.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from duban.errors import DubanError

PAGE = 200  # the most that a Prefect server gives at a time
PATIENCE = 8.0  # seconds that a call goes on trying before it says that the server is away
_PASSING = frozenset({429, 502, 503, 504})


class PrefectUnreachable(DubanError):
    """The Prefect server at {url} does not answer: {reason}.

    The ledger goes on without it. Start it (`duban up`), or correct DUBAN_PREFECT_API_URL; `duban reconcile` then
    brings the runs up to date.
    """

    code = "prefect_unreachable"
    status = 503


class PrefectRefused(DubanError):
    """The Prefect server refused {call}: {reason}.

    Check that the server is Prefect 3.8 and that DUBAN_PREFECT_AUTH is the one it asks for.
    """

    code = "prefect_refused"
    status = 502


class NotDeployed(DubanError):
    """The Prefect server has no deployment {deployment}.

    Start the engine (`duban engine`), which deploys at its start, or run `prefect deploy --all`.
    """

    code = "not_deployed"
    status = 503


@dataclass(frozen=True, slots=True)
class RunState:
    """The state of one flow run as the server tells it: `type` is Prefect's, `name` ours."""

    id: str
    name: str
    type: str
    state: str
    key: str = ""  # the pause key
    form: str = ""  # the key under which its form is kept; empty where it asks for none
    since: str = ""  # ISO instant at which it entered the state
    parameters: dict[str, Any] = field(default_factory=dict)
    starts: int = 0  # how often it ran


def run_state(row: dict[str, Any]) -> RunState:
    """A flow run as the server's JSON gives it."""
    state = row.get("state") or {}
    details = state.get("state_details") or {}
    return RunState(
        id=row["id"],
        name=row.get("name") or "",
        type=state.get("type") or "",
        state=state.get("name") or "",
        key=details.get("pause_key") or "",
        form=(details.get("run_input_keyset") or {}).get("schema", ""),
        since=state.get("timestamp") or "",
        parameters=row.get("parameters") or {},
        starts=row.get("run_count") or 0,
    )


class PrefectApi:
    """A Prefect server. Thread-safe; close it when done."""

    def __init__(self, url: str, auth: str | None = None, *, patience: float = PATIENCE) -> None:
        self.url = url.rstrip("/")
        self._patience = patience
        # Two creations at a time meet in a SQLite server's transactions: each then costs several, or a minute's wait.
        self._creating = threading.Lock()
        self._csrf: dict[str, str] = {}  # headers of changing calls, once a server has asked for them
        user, _, password = (auth or "").partition(":")
        # Certificates are read only where TLS is spoken: reading them takes longer than most calls.
        self._http = httpx.Client(
            base_url=self.url,
            auth=(user, password) if auth else None,
            verify=self.url.startswith("https"),
            timeout=30.0,
            trust_env=False,
        )

    def __enter__(self) -> PrefectApi:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def healthy(self) -> bool:
        """Whether the server answers at this moment."""
        try:
            return self._http.get("/health", timeout=3.0).is_success
        except httpx.HTTPError:
            return False

    def deployment_id(self, name: str) -> str:
        """The id of a deployment by `flow/deployment`; raises NotDeployed."""
        flow, _, deployment = name.partition("/")
        answer = self.call("GET", f"/deployments/name/{quote(flow)}/{quote(deployment)}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotDeployed(deployment=name)
        return str(self._json(answer)["id"])

    def create_run(self, deployment_id: str, body: dict[str, Any]) -> RunState:
        """Creates a run of a deployment; the same `idempotency_key` again gives the run that is there."""
        with self._creating:
            answer = self.call("POST", f"/deployments/{deployment_id}/create_flow_run", body)
        return run_state(self._json(answer))

    def save_form(self, run_id: str, key: str, schema: str) -> None:
        """Keeps a form (JSON schema, as text) that a waiting run asks for; one that is there already stays."""
        answer = self.call("POST", f"/flow_runs/{run_id}/input", {"key": key, "value": schema})
        if answer.status_code != httpx.codes.CONFLICT:
            self._json(answer)

    def has_form(self, run_id: str, key: str) -> bool:
        """Whether a run's form is kept under this key."""
        answer = self.call("GET", f"/flow_runs/{run_id}/input/{quote(key)}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        self._json(answer)
        return True

    def run(self, run_id: str) -> RunState | None:
        """One run, or None where the server has none of this id."""
        answer = self.call("GET", f"/flow_runs/{run_id}")
        return None if answer.status_code == httpx.codes.NOT_FOUND else run_state(self._json(answer))

    def runs_of(self, deployment_id: str) -> Iterator[RunState]:
        """Every run of a deployment, a page at a time, in the order of their ids."""
        body: dict[str, Any] = {"deployments": {"id": {"any_": [deployment_id]}}, "sort": "ID_DESC", "limit": PAGE}
        offset = 0
        while True:
            rows = self._json(self.call("POST", "/flow_runs/filter", body | {"offset": offset}))
            yield from map(run_state, rows)
            if len(rows) < PAGE:
                return
            offset += PAGE

    def runs_by_id(self, ids: Collection[str]) -> list[RunState]:
        """At most a page of runs by their ids, as many of them as there are."""
        body = {"flow_runs": {"id": {"any_": sorted(ids)}}, "limit": PAGE}
        return [run_state(row) for row in self._json(self.call("POST", "/flow_runs/filter", body))] if ids else []

    def count_runs(self, deployment_id: str, types: Collection[str] = ()) -> int:
        """How many runs a deployment has, in states of these types or in any."""
        body: dict[str, Any] = {"deployments": {"id": {"any_": [deployment_id]}}}
        if types:
            body["flow_runs"] = {"state": {"type": {"any_": sorted(types)}}}
        return int(self._json(self.call("POST", "/flow_runs/count", body)))

    def runs_in(self, deployment_id: str, types: Collection[str]) -> list[RunState]:
        """At most a page of a deployment's runs whose state is of one of these types."""
        body = {
            "deployments": {"id": {"any_": [deployment_id]}},
            "flow_runs": {"state": {"type": {"any_": sorted(types)}}},
            "limit": PAGE,
        }
        return [run_state(row) for row in self._json(self.call("POST", "/flow_runs/filter", body))]

    def runs_of_pool(self, pool: str) -> list[RunState]:
        """At most a page of a work pool's runs that are being submitted or run."""
        body = {
            "work_pools": {"name": {"any_": [pool]}},
            "flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}},
            "limit": PAGE,
        }
        return [run_state(row) for row in self._json(self.call("POST", "/flow_runs/filter", body))]

    def lived_since(self, run_id: str, since: dt.datetime) -> bool:
        """Whether a run's process has said since then that it is alive."""
        beats = {
            "occurred": {"since": since.isoformat()},
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{run_id}"]},
        }
        found = self._json(self.call("POST", "/events/filter", {"filter": beats, "limit": 1}))
        return bool(found["events"])

    def workers_online(self, pool: str) -> int:
        """How many workers serve a work pool at this moment; 0 where there is no such pool."""
        body = {"workers": {"status": {"any_": ["ONLINE"]}}, "limit": PAGE}
        answer = self.call("POST", f"/work_pools/{quote(pool)}/workers/filter", body)
        return 0 if answer.status_code == httpx.codes.NOT_FOUND else len(self._json(answer))

    def set_state(self, run_id: str, state: dict[str, Any]) -> bool:
        """Sets a run's state outright, past all orchestration; False where there is no such run."""
        answer = self.call("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        self._json(answer)
        return True

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One answer of the server, whatever its status but a passing one; raises PrefectUnreachable in the end."""
        answer = self._once(method, path, body)
        if answer.status_code == httpx.codes.FORBIDDEN and "CSRF" in answer.text:  # none yet, or it has run out
            client = str(uuid.uuid4())
            token = self._json(self._once("GET", f"/csrf-token?client={client}"))["token"]
            self._csrf = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": client}
            answer = self._once(method, path, body)
        return answer

    def _once(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {} if method == "GET" else self._csrf
        return repeat(lambda: self._http.request(method, path, json=body, headers=headers), self._patience, self.url)

    def _json(self, answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json()
        raise PrefectRefused(
            call=f"{answer.request.method} {answer.request.url.path}",
            reason=f"HTTP {answer.status_code} {answer.text[:300]}",
        )


def repeat(call: Callable[[], httpx.Response], patience: float, url: str) -> httpx.Response:
    """Calls until the answer is not a passing failure, for at most `patience` seconds; then PrefectUnreachable."""
    deadline = time.monotonic() + patience
    pause = 0.02
    while True:
        try:
            answer = call()
            reason = f"HTTP {answer.status_code}"
            if answer.status_code not in _PASSING:
                return answer
        except httpx.TransportError as error:
            reason = f"{type(error).__name__} {error}".strip()
        if time.monotonic() + pause > deadline:
            raise PrefectUnreachable(url=url, reason=reason)
        time.sleep(pause)
        pause = min(pause * 2, 1.0)
