"""What an official reads for the tables and keys of a policy's text."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from duban.services.queries.rules import RungLine

PAPER_ZH = MappingProxyType({"check": "月检查", "exposure": "月曝光", "ranking": "月排名", "progress": "整改进展通报"})
CLOCK_ZH = MappingProxyType(
    {
        "limit": "整改时限",
        "check_in": "长效期报告",
        "acknowledge": "签收",
        "verify": "核查",
        "re_inspect": "回头看",
    }
)
TABLE_ZH = MappingProxyType(
    {
        "working_hours": "办公时间",
        "fallback": "找不到人时",
        "acknowledge": "签收",
        "lights": "亮灯",
        "check_in": "长效期报告",
        "verify": "核查",
        "publication": "公示",
        "re_inspection": "回头看",
        "extension": "延期",
        "pause": "暂停计时",
        "supersede": "变更时限",
        "digest": "每夜合并邮件",
        "ranking": "排名计分",
        "review": "例会",
        "season": "季节",
        "term": "期限分类",
        "paper": "月度、例会材料",
    }
)
KEY_ZH = MappingProxyType(
    {
        "opens": "上班时刻",
        "cut_off": "当日截止时刻",
        "order": "依次送",
        "acknowledge.days": "几个工作日内签收",
        "hold_days": "签收后暂缓升级的工作日数",
        "rule": "判定方法",
        "yellow_days": "到期前几个工作日起亮黄灯",
        "yellow_points": "落后序时进度多少个百分点亮黄灯",
        "red_points": "落后序时进度多少个百分点亮红灯",
        "every": "周期",
        "grace_days": "期末后几个工作日内报",
        "verify.days": "申请销号后几个工作日内核查",
        "publication.days": "销号前公示几个工作日（0为不公示）",
        "re_inspection.days": "销号后多少日（日历日）回头看",
        "most": "最多几次",
        "deciders": "依次由谁批",
        "fixed_dates_move": "写明日期的时限随暂停顺延",
        "carry": "时限变更后，已发过的",
        "own_sheet": "另附单独文书的颜色",
        "weekly_on": "每周几发周报",
        "limit_points": "一件到期时限、答复的分值",
        "report_points": "一件到期定期报告的分值",
        "acknowledge_points": "一件到期签收的分值",
        "smoothing_points": "件数少时的折算分",
        "on": "哪一天（周几，或第几个工作日）",
        "from": "起始月日",
        "by_year": "各年起始月日",
        "up_to_months": "至多几个月",
        "key": "代号",
        "offset": "距到期日的工作日数（负数为到期前）",
        "acknowledge_days": "几个工作日内签收",
        "repeat_every": "每几个工作日重发",
        "repeat_cap": "最多重发几次",
        "to": "主送",
        "cc": "抄送",
    }
)
VALUE_ZH = MappingProxyType(
    {
        "days_left": "按剩余工作日",
        "schedule_gap": "按落后序时进度",
        "weekly": "每周",
        "fortnightly": "每两周",
        "monthly": "每月",
        "quarterly": "每季度",
        "half_yearly": "每半年",
        "all": "一律不重发",
        "reached": "新日期未到的可重新提醒",
        "red": "红",
        "yellow": "黄",
        "green": "绿",
        "head": "单位负责人",
        "substitute": "代理人",
        "supervision_office": "督查机构",
        "plan_head": "方案负责人",
        "lead_officials": "牵头领导",
        "addressee": "未签收的单位或领导",
        "unit_contacts": "责任单位联系人",
        "unit_head": "责任单位负责人",
    }
)


def key_zh(table: str, key: str) -> str:
    """A key of a table in words; the key itself where there are none."""
    return KEY_ZH.get(f"{table}.{key}") or KEY_ZH.get(key, key)


def value_zh(value: str) -> str:
    """A value, or a list of values, in words."""
    return "、".join(VALUE_ZH.get(part, part) for part in value.split("、"))


def offset_zh(days: int) -> str:
    """When a rung is due: 到期前10个工作日, 到期当日, 逾期第1个工作日."""
    if days == 0:
        return "到期当日"
    return f"到期前{-days}个工作日" if days < 0 else f"逾期第{days}个工作日"


def number_zh(name: str, rungs: Sequence[RungLine]) -> str:
    """A number of the policy's text in words, such as 整改时限·催办通知书：距到期日的工作日数."""
    parts = name.split(".")
    table, key = parts[0], parts[-1]
    if table == "rung":
        rung = next((r for r in rungs if r.key == parts[1]), None)
        where = f"{CLOCK_ZH[rung.clock.value]}·{rung.title}（{offset_zh(rung.offset)}）" if rung else parts[1]
        return f"{where}：{key_zh(table, key)}"
    named = f"·{PAPER_ZH.get(parts[1], parts[1])}" if len(parts) == 3 else ""
    return f"{TABLE_ZH.get(table, table)}{named}：{key_zh(table, key)}"
