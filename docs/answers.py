"""An answer of each shape, as the API gives it over the example plan: duban/api/examples.json (`make docs`).

The walk below asks for everything that the API answers with a shape of its own, in an order that makes something to
show. Which shape an answer has is read off the OpenAPI document, so that a new shape nobody asks for here is named.
Clock, people and plan are fixed; a key is never kept.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select, update

from duban.adapters.database import Database
from duban.adapters.migrations import upgrade
from duban.api.app import create_app
from duban.domain.actors import Actor
from duban.domain.policy_model import Every
from duban.reading.directory import read_sheet
from duban.reading.reader import read_bytes
from duban.services.accounts import create_user, issue_token
from duban.services.night import run_night
from duban.services.periodicals import issue_papers
from duban.services.registration import Intake, Received, register
from duban.services.tools import night_tools, office_rules
from duban.settings import ROOT, Settings
from models import Approval, Delivery, DeliveryStatus, UserRole

TARGET = ROOT / "duban" / "api" / "examples.json"
NOW = dt.datetime(2026, 7, 13, 1, 0, tzinfo=dt.UTC)
AS_OF = dt.date(2026, 7, 13)
OFFICE = Actor(name="王督查", role="supervisor", source="cli")
PEOPLE = {
    "admin": (UserRole.ADMIN, ()),
    "supervisor": (UserRole.SUPERVISOR, ()),
    "unit": (UserRole.UNIT, ("区市场监管局",)),
    "lead": (UserRole.LEAD, ("陆知衡",)),
}
REPORT = """澄川区关于整改进展情况的通报

2026年9月30日

截至2026年9月底,2个问题已整改完成1个。现将整改进展情况予以公布。

一、关于优化营商环境方面

1.针对涉企检查频次偏多、不同部门重复检查问题。

合并检查126次,减少重复检查三成。已完成整改。

2.针对电梯困人救援不及时问题。

新增救援点三处,正在整改。
"""
#: Lists are shown by their first entries, long texts by their beginning.
MOST_ENTRIES, MOST_CHARACTERS = 2, 400


@dataclass
class Walk:
    """The API over one ledger, and the first answer of each shape."""

    http: httpx.AsyncClient
    loop: asyncio.Runner
    document: dict[str, Any]
    tokens: dict[str, str]
    found: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, person: str = "supervisor", **request: Any) -> Any:
        """The answer as data; kept under the name of its shape where it is the first of it."""
        key = {"Authorization": f"Bearer {self.tokens[person]}"}
        address = f"/api/v1{path}" if path[:2] != "//" else path[1:]
        answer = self.loop.run(self.http.request(method, address, headers=key, **request))
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        if answer.headers.get("content-type", "") != "application/json":
            return answer.content
        value = answer.json()
        shape, several = self._shape(method.lower(), str(answer.request.url.path), str(answer.status_code))
        shown = (value[0] if value else None) if several else value
        if shape and shown is not None:
            self.found.setdefault(shape, cut(shown))
        return value

    def _shape(self, method: str, path: str, status: str) -> tuple[str, bool]:
        for pattern, operations in self.document["paths"].items():
            if method in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
                return shape_of(operations[method]["responses"][status])
        raise RuntimeError(f"{method} {path} is not in the document")

    def item(self, number: str) -> dict[str, Any]:
        """An item of the example with everything, as it stands."""
        rows = self.ask("GET", "/items", params={"limit": 200})["items"]
        found: dict[str, Any] = self.ask("GET", f"/items/{next(r['id'] for r in rows if r['number'] == number)}")
        return found

    def change(self, number: str, below: str, person: str = "supervisor", **body: Any) -> Any:
        """Something that changes an item, on the version that it has now."""
        row = self.item(number)["row"]
        return self.ask("POST", f"/items/{row['id']}/{below}", person, json=body | {"expected_version": row["version"]})


def shape_of(response: dict[str, Any]) -> tuple[str, bool]:
    """The name of an answer's shape, "" where it has none of its own, and whether it is a list of such."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    several = schema.get("type") == "array"
    return str((schema.get("items", {}) if several else schema).get("$ref", "")).rsplit("/", 1)[-1], several


def shapes(document: dict[str, Any]) -> set[str]:
    """Every shape that something is answered with."""
    operations = (o for path in document["paths"].values() for o in path.values())
    answers = (r for o in operations for status, r in o["responses"].items() if status.startswith("2"))
    return {shape_of(answer)[0] for answer in answers} - {""}


def cut(value: Any) -> Any:
    """A value as it is shown: short, and without keys."""
    if isinstance(value, dict):
        return {name: "duban_…（只显示这一次）" if name == "token" else cut(v) for name, v in value.items()}
    if isinstance(value, list):
        return [cut(v) for v in value[:MOST_ENTRIES]]
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        return value[:MOST_CHARACTERS] + "…"
    return value


@contextmanager
def example_site() -> Iterator[tuple[Walk, Database, Settings]]:
    """The API over a ledger of its own with the example plan and a person of each kind."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url=None, mail_url=None)
        database = Database(f"sqlite:///{folder}/ledger.db")
        upgrade(database)
        content = (ROOT / "examples" / "plan.md").read_bytes()
        register(
            database,
            Received("plan.md", content, read_bytes(content, "plan.md")),
            Intake(
                rules=office_rules(settings),
                actor=OFFICE,
                as_of=dt.date(2026, 3, 3),
                now=NOW,
                directory=read_sheet((ROOT / "examples" / "directory.csv").read_bytes(), "directory.csv").entries,
            ),
        )
        for name, (role, parties) in PEOPLE.items():
            create_user(database, name=name, role=role, parties=parties, now=NOW)
        tokens = {name: issue_token(database, user=name, name="示例", now=NOW, life=None) for name in PEOPLE}
        app = create_app(settings, database, now=lambda: NOW, as_of=lambda: AS_OF)
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://duban", timeout=60)
        with asyncio.Runner() as loop:
            yield Walk(http, loop, app.openapi(), tokens), database, settings
            loop.run(http.aclose())
        database.dispose()


def capture() -> dict[str, Any]:
    """An answer of each shape, by the shape's name. Raises RuntimeError where one was never given."""
    with example_site() as (walk, database, settings):
        _people(walk)
        _plans(walk)
        _rules(walk)
        _notices(walk, database, settings)
        _items(walk)
        _others(walk)
        _rest(walk)
        missing = shapes(walk.document) - walk.found.keys()
        if missing:
            raise RuntimeError(f"no answer of these shapes was asked for: {', '.join(sorted(missing))}")
        return dict(sorted(walk.found.items()))


def _people(walk: Walk) -> None:
    walk.ask("GET", "//healthz")
    walk.ask("GET", "/me")
    walk.ask("POST", "/tokens", json={"name": "填报脚本"})
    walk.ask("GET", "/tokens")
    walk.ask("POST", "/users", "admin", json={"name": "新用户", "role": "unit", "parties": ["区财政局"]})
    walk.ask("GET", "/users", "admin")
    walk.ask("POST", "/views", json={"name": "我的红灯", "filters": {"light": "red", "sort": "due"}})


def _plans(walk: Walk) -> None:
    text = (ROOT / "examples" / "plan.md").read_text(encoding="utf-8")
    directory = (ROOT / "examples" / "directory.csv").read_bytes()
    walk.ask("GET", "/plans")
    walk.ask("POST", "/plans/preview", files={"file": ("plan.md", text.encode())})
    walk.ask("POST", "/plans", files={"file": ("plan.md", text.encode())})
    walk.ask("POST", "/plans/1/directory", files={"file": ("directory.csv", directory)}, params={"dry_run": True})
    walk.ask("POST", "/plans/1/publication", params={"dry_run": True}, json={"published": True})
    handed = {"source": "区市场监管局", "target": "区住建局", "reason": "机构改革"}
    walk.ask("POST", "/plans/1/hand-overs", params={"dry_run": True}, json=handed)
    for path in ("anomalies", "quarantine", "parties", "targets", "ranking"):
        walk.ask("GET", f"/plans/1/{path}")
    doubtful = walk.ask("GET", "/plans/1/quarantine")[0]["row"]
    settled = walk.ask(
        "POST",
        f"/items/{doubtful['id']}/resolution",
        json={"action": "keep", "reason": "已对照原件核实", "expected_version": doubtful["version"]},
    )
    walk.ask("POST", f"/items/{doubtful['id']}/resolution/{settled['resolution_id']}/undo")
    mistaken = walk.ask("POST", "/plans", files={"file": ("误传.md", text.replace("澄川区", "云溪区").encode())})
    walk.ask("POST", f"/plans/{mistaken['plan_id']}/void", json={"reason": "传错了文件"})
    second = text.replace("2026年6月30日前完成", "2026年7月31日前完成", 1)
    walk.ask("POST", "/plans/1/editions", files={"file": ("plan-2.md", second.encode())})
    walk.ask("GET", "/plans/1/editions")
    walk.ask("POST", "/plans/1/reports", files={"file": ("通报.txt", REPORT.encode())})
    walk.ask("GET", "/plans/1/reports")


def _rules(walk: Walk) -> None:
    policy = walk.ask("GET", "/plans/1/policy")["text"]
    later = policy.replace('key = "urge_1"\noffset = 1', 'key = "urge_1"\noffset = 2')
    walk.ask("POST", "/plans/1/policy/preview", json={"text": later})
    walk.ask("GET", "/calendar")
    own = '[[day]]\non = 2026-07-14\nworking = false\nnote = "防汛停工"\n'
    walk.ask("POST", "/calendar/preview", json={"text": own})
    walk.ask("GET", "/plans/1/first-night")


def _notices(walk: Walk, database: Database, settings: Settings) -> None:
    walk.ask("POST", "/plans/1/assignments")
    walk.ask("POST", "/plans/1/release")
    withdrawn = walk.ask("GET", "/notices", params={"limit": 1})["notices"][0]["id"]
    walk.ask("POST", f"/notices/{withdrawn}/withdrawal", json={"reason": "事项已办结,误发"})
    tools = dataclasses.replace(night_tools(settings, database), clock=lambda: NOW)
    if not run_night(tools, AS_OF).ok:
        raise RuntimeError("the example's night failed")
    walk.ask("GET", "//readyz")
    own = walk.ask("GET", "/notices", "unit")["notices"][0]["id"]
    walk.ask("GET", f"/notices/{own}")
    walk.ask("POST", f"/notices/{own}/acknowledge", "unit", json={})
    mail = walk.ask("GET", "/outbox")["mails"][0]["id"]
    walk.ask("GET", f"/outbox/{mail}")
    with database.write() as session:
        unknown = session.scalars(select(Delivery.id)).first()
        values = {"status": DeliveryStatus.UNKNOWN, "sent_at": None, "error": "发送过程中断"}
        session.execute(update(Delivery).where(Delivery.id == unknown).values(**values))
    walk.ask("POST", f"/outbox/{unknown}/verdict", json={"verdict": "arrived", "note": "电话核实"})
    sheet = walk.ask("GET", "/proposals")[0]["notice_id"]
    walk.ask("POST", f"/notices/{sheet}/decision", json={"approved": True, "reason": "同意"})
    with database.write() as session:  # as a summons whose talk is over
        held = {"talk_at": NOW, "talk_place": "二号楼301会议室", "talk_speaker": "区长"}
        session.execute(update(Approval).where(Approval.notice_id == sheet).values(**held))
    walk.ask("POST", f"/notices/{sheet}/talk", json={"promised": "8月底前全部完成", "promised_on": "2026-08-31"})
    issue_papers(database, Every.MONTHLY, as_of=AS_OF, now=NOW, public_url=settings.public_url)
    walk.ask("GET", "/papers")


def _items(walk: Walk) -> None:
    row = walk.item("3")["row"]
    walk.ask("GET", f"/items/{row['id']}/explain")
    walk.ask("GET", f"/items/{row['id']}/history")
    limit = next(c["id"] for c in walk.item("3")["clocks"] if c["kind"] == "limit")
    asked = {"clock_id": limit, "until_on": "2026-09-30", "reason": "设备到货晚", "progress": "完成八成"}
    walk.change("3", "extensions", "unit", **asked)
    walk.change("3", f"measures/{walk.item('3')['measures'][0]['id']}", "unit", progress="done")
    walk.change("3", "transitions", "unit", action="start", reason="已启动")
    version = walk.item("3")["row"]["version"]
    files, form = {"file": ("总结.txt", "已完成".encode())}, {"expected_version": version, "note": "验收材料"}
    walk.ask("POST", f"/items/{row['id']}/evidence", "unit", files=files, data=form)
    walk.change("8", "correction", edit={"title": "公文流转环节偏多"}, reason="原文如此")
    other = walk.item("6")["row"]
    move = {"item_id": other["id"], "action": "start", "expected_version": other["version"]}
    walk.ask("POST", "/items/transitions", json={"transitions": [move, move]})


def _others(walk: Walk) -> None:
    walk.change("6", "self-checks", units=["临溪镇"], due_on="2026-08-14")
    walk.ask("GET", "/self-checks")
    call = {"caller": "临溪镇", "called": ["区交通局"], "title": "镇中路塌陷", "due_on": "2026-07-17"}
    walk.ask("POST", "/plans/1/calls", json=call)
    walk.ask("GET", "/calls")
    walk.ask("GET", "/re-inspections")
    absence = {"party": "韩望舒", "first_on": "2026-07-13", "last_on": "2026-07-17"}
    walk.ask("POST", "/plans/1/absences", json=absence)
    walk.ask("GET", "/events")
    walk.ask("GET", "/access-log", "admin")


def _rest(walk: Walk) -> None:
    """Whatever else can be read of the plan or of an item."""
    known = {"plan": "1", "item_id": str(walk.item("3")["row"]["id"])}
    for path, operations in walk.document["paths"].items():
        parts = re.findall(r"\{(\w+)\}", path)
        answer = operations.get("get", {}).get("responses", {}).get("200")
        new = answer and shape_of(answer)[0] not in {"", *walk.found}
        if new and path.startswith("/api/") and set(parts) <= set(known):
            walk.ask("GET", path.removeprefix("/api/v1").format(**known))


def text() -> str:
    """What examples.json holds."""
    return json.dumps(capture(), ensure_ascii=False, indent=1) + "\n"
