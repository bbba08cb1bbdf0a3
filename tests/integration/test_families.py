"""Every family of documents becomes what it is: parts, targets beside the past year, what was done, clauses."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.reading.model import Kind
from duban.reading.reader import read_bytes
from duban.services.checks import check
from duban.services.queries.board import board
from duban.services.queries.item import one_item
from duban.services.queries.scope import WHOLE
from duban.services.queries.shapes import ItemWhole
from duban.services.registration import Intake, OfficeRules, Received, Registered, register
from duban.services.registration_preview import preview
from models import Item, ItemParty, Measure, Progress, Target
from tests.conftest import NOW, ROOT, unavailable

OFFICE = Actor("督查员", "supervisor")
POLICY = (ROOT / "policies" / "default.toml").read_text("utf-8")
RULES = OfficeRules("default", POLICY, "区政府督查室", "duban@example.org")
AS_OF = dt.date(2026, 3, 2)

BREAKDOWN = """云溪区人民政府办公室关于印发2026年重点工作任务分解的通知

云府办〔2026〕5号

一、优化营商环境

1.推进政务服务"一网通办",实现高频事项全程网办。(区行政服务中心牵头,区数据局、区司法局配合)
▲新增全程网办事项50项。(区数据局)
▲建成24小时自助服务区10处。(区行政服务中心)
2.完善惠企政策兑现机制。(区财政局牵头,区税务局配合)

二、改善城市面貌

3.完成背街小巷整治60条。(区城管局牵头,各街道配合)
4.新建口袋公园8个。(区绿化局)
"""
WORK_REPORT = """云溪区政府工作报告

——2026年1月10日在云溪区第五届人民代表大会第六次会议上

一、2025年工作回顾

过去一年,全区生产总值增长5.8%,一般公共预算收入增长6.1%。新增就业岗位38000个,旧住房改造42万平方米。

二、2026年主要目标和任务

综合各方面因素,今年全区经济社会发展的主要预期目标是:生产总值增长6%左右,一般公共预算收入增长6%。

(一)保障和改善民生

新增就业岗位40000个,城镇登记失业人数控制在2万人以内。完成旧住房改造50万平方米。新增养老床位1200张。
"""
PROGRESS = """中共云溪区委关于巡视整改进展情况的通报

2025年3月至5月,市委第二巡视组对云溪区委进行了巡视。截至2025年12月底,反馈的3个问题,已完成整改2个。现将整改进展情况予以公布。

一、贯彻落实党的路线方针政策方面

1.针对调查研究不够深入问题。
区委领导开展蹲点调研36次,形成报告12篇。已完成整改。

2.针对营商环境存在短板问题。
出台助企措施18条,减免费用2300万元。已完成整改。

二、全面从严治党方面

3.针对廉政风险防控不到位问题。
排查风险点126个,正在整改。
"""
OPINION = """中共云溪区委 云溪区人民政府关于加强社区治理的意见

2026年2月20日

为加强社区治理,现提出如下意见。

一、总体要求

(一)指导思想。坚持党建引领,全面提升社区治理水平。

(二)工作目标。到2027年,社区服务设施覆盖率达到95%,居民满意度明显提高。

二、重点任务

(三)完善服务设施。推进社区服务用房建设,建立健全社区服务清单制度。到2026年底,每个社区服务用房面积不少于400平方米。

(四)健全协商机制。制定《社区协商工作规则》,推动居民议事常态化。
"""


def enter(database: Database, text: str, kind: Kind) -> Registered:
    data = text.encode()
    received = Received("文件.txt", data, read_bytes(data, "文件.txt"))
    assert received.reading.kind is kind
    shown = preview(database, received, Intake(rules=RULES, actor=OFFICE, as_of=AS_OF, now=NOW))
    done = register(database, received, Intake(rules=RULES, actor=OFFICE, as_of=AS_OF, now=NOW))
    assert shown.summary.items == done.items == len(shown.items)
    assert [f.code for f in check(database, now=NOW) if f.count] == []
    on_board = next(p for p in board(database, scope=WHOLE, as_of=AS_OF).plans if p.code == done.code)
    assert on_board.items == done.items
    return done


def whole(database: Database, done: Registered, text: str) -> ItemWhole:
    """The item with these words in its title, as its page shows it."""
    with database.read() as session:
        query = select(Item.id).where(Item.plan_id == done.plan_id, Item.title.contains(text))
        item_id = session.scalars(query.order_by(Item.id)).first()
    assert item_id is not None, text
    return one_item(database, item_id=item_id, scope=WHOLE, actor=OFFICE, as_of=AS_OF)


def test_a_task_breakdown_makes_items_with_parts_that_have_their_own_units(database: Database) -> None:
    done = enter(database, BREAKDOWN, Kind.TASK_BREAKDOWN)
    task = whole(database, done, "一网通办")
    assert task.row.names("lead_unit") == ["区行政服务中心"]
    assert task.row.names("responsible", "support") == ["区数据局", "区司法局"]
    assert len(task.children) == 2
    assert [c.names("responsible", "lead_unit") for c in task.children] == [["区数据局"], ["区行政服务中心"]]
    part = whole(database, done, "新增全程网办")
    assert part.parent is not None
    assert part.parent.number == task.row.number


def test_a_work_report_makes_targets_with_the_past_years_figure_beside_each(database: Database) -> None:
    done = enter(database, WORK_REPORT, Kind.WORK_REPORT)
    with database.read() as session:
        found = {
            t.name: (float(t.value), None if t.baseline is None else float(t.baseline))
            for t in session.scalars(select(Target).join(Item, Item.id == Target.item_id))
            if t.name
        }
    jobs = next(v for name, v in found.items() if "就业岗位" in name)
    homes = next(v for name, v in found.items() if "旧住房" in name)
    assert jobs == (40000, 38000)
    assert homes == (50, 42)
    assert not any(v[0] in (38000, 42) for v in found.values()), "what was reached last year is no target"
    item = whole(database, done, "就业")
    assert any(t.baseline == 38000 for t in item.targets), "the item's page shows the past figure"


def test_a_progress_report_makes_a_plan_with_what_was_done_and_strikes_nothing_off(database: Database) -> None:
    done = enter(database, PROGRESS, Kind.PROGRESS_REPORT)
    assert done.items == 3
    with database.read() as session:
        items = session.scalars(select(Item).where(Item.plan_id == done.plan_id).order_by(Item.position)).all()
        assert [(i.reported_done, i.state.value) for i in items] == [
            (True, "ongoing"),
            (True, "ongoing"),
            (False, "ongoing"),
        ]
        measures = session.scalars(select(Measure).where(Measure.item_id == items[0].id)).all()
    assert measures
    assert all(m.progress is Progress.DONE for m in measures)


def test_an_opinion_makes_clauses_with_their_goals(database: Database) -> None:
    done = enter(database, OPINION, Kind.POLICY_OPINION)
    facilities = whole(database, done, "完善服务设施")
    assert "社区服务用房" in " ".join([facilities.goal or "", *(m.text for m in facilities.measures)])
    assert any(t.value == 400 for t in facilities.targets)
    rules = whole(database, done, "健全协商机制")
    assert [r.title for r in rules.regulations] == ["社区协商工作规则"]


#: file → family, items, and how many of something must be there.
REAL = {
    "baoshan-2008-task-breakdown.txt": (Kind.TASK_BREAKDOWN, 80, 100),
    "beijing-2019-policy-opinion.txt": (Kind.POLICY_OPINION, 28, 20),
    "jiading-2014-rectification-plan.txt": (Kind.RECTIFICATION_PLAN, 39, 30),
    "jingan-2017-work-report.txt": (Kind.WORK_REPORT, 15, 20),
    "putuo-2024-rectification-progress.txt": (Kind.PROGRESS_REPORT, 41, 41),
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_document_of_each_family_registers_whole(sqlite_database: Database, name: str) -> None:
    path = Path(os.environ.get("DUBAN_DOCUMENTS", ROOT.parent / "shared" / "documents")) / name
    if not path.exists():
        unavailable(f"{name} is not on this machine (DUBAN_DOCUMENTS)")
    kind, numbers, least = REAL[name]
    content = path.read_bytes()
    received = Received(name, content, read_bytes(content, name))
    assert received.reading.kind is kind
    done = register(sqlite_database, received, Intake(rules=RULES, actor=OFFICE, as_of=AS_OF, now=NOW))
    with sqlite_database.read() as session:
        top = set(session.scalars(select(Item.number).where(Item.parent_id.is_(None), ~Item.dropped)))
        assert len(top) >= numbers
        counted = {
            Kind.TASK_BREAKDOWN: select(Item.id).where(Item.parent_id.is_not(None)),
            Kind.WORK_REPORT: select(Target.id),
            Kind.RECTIFICATION_PLAN: select(ItemParty.item_id),
        }.get(kind, select(Measure.id))
        assert len(session.scalars(counted).all()) >= least
    assert [f.code for f in check(sqlite_database, now=NOW) if f.count] == []
    again = register(sqlite_database, received, Intake(rules=RULES, actor=OFFICE, as_of=AS_OF, now=NOW))
    assert (again.created, again.items) == (False, done.items)
