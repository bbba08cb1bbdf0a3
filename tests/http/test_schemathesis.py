"""The API against its own OpenAPI document: no 500, and no answer that the document does not name.

Schemathesis makes requests that fit the document and requests that do not; half of them aim at rows that exist. The
suite's walk is a short one: one request that fits to each operation, and one that does not to every fourth (test_fuzz
sends odd ones to all). The whole of it: `SCHEMATHESIS_EXAMPLES=100 pytest tests/http/test_schemathesis.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks
from sqlalchemy import select

from models import Base, Clock, Extension, Item, Measure, Milestone, Notice, Plan, Regulation, Target

from .conftest import Site

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "1"))
#: Of so many operations one gets requests that do not fit: finding these takes most of the time.
ONE_OF = 4 if EXAMPLES == 1 else 1
CHECKS: list[Callable[..., Any]] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.missing_required_header,
]
#: It answers until the client goes away; test_operations listens to it.
ENDLESS = "GET /api/v1/events/stream"
#: The rows that a part of an address names; the others (tokens, evidence) are left to chance.
ROWS: dict[str, type[Base]] = {
    "plan": Plan,
    "item_id": Item,
    "measure_id": Measure,
    "milestone_id": Milestone,
    "regulation_id": Regulation,
    "clock_id": Clock,
    "extension_id": Extension,
    "notice_id": Notice,
    "target_id": Target,
}


@dataclass
class Walk:
    """The whole document asked through one running site; what did not fit is kept under the operation's name."""

    site: Site
    person: str
    examples: int
    defects: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    answers: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        config = SchemathesisConfig.from_dict(
            {
                "seed": 1,
                "generation": {"with-security-parameters": False},
                "checks": {"negative_data_rejection": {"expected-statuses": [401, 403, 404, 405, 409, 413, 422, 503]}},
            }
        )
        document = self.site.client().get("/openapi.json").json()
        _without_tuples(document["components"]["schemas"])
        self.schema = schemathesis.openapi.from_dict(document, config=config)
        self.session = requests.Session()
        self.session.trust_env = False
        self.headers = {"Authorization": f"Bearer {self.site.token(self.person)}"}
        with self.site.database.read() as session:
            self.rows = {name: list(session.scalars(select(row.id).limit(40))) for name, row in ROWS.items()}  # type: ignore[attr-defined]

    def run(self) -> None:
        """Every operation, first with requests that fit and then with requests that do not."""
        for number, found in enumerate(self.schema.get_all_operations()):
            operation = found.ok()
            if operation.label == "DELETE /api/v1/tokens/{token_id}":
                continue  # would end the token that this walk goes by; test_sign_in looks at it
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if operation.label == ENDLESS and mode is GenerationMode.POSITIVE:
                    continue
                if mode is GenerationMode.NEGATIVE and number % ONE_OF:
                    continue
                try:
                    strategy = operation.as_strategy(generation_mode=mode)
                    self._ask(operation.label, strategy, aim=mode is GenerationMode.POSITIVE)
                except Unsatisfiable:
                    assert mode is GenerationMode.NEGATIVE  # nothing about it can be sent wrong
                except (Exception, FailureGroup) as error:
                    self._note(operation.label, error)

    def _ask(self, label: str, strategy: st.SearchStrategy[Case], *, aim: bool) -> None:
        @settings(
            max_examples=self.examples,
            derandomize=True,
            database=None,
            deadline=None,
            verbosity=Verbosity.quiet,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy, data=st.data())
        def asked(case: Case, data: st.DataObject) -> None:
            if aim and data.draw(st.integers(0, 3)):
                self._aim(case, data)
            answer = case.call(base_url=self.site.url, session=self.session, headers=self.headers, timeout=20)
            self.asked += 1
            self.answers.add((label, answer.status_code))
            case.validate_response(answer, checks=[schemathesis.checks.not_a_server_error, *CHECKS])

        asked()

    def _aim(self, case: Case, data: st.DataObject) -> None:
        """At rows that exist, in the version that they have now."""
        for name in case.path_parameters:
            if self.rows.get(name):
                case.path_parameters[name] = data.draw(st.sampled_from(self.rows[name]))
        if isinstance(case.body, dict) and "expected_version" in case.body and "item_id" in case.path_parameters:
            with self.site.database.read() as session:
                item = session.get(Item, case.path_parameters["item_id"])
                case.body["expected_version"] = item.version if item else 1

    def _note(self, label: str, error: BaseException) -> None:
        if isinstance(error, FailureGroup):
            self.defects[label] = "\n".join(_text(one) for one in error.exceptions)
        else:
            self.defects[label] = f"{type(error).__name__}: {error}"


def _without_tuples(part: Any) -> None:
    """Schemathesis takes `prefixItems` for the `items` of older drafts, which OpenAPI 3.1 does not have."""
    if isinstance(part, dict):
        part.pop("prefixItems", None)
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _without_tuples(inner)


def _text(failure: BaseException) -> str:
    if isinstance(failure, Failure):
        return f"{failure.title}: {failure.message}"
    return str(failure)


@pytest.fixture
def walk(site: Site) -> Iterator[Walk]:
    found = Walk(site, "admin", EXAMPLES)
    yield found
    found.session.close()


def test_every_operation_answers_only_as_the_document_says(walk: Walk) -> None:
    walk.run()
    report = "\n\n".join(f"{label}\n{defect}" for label, defect in sorted(walk.defects.items()))
    assert not walk.defects, report
    answered = {label for label, status in walk.answers if status < 400}
    assert walk.asked > 90 * EXAMPLES
    assert len(answered) > 20, sorted(answered)  # the walk gets past the doors
