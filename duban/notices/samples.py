"""Made-up contexts of every kind, for previews, for the check of office templates, and for tests.

The district, the officials and the addresses are fictional. `full` fills every field, `bare` leaves out whatever may
be left out: a template that renders with both renders with anything in between.
"""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any, cast

from duban.notices.clock_words import named, words_of
from duban.notices.context import CONTEXTS, ItemNotice, Missed, Person
from duban.notices.digest import Part, digest_context
from duban.notices.errors import UnknownNoticeKind

_LINK = "https://duban.example.org/link/abc"
_LEAD: Person = {"name": "沈明远", "post": "区委副书记", "is_unit": False}
_UNIT: Person = {"name": "区城管执法局", "post": None, "is_unit": True}
_OTHER_UNIT: Person = {"name": "区生态环境局", "post": None, "is_unit": True}
_THIRD_UNIT: Person = {"name": "沿河街道办事处", "post": None, "is_unit": True}
_OFFICE: Person = {"name": "中共临江区委督查室", "post": None, "is_unit": True}
_HEAD: Person = {"name": "周启文", "post": "区委书记", "is_unit": False}

_ITEM: dict[str, Any] = {
    "kind_zh": "督办单",
    "plan": {
        "title": "临江区关于落实专项督察反馈意见的整改方案",
        "short": "临江2026督察整改",
        "issuer": "中共临江区委办公室",
    },
    "item": {
        "number": "7",
        "ref": "第7项",
        "title": "沿河餐饮油烟扰民问题整治不到位",
        "goal": "完成沿河三个街道餐饮油烟净化设施改造，投诉量明显下降，并建立长效管理机制。",
        "time_limit": "2026年7月4日前完成改造，持续推进长效管理。",
        "due_on": "2026-07-04",
        "rolled_due_on": "2026-07-06",
        "overdue": True,
        "days_overdue": 6,
        "state_zh": "措施已拟定",
        "closed": False,
        "light": "red",
        "marks": [],
        "units": ["区城管执法局", "区生态环境局"],
        "leads": ["沈明远"],
        "url": "https://duban.example.org/items/7",
    },
    "clock": {
        "kind": "limit",
        "day_zh": "到期日",
        "part": None,
        "due_on": "2026-07-04",
        "rolled_due_on": "2026-07-06",
        "overdue": True,
        "days_overdue": 6,
        "cut_off": "17:00",
    },
    "rung": {"key": "supervise", "offset": 6, "due_on": "2026-07-14", "sent_on": "2026-07-14"},
    "recipient": _LEAD | {"address_as": "to", "on_behalf_of": None, "why": None},
    "addressees": [_LEAD],
    "copies": [_OTHER_UNIT],
    "sheet": {"series": "临督办", "year": 2026, "number": 3, "label": "临督办〔2026〕3号"},
    "office": {
        "name": "中共临江区委督查室",
        "letterhead": None,
        "phone": "000-12345678",
        "email": "ducha@linjiang.example.org",
    },
    "as_of": "2026-07-14",
    "acknowledge": {"by_on": "2026-07-16", "url": _LINK},
    "answer_by_on": None,
    "link": _LINK,
    "missed": None,
}

_EXTRAS: dict[str, dict[str, Any]] = {
    "remind": {
        "item": {"overdue": False, "days_overdue": -3, "light": "yellow", "marks": ["延期待批"]},
        "clock": {"overdue": False, "days_overdue": -3},
        "rung": {"key": "remind_3", "offset": -3, "due_on": "2026-07-01", "sent_on": "2026-07-01"},
        "as_of": "2026-07-01",
        "recipient": _UNIT,
        "addressees": [_UNIT],
        "copies": [],
        "sheet": None,
        "acknowledge": None,
    },
    "urge": {
        "item": {"days_overdue": 1},
        "clock": {"days_overdue": 1},
        "rung": {"key": "urge", "offset": 1, "due_on": "2026-07-07", "sent_on": "2026-07-07"},
        "as_of": "2026-07-07",
        "recipient": _UNIT,
        "addressees": [_UNIT, _OTHER_UNIT],
        "copies": [_LEAD],
        "sheet": {"series": "临催办", "year": 2026, "number": 12, "label": "临催办〔2026〕12号"},
        "acknowledge": None,
        "answer_by_on": "2026-07-14",
    },
    "supervise": {"answer_by_on": "2026-07-21"},
    "circulate": {
        "item": {"days_overdue": 11},
        "clock": {"days_overdue": 11},
        "rung": {"key": "circulate", "offset": 11, "due_on": "2026-07-21", "sent_on": "2026-07-21"},
        "as_of": "2026-07-21",
        "addressees": [_UNIT, _OTHER_UNIT, _THIRD_UNIT],
        "recipient": _UNIT,
        "copies": [_LEAD, _HEAD],
        "sheet": {"series": "临督通", "year": 2026, "number": 1, "label": "临督通〔2026〕1号"},
        "acknowledge": None,
    },
    "summon": {
        "item": {"days_overdue": 21},
        "clock": {"days_overdue": 21},
        "rung": {"key": "summon", "offset": 21, "due_on": "2026-08-04", "sent_on": "2026-08-05"},
        "as_of": "2026-08-05",
        "recipient": _UNIT,
        "addressees": [_UNIT, _OTHER_UNIT],
        "copies": [_LEAD],
        "sheet": {"series": "临督约", "year": 2026, "number": 1, "label": "临督约〔2026〕1号"},
        "acknowledge": None,
        "talk": {
            "on": "2026-08-07",
            "time": "15时",
            "place": "区委二号楼301会议室",
            "speaker": "周启文",
            "leads": True,
        },
    },
    "propose": {
        "clock": {"days_overdue": 21},
        "item": {"days_overdue": 21},
        "rung": None,
        "as_of": "2026-08-04",
        "recipient": _HEAD,
        "addressees": [_HEAD],
        "copies": [],
        "sheet": {"series": "临督呈", "year": 2026, "number": 1, "label": "临督呈〔2026〕1号"},
        "acknowledge": None,
        "proposal": {"measure": "约谈", "units": ["区城管执法局", "区生态环境局"], "people": [_LEAD]},
    },
    "assign": {
        "item": {"overdue": False, "days_overdue": -60, "light": "green", "state_zh": "交办"},
        "clock": None,
        "rung": None,
        "as_of": "2026-04-09",
        "recipient": _UNIT,
        "addressees": [_UNIT],
        "sheet": {"series": "临交办", "year": 2026, "number": 7, "label": "临交办〔2026〕7号"},
        "acknowledge": {"by_on": "2026-04-13", "url": _LINK},
    },
    "extension": {
        "item": {"overdue": False, "days_overdue": -2, "light": "yellow"},
        "clock": None,
        "rung": None,
        "as_of": "2026-07-02",
        "recipient": _UNIT,
        "addressees": [_UNIT],
        "sheet": {"series": "临督复", "year": 2026, "number": 2, "label": "临督复〔2026〕2号"},
        "acknowledge": None,
        "extension": {
            "ordinal": 1,
            "asked_on": "2026-06-30",
            "asked_by": "区城管执法局",
            "asked_until_on": "2026-09-30",
            "reason": "两处点位需随道路改造同步施工",
            "granted": True,
            "granted_until_on": "2026-08-31",
            "decided_by": "沈明远",
            "decided_on": "2026-07-02",
            "opinion": "其余点位仍须按原时限完成",
            "first_due_on": "2026-07-06",
        },
    },
    "return": {
        "item": {"overdue": False, "days_overdue": -20, "light": "green"},
        "clock": None,
        "rung": None,
        "as_of": "2026-06-05",
        "recipient": _UNIT,
        "addressees": [_UNIT],
        "sheet": {"series": "临督退", "year": 2026, "number": 1, "label": "临督退〔2026〕1号"},
        "acknowledge": None,
        "returned": {
            "what": "整改措施",
            "reason": "措施未明确责任人和完成时间，未回应投诉集中的点位",
            "by": "沈明远",
            "on": "2026-06-05",
            "redo_by_on": "2026-06-12",
        },
    },
    "closed": {
        "item": {"overdue": False, "days_overdue": 0, "light": "green", "state_zh": "已销号", "closed": True},
        "clock": None,
        "rung": None,
        "as_of": "2026-09-21",
        "recipient": _UNIT,
        "addressees": [_UNIT],
        "sheet": {"series": "临督销", "year": 2026, "number": 5, "label": "临督销〔2026〕5号"},
        "acknowledge": None,
        "closing": {
            "outcome": "done",
            "merged_into": None,
            "closed_on": "2026-09-21",
            "verified_by": "区委督查室核查组",
            "signed_by": ["沈明远"],
            "published_from": "2026-09-14",
            "published_to": "2026-09-18",
            "re_inspect_on": "2027-03-22",
            "reason": "三个街道改造全部完成，投诉量下降",
        },
    },
    "acknowledge": {
        "rung": {"key": "supervise", "offset": 6, "due_on": "2026-07-14", "sent_on": "2026-07-14"},
        "as_of": "2026-07-17",
        "item": {"days_overdue": 9},
        "clock": {"kind": "acknowledge"}
        | {"day_zh": "签收截止日", "due_on": "2026-07-16", "rolled_due_on": "2026-07-16", "days_overdue": 1},
        "sheet": None,
        "acknowledge": None,
        "pending": {"kind_zh": "督办单", "label": "临督办〔2026〕3号", "sent_on": "2026-07-14", "days_late": 1},
    },
}


def full(kind: str) -> dict[str, Any]:
    """A context of the kind with every field filled."""
    if kind not in CONTEXTS:
        raise UnknownNoticeKind(kind=kind, known=", ".join(CONTEXTS))
    if kind == "digest":
        return _digest()
    if kind in _ALONE:
        return _ALONE[kind]()
    context = copy.deepcopy(_ITEM)
    for key, value in copy.deepcopy(_EXTRAS[kind]).items():
        context[key] = context[key] | value if key in ("item", "clock", "recipient") and value else value
    return context | {"kind_zh": named(kind, context["clock"])}


def bare(kind: str) -> dict[str, Any]:
    """A context of the kind without anything that may be missing."""
    context = full(kind)
    if kind == "digest":
        lonely = cast("ItemNotice", _bare_item("remind", full("remind")))
        office = context["office"] | {"phone": None, "email": None}
        return dict(digest_context(_UNIT, office, "2026-07-01", [Part("remind", lonely)]))
    if kind == "weekly":
        empty = dict.fromkeys(context["counts"], 0)
        return context | {"counts": empty, "overdue": [], "due_next": [], "done": [], "url": None}
    if kind == "papers":
        return context | {"papers": [context["papers"][0] | {"said": [], "url": None}]}
    if kind == "alarm":
        return context | {"said": [], "remedy": [], "url": None}
    return _bare_item(kind, context)


_OPEN_LONG_TERM: dict[str, Any] = {
    "number": "9",
    "ref": "第9项",
    "title": "河湖巡查制度执行不到位",
    "goal": "建立健全巡查制度，长期坚持。",
    "time_limit": "长期坚持",
    "due_on": None,
    "rolled_due_on": None,
    "overdue": False,
    "days_overdue": 0,
    "state_zh": "持续推进",
    "light": "none",
    "marks": ["长效报告逾期"],
}
_RED: dict[str, Any] = {"overdue": True, "light": "red", "marks": []}
_TO_VERIFY: dict[str, Any] = {
    "overdue": False,
    "days_overdue": -8,
    "light": "yellow",
    "state_zh": "持续推进",
    "marks": [],
}
_TO_VERIFY |= {"due_on": "2026-07-20", "rolled_due_on": "2026-07-20"}
_STRUCK_OFF: dict[str, Any] = {"overdue": False, "days_overdue": 0, "light": "green", "state_zh": "已销号"}
_STRUCK_OFF |= {"closed": True, "rolled_due_on": None, "due_on": None, "marks": []}

#: By variant: the kind that it is of, the clock's kind, its part, its days overdue, and the item that it stands on.
_OF_CLOCKS: dict[str, tuple[str, str, str | None, int, dict[str, Any]]] = {
    "remind.limit_late": ("remind", "limit", None, 2, {"days_overdue": 2} | _RED),
    "remind.part": ("remind", "limit", "完成沿河三个街道改造", -3, {"marks": []}),
    "remind.part_late": ("remind", "limit", "完成沿河三个街道改造", 1, {"days_overdue": 1} | _RED),
    "remind.check_in": ("remind", "check_in", None, -3, _OPEN_LONG_TERM | {"marks": []}),
    "remind.check_in_late": ("remind", "check_in", None, 1, _OPEN_LONG_TERM),
    "remind.verify": ("remind", "verify", None, -2, _TO_VERIFY),
    "remind.verify_late": ("remind", "verify", None, 1, _TO_VERIFY),
    "remind.re_inspect": ("remind", "re_inspect", None, -5, _STRUCK_OFF),
    "remind.re_inspect_late": ("remind", "re_inspect", None, 2, _STRUCK_OFF),
    "remind.acknowledge": ("remind", "acknowledge", None, 1, {"days_overdue": 1} | _RED),
    "urge.part": ("urge", "limit", "完成沿河三个街道改造", 1, {"days_overdue": 1}),
    "urge.check_in": ("urge", "check_in", None, 6, _OPEN_LONG_TERM),
    "urge.verify": ("urge", "verify", None, 1, _TO_VERIFY),
    "urge.re_inspect": ("urge", "re_inspect", None, 1, _STRUCK_OFF),
    "supervise.part": ("supervise", "limit", "完成沿河三个街道改造", 6, {"days_overdue": 6}),
    "supervise.check_in": ("supervise", "check_in", None, 11, _OPEN_LONG_TERM),
    "urge.call": ("urge", "limit", None, 1, {"number": "吹哨1", "ref": "吹哨事项1", "title": "镇中路塌陷"}),
}
VARIANTS = tuple(_OF_CLOCKS)
"""A notice of each kind of clock, before and after its day: `<kind>.<clock>`."""


def variant(name: str) -> dict[str, Any]:
    """A context of one of `VARIANTS`: the kind's full one, with a clock of another kind and an item that fits it."""
    kind, of, part, days, item = _OF_CLOCKS[name]
    context = full(kind)
    context["item"] |= copy.deepcopy(item)
    context["clock"] |= {"kind": of, "day_zh": words_of(of, part).day, "part": part}
    context["clock"] |= {"overdue": days > 0, "days_overdue": days}
    as_of = _workdays_after(context["clock"]["rolled_due_on"], days)
    context["rung"] |= {"key": name.replace(".", "_"), "offset": days, "due_on": as_of, "sent_on": as_of}
    if context["acknowledge"]:
        context["acknowledge"]["by_on"] = _workdays_after(as_of, 2)
    if context["answer_by_on"]:
        context["answer_by_on"] = _workdays_after(as_of, 5)
    return context | {"kind_zh": named(kind, context["clock"]), "as_of": as_of}


def _workdays_after(day: str, days: int) -> str:
    """So many days from Monday to Friday after a day, or before it: no holiday falls into the summer of the samples."""
    at = dt.date.fromisoformat(day)
    while days:
        at += dt.timedelta(days=1 if days > 0 else -1)
        days -= (1 if days > 0 else -1) if at.isoweekday() <= 5 else 0
    return at.isoformat()


def late(kind: str) -> dict[str, Any]:
    """A context of an item notice for the supervision office, on behalf of someone, after missed nights.

    Its item is titled with a whole sentence, as plans print it.
    """
    context = full(kind)
    context["item"]["title"] += "。"
    behalf = {"on_behalf_of": "沈明远（区委副书记）", "why": "名录中没有其邮箱地址"}
    context |= {"recipient": context["recipient"] | _OFFICE | behalf, "missed": _missed(context["as_of"])}
    if context["rung"]:
        context["rung"] |= {"due_on": context["missed"]["from_on"], "sent_on": context["as_of"]}
    return context


def _missed(as_of: str) -> Missed:
    today = dt.date.fromisoformat(as_of)
    return {"nights": 3, "from_on": str(today - dt.timedelta(days=3)), "to_on": str(today - dt.timedelta(days=1))}


def _bare_item(kind: str, context: dict[str, Any]) -> dict[str, Any]:
    context["item"] |= dict.fromkeys(("goal", "time_limit", "due_on", "rolled_due_on", "url"))
    context["item"] |= {"overdue": False, "days_overdue": 0, "light": "none", "marks": [], "units": [], "leads": []}
    context["plan"]["issuer"] = None
    context["office"] |= {"phone": None, "email": None}
    context |= {
        "kind_zh": named(kind, None),
        "clock": None,
        "rung": None,
        "copies": [],
        "sheet": None,
        "acknowledge": None,
        "answer_by_on": None,
        "link": None,
    }
    context |= {"missed": None}
    if "extension" in context:
        context["extension"] |= {"granted": False, "granted_until_on": None, "opinion": None}
    if "returned" in context:
        context["returned"]["redo_by_on"] = None
    if "closing" in context:
        missing = ("merged_into", "verified_by", "published_from", "published_to", "re_inspect_on", "reason")
        context["closing"] |= dict.fromkeys(missing) | {"signed_by": []}
    if "talk" in context:
        context["talk"]["leads"] = False
    if "proposal" in context:
        context["proposal"] |= {"units": [], "people": []}
    if "pending" in context:
        context["pending"] |= {"label": None, "days_late": 0}
    return context


def _digest() -> dict[str, Any]:
    supervise, urge, remind = full("supervise"), full("urge"), full("remind")
    behalf = late("circulate")
    behalf["item"] |= {"number": "12", "ref": "第12项", "title": "个别街道公共法律服务站点未按时开放"}
    urge["item"] |= {"number": "3.2", "ref": "第3.2项", "title": "社区食堂台账不全"}
    urge["recipient"]["address_as"] = "cc"
    urge["rung"] |= {"due_on": "2026-07-10", "sent_on": "2026-07-14"}
    remind["item"] |= {"number": "21", "ref": "第21项", "title": "年内新增公共停车泊位500个"}
    remind["plan"] = {"title": "临江区2026年重点工作任务分解", "short": "临江2026重点工作", "issuer": None}
    parts = [
        Part(kind, cast("ItemNotice", context), attached)
        for kind, context, attached in (
            ("supervise", supervise, True),
            ("circulate", behalf, True),
            ("urge", urge, False),
            ("remind", remind, False),
        )
    ]
    digest = digest_context(
        _OFFICE,
        supervise["office"],
        "2026-07-14",
        parts,
        url="https://duban.example.org/my",
        missed=_missed("2026-07-14"),
    )
    return dict(digest)


def _weekly() -> dict[str, Any]:
    line = {
        "plan_short": "临江2026督察整改",
        "number": "7",
        "ref": "第7项",
        "title": "沿河餐饮油烟扰民问题整治不到位",
        "rolled_due_on": "2026-07-06",
        "overdue": True,
        "days_overdue": 9,
        "state_zh": "措施已拟定",
        "closed": False,
        "light": "red",
        "marks": [],
        "units": ["区城管执法局", "区生态环境局"],
        "url": "https://duban.example.org/items/7",
        "link": _LINK,
    }
    upcoming: dict[str, Any] = {"number": "15", "ref": "第15项", "title": "绩效目标设置不完整"}
    upcoming |= {"overdue": False, "days_overdue": -4, "light": "yellow", "rolled_due_on": "2026-07-23"}
    done: dict[str, Any] = {
        "number": "2",
        "ref": "第2项",
        "title": "会议纪要归档不及时",
        "light": "green",
        "state_zh": "已销号",
    }
    done |= {"closed": True, "overdue": False, "days_overdue": 0}
    return {
        "recipient": _LEAD | {"address_as": "to", "on_behalf_of": None, "why": None},
        "office": copy.deepcopy(_ITEM["office"]),
        "as_of": "2026-07-17",
        "week": {"from_on": "2026-07-11", "to_on": "2026-07-17"},
        "counts": {"open": 39, "overdue": 3, "due_next": 1, "moved": 8, "closed": 1, "without_limit": 4},
        "overdue": [
            line,
            line
            | {"number": "12", "ref": "第12项", "title": "个别街道公共法律服务站点未按时开放"}
            | {"url": None, "link": None},
        ],
        "due_next": [line | upcoming],
        "done": [line | done],
        "url": "https://duban.example.org/my",
    }


def _papers() -> dict[str, Any]:
    paper = {
        "plan_short": "临江2026督察整改",
        "title": "2026年7月曝光清单（临江2026督察整改）",
        "said": ["2026年7月列入曝光2项，其他红灯1项。"],
        "url": "https://duban.example.org/items?plan=1",
    }
    ranked = {
        "title": "2026年7月单位排名（临江2026督察整改）",
        "said": ["第1名区档案馆，96.0分。", "第2名区城管执法局，71.5分。"],
    }
    return {
        "recipient": _OFFICE | {"address_as": "to", "on_behalf_of": None, "why": None},
        "office": copy.deepcopy(_ITEM["office"]),
        "as_of": "2026-08-03",
        "occasion": "2026年7月",
        "papers": [paper, paper | ranked],
    }


def _alarm() -> dict[str, Any]:
    return {
        "recipient": _OFFICE | {"address_as": "to", "on_behalf_of": None, "why": None},
        "office": copy.deepcopy(_ITEM["office"]),
        "as_of": "2026-07-14",
        "what": "7月14日的夜间督办没有完成",
        "said": ["最近一次完成的夜间督办：2026年7月12日。"],
        "remedy": [
            "在服务器上运行 duban nightly，漏下的各夜会一并补做，不会重发。",
            "仍不成功的，查看日志并联系维护人员。",
        ],
        "url": "https://duban.example.org",
    }


_ALONE = {"weekly": _weekly, "papers": _papers, "alarm": _alarm}
