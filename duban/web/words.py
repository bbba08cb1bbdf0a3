"""What an official reads for each code of ours: states, events, doubts, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from duban.domain.lifecycle import ACTION_ZH, OUTCOME_ZH, STATE_ZH, Action, State
from duban.errors import DubanError
from duban.notices.context import KINDS_ZH
from duban.web.reasons import reason_zh

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
RESOLUTION_ZH = MappingProxyType(
    {
        "keep": "按原文保留",
        "merge": "与另一份合并",
        "edit": "更正",
        "drop": "剔除",
        "split": "拆成两项",
        "join": "并入另一项",
    }
)
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
        "split_off": ("刚刚拆分", "请核对拆开的两项，各自保留后开始计时"),
        "joined": ("刚刚合并", "请核对合并后的内容，保留后开始计时"),
        "unknown_party": ("名录中没有", "名录里没有这个名称，通知先送督查室"),
    }
)
FAMILY_ZH = MappingProxyType(
    {
        "rectification_plan": "整改方案",
        "task_breakdown": "任务分解",
        "work_report": "工作报告",
        "progress_report": "整改进展通报",
        "policy_opinion": "意见、决定",
    }
)
FIELD_ZH = MappingProxyType(
    {
        "number": "编号",
        "path": "所属部分",
        "title": "问题（任务）",
        "goal": "整改目标",
        "measures": "整改措施",
        "time_limit": "整改时限",
        "lead_officials": "牵头领导",
        "lead_units": "牵头单位",
        "responsible_units": "责任单位",
        "support_units": "配合单位",
        "supervising_units": "督导单位",
        "regulations": "制度文件",
        "targets": "量化目标",
        "reported_done": "文件称已完成",
    }
)
COLUMN_ZH = MappingProxyType(
    {
        "kind": "类别",
        "post": "职务",
        "email": "邮箱",
        "superior": "上级",
        "substitute": "代理人",
        "head": "负责人",
        "members": "成员",
        "aliases": "别名",
        "valid_from": "生效日期",
        "valid_to": "失效日期",
    }
)
PARTY_KIND_ZH = MappingProxyType({"person": "领导", "unit": "单位", "collective": "集体", "office": "督查室"})
PARTY_CHANGE_ZH = MappingProxyType({"new": "新增", "changed": "变更", "ended": "离任、撤并"})
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
        "item.took_over": "另一事项并入",
        "item.reopened": "重新启动",
        "item.resolved": "核定读取疑点",
        "item.resolution_undone": "撤回核定",
        "item.directory_updated": "更新名录",
        "item.edited": "修改内容",
        "clock.recounted": "更正起算日",
        "item.transferred": "移交",
        "item.voided": "方案作废",
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
        "notice.passed_on": "文书转送接办的单位（领导）",
        "proposal.approved": "批准发出督办文书",
        "proposal.refused": "不同意发出督办文书",
        "proposal.lapsed": "待批的督办文书失效",
        "talk.recorded": "登记约谈记录",
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
PROPOSAL_ZH = MappingProxyType({"approved": "已批准", "refused": "不同意", "lapsed": "已失效"})

#: Refusals: what is wrong, what to do. Fields of the error fill the braces.
REFUSAL_ZH: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "not_signed_in": ("请先登录", "登录后再打开本页。"),
        "bad_token": ("登录已失效", "请重新登录。"),
        "bad_credentials": ("用户名或密码不对", "请核对后重试。连续输错5次，账户锁定15分钟。"),
        "locked_out": ("账户已锁定", "密码连续输错次数过多。请15分钟后再试，或请系统管理员重设密码。"),
        "hand_over_refused": ("没有移交", "{reason}。"),
        "bad_address": ("邮箱地址不能用", "“{address}”不是可用的邮箱地址，请核对后重新填写。"),
        "left_office": (
            "已离任（撤并），不能登录",
            "名录中已到失效日期。请由接任者用自己的账户；名录有误的，请告知督查室。",
        ),
        "evidence_infected": (
            "文件里查出病毒，没有收下",
            "{filename}：{found}。请检查电脑，换一份干净的文件再上传。",
        ),
        "evidence_gone": ("文件不在了", "这份文件在存放处找不到，或已被改动。请告知系统管理员从备份恢复。"),
        "evidence_folder_unusable": ("文件没有存下", "存放佐证材料的地方现在写不进去。请告知系统管理员，稍后再上传。"),
        "scanner_away": ("文件没有收下：病毒检查暂时不能用", "请稍后再上传；一直这样，请告知系统管理员。"),
        "unknown_person": (
            "您还没有督办系统的账户",
            "您已通过统一认证，但管理员还没有把您的统一认证账号关联到督办系统的账户，所以不能进入。",
        ),
        "provider_away": (
            "统一认证暂时不能使用",
            "请稍后再试，或用督办系统的用户名和密码登录。问题持续时，请告知系统管理员。",
        ),
        "provider_refused": (
            "统一认证没有成功",
            "请回到登录页重新点一次统一认证登录（须在同一浏览器里、10分钟内完成）。再次失败时，请把时间告知系统管理员。",
        ),
        "weak_password": ("密码太短", "密码至少10个字符，现在只有{length}个。"),
        "name_taken": ("用户名已被使用", "已有用户“{name}”，请换一个名字。"),
        "forbidden": ("您不能办理“{action}”", "该操作由{who}办理。"),
        "whose_receipt": ("请写明代谁签收", "本件可以为{names}签收，一次只签一方的；请分别签收。"),
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
        "correction_refused": ("不能这样更正", "{reason}"),
        "void_refused": ("不能作废", "{reason}。"),
        "plan_voided": ("这份方案已作废", "{by}已作废“{title}”，理由：{reason}。需要的，请重新登记。"),
        "closing_step_refused": ("不能办理“{step}”", "{reason}"),
        "extension_refused": ("延期申请不成立", "{reason}"),
        "proposal_refused": ("不能这样批示", "{reason}。"),
        "clock_refused": ("时钟不能这样办", "{reason}"),
        "target_refused": ("填报的目标值有误", "{reason}"),
        "day_to_come": ("业务日期还没有到", "督办、材料和邮件的业务日期最晚为今天；以后某日将发出什么，可以预览。"),
        "before_the_item": ("日期早于方案印发日期", "请填实际完成的日期。"),
        "in_the_future": ("日期还没有到", "请填实际完成的日期，最晚填今天。"),
        "evidence_refused": (
            "文件未收下",
            "文件“{filename}”未收下：不能是空文件，不能超过20 MB，同一文件不能重复上传。",
        ),
        "evidence_type": ("文件类型不符", "请上传PDF、JPG、PNG、Word、Excel或文本文件，文件名后缀须与内容一致。"),
        "unreadable": ("文件读不出来", "{reason}"),
        "several_plans": ("文件里不止一份方案", "{reason}"),
        "directory_invalid": ("名录有误，没有录入", "请按下面所列逐行更正后重新上传。"),
        "edition_stands": ("已有同名方案的另一版", "请到方案“{title}”的页面上传新一版，逐项比较改动。"),
        "edition_known": ("这一版已经登记过", "这份文件就是第{edition}版，没有改动。尚未决定的各处在方案页查看。"),
        "edition_moved": ("改动已有变化", "您打开页面之后，台账或本版有了变动。请返回重新查看，再作决定。"),
        "edition_reason": (
            "还没有写明理由",
            "{items}：牵头领导、时限有改动或撤销的，须写明理由。请返回补写。",
        ),
        "edition_refused": ("不能这样办理这一版", "{reason}"),
        "edition_barred": ("第{number}项不能采用新版内容", "{reason}"),
        "report_is_edition": (
            "这是方案本身，不是通报",
            "这份文件是方案的第{edition}版。请上传公布的通报。",
        ),
        "upload_gone": ("上传的文件已不在", "可能已经登记过，或超过一天没有确认。请重新上传。"),
        "already_done": ("已经填报过", "{on}已填报完成，不必重复填报。"),
        "ambiguous_item": ("编号对应不止一个事项", "请从列表里选择具体的一项。"),
        "bad_reply": ("填报的内容不能用", "{reason}"),
        "date_out_of_reach": ("日期超出日历范围", "请核对年份。"),
        "import_refused": ("导入的表有误，没有写入", "请按下面所列逐行更正后重新导入。"),
        "not_an_export": ("这不是系统导出的台账表", "{reason}"),
        "wrong_cell": ("表格里有一处不能用", "{reason}"),
        "export_unreadable": ("这不是事件记录的导出文件", "{reason}"),
        "no_such_part": ("文件没有这一段", "请重新下载整个文件。"),
        "logout_refused": ("统一认证的退出通知无效", "{reason}"),
        "witness_unreadable": ("事件记录的旁证读不出来", "{reason}"),
        "backup_refused": ("备份或恢复没有做成", "{reason}"),
        "not_heard": (
            "数据库的通知没有听到",
            "引擎改为每0.3秒查看一次，不影响办理。请直接连接数据库，或用会话模式的连接池。",
        ),
        "limit_stands": ("这个时限不能起算", "{reason}"),
        "no_such_review": ("没有这种会商材料", "该方案的督办规则没有规定这种会商。"),
        "no_supervision_office": ("名录里没有督查室", "请在名录里登记督查室及其邮箱。"),
        "not_our_mail": ("不是本系统发出的邮件", "请核对退信。"),
        "template_refused": ("文书模板有误", "请系统管理员核对模板。"),
        "unknown_notice_kind": ("没有这种文书", "请从列表里选择。"),
        "impossible_rate": ("发送速度设置有误", "请系统管理员核对设置。"),
        "wrong_setting": ("系统设置有误", "请系统管理员核对设置“{name}”。"),
        "not_migrated": ("台账需要升级", "请系统管理员运行数据库升级。"),
        "already_running": ("系统已在运行", "不必再次启动。"),
        "not_ready": ("系统正在启动", "请稍后再试。"),
        "not_deployed": ("流程引擎没有就绪", "请系统管理员启动流程引擎。"),
        "prefect_refused": ("流程引擎没有接受", "请稍后再试；仍不行的，请告诉系统管理员。"),
        "prefect_unreachable": ("流程引擎没有应答", "请稍后再试；仍不行的，请告诉系统管理员。"),
        "sending_failed": ("邮件没有发出", "系统会再试；仍不行的，请核对邮箱。"),
        "temporary_refusal": ("邮件暂时没有发出", "系统会再试。"),
        "permanent_refusal": ("邮件被退回", "请核对邮箱是否正确。"),
        "outcome_unknown": ("邮件是否送达不明", "请与收件人核实后，在发件处登记。"),
        "transport_unavailable": ("邮件服务不可用", "请系统管理员核对邮件设置。"),
        "naive_mail_date": ("邮件日期有误", "请告诉系统管理员。"),
        "unusable_address": ("邮箱地址不能用", "请在名录里更正邮箱。"),
        "unusable_message_id": ("邮件编号有误", "请告诉系统管理员。"),
        "code_taken": ("简称已被使用", "请换一个简称。"),
        "invalid_request": ("提交的内容有误", "请核对标出的各栏后重新提交。"),
        "csrf": ("页面已过期", "为防止他人冒用，请返回上一页刷新后重新提交。"),
        "too_large": ("内容太大", "单个文件不超过20 MB。"),
        "too_many_requests": ("操作太频繁", "请稍等片刻再试。"),
        "no_merge_target": ("{said}不对应唯一的事项", "符合的有{count}件{which}。请填写要并入的事项的编号。"),
        "bad_cursor": ("翻页已失效", "请从第一页重新查看。"),
        "precondition_failed": ("事项已有变化", "请重新打开事项，按最新情况办理。"),
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


_LATIN = re.compile(r"\s*\b[a-z_]{4,}\b")


def refusal(error: DubanError) -> tuple[str, str]:
    """Title and remedy of a refusal in Chinese: what is wrong, and what to do."""
    title, remedy = REFUSAL_ZH.get(error.code, ("不能办理", "请核对后重试；仍不行的，请把时间和代码告诉系统管理员。"))
    fields: dict[str, Any] = dict(error.fields)
    if error.code == "transition_refused":
        fields["action"] = ACTION_ZH[Action(fields["action"])] if fields["action"] in set(Action) else fields["action"]
    for name in ("who", "state", "possible"):  # the codes that programs read beside the words
        if name in fields:
            fields[name] = _LATIN.sub("", str(fields[name])).replace(", ", "、")
    if "reason" in fields:
        fields["reason"] = reason_zh(str(fields["reason"])) or "请核对所填内容后重试。"
    try:
        return title.format(**fields), remedy.format(**fields)
    except KeyError:
        return title, "请核对后重试。"


_DOUBTED = MappingProxyType(
    {
        "lead": ("lead_officials", "lead_units"),
        "units": ("responsible_units", "lead_units"),
        "limit": ("time_limit",),
    }
)


def doubted_fields(fields: Iterable[str | None]) -> frozenset[str]:
    """The fields of an item that doubts speak of, by the names that they have on the page."""
    names = [name for one in fields if one for name in one.split(",")]
    return frozenset(field for name in names for field in _DOUBTED.get(name, (name,)))


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
        verb = "提请" if payload.get("approver") else "发出"
        return verb + next((zh for prefix, zh in _RUNGS if key.startswith(prefix)), "提醒")
    return EVENT_ZH.get(type_, type_)


def _as_entered(payload: Mapping[str, Any]) -> str:
    """Whether an item waits for a check, and what the document says was done before it was registered."""
    so_far = payload.get("so_far")
    told = ["待核" if payload.get("quarantined") else "", f"此前进展：{so_far}" if so_far else ""]
    return "；".join(filter(None, told))


_DETAILS: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        "rung.fired": lambda p: "致" + "、".join(str(r) for r in p["readers"]) if p.get("readers") else "",
        "proposal.approved": lambda p: str(p.get("number") or ""),
        "proposal.refused": lambda p: KINDS_ZH.get(str(p.get("kind")), ""),
        "proposal.lapsed": lambda p: KINDS_ZH.get(str(p.get("kind")), ""),
        "talk.recorded": lambda p: f"承诺{p['promised_on']}前完成" if p.get("promised_on") else "",
        "clock.breached": lambda p: f"时限{p.get('due_on', '')}",
        "measure.reported": lambda p: f"第{p.get('measure')}条：{PROGRESS_ZH.get(str(p.get('progress')), '')}",
        "milestone.done": lambda p: f"第{p.get('milestone')}个节点，{p.get('done_on', '')}",
        "regulation.reported": lambda p: str(p.get("document_number") or ""),
        "evidence.handed_in": lambda p: str(p.get("filename", "")),
        "item.resolved": lambda p: RESOLUTION_ZH.get(str(p.get("action")), ""),
        "closing.sign": lambda p: f"代{p['on_behalf_of']}登记" if p.get("on_behalf_of") else "",
        "clock.counted": lambda p: f"自{p.get('from_on')}次日起，至{p.get('due_on')}",
        "extension.asked": lambda p: f"申请延至{p.get('until_on', '')}",
        "extension.decided": lambda p: f"同意延至{p.get('until_on', '')}" if p.get("granted") else "未同意",
        "item.assigned": _as_entered,
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
