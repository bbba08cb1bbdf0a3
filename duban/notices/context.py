"""What a notice knows: one typed context a kind, plain JSON values only, stored with the notice as it was sent.

Dates are ISO strings (`2026-07-13`), so that the stored context renders again, byte for byte. Every key is always
there; what does not apply is None or an empty list. The second part of each `Annotated` is what an office reads in
the list of fields that its own templates may use.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

WHY_NO_ADDRESS = "名录中没有其邮箱地址"
WHY_UNKNOWN = "名录中没有此人（单位）"
WHY_LEFT = "已不在岗，且未指定代管人"
WHY_REFUSED = "其邮箱拒收"

Light = Literal["red", "yellow", "green", "none"]
ClockOf = Literal["limit", "check_in", "acknowledge", "verify", "re_inspect"]


class Plan(TypedDict):
    """The published document that the item stands in."""

    title: Annotated[str, "方案全称"]
    short: Annotated[str, "方案简称"]
    issuer: Annotated[str | None, "发文机关"]


class Item(TypedDict):
    """The item as it stands on the business date."""

    number: Annotated[str, "编号（文中所印）"]
    ref: Annotated[str, "称谓，如 第7项、吹哨事项1"]
    title: Annotated[str, "事项名称"]
    goal: Annotated[str | None, "目标"]
    time_limit: Annotated[str | None, "时限原文"]
    due_on: Annotated[str | None, "时限最后一日"]
    rolled_due_on: Annotated[str | None, "到期日（遇休息日顺延后）"]
    overdue: Annotated[bool, "是否逾期"]
    days_overdue: Annotated[int, "逾期工作日数；未到期为负数"]
    state_zh: Annotated[str, "当前状态"]
    closed: Annotated[bool, "是否已销号、撤销或并入"]
    light: Annotated[Light, "灯色：red、yellow、green、none"]
    marks: Annotated[list[str], "灯旁标记，如 延期待批、长效报告逾期"]
    units: Annotated[list[str], "责任单位"]
    leads: Annotated[list[str], "牵头领导"]
    url: Annotated[str | None, "事项页面地址"]


class Clock(TypedDict):
    """The clock that a notice speaks of: the item's limit, a part of it, or a date of another kind, which is none.

    `part` is the dated part of the limit in the plan's own words, None where the limit has one date only.
    """

    kind: Annotated[ClockOf, "时钟：limit 时限，check_in 长效报告，acknowledge 签收，verify 核查，re_inspect 回头看"]
    day_zh: Annotated[str, "日期的名称，如 到期日、报告截止日、签收截止日、核查期限、回头看日期"]
    part: Annotated[str | None, "时限的哪一部分"]
    due_on: Annotated[str, "该日期"]
    rolled_due_on: Annotated[str, "该日期（遇休息日顺延后）"]
    overdue: Annotated[bool, "是否已过该日期"]
    days_overdue: Annotated[int, "已过的工作日数；未到为负数"]
    cut_off: Annotated[str, "当日截止时点，如 17:00"]


class Rung(TypedDict):
    """The step of the ladder that fired. `offset` counts working days from the due date."""

    key: Annotated[str, "梯级代号"]
    offset: Annotated[int, "距到期日的工作日数"]
    due_on: Annotated[str, "应发日期"]
    sent_on: Annotated[str, "实发日期"]


class Person(TypedDict):
    """Somebody who is addressed: a person with a post, or a unit."""

    name: Annotated[str, "姓名或单位名称"]
    post: Annotated[str | None, "职务"]
    is_unit: Annotated[bool, "是否单位"]


class Recipient(Person):
    """Whose mailbox this copy goes to. `on_behalf_of` names the person it is meant for, if that is someone else."""

    address_as: Annotated[Literal["to", "cc"], "to 主送，cc 抄送"]
    on_behalf_of: Annotated[str | None, "代谁接收"]
    why: Annotated[str | None, "代收原因"]


class Sheet(TypedDict):
    """The number of an official sheet: gap-free per year and series."""

    series: Annotated[str, "字号代字"]
    year: Annotated[int, "年份"]
    number: Annotated[int, "序号"]
    label: Annotated[str, "发文字号，如 督办〔2026〕3号"]


class Office(TypedDict):
    """The supervision office that signs."""

    name: Annotated[str, "督查机构名称"]
    letterhead: Annotated[str | None, "发文机关标志（红头），缺省用机构名称"]
    phone: Annotated[str | None, "联系电话"]
    email: Annotated[str | None, "联系邮箱"]


class Acknowledge(TypedDict):
    """Until when receipt is to be confirmed, and where."""

    by_on: Annotated[str, "签收截止日"]
    url: Annotated[str | None, "签收链接"]


class Missed(TypedDict):
    """The nights that did not run, when a notice goes out later than its rung was due."""

    nights: Annotated[int, "停运的夜数"]
    from_on: Annotated[str, "停运首日"]
    to_on: Annotated[str, "停运末日"]


class ItemNotice(TypedDict):
    """A notice about one item: remind, urge, supervise, circulate, summon, assign.

    `addressees` and `copies` are who the sheet is addressed to, the same on every copy; `recipient` is the reader of
    this one copy, and `link` theirs alone: a sheet, which all readers share, has none. `rung` and
    `clock` are None where no ladder caused the notice; `answer_by_on` where no answer in writing is asked for.
    """

    kind_zh: Annotated[str, "文种名称，如 临近提醒、逾期提醒、报告提醒、督办单"]
    plan: Plan
    item: Item
    clock: Clock | None
    rung: Rung | None
    recipient: Recipient
    addressees: Annotated[list[Person], "主送"]
    copies: Annotated[list[Person], "抄送"]
    sheet: Sheet | None
    office: Office
    as_of: Annotated[str, "业务日期"]
    acknowledge: Acknowledge | None
    answer_by_on: Annotated[str | None, "书面回复截止日"]
    link: Annotated[str | None, "收件人本人的专用链接（签收、报告进展）"]
    missed: Missed | None


class Extension(TypedDict):
    """A request for a later limit and what was decided. `ordinal` is 1 for the first request."""

    ordinal: Annotated[int, "第几次申请"]
    asked_on: Annotated[str, "申请日期"]
    asked_by: Annotated[str, "申请人"]
    asked_until_on: Annotated[str, "申请延至"]
    reason: Annotated[str, "申请理由"]
    granted: Annotated[bool, "是否同意"]
    granted_until_on: Annotated[str | None, "批准延至"]
    decided_by: Annotated[str, "批复人"]
    decided_on: Annotated[str, "批复日期"]
    opinion: Annotated[str | None, "批复意见"]
    first_due_on: Annotated[str, "原时限"]


class ExtensionNotice(ItemNotice):
    """延期批复."""

    extension: Extension


class Returned(TypedDict):
    """Why something came back, and until when it is to be done again."""

    what: Annotated[str, "退回的内容，如 整改措施、销号申请"]
    reason: Annotated[str, "退回理由"]
    by: Annotated[str, "退回人"]
    on: Annotated[str, "退回日期"]
    redo_by_on: Annotated[str | None, "重报期限"]


class ReturnNotice(ItemNotice):
    """退回."""

    returned: Returned


class Proposal(TypedDict):
    """What is put to the approver: the measure, and whom it would reach; people only who still are in office."""

    measure: Annotated[str, "拟采取的措施，如 约谈"]
    units: Annotated[list[str], "拟约谈单位"]
    people: Annotated[list[Person], "拟约谈领导"]


class ProposeNotice(ItemNotice):
    """呈批件."""

    proposal: Proposal


class Talk(TypedDict):
    """When and where a talk is held, and who speaks."""

    on: Annotated[str, "约谈日期"]
    time: Annotated[str, "约谈时间，如 15时30分"]
    place: Annotated[str, "约谈地点"]
    speaker: Annotated[str, "主谈人"]
    leads: Annotated[bool, "牵头领导是否在约谈对象之列"]


class SummonNotice(ItemNotice):
    """约谈通知书."""

    talk: Talk


class Closing(TypedDict):
    """How an item was struck off."""

    outcome: Annotated[Literal["done", "withdrawn", "merged"], "done 完成，withdrawn 撤销，merged 并入"]
    merged_into: Annotated[str | None, "并入的事项"]
    closed_on: Annotated[str, "销号日期"]
    verified_by: Annotated[str | None, "核查人"]
    signed_by: Annotated[list[str], "签字领导"]
    published_from: Annotated[str | None, "公示起日"]
    published_to: Annotated[str | None, "公示止日"]
    re_inspect_on: Annotated[str | None, "回头看日期"]
    reason: Annotated[str | None, "说明"]


class ClosedNotice(ItemNotice):
    """销号通知."""

    closing: Closing


class Pending(TypedDict):
    """A sheet whose receipt is not confirmed yet."""

    kind_zh: Annotated[str, "文种"]
    label: Annotated[str | None, "发文字号"]
    sent_on: Annotated[str, "送达日期"]
    days_late: Annotated[int, "逾期未签收的工作日数"]


class AcknowledgeNotice(ItemNotice):
    """签收提醒."""

    pending: Pending


class Entry(TypedDict):
    """One notice within a digest."""

    kind: Annotated[str, "文种代号"]
    kind_zh: Annotated[str, "文种"]
    number: Annotated[str, "编号"]
    ref: Annotated[str, "称谓，如 第7项、吹哨事项1"]
    title: Annotated[str, "事项名称"]
    due_on: Annotated[str | None, "时限最后一日"]
    rolled_due_on: Annotated[str | None, "到期日"]
    overdue: Annotated[bool, "是否逾期"]
    days_overdue: Annotated[int, "逾期工作日数；未到期为负数"]
    state_zh: Annotated[str, "当前状态"]
    closed: Annotated[bool, "是否已销号、撤销或并入"]
    light: Annotated[Light, "灯色"]
    marks: Annotated[list[str], "灯旁标记，如 延期待批、长效报告逾期"]
    clock: Clock | None
    units: Annotated[list[str], "责任单位"]
    leads: Annotated[list[str], "牵头领导"]
    url: Annotated[str | None, "事项页面地址"]
    sheet_label: Annotated[str | None, "发文字号"]
    attached: Annotated[bool, "督办单随信附上"]
    address_as: Annotated[Literal["to", "cc"], "to 主送，cc 抄送"]
    on_behalf_of: Annotated[str | None, "代谁接收"]
    why: Annotated[str | None, "代收原因"]
    rung_due_on: Annotated[str | None, "应发日期"]
    late: Annotated[bool, "补发"]
    acknowledge: Acknowledge | None
    answer_by_on: Annotated[str | None, "书面回复截止日"]
    link: Annotated[str | None, "收件人本人的专用链接（签收、报告进展）"]


class Group(TypedDict):
    """The entries of one colour. `hidden` are counted and not listed, because the mail would grow too long."""

    light: Annotated[Light, "灯色"]
    light_zh: Annotated[str, "灯色（中文）"]
    count: Annotated[int, "项数"]
    hidden: Annotated[int, "未逐项列出的项数"]
    entries: list[Entry]


class PlanGroup(TypedDict):
    """What a digest says about one plan."""

    title: Annotated[str, "方案全称"]
    short: Annotated[str, "方案简称"]
    count: Annotated[int, "项数"]
    groups: list[Group]


class Counts(TypedDict):
    """The totals of a digest: all entries, listed or not."""

    total: Annotated[int, "合计"]
    red: Annotated[int, "红灯"]
    yellow: Annotated[int, "黄灯"]
    green: Annotated[int, "绿灯"]
    none: Annotated[int, "无时限"]
    sheets: Annotated[int, "随附督办单份数"]
    to_acknowledge: Annotated[int, "待签收"]


class Behalf(TypedDict):
    """Somebody who cannot be reached, and the matters that the reader is asked to pass on."""

    name: Annotated[str, "代谁接收"]
    why: Annotated[str, "代收原因"]
    count: Annotated[int, "项数"]
    matters: Annotated[list[str], "事项"]


class DigestNotice(TypedDict):
    """每日督办摘要: everything that one person gets in one night."""

    recipient: Recipient
    office: Office
    as_of: Annotated[str, "业务日期"]
    counts: Counts
    plans: list[PlanGroup]
    behalf: list[Behalf]
    url: Annotated[str | None, "我的待办页面地址"]
    missed: Missed | None


class Week(TypedDict):
    """The seven days that a weekly digest looks at."""

    from_on: Annotated[str, "周起日"]
    to_on: Annotated[str, "周止日"]


class WeekCounts(TypedDict):
    """The week in figures."""

    open: Annotated[int, "在办"]
    overdue: Annotated[int, "逾期"]
    due_next: Annotated[int, "下周到期"]
    moved: Annotated[int, "本周有进展"]
    closed: Annotated[int, "本周销号"]
    without_limit: Annotated[int, "无时限"]


class WeekLine(TypedDict):
    """One item in a weekly digest."""

    plan_short: Annotated[str, "方案简称"]
    number: Annotated[str, "编号"]
    ref: Annotated[str, "称谓，如 第7项、吹哨事项1"]
    title: Annotated[str, "事项名称"]
    rolled_due_on: Annotated[str | None, "到期日"]
    overdue: Annotated[bool, "是否逾期"]
    days_overdue: Annotated[int, "逾期工作日数；未到期为负数"]
    state_zh: Annotated[str, "当前状态"]
    closed: Annotated[bool, "是否已销号、撤销或并入"]
    light: Annotated[Light, "灯色"]
    marks: Annotated[list[str], "灯旁标记，如 延期待批、长效报告逾期"]
    units: Annotated[list[str], "责任单位"]
    url: Annotated[str | None, "事项页面地址"]
    link: Annotated[str | None, "收件人本人的专用链接（报告进展）"]


class WeeklyNotice(TypedDict):
    """每周督办摘要: what was overdue, what falls due, what was done."""

    recipient: Recipient
    office: Office
    as_of: Annotated[str, "业务日期"]
    week: Week
    counts: WeekCounts
    overdue: list[WeekLine]
    due_next: list[WeekLine]
    done: list[WeekLine]
    url: Annotated[str | None, "我的待办页面地址"]


class PaperLine(TypedDict):
    """One paper that travels with a mail."""

    plan_short: Annotated[str, "方案简称"]
    title: Annotated[str, "材料标题"]
    said: Annotated[list[str], "材料要点"]
    url: Annotated[str | None, "方案在看板上的地址"]


class PapersNotice(TypedDict):
    """例会、月度、季度材料: the papers of one period, attached."""

    recipient: Recipient
    office: Office
    as_of: Annotated[str, "业务日期"]
    occasion: Annotated[str, "例会名称或期间"]
    papers: list[PaperLine]


class AlarmNotice(TypedDict):
    """运行告警: what does not run, and what a person should do."""

    recipient: Recipient
    office: Office
    as_of: Annotated[str, "业务日期"]
    what: Annotated[str, "何事"]
    said: Annotated[list[str], "详情"]
    remedy: Annotated[list[str], "处理办法"]
    url: Annotated[str | None, "看板地址"]


CONTEXTS: dict[str, type] = {
    "remind": ItemNotice,
    "urge": ItemNotice,
    "supervise": ItemNotice,
    "circulate": ItemNotice,
    "summon": SummonNotice,
    "propose": ProposeNotice,
    "assign": ItemNotice,
    "extension": ExtensionNotice,
    "return": ReturnNotice,
    "closed": ClosedNotice,
    "acknowledge": AcknowledgeNotice,
    "digest": DigestNotice,
    "weekly": WeeklyNotice,
    "papers": PapersNotice,
    "alarm": AlarmNotice,
}
"""Every kind of notice and the shape of its context."""

KINDS_ZH: dict[str, str] = {
    "remind": "提醒",
    "urge": "催办通知书",
    "supervise": "督办单",
    "circulate": "通报",
    "summon": "约谈通知书",
    "propose": "呈批件",
    "assign": "交办通知",
    "extension": "延期批复",
    "return": "退回通知",
    "closed": "销号通知",
    "acknowledge": "签收提醒",
    "digest": "每日督办摘要",
    "weekly": "每周督办摘要",
    "papers": "例会和月度材料",
    "alarm": "运行告警",
}
"""What an official reads for each kind; a single notice is named by `duban.notices.clock_words.named`."""

NOT_OF_AN_ITEM = frozenset({"digest", "weekly", "papers", "alarm"})
"""The kinds that speak of no single item."""

SHEET_KINDS = frozenset(
    {"urge", "supervise", "circulate", "summon", "propose", "assign", "extension", "return", "closed"}
)
"""The kinds that also exist as a numbered sheet of paper."""

LIGHTS_ZH: dict[str, str] = {"red": "红灯", "yellow": "黄灯", "green": "绿灯", "none": "无时限"}
"""What an official reads for each light."""
