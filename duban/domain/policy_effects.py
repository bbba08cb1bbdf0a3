"""What a changed rule does, and from when: said for every rule of a policy, in the words of an office."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from duban.domain.policy_model import ClockKind
from duban.domain.projection import RuleChange


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What changed rules do, in Chinese; `keeps`: clocks of this kind that run already keep their dates."""

    text: str
    keeps: ClockKind | None = None


#: Keys of a rung that say when it fires; the others say what it sends.
_TIMING = frozenset({"offset", "repeat_every", "repeat_cap", "clock", "terms", "held"})
_WHEN = RuleEffect("在办时钟的发文日按新规则重新计算，有变的逐个列出；已发出的不重发")
_WHAT = RuleEffect("此后发出的这一级文书按新规则确定文种、收件人、签收和报批，已发出的不变")
_NAMED = RuleEffect("规则的名称和出处改变，不影响事项")

#: By the policy's own field names (`Policy`); lists of it are named in the singular, as in the file.
EFFECTS: Mapping[str, RuleEffect] = {
    "name": _NAMED,
    "title": _NAMED,
    "source": _NAMED,
    "lights": RuleEffect("灯色生效后即按新规则判定，有变的事项逐项列出"),
    "check_in": RuleEffect("正在计时的这一期到期日不变，下一期起按新规则", ClockKind.CHECK_IN),
    "hours": RuleEffect("此后提出的申请、起算的时限按新的办公时间"),
    "fallback": RuleEffect("此后发出的文书找不到收件人时，按新的次序送"),
    "acknowledge_days": RuleEffect("此后发出的文书按新期限签收，已发出的签收期限不变", ClockKind.ACKNOWLEDGE),
    "hold_days": RuleEffect("已签收的文书也按新的天数暂缓升级，发文日有变的时钟逐个列出"),
    "verify_days": RuleEffect("此后申请销号的按新期限核查，正在核查的期限不变", ClockKind.VERIFY),
    "publication_days": RuleEffect("尚未销号的事项一律按新的公示天数，正在公示的也是"),
    "re_inspection_days": RuleEffect("此后销号的按新期限回头看，已定的回头看日期不变", ClockKind.RE_INSPECT),
    "extension": RuleEffect("此后提出的延期按新的次数，此后批复的按新的批准人，正在等待批复的也是"),
    "scoring": RuleEffect("此后出具的排名按新的分值计算，已出具的不变"),
    "digest": RuleEffect("此后各夜的邮件按新规则，已发出的不变"),
    "fixed_dates_move": RuleEffect("写明日期的时限此后恢复计时的按新规则，现在暂停的灯色有变的逐项列出"),
    "carry": RuleEffect("此后变更的时限按新规则，已变更的不变"),
    "review": RuleEffect("此后的例会和议题按新规则"),
    "paper": RuleEffect("此后出具的材料按新规则，已出具的不变"),
    "season": RuleEffect("此后读入的时限按新规则，已定的到期日不变"),
    "term": RuleEffect("时限的分类重新确定，发文日有变的时钟逐个列出；长效期报告下一期起按新周期"),
}


def rule_effects(changes: Iterable[RuleChange]) -> dict[RuleEffect, tuple[str, ...]]:
    """What the changed rules do, each effect once with the keys that have it, in the order of the changes."""
    found: dict[RuleEffect, tuple[str, ...]] = {}
    for change in changes:
        table, *rest = change.key.split(".")
        effect = EFFECTS[table] if table != "rung" else _WHEN if rest[-1] in _TIMING else _WHAT
        found[effect] = (*found.get(effect, ()), change.key)
    return found
