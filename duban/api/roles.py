"""Role × action × own or other item, read off the code that decides it; docs/guide/roles.md is printed from here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from duban.domain.lifecycle import ACTION_ZH, TRANSITIONS, Relation
from duban.services.closing import STEP_BY, STEP_ZH
from duban.services.item_changes import ANYBODY_ON_IT
from duban.services.progress import BY_UNIT
from models import UserRole

ROLES = (UserRole.VIEWER, UserRole.UNIT, UserRole.LEAD, UserRole.SUPERVISOR, UserRole.ADMIN)
OFFICE = (Relation.SUPERVISION,)
SEE = "see"


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that may be done to an item, and the relations to it that may do it."""

    key: str
    label: str
    by: tuple[Relation, ...]


def deeds() -> tuple[Deed, ...]:
    """Everything that the API lets somebody do to an item."""
    return (
        Deed(SEE, "查看（事项、记录、说明、文书）", ANYBODY_ON_IT),
        *(Deed(t.action.value, ACTION_ZH[t.action], t.by) for t in TRANSITIONS.values()),
        Deed("measures", "填报措施进展", BY_UNIT),
        Deed("milestones", "填报节点完成", BY_UNIT),
        Deed("regulations", "登记制度文号、日期", BY_UNIT),
        Deed("check-ins", "长效期报告", BY_UNIT),
        Deed("targets", "填报量化目标", BY_UNIT),
        Deed("evidence", "上传佐证材料", ANYBODY_ON_IT),
        *(Deed(f"closing.{step.value}", STEP_ZH[step], by) for step, by in STEP_BY.items()),
        Deed("extensions", "申请延期", BY_UNIT),
        Deed("limits", "起算按日计算的时限", OFFICE),
        Deed("clocks.pause", "暂停、恢复计时", OFFICE),
        Deed("self-checks", "布置举一反三自查", OFFICE),
        Deed("self-check-report", "报告自查结果", BY_UNIT),
        Deed("call-answer", "报到（被吹哨单位）", BY_UNIT),
        Deed("re-inspection", "登记回头看（参与办理的人除外）", OFFICE),
        Deed("resolution", "核定疑点、拆分、并入、撤回核定", OFFICE),
        Deed("correction", "更正读错的栏目", OFFICE),
    )


#: What is done to no single item, and the roles that may.
OTHERS: tuple[tuple[str, tuple[UserRole, ...]], ...] = (
    ("查看方案、名录、排名（只计可见事项；邮箱只给督查室）", ROLES),
    ("登记、取消外出（自己代表的人或单位）", (UserRole.UNIT, UserRole.LEAD, UserRole.SUPERVISOR, UserRole.ADMIN)),
    ("吹哨（以自己代表的单位）", (UserRole.UNIT, UserRole.SUPERVISOR, UserRole.ADMIN)),
    ("查看督办规则、放假安排；保存自己的常用视图", ROLES),
    ("预览、变更督办规则和放假安排；预览首夜、写交办通知", (UserRole.SUPERVISOR, UserRole.ADMIN)),
    ("上传方案、放行通知，放行前作废", (UserRole.SUPERVISOR, UserRole.ADMIN)),
    ("登记新版方案、整改进展通报，采用或不采用各处改动", (UserRole.SUPERVISOR, UserRole.ADMIN)),
    ("录入、下载名录；移交事项", (UserRole.SUPERVISOR, UserRole.ADMIN)),
    ("查看发送情况，登记已送达、丢失，重发；撤回未发出的文书", (UserRole.SUPERVISOR, UserRole.ADMIN)),
    (
        "出具、查看月度材料（进展通报、曝光、排名、检查、议题）；不限单位的只读账户也可以",
        (UserRole.SUPERVISOR, UserRole.ADMIN),
    ),
    ("上传、启用、恢复文书模板", (UserRole.ADMIN,)),
    ("签收发给自己所代表单位的文书", (UserRole.UNIT, UserRole.LEAD)),
    ("批复第一次延期（不得批自己申请的）；第二次由方案负责人批", (UserRole.SUPERVISOR, UserRole.ADMIN)),
    ("登记他人已签收、代领导登记签字", (UserRole.SUPERVISOR, UserRole.ADMIN)),
    ("新建、停用自己的令牌，修改自己的密码", ROLES),
    ("管理用户，为他人新建令牌；查看访问日志", (UserRole.ADMIN,)),
)


def allowed(deed: Deed, role: UserRole, *, own: bool) -> bool:
    """Whether a role may do this to an item of its own, or of others."""
    if deed.key == SEE and role is UserRole.VIEWER:
        return True
    if role in (UserRole.SUPERVISOR, UserRole.ADMIN):
        return Relation.SUPERVISION in deed.by
    held = {UserRole.UNIT: Relation.UNIT, UserRole.LEAD: Relation.LEAD}.get(role)
    return own and held in _relations(deed.by)


def _relations(by: Collection[Relation]) -> Collection[Relation | None]:
    return by


def as_markdown() -> str:
    """The guide's page."""
    head = "| 办理 | " + " | ".join(f"`{r.value}` 自己的 | 他人的" for r in ROLES) + " |"
    rule = "| --- |" + " --- | --- |" * len(ROLES)
    rows = []
    for deed in deeds():
        marks = ("✓" if allowed(deed, r, own=own) else "—" for r in ROLES for own in (True, False))
        rows.append(f"| {deed.label} `{deed.key}` | " + " | ".join(marks) + " |")
    others = [f"| {label} | " + " | ".join("✓" if r in who else "—" for r in ROLES) + " |" for label, who in OTHERS]
    return "\n".join(
        [
            "# Roles: who may do what",
            "",
            "Printed from the code that decides it (`python -m duban.api.roles > docs/guide/roles.md`); a test walks",
            "every cell over HTTP. An item is somebody's *own* if a party that their account acts for (by name, alias",
            "or membership of a collective party) is on it: as lead or responsible unit for `unit`, as lead official",
            "for `lead`; a child without parties of its own has its parent's. A `viewer` with parties sees only their",
            "items. Whoever did a measure or asked for the closing cannot verify it, whatever the role.",
            "",
            "From the day after a party's last day (失效日期) in a plan's directory its name opens and signs nothing",
            "there; an account whose every party has left office in every plan cannot come in at all.",
            "",
            "## On an item",
            "",
            head,
            rule,
            *rows,
            "",
            "## Everything else",
            "",
            "| 办理 | " + " | ".join(f"`{r.value}`" for r in ROLES) + " |",
            "| --- |" + " --- |" * len(ROLES),
            *others,
            "",
        ]
    )


if __name__ == "__main__":
    print(as_markdown(), end="")
