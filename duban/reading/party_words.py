"""The words and marks by which a field of parties is taken apart: roles, collectives, posts, separators."""

from __future__ import annotations

import re

ROLES = {
    "lead": "总牵头|牵头|主办|主责|领办|领衔",
    "responsible": "责任|承办|负责|主抓|落实|实施|主体责任|具体",
    "support": "共同配合|积极配合|协同配合|配合|协办|协助|参与|参加|协同|协作|会办",
    "supervising": "督导|督办|督查|监督|验收|核查|督促|指导",
}
ANY_ROLE = "|".join(ROLES.values())
ROLE_BRACKET = re.compile(
    rf"^(?:以上|均|都)?(?:单位|部门)?[均都]?为?(?P<role>{ANY_ROLE})(?:单位|部门|领导|方|落实|责任人|人)?(?:[、,\uff0c及和].*)?$"
)
FOR_ALL = re.compile(rf"[(\uff08](?:以上|均|都)(?:单位|部门)?[均都]?为?(?P<role>{ANY_ROLE})")
ROLE_LABEL = re.compile(rf"^\s*(?:第一)?(?P<role>{ANY_ROLE})(?:责任)?(?:单位|部门|领导|主体|人)?\s*[:\uff1a]\s*")
ROLE_VERB = re.compile(
    rf"(?:共同|联合|分别|具体|全面|统一|负责|按职责(?:分工)?)*(?P<role>{ANY_ROLE})"
    r"(?:(?:负责|落实|实施|推进|抓总|组织|做好|办理|抓好|开展|整改|完成)*)$"
)
OPEN, CLOSE = "(\uff08〈<《[【〔{", ")\uff09〉>》]】〕}"
SEPARATORS = frozenset("、,\uff0c;\uff1b\n|\uff5c")
ENUMERATED = re.compile(
    r"[①-⑳]\s*|[(\uff08]\d{1,2}[)\uff09]\s*|(?:^|(?<=[\s、,\uff0c;\uff1b。]))\d{1,2}[.、\uff0e](?!\d)\s*"
)
JOINT = re.compile(r"以及|会同|及(?!其)|和|与")
ETC = re.compile(
    r"等(?:\d+[家个]|[一二三四五六七八九十]+[家个])?"
    r"(?:单位|部门|部门单位|单位部门|委办局|人|[省市区县镇]?(?:领导|领导同志)|同志|\d+人)?$"
)
ETC_OTHERS = re.compile(r"^(?P<name>.+?)等(?P<others>(?:各)?[省市区县]?(?:相关|有关|其他|责任|职能|成员).*)$")
COLLECTIVE = re.compile(
    r"^(?:全?[省市区县镇乡校院]|全部|本[市区县镇])?(?:级|直|属)?(?:[、各]|各级|相关|有关|其他|其它|所有|全体|涉及|涉改|属地|所在|辖区|所辖|基层(?=各|党|组织|单位|部门|站所|所队|政府|$)|其余)"
    r"|(?:相关|有关)(?:单位|部门|责任单位|责任部门|职能部门|委办局|科室|处室|街镇|街道|镇街|乡镇|镇|企业|责任主体|主体|方|人员|领导|负责人)"
    r"|各(?:单位|部门|委办局|街镇|街道|镇街|乡镇|镇|乡|区|县|科室|处室|支部|村|企业)"
)
CLASS_NOUN = re.compile(
    r"^(?:委、?办、?局|委办局|街镇|镇街|乡镇|街乡镇?|[省市区县镇乡街村居]|街道|(?:[镇乡市区县村]|街道|街|乡镇)[(\uff08][^)\uff09]{1,8}[)\uff09]|村居|村[(\uff08]居[)\uff09]"
    r"|(?:工业|产业|经济)?园区|开发区|社区|部门|单位|企业|学校|责任单位|责任部门|职能部门|成员单位|主管部门|行业主管部门|行业部门|业务部门"
    r"|牵头单位|党组织|党委|党支部|基层党组织|全体班子成员|班子成员|领导班子|政府各部门|属地政府|属地)$"
)
OFFICES = re.compile(r"各?委、办、局|委、办、局")  # 区政府各委、办、局 is one party
OFFICES_OF_NOBODY = ("分管领导", "主要领导", "主要负责人", "分管负责人", "负责人")  # 张三、区政府分管领导 are two
LEVEL = re.compile(r"^[省市区县镇乡街村居]$|^街道$|^街镇$|^乡镇$")
EACH_LEVEL = re.compile(r"^各[省市区县镇乡州旗]$")
JOINT_LEADERS = re.compile(r"^[省市区县]政府(?:分管|主要|相关|有关|联系)领导$")
LEVEL_OFFICE = re.compile(
    r"^(?:[市区县镇乡州旗]|街道|自治县|市辖区)(?:[(\uff08][^)\uff09]{1,8}[)\uff09])?(?:人民政府|政府|办事处|管委会|党委|委)$"
)
#: Everyday words that end as units do: 老镇及旧房改造指挥部, 区城市和交通管理委 are one name.
NOT_UNITS = (
    "城市", "社区", "地区", "小区", "园区", "城区", "农村", "乡村", "干部", "内部", "外部", "市区",
    "辖区", "山区", "机关", "单位", "组织", "老镇", "城镇", "村镇", "古镇", "小镇", "旧区", "老区",
    "旧村", "新村", "新城", "新区", "学校", "院校", "网站", "互联网", "市场",
)  # fmt: skip
POST = (
    r"(?:(?:党委|党组|党工委|常务|第一|专职|分管|主要|名誉|执行)*副?"
    r"(?:区委|市委|县委|镇党委|党委|党组|党工委|纪委|政法委|组织部|宣传部|统战部|工委)?副?"
    r"(?:书记|区长|市长|县长|镇长|乡长|主任|局长|部长|处长|科长|股长|庭长|院长|校长|主席|会长|组长|秘书长|检察长|所长|站长|队长|支队长|总队长"
    r"|大队长|园长|馆长|行长|司长|厅长|州长|省长|总经理|经理|董事长|总监|总裁|理事长|监事长|政委|教导员|专员|旗长|盟长|支书)(?:助理)?"
    r"|(?:区委|市委|县委|党委|镇党委|省委)?常委|党组成员|党委委员|党工委委员|委员|调研员|巡视员|总工程师|总审计师|总规划师|总法律顾问|总会计师|总经济师|班子成员|同志"
    r"|主要负责人|分管负责人|分管领导|主要领导|负责人)"
)
ORG = r"(?:[\u4e00-\u9fff]{0,14}?)"
POST_NAME = re.compile(rf"^(?P<post>{ORG}{POST})[\s:\uff1a]*(?P<name>[\u4e00-\u9fff·]{{2,12}})$")
NAME_POST = re.compile(rf"^(?P<name>[\u4e00-\u9fff·]{{2,12}}?)[\s,]*(?P<post>{ORG}{POST})$")
ONLY_POST = re.compile(rf"^{ORG}{POST}$")
#: What may stand right behind a person's name as an address: 王小明同志, 赵志勇副市长.
BARE_POST = re.compile(
    r"^(?:常务副|副)?(?:书记|区长|市长|县长|镇长|乡长|主任|局长|部长|处长|科长|股长|院长|校长|主席|会长|组长|秘书长|检察长|所长|站长"
    r"|队长|厅长|州长|省长|总经理|经理|董事长)$|^(?:常委|调研员|巡视员|同志)$"
)
#: A place's party committee, and its government without the place: 各县(区)委、政府.
OFFICE_OF_PARTY = re.compile(r"(?:党委|党工委|[省市区县州旗)\uff09]委)$")
#: A place's committee by name, before its government without the name: 江北市委、市政府.
OFFICE_OF_NAMED = re.compile(r"[\u4e00-\u9fff]{2,}(?P<level>[省市区县州旗])委$")
OFFICE_OF_STATE = re.compile(r"^(?:人民政府|政府|行政|办事处|管委会)$")
PHONE = re.compile(r"(?:电话|联系方式|手机)?[:\uff1a]?\s*\+?\d[\d\-—\s]{5,}\d")
EDGE = "、,\uff0c;\uff1b。.:\uff1a \t\u3000*·-—"
BRACKET = re.compile(r"[(\uff08【\[]([^()\uff08\uff09【】\[\]]*)[)\uff09】\]]$")
