"""What an official reads for each code of ours: states, events, doubts, refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from duban.domain.lifecycle import ACTION_ZH, OUTCOME_ZH, STATE_ZH, Action, State
from duban.errors import DubanError
from duban.notices.context import KINDS_ZH

LIGHT_ZH = MappingProxyType({"red": "红灯", "yellow": "黄灯", "green": "绿灯", "none": "无时限"})
PROGRESS_ZH = MappingProxyType({"open": "未完成", "mostly_done": "基本完成", "done": "已完成"})
CATEGORY_ZH = MappingProxyType({"immediate": "即知即改", "by_deadline": "限期整改", "long_term": "长期推进"})
MILESTONE_ZH = MappingProxyType(
    {"issue_regulation": "出台制度", "complete": "完成", "start": "启动", "check_in": "定期报告"}
)
PARTY_ROLE_ZH = MappingProxyType(
    {
        "lead_official": "牵头领导",
        "lead_unit": "牵头单位",
        "responsible": "责任单位",
        "support": "配合单位",
        "supervising": "督导单位",
        "caller": "吹哨单位",
        "called": "报到单位",
    }
)
ROLE_ZH = MappingProxyType(
    {"viewer": "查看人员", "unit": "责任单位", "lead": "牵头领导", "supervisor": "督查室", "admin": "系统管理员"}
)
STEP_ZH = MappingProxyType({"request": "申请销号", "sign": "签字", "verify": "核查", "publish": "公示"})
SOURCE_ZH = MappingProxyType(
    {
        "api": "接口",
        "page": "网页",
        "cli": "命令行",
        "prefect": "流程界面",
        "night": "夜间督办",
        "document": "文件登记",
        "link": "邮件链接",
    }
)
DELIVERY_ZH = MappingProxyType(
    {
        "queued": "待发送",
        "sending": "发送中",
        "sent": "已发送",
        "unknown": "是否送达不明",
        "failed": "发送失败",
        "suppressed": "未发送",
    }
)
RESOLUTION_ZH = MappingProxyType({"keep": "按原文保留", "merge": "与另一份合并", "edit": "更正", "drop": "剔除"})
ANOMALY_ZH: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "duplicate_number": ("编号重复", "同一编号出现两次，内容相同或残缺，请决定留哪一份"),
        "conflicting_copies": ("两份不一致", "同一编号的两份内容有出入，请对照原文更正或选定一份"),
        "missing_field": ("缺少内容", "其他事项都有的内容，这一项没有"),
        "repeated_field": ("内容重复", "同一项内容在本事项里出现两次"),
        "orphan_text": ("归属不明的文字", "这段文字不属于任何事项"),
        "cut_text": ("语句中断", "句子没有写完，可能缺页或串行"),
        "shared_text": ("与他项雷同", "两个事项的措施或目标相同，可能串行"),
        "ambiguous_limit": ("时限有两种读法", "先按较早的日期计时，请核定"),
        "number_gap": ("编号不连续", "中间缺号"),
        "out_of_order": ("编号颠倒", "编号前后颠倒"),
        "unknown_party": ("名录中没有", "名录里没有这个名称，通知先送督查室"),
    }
)
EVENT_ZH = MappingProxyType(
    {
        "item.assigned": "交办",
        "item.measure_drafted": "拟定措施",
        "item.measure_returned": "退回措施",
        "item.regulation_issued": "出台制度",
        "item.started": "启动推进",
        "item.sustained": "转入持续推进",
        "item.closed": "销号",
        "item.withdrawn": "撤销",
        "item.merged": "并入其他事项",
        "item.reopened": "重新启动",
        "item.resolved": "核定读取疑点",
        "item.resolution_undone": "撤回核定",
        "item.directory_updated": "更新名录",
        "item.edited": "按新版方案修改",
        "progress.published": "按公布的进展情况登记",
        "measure.reported": "填报措施进展",
        "milestone.done": "节点完成",
        "regulation.reported": "登记制度文号",
        "evidence.handed_in": "上传佐证材料",
        "closing.request": "申请销号",
        "closing.sign": "牵头领导签字",
        "closing.verify": "核查",
        "closing.publish": "公示",
        "rung.fired": "发出提醒或督办文书",
        "clock.breached": "首次逾期（记录在案）",
        "notice.acknowledged": "签收",
        "progress.reported": "报告进展",
        "delivery.bounced": "邮件被退回，改送督查室",
        "check_in.reported": "长效期报告",
        "target.reported": "填报量化目标",
        "extension.asked": "申请延期",
        "extension.decided": "批复延期",
        "clock.paused": "暂停计时",
        "clock.resumed": "恢复计时",
        "clock.counted": "起算时限",
        "clock.reprojected": "放假安排变更，重新核定到期日",
        "policy.applied": "督办规则变更",
        "item.handed_over": "发出交办通知",
        "item.self_checks_spawned": "布置举一反三自查",
        "self_check.reported": "报告自查结果",
        "call.answered": "报到",
        "notice.withdrawn": "撤回通知",
        "delivery.settled": "核实通知是否送达",
        "re_inspection.passed": "回头看通过",
        "re_inspection.failed": "回头看发现反弹",
        "run.linked": "建立流程",
    }
)
NOTICE_ZH = KINDS_ZH

#: Refusals: what is wrong, what to do. Fields of the error fill the braces.
REFUSAL_ZH: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "not_signed_in": ("请先登录", "登录后再打开本页。"),
        "bad_token": ("登录已失效", "请重新登录。"),
        "bad_credentials": ("用户名或密码不对", "请核对后重试。连续输错5次，账户锁定15分钟。"),
        "locked_out": ("账户已锁定", "密码连续输错次数过多。请15分钟后再试，或请系统管理员重设密码。"),
        "evidence_infected": (
            "文件里查出病毒，没有收下",
            "{filename}：{found}。请检查来源电脑，换一份干净的文件再上传。",
        ),
        "evidence_gone": ("文件不在了", "{filename}在存放处找不到或已被改动。请告知系统管理员从备份恢复。"),
        "evidence_folder_unusable": ("文件没有存下", "存放佐证材料的地方现在写不进去。请告知系统管理员，稍后再上传。"),
        "scanner_away": ("文件没有收下：病毒检查暂时不能用", "请稍后再上传；一直这样，请告知系统管理员。"),
        "unknown_person": (
            "您还没有督办系统的账户",
            "您已通过统一认证（{who}），但管理员还没有把它关联到督办系统的账户，所以不能进入。",
        ),
        "provider_away": (
            "统一认证暂时不能使用",
            "请稍后再试，或用督办系统的用户名和密码登录。问题持续时，请告知系统管理员：{reason}。",
        ),
        "provider_refused": (
            "统一认证没有成功",
            "请回到登录页重新点一次统一认证登录（须在同一浏览器里、10分钟内完成）。再次失败时，请把时间告知系统管理员。",
        ),
        "weak_password": ("密码太短", "密码至少10个字符，现在只有{length}个。"),
        "name_taken": ("用户名已被使用", "已有用户“{name}”，请换一个名字。"),
        "forbidden": ("您不能办理“{action}”", "该操作由{who}办理。"),
        "role_forbidden": ("您的角色不能办理此事", "该操作由{who}办理。"),
        "out_of_scope": ("这一项不归您所在单位", "您的账户对应：{parties}。需要查看，请与督查室联系。"),
        "not_found": ("没有找到", "编号可能有误，或内容已被移除。请从列表重新进入。"),
        "no_such_address": ("没有这个页面", "请从上方导航重新进入。"),
        "method_not_allowed": ("不能这样打开本页", "请从页面上的按钮办理，不要直接输入地址。"),
        "stale_version": (
            "这一项在您打开之后已有变动",
            "您看到的是第{expected}版，现在是第{present}版。请看清现在的情况，仍要办理的，从本页返回后重新提交。",
        ),
        "transition_refused": ("现在不能办理“{action}”", "本事项现为{state}，可以办理：{possible}。"),
        "guard_failed": ("还不能办理“{action}”", "还差以下各项，补齐后再办。"),
        "quarantined": ("本事项还在待核", "读取原文时有疑点，须先由督查室核定，核定前不计时、不发通知。"),
        "resolution_refused": ("不能这样核定", "{reason}"),
        "closing_step_refused": ("不能办理“{step}”", "{reason}"),
        "extension_refused": ("延期申请不成立", "{reason}"),
        "clock_refused": ("时钟不能这样办", "{reason}"),
        "target_refused": ("填报的目标值有误", "{reason}"),
        "in_the_future": ("日期还没有到", "请填实际完成的日期，最晚填今天。"),
        "evidence_refused": (
            "文件未收下",
            "文件“{filename}”未收下：不能是空文件，不能超过20 MB，同一文件不能重复上传。",
        ),
        "evidence_type": ("文件类型不符", "请上传PDF、JPG、PNG、Word、Excel或文本文件，文件名后缀须与内容一致。"),
        "unreadable": ("文件读不出来", "请上传已发布的方案：文本、Markdown、网页、Word、Excel或文字版PDF。"),
        "directory_invalid": ("名录有误", "请按名录模板核对各列。"),
        "edition_stands": ("已有同名方案的另一版", "请用命令“duban register”比较两版的差异。"),
        "code_taken": ("简称已被使用", "请换一个简称。"),
        "invalid_request": ("提交的内容有误", "请核对标出的各栏后重新提交。"),
        "csrf": ("页面已过期", "为防止他人冒用，请返回上一页刷新后重新提交。"),
        "too_large": ("内容太大", "单个文件不超过20 MB。"),
        "too_many_requests": ("操作太频繁", "请稍等片刻再试。"),
        "bad_cursor": ("翻页已失效", "请从第一页重新查看。"),
        "idempotency_key_reused": ("重复提交", "请刷新页面后重新提交。"),
        "link_refused": ("链接无效或已过期", "请登录后办理，或请督查室重新发送。"),
        "nothing_reported": ("没有填写进展", "请用几句话写明做了什么，最多{most}个字。"),
        "outbox_refused": (
            "这封邮件现在不能这样处理",
            "只有是否送达不明、发送失败的可以处理；所含通知已撤回的，不能重发。",
        ),
        "withdrawal_refused": ("这份文书不能撤回", "{reason}。只有还没有发出的文书可以撤回，并须写明理由。"),
        "notice_withdrawn": ("这份文书已撤回", "撤回原因：{reason}。不必再签收或报告。"),
        "new_item_refused": ("没有建立", "{reason}。"),
        "answer_refused": ("没有登记", "{reason}。"),
        "re_inspection_refused": ("回头看没有登记", "{reason}。"),
        "absence_refused": ("{party}的外出没有登记", "{reason}。"),
        "view_refused": ("视图没有保存", "{reason}。"),
        "stale_rules": ("规则在您预览之后已被他人变更", "请重新预览，看清现在的影响后再确认。什么也没有改动。"),
        "policy_invalid": ("规则有误，什么也没有改动", "第{line}行（{key}）：{problem}"),
        "calendar_file_invalid": ("放假安排有误，什么也没有改动", "第{line}行：{problem}"),
        "internal_error": ("系统出了问题", "请稍后再试；如仍不行，请把时间和网址告诉系统管理员。"),
    }
)


def refusal(error: DubanError) -> tuple[str, str]:
    """Title and remedy of a refusal in Chinese; one that has no words here says what it says."""
    title, remedy = REFUSAL_ZH.get(error.code, ("不能办理", error.message.replace("{", "").replace("}", "")))
    fields: dict[str, Any] = dict(error.fields)
    if error.code == "transition_refused":
        fields["action"] = ACTION_ZH[Action(fields["action"])] if fields["action"] in set(Action) else fields["action"]
    try:
        return title.format(**fields), remedy.format(**fields)
    except KeyError:
        return title, error.message


_COMPARATORS = MappingProxyType({">=": "不少于", "<=": "不超过", "=": "", "->": "达到"})


def target_zh(comparator: str, value: float, unit: str) -> str:
    """A target in words: 不少于40000个, 增长8%."""
    if comparator in ("+%", "-%"):
        return f"{'增长' if comparator == '+%' else '下降'}{float(value):.10g}%"
    return f"{_COMPARATORS.get(comparator, comparator)}{float(value):.10g}{unit}"


def state_zh(state: str) -> str:
    """A state's name."""
    return STATE_ZH[State(state)]


def outcome_zh(outcome: str) -> str:
    """How a closed item ended."""
    return OUTCOME_ZH[outcome]  # type: ignore[index]


_RUNGS = (
    ("remind", "临近提醒"),
    ("urge", "催办"),
    ("supervise", "督办"),
    ("circulate", "通报"),
    ("summon", "约谈"),
    ("check_in", "长效报告提醒"),
    ("acknowledge", "签收提醒"),
    ("verify", "核查提醒"),
    ("re_inspect", "回头看提醒"),
)


def event_zh(type_: str, payload: Mapping[str, Any]) -> str:
    """An event in a few words."""
    if type_ == "rung.fired":
        key = str(payload.get("rung", ""))
        return "发出" + next((zh for prefix, zh in _RUNGS if key.startswith(prefix)), "提醒")
    return EVENT_ZH.get(type_, type_)


_DETAILS: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        "rung.fired": lambda p: "致" + "、".join(str(r) for r in p["readers"]) if p.get("readers") else "",
        "clock.breached": lambda p: f"时限{p.get('due_on', '')}",
        "measure.reported": lambda p: f"第{p.get('measure')}条：{PROGRESS_ZH.get(str(p.get('progress')), '')}",
        "milestone.done": lambda p: f"第{p.get('milestone')}个节点，{p.get('done_on', '')}",
        "regulation.reported": lambda p: str(p.get("document_number") or ""),
        "evidence.handed_in": lambda p: str(p.get("filename", "")),
        "item.resolved": lambda p: RESOLUTION_ZH.get(str(p.get("action")), ""),
        "closing.sign": lambda p: f"代{p['on_behalf_of']}登记" if p.get("on_behalf_of") else "",
        "extension.asked": lambda p: f"申请延至{p.get('until_on', '')}",
        "extension.decided": lambda p: f"同意延至{p.get('until_on', '')}" if p.get("granted") else "未同意",
        "item.assigned": lambda p: "待核" if p.get("quarantined") else "",
        "item.self_checks_spawned": lambda p: "、".join(str(u) for u in p.get("units", ())),
        "self_check.reported": lambda p: f"发现同类问题{p['found']}件" if p.get("found") else "未发现同类问题",
        "call.answered": lambda p: str(p.get("unit", "")),
        "re_inspection.passed": lambda p: f"下一次{p['again_on']}" if p.get("again_on") else "",
        "re_inspection.failed": lambda p: f"新时限{p.get('due_on', '')}",
    }
)


def event_detail(type_: str, payload: Mapping[str, Any]) -> str:
    """What an event was about, beside its name: "" where the name says it all."""
    return _DETAILS[type_](payload) if type_ in _DETAILS else ""
