"""Parties: a field such as 「区住建委(牵头)、区财政局及各街镇」 becomes the names that stand in it, each with its role.

Nothing is expanded and nothing invented: a collective party (各街镇) stays one name, marked, until a directory says
who belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from duban.reading.lexicon import Lexicon, load_lexicon
from duban.reading.surnames import looks_like_a_name


@dataclass(frozen=True, slots=True)
class Named:
    """A party that a text names.

    `kind` is person or unit. `role` is the role that the text itself gives it (lead, responsible, support,
    supervising), or None: then it has the role of the field that it stands in.
    """

    name: str
    kind: str = "unit"
    role: str | None = None
    collective: bool = False

    @property
    def lead(self) -> bool:
        """Whether the text marks it as the leading party: 区住建委(牵头)."""
        return self.role == "lead"


_ROLES = {
    "lead": "总牵头|牵头|主办|主责|领办|领衔",
    "responsible": "责任|承办|负责|主抓|落实|实施|主体责任|具体",
    "support": "共同配合|积极配合|协同配合|配合|协办|协助|参与|参加|协同|协作|会办",
    "supervising": "督导|督办|督查|监督|验收|核查|督促|指导",
}
_ANY_ROLE = "|".join(_ROLES.values())
_ROLE_BRACKET = re.compile(
    rf"^(?:以上|均|都)?(?:单位|部门)?[均都]?为?(?P<role>{_ANY_ROLE})(?:单位|部门|领导|方|落实|责任人|人)?(?:[、,\uff0c及和].*)?$"
)
_FOR_ALL = re.compile(rf"[(\uff08](?:以上|均|都)(?:单位|部门)?[均都]?为?(?P<role>{_ANY_ROLE})")
_ROLE_LABEL = re.compile(rf"^\s*(?:第一)?(?P<role>{_ANY_ROLE})(?:责任)?(?:单位|部门|领导|主体|人)?\s*[:\uff1a]\s*")
_ROLE_VERB = re.compile(
    rf"(?:共同|联合|分别|具体|全面|统一|负责|按职责(?:分工)?)*(?P<role>{_ANY_ROLE})"
    r"(?:(?:负责|落实|实施|推进|抓总|组织|做好|办理|抓好|开展|整改|完成)*)$"
)
_OPEN, _CLOSE = "(\uff08〈<《[【〔{", ")\uff09〉>》]】〕}"
_SEPARATORS = frozenset("、,\uff0c;\uff1b\n|\uff5c")
_ENUMERATED = re.compile(
    r"[①-⑳]\s*|[(\uff08]\d{1,2}[)\uff09]\s*|(?:^|(?<=[\s、,\uff0c;\uff1b。]))\d{1,2}[.、\uff0e](?!\d)\s*"
)
_JOINT = re.compile(r"以及|会同|及(?!其)|和|与")
_ETC = re.compile(
    r"等(?:\d+[家个]|[一二三四五六七八九十]+[家个])?(?:单位|部门|部门单位|单位部门|委办局|人|领导|同志|\d+人)?$"
)
_ETC_OTHERS = re.compile(r"^(?P<name>.+?)等(?P<others>(?:各)?(?:相关|有关|其他|责任|职能|成员).*)$")
_COLLECTIVE = re.compile(
    r"^(?:全?[省市区县镇乡校院]|全部|本[市区县镇])?(?:级|直|属)?(?:[、各]|各级|相关|有关|其他|其它|所有|全体|涉及|涉改|属地|所在|辖区|所辖|基层|其余)"
    r"|(?:相关|有关)(?:单位|部门|责任单位|责任部门|职能部门|委办局|科室|处室|街镇|街道|镇街|乡镇|镇|企业|责任主体|主体|方|人员|领导|负责人)"
    r"|各(?:单位|部门|委办局|街镇|街道|镇街|乡镇|镇|乡|区|县|科室|处室|支部|村|企业)"
)
_CLASS_NOUN = re.compile(
    r"^(?:委、?办、?局|委办局|街镇|镇街|乡镇|街乡镇?|[省市区县镇乡街村居]|街道|(?:[镇乡市区县村]|街道|街|乡镇)[(\uff08][^)\uff09]{1,8}[)\uff09]|村居|村[(\uff08]居[)\uff09]"
    r"|(?:工业|产业|经济)?园区|开发区|社区|部门|单位|企业|学校|责任单位|责任部门|职能部门|成员单位|主管部门|行业主管部门|行业部门|业务部门"
    r"|牵头单位|党组织|党委|党支部|基层党组织|全体班子成员|班子成员|领导班子|政府各部门|属地政府|属地)$"
)
_OFFICES = re.compile(r"各?委、办、局|委、办、局")  # 区政府各委、办、局 is one party
_OFFICES_OF_NOBODY = ("分管领导", "主要领导", "主要负责人", "分管负责人", "负责人")  # 张三、区政府分管领导 are two
_LEVEL = re.compile(r"^[省市区县镇乡街村居]$|^街道$|^街镇$|^乡镇$")
_EACH_LEVEL = re.compile(r"^各[省市区县镇乡州旗]$")
_LEVEL_OFFICE = re.compile(
    r"^(?:[市区县镇乡州旗]|街道|自治县|市辖区)(?:[(\uff08][^)\uff09]{1,8}[)\uff09])?(?:人民政府|政府|办事处|管委会|党委|委)$"
)
#: Everyday words that end as units do: 老镇及旧房改造指挥部, 区城市和交通管理委 are one name.
_NOT_UNITS = (
    "城市", "社区", "地区", "小区", "园区", "城区", "农村", "乡村", "干部", "内部", "外部", "市区",
    "辖区", "山区", "机关", "单位", "组织", "老镇", "城镇", "村镇", "古镇", "小镇", "旧区", "老区",
    "旧村", "新村", "新城", "新区", "学校", "院校", "网站", "互联网", "市场",
)  # fmt: skip
_POST = (
    r"(?:(?:党委|党组|党工委|常务|第一|专职|分管|主要|名誉|执行)*副?"
    r"(?:区委|市委|县委|镇党委|党委|党组|党工委|纪委|政法委|组织部|宣传部|统战部|工委)?副?"
    r"(?:书记|区长|市长|县长|镇长|乡长|主任|局长|部长|处长|科长|院长|校长|主席|会长|组长|秘书长|检察长|所长|站长|队长|支队长|总队长"
    r"|大队长|园长|馆长|行长|司长|厅长|州长|省长|总经理|经理|董事长)"
    r"|(?:区委|市委|县委|党委|镇党委|省委)?常委|党组成员|党委委员|党工委委员|委员|调研员|巡视员|总工程师|总经济师|班子成员|同志"
    r"|主要负责人|分管负责人|分管领导|主要领导|负责人)"
)
_ORG = r"(?:[\u4e00-\u9fff]{0,14}?)"
_POST_NAME = re.compile(rf"^(?P<post>{_ORG}{_POST})[\s:\uff1a]*(?P<name>[\u4e00-\u9fff·]{{2,12}})$")
_NAME_POST = re.compile(rf"^(?P<name>[\u4e00-\u9fff·]{{2,12}}?)[\s,]*(?P<post>{_ORG}{_POST})$")
_ONLY_POST = re.compile(rf"^{_ORG}{_POST}$")
_PHONE = re.compile(r"(?:电话|联系方式|手机)?[:\uff1a]?\s*\+?\d[\d\-—\s]{5,}\d")
_EDGE = "、,\uff0c;\uff1b。.:\uff1a \t\u3000*·-—"


def split_parties(text: str, lexicon: Lexicon | None = None) -> list[Named]:
    """The people and units that a field names, in order. 无, ／, — and an empty text name nobody."""
    words = lexicon or load_lexicon()
    found: list[Named] = []
    for clause in re.split(r"[;\uff1b。\n]", _ENUMERATED.sub("、", _PHONE.sub("", text))):
        found += _clause(clause, words)
    return list(dict.fromkeys(_without_posts(found)))


def split_people(text: str, lexicon: Lexicon | None = None) -> list[Named]:
    """As `split_parties`, for a field of officials: a short name is a person's also if the family name is rare."""
    words = lexicon or load_lexicon()
    return [
        replace(p, kind="person") if p.kind == "unit" and not p.collective and _short(p.name, words) else p
        for p in split_parties(text, words)
    ]


def is_unit(name: str, lexicon: Lexicon | None = None) -> bool:
    """Whether a name ends as units' names do: 区经委, 淞南镇, 新农村建设办公室<农委>."""
    return _ends_as_unit(_outside(name), lexicon or load_lexicon())


# --- one clause ------------------------------------------------------------------------------------------------------


def _clause(clause: str, words: Lexicon) -> Iterator[Named]:
    """The parties of a clause. A role in front (牵头:…) serves until the next, a verb behind the names before it."""
    pending: list[Named] = []
    role: str | None = None
    for printed in _tokens(clause, words):
        label = _ROLE_LABEL.match(printed)
        if label:
            yield from pending
            pending, role = [], _role(label["role"])
        token, verb = _without_verb(printed[label.end() :] if label else printed, words)
        pending += [replace(p, role=p.role or role) for p in _party(token, words)]
        if for_all := _FOR_ALL.search(token):
            verb = _role(for_all["role"])
        if verb:
            yield from (replace(p, role=p.role or verb) for p in pending)
            pending = []
    yield from pending


def _role(word: str) -> str:
    return next(role for role, pattern in _ROLES.items() if re.fullmatch(pattern, word))


def _without_verb(token: str, words: Lexicon) -> tuple[str, str | None]:
    """「由区住建委牵头负责」: the name, and the role that the verb gives."""
    body = token.strip(_EDGE)
    match = _ROLE_VERB.search(body)
    if match is None or match.start() == 0:
        return body, None
    name = body[: match.start()].strip(_EDGE)
    bare = name.removeprefix("由")
    known = _ends_as_unit(_outside(bare), words) or _is_collective(bare) or looks_like_a_name(bare)
    return (bare, _role(match["role"])) if known else (body, None)


def _tokens(clause: str, words: Lexicon) -> Iterator[str]:
    """Names between separators that stand outside brackets; 及, 和 and 与 part units but not the words of one name."""
    pieces = [piece for part in _parted(clause) for piece in _spaced(part, words)]
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        while _LEVEL.match(piece) and index + 1 < len(pieces) and _LEVEL.match(pieces[index + 1]):
            index += 1
            piece = f"{piece}、{pieces[index]}"  # 「区、街镇」 is one party
        if _EACH_LEVEL.match(piece) and index + 1 < len(pieces) and _LEVEL_OFFICE.match(pieces[index + 1]):
            index += 1
            piece = f"{piece}、{pieces[index]}"  # 各市、县人民政府 too
        yield from _joined(piece, words)
        index += 1


def _parted(clause: str) -> Iterator[str]:
    depth, start = 0, 0
    whole = {i for match in _OFFICES.finditer(clause) for i in range(*match.span())}
    for i, ch in enumerate(clause):
        if i in whole:
            continue
        if ch in _OPEN:
            depth += 1
        elif ch in _CLOSE:
            depth = max(0, depth - 1)
        elif depth == 0 and (ch in _SEPARATORS or (ch in "/／" and 0 < i < len(clause) - 1)):
            yield clause[start:i].strip()
            start = i + 1
    yield clause[start:].strip()


def _spaced(part: str, words: Lexicon) -> Iterator[str]:
    """Names parted by spaces; a space inside a name (张 三) or a torn word is no separator."""
    pieces = part.split()
    if len(pieces) < 2:
        yield part
        return
    if all(len(piece) == 1 for piece in pieces):
        yield from ["".join(pieces)] if len(pieces) <= 4 else pieces
        return
    if all(_whole(piece, words) for piece in pieces):
        yield from pieces
        return
    joined = ""
    for piece in pieces:
        if joined and _whole(joined, words) and _whole(piece, words):
            yield joined
            joined = piece
        else:
            joined = f"{joined} {piece}" if re.fullmatch(r"[A-Za-z]+", piece) else joined + piece
    yield joined


def _whole(piece: str, words: Lexicon) -> bool:
    bare = _outside(piece)
    return (
        looks_like_a_name(bare)
        or _ends_as_unit(bare, words)
        or _is_collective(bare)
        or bool(_ONLY_POST.match(bare))
        or bool(_NAME_POST.match(bare))
    )


def _joined(piece: str, words: Lexicon) -> Iterator[str]:
    depth, start = 0, 0
    skip = -1
    for i, ch in enumerate(piece):
        depth += (ch in _OPEN) - (ch in _CLOSE)
        if depth > 0 or i < skip or ch not in "以会及和与":
            continue
        if (link := _JOINT.match(piece, i)) and _parts(piece[start:i], piece[link.end() :], words):
            yield piece[start:i]
            start = skip = link.end()
    yield piece[start:]


def _parts(left: str, right: str, words: Lexicon) -> bool:
    """Whether a conjunction stands between two parties and not within 发展和改革委员会."""
    first = _outside(left.strip())
    right = _ROLE_VERB.sub("", right.strip(_EDGE))
    second = _outside(re.split(r"[、,\uff0c及和与]|以及|会同", right.strip())[0]) if right.strip() else ""
    if not first or not second:
        return False
    if looks_like_a_name(first) and not _ends_as_unit(first, words):
        return looks_like_a_name(second) or bool(_POST_NAME.match(second))
    if not (_is_collective(first) or _ends_as_unit(first, words)):
        return False
    everyday = any(first.endswith(word) and len(first) <= len(word) + 1 for word in _NOT_UNITS)
    if everyday and not _is_collective(first):
        return _is_collective(second)
    return _is_collective(second) or _ends_as_unit(_outside(right.strip()), words) or _ends_as_unit(second, words)


# --- one name --------------------------------------------------------------------------------------------------------


def _party(token: str, words: Lexicon) -> Iterator[Named]:
    """What one token names: nobody, a party, or a unit and the person in its bracket."""
    token = token.strip(_EDGE)
    if words.names_nobody(token) or not re.search(r"[\u3400-\u9fffA-Za-z]", token):
        return
    if others := _ETC_OTHERS.match(token):
        yield from _party(others["name"], words)
        yield from _party(others["others"], words)
        return
    token = _ETC.sub("", token) or token
    name, role, person = _brackets(token)
    name = name.strip(_EDGE)
    if not name:
        return
    yield replace(_named(name, words), role=role)
    if person:
        yield Named(person, "person", role)


_BRACKET = re.compile(r"[(\uff08【\[]([^()\uff08\uff09【】\[\]]*)[)\uff09】\]]$")


def _brackets(token: str) -> tuple[str, str | None, str | None]:
    """The name without a bracket that gives a role, a post or a person; 水务局(海洋局) and 办公室<农委> stay."""
    role = person = None
    while match := _BRACKET.search(token):
        inside = match.group(1).strip()
        if found := _ROLE_BRACKET.match(inside):
            role = _role(found["role"])
        elif looks_like_a_name(inside) and not re.search(r"[局委办部处科室站所中心镇乡村街道]$", inside):
            person = inside
        elif not (_ONLY_POST.match(inside) or _all_posts(inside)):
            break
        token = token[: match.start()].strip()
    return token, role, person


def _all_posts(text: str) -> bool:
    return all(_ONLY_POST.match(part.strip()) for part in re.split(r"[、,\uff0c兼\s]", text) if part.strip())


def _named(name: str, words: Lexicon) -> Named:
    if _is_collective(_outside(name)) or _CLASS_NOUN.match(name):
        return Named(name, collective=True)
    for pattern in (_POST_NAME, _NAME_POST):
        if (match := pattern.match(name)) and looks_like_a_name(match["name"]) and not _unit_like(match["name"], words):
            return Named(match["name"], "person")
    if _ONLY_POST.match(name):
        return Named(name, "post")
    return Named(name, "person" if looks_like_a_name(name) and not _unit_like(name, words) else "unit")


def _without_posts(found: list[Named]) -> Iterator[Named]:
    """Without posts that stand beside their holder: 区委常委、副区长张三 is one. A post alone is the party."""
    for index, party in enumerate(found):
        if party.kind != "post":
            yield party
        elif party.name.endswith(_OFFICES_OF_NOBODY) or not _beside_a_person(found, index):
            yield replace(party, kind="person")


def _beside_a_person(found: list[Named], index: int) -> bool:
    """Whether a run of posts begins or ends at a person."""
    before, after = index, index
    while before >= 0 and found[before].kind == "post":
        before -= 1
    while after < len(found) and found[after].kind == "post":
        after += 1
    return (before >= 0 and found[before].kind == "person") or (after < len(found) and found[after].kind == "person")


def _is_collective(name: str) -> bool:
    return bool(_COLLECTIVE.search(name) or _CLASS_NOUN.match(name) or "、" in name)


def _unit_like(name: str, words: Lexicon) -> bool:
    """Whether a short name is rather a unit's: 经委, 区府办."""
    return _ends_as_unit(name, words)


def _ends_as_unit(name: str, words: Lexicon) -> bool:
    return len(name) >= 2 and name.endswith(words.unit_suffixes)


def _outside(name: str) -> str:
    """The name without what stands in brackets: 各镇(街道) is 各镇, 建设办公室<农委> is 建设办公室."""
    bare = re.sub(r"[(\uff08〈<【\[][^()\uff08\uff09〈〉<>【】\[\]]*[)\uff09〉>】\]]", "", name)
    return re.sub(r"[(\uff08〈<].*$", "", bare).strip()


def _short(name: str, words: Lexicon) -> bool:
    return 2 <= len(name) <= 4 and not _unit_like(name, words) and all("\u3400" <= ch <= "\u9fff" for ch in name)
