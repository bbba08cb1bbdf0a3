"""An office's directory of parties: a `.csv` or `.xlsx` with Chinese headings becomes entries; errors are collected.

Columns (in any order, others are ignored): 名称, 别名, 类别 (领导/人员, 单位, 集体, 督查室, 总负责人), 职务, 上级,
代理人, 负责人 (a unit's head), 成员 (a collective's units), 邮箱, 生效日期, 失效日期. Lists inside a cell are split
at 、;,
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from duban.domain.parties import usable
from duban.errors import DubanError, Unreadable
from duban.reading.namesakes import holders, labelled, parted


class DirectoryInvalid(DubanError):
    """The directory of parties {file} has errors: {problems}.

    Correct these rows and give the file again; nothing was written.
    """

    code = "directory_invalid"
    status = 422
    exit_code = 2


@dataclass(slots=True)
class Entry:
    """One row: a party as the office knows it. Names of other parties are resolved when the plan is registered."""

    row: int
    name: str
    kind: str  # person | unit | collective | office
    aliases: list[str] = field(default_factory=list)
    post: str | None = None
    superior: str | None = None
    substitute: str | None = None
    head: str | None = None
    members: list[str] = field(default_factory=list)
    email: str | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    plan_head: bool = False
    continues: str | None = None  # the bare name that the one of several had alone until now
    columns: frozenset[str] | None = None  # the columns that the file has; None: all. What it lacks, it says nothing of

    def says(self, column: str) -> bool:
        """Whether the file has this column at all: an empty cell clears, a missing column leaves as it is."""
        return self.columns is None or column in self.columns


@dataclass(frozen=True, slots=True)
class Listed:
    """A party that a directory has already, under one of its names; `name` is the one that it is called by."""

    name: str
    post: str = ""
    is_person: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A directory file: its entries, and what is left out of it.

    `unknown_columns` are headings that nobody here knows, `left_out` rows and cells that could mean one of several
    people, each with who that could be.
    """

    entries: tuple[Entry, ...]
    unknown_columns: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def ignored(self) -> tuple[str, ...]:
        """All that the file says and nobody takes over, a sentence each."""
        return (*(f"“{heading}”一列不认识，没有读取" for heading in self.unknown_columns), *self.left_out)


#: No file at all.
NO_SHEET = Sheet((), (), ())
HEADINGS = {
    "name": ("名称", "姓名", "单位", "name"),
    "aliases": ("别名", "简称", "曾用名", "aliases"),
    "kind": ("类别", "类型", "kind"),
    "post": ("职务", "岗位", "post"),
    "superior": ("上级", "分管领导", "superior"),
    "substitute": ("代理人", "代理", "AB角", "substitute"),
    "head": ("负责人", "单位负责人", "head"),
    "members": ("成员", "成员单位", "members"),
    "email": ("邮箱", "电子邮箱", "电子邮件", "e-mail", "email"),
    "valid_from": ("生效日期", "起始日期", "valid_from"),
    "valid_to": ("失效日期", "截止日期", "valid_to"),
}
KINDS = {
    "person": ("领导", "人员", "个人", "领导干部", "person"),
    "unit": ("单位", "部门", "街镇", "unit"),
    "collective": ("集体", "集合", "统称", "collective"),
    "office": ("督查室", "督查组", "督办机构", "office"),
}
PLAN_HEADS = ("总负责人", "主要领导", "plan_head")
_LIST = re.compile(r"[、;;,,\n]+")
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
NOBODY: Mapping[str, Listed] = MappingProxyType({})
MAX_ROWS = 20_000
MOST_PROBLEMS = 50


def read_sheet(data: bytes, filename: str, known: Mapping[str, Listed] = NOBODY) -> Sheet:
    """A directory file; `known` are names and aliases that stand already, which a row may refer to.

    Raises Unreadable, or DirectoryInvalid with every wrong row.
    """
    rows = _xlsx_rows(data, filename) if filename.lower().endswith((".xlsx", ".xlsm")) else _csv_rows(data, filename)
    table = [(n, [_text(c) for c in row]) for n, row in rows if any(_text(c) for c in row)]
    columns, start = _find_headings(table, filename)
    problems: list[str] = []
    entries = [e for n, cells in table[start:] if (e := _entry(n, cells, columns, problems)) is not None]
    if not entries and not problems:
        raise Unreadable(f"{filename} 只有表头，没有一行人员或单位", "请在表头下面逐行填写后再上传。")
    left_out: list[str] = []
    entries = apart(entries, known, left_out)
    _check_names(entries, problems, known)
    _check_references(entries, problems, known, left_out)
    if problems:
        more = f"；另有{len(problems) - MOST_PROBLEMS}处" if len(problems) > MOST_PROBLEMS else ""
        raise DirectoryInvalid(file=filename, problems="；".join(problems[:MOST_PROBLEMS]) + more)
    headings = table[start - 1][1]
    unknown = tuple(c for i, c in enumerate(headings) if c and i not in columns.values())
    return Sheet(tuple(entries), unknown, tuple(left_out))


def _csv_rows(data: bytes, filename: str) -> list[tuple[int, Sequence[Any]]]:
    for encoding in ("utf-8-sig", "gb18030", "utf-16"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return list(enumerate(csv.reader(io.StringIO(text, newline="")), start=1))
    raise Unreadable(reason=f"{filename} 不是文本", remedy="请把名录另存为 .xlsx，或 .csv（UTF-8、GB18030编码）。")


def _xlsx_rows(data: bytes, filename: str) -> list[tuple[int, Sequence[Any]]]:
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = list(enumerate(sheet.iter_rows(values_only=True, max_row=MAX_ROWS, max_col=50), start=1))
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError, IndexError):
        raise Unreadable(
            reason=f"{filename} 不是Excel工作簿，或已损坏", remedy="请用Excel或WPS重新另存为 .xlsx，或另存为 .csv。"
        ) from None
    return list(rows)


def _find_headings(table: list[tuple[int, list[str]]], filename: str) -> tuple[dict[str, int], int]:
    """The column of each heading, and where the rows below them start; titles may stand above."""
    for index, (_, cells) in enumerate(table[:20]):
        columns = {
            key: next(i for i, c in enumerate(cells) if c.lower() in names)
            for key, names in HEADINGS.items()
            if any(c.lower() in names for c in cells)
        }
        if "name" in columns and ("email" in columns or "kind" in columns):
            return columns, index + 1
    raise Unreadable(
        reason=f"{filename} 里没有含“名称”和“邮箱”（或“类别”）的表头行",
        remedy="表头须有：名称、别名、类别、职务、上级、代理人、负责人、成员、邮箱、生效日期、失效日期；可先下载名录模板。",
    )


def _entry(number: int, cells: list[str], columns: dict[str, int], problems: list[str]) -> Entry | None:
    def cell(key: str) -> str:
        place = columns.get(key)
        return cells[place] if place is not None and place < len(cells) else ""

    def named(key: str) -> str | None:
        return cell(key) or None

    name = cell("name")
    if not name:
        problems.append(f"第{number}行：“名称”是空的")
        return None
    kind_text = cell("kind")
    plan_head = kind_text in PLAN_HEADS
    kind = _kind(kind_text, name)
    if kind is None:
        problems.append(f"第{number}行（{name}）：类别“{kind_text}”不是领导、单位、集体、督查室、总负责人之一")
        return None
    email = named("email")
    if email and not usable(email):
        problems.append(f"第{number}行（{name}）：“{email}”不是可用的邮箱地址")
    return Entry(
        row=number,
        name=name,
        kind=kind,
        aliases=_names(cell("aliases")),
        post=named("post"),
        superior=named("superior"),
        substitute=named("substitute"),
        head=named("head"),
        members=_names(cell("members")),
        email=email,
        valid_from=_date(cell("valid_from"), number, name, problems),
        valid_to=_date(cell("valid_to"), number, name, problems),
        plan_head=plan_head,
        columns=frozenset(columns),
    )


def _kind(text: str, name: str) -> str | None:
    if text in PLAN_HEADS:
        return "person"
    for kind, words in KINDS.items():
        if text.lower() in words:
            return kind
    if text:
        return None
    return "person" if 2 <= len(name) <= 4 and not re.search(r"[局委办室部院镇乡处会]$|街道$", name) else "unit"


def _names(text: str) -> list[str]:
    return [part.strip() for part in _LIST.split(text) if part.strip()]


def _date(text: str, number: int, name: str, problems: list[str]) -> dt.date | None:
    if not text:
        return None
    found = _DATE.match(text)
    try:
        if found:
            return dt.date(*(int(g) for g in found.groups()))
    except ValueError:
        pass
    problems.append(f"第{number}行（{name}）：“{text}”不是日期，须形如2026-03-01")
    return None


def _check_names(entries: Iterable[Entry], problems: list[str], known: Mapping[str, Listed]) -> None:
    """One name or alias means one party, in the file and in what stands; there is at most one supervision office."""
    owner: dict[str, Entry] = {}
    offices = []
    for entry in entries:
        offices += [entry.name] if entry.kind == "office" else []
        if entry.valid_from and entry.valid_to and entry.valid_to < entry.valid_from:
            problems.append(f"第{entry.row}行（{entry.name}）：失效日期早于生效日期")
        for name in dict.fromkeys([entry.name, *entry.aliases]):
            if name in owner and owner[name] is not entry:
                other = owner[name]
                problems.append(f"第{entry.row}行（{entry.name}）：“{name}”与第{other.row}行（{other.name}）重复")
            owner.setdefault(name, entry)
    if len(offices) > 1:
        problems.append(f"督查室只能有一个，表中有：{'、'.join(offices)}")
    by_name = {entry.name: entry for entry in entries}
    for entry in entries:
        problems += [
            f"第{entry.row}行（{entry.name}）：别名“{alias}”已是{_place_of(known[alias], alias, by_name)}；"
            "如已更名或并入，请先录入其失效日期，再用“移交”把事项转到新单位"
            for alias in entry.aliases
            if alias in known and _is_anothers(alias, entry, known[alias], by_name)
        ]


def _is_anothers(alias: str, entry: Entry, holder: Listed, by_name: Mapping[str, Entry]) -> bool:
    """Whether an alias belongs to another party, which this file does not take it from."""
    if holder.name in (entry.name, entry.continues):
        return False
    row = by_name.get(holder.name)
    return alias == holder.name or row is None or not row.says("aliases") or alias in row.aliases


def _place_of(holder: Listed, alias: str, by_name: Mapping[str, Entry]) -> str:
    row = f"（第{by_name[holder.name].row}行）" if holder.name in by_name else ""
    return f"名录中的“{holder.name}”{row}" + ("" if alias == holder.name else "的别名")


def _check_references(
    entries: Iterable[Entry], problems: list[str], known: Mapping[str, Listed], left_out: list[str]
) -> None:
    """Whom a row refers to is there, and is one; where it could be one of several, the cell is left out and named."""
    owner = {name: entry for entry in entries for name in (entry.name, *entry.aliases)}
    people = {e.name: e.post or "" for e in entries if e.kind == "person"}
    people = {one.name: one.post for one in known.values() if one.is_person} | people
    for entry in entries:
        people.pop(entry.continues or "", None)
    several = {parted(name)[0] for name in people if parted(name)[1]}
    for entry in entries:
        for column, heading in (("superior", "上级"), ("substitute", "代理人"), ("head", "负责人")):
            other = getattr(entry, column)
            if not other:
                continue
            exact = other in owner or (other in known and other not in several)
            meant = [other] if exact else _meant(other, people)
            if len(meant) > 1:
                left_out.append(
                    f"第{entry.row}行（{entry.name}）：{heading}“{other}”有{len(meant)}位：{'、'.join(meant)}，"
                    "请写明是哪一位；这一栏没有录入"
                )
                setattr(entry, column, None)
                entry.columns = (entry.columns or frozenset(HEADINGS)) - {column}
            elif not meant:
                problems.append(f"第{entry.row}行（{entry.name}）：{heading}“{other}”不在名录里")
            elif owner.get(meant[0]) is entry:
                problems.append(f"第{entry.row}行（{entry.name}）：{heading}填的是本人（本单位）")
            else:
                setattr(entry, column, meant[0])
        problems += [
            f"第{entry.row}行（{entry.name}）：成员“{member}”不在名录里"
            for member in entry.members
            if member not in owner and member not in known
        ]


def _meant(name: str, people: Mapping[str, str]) -> list[str]:
    """Who of these people a name with or without a post may mean: one by the post, else all of that name."""
    base, post = parted(name)
    same = {one: its or parted(one)[1] for one, its in people.items() if parted(one)[0] == base}
    by_post = holders(post, same)
    return by_post if len(by_post) == 1 else list(same)


# -- people of one name ------------------------------------------------------------------------------------------------


def apart(entries: Sequence[Entry], known: Mapping[str, Listed], left_out: list[str]) -> list[Entry]:
    """Rows of one name, each called by its post too; what cannot be told apart is left out, and named with the rest."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        name = parted(entry.name)[0] if entry.kind == "person" else entry.name
        groups.setdefault(name, []).append(entry)
    standing: dict[str, dict[str, str]] = {}
    for one in known.values():
        if one.is_person:
            standing.setdefault(parted(one.name)[0], {})[one.name] = one.post or parted(one.name)[1]
    kept: set[int] = set()
    for name, rows in groups.items():
        if rows[0].kind != "person":
            kept.add(rows[0].row)
            left_out += [f"第{row.row}行（{name}）：与第{rows[0].row}行同名，没有录入" for row in rows[1:]]
            continue
        there = standing.get(name, {})
        found = _one_of_several(rows[0], there, left_out) if len(rows) == 1 else _several(name, rows, there, left_out)
        kept.update(row.row for row in found)
    return [entry for entry in entries if entry.row in kept]


def _one_of_several(row: Entry, there: Mapping[str, str], left_out: list[str]) -> list[Entry]:
    """A row whose name one or more people bear already."""
    name, post = parted(row.name)
    post = row.post or post
    if row.name in there or not there:
        return [row]
    same = holders(post, there)
    if len(same) == 1:
        row.name, row.post = same[0], row.post or post
    elif not post:
        who = "、".join(there)
        left_out.append(f"第{row.row}行（{name}）：名录中同名的有{who}，请写明职务；这一行没有录入")
        return []
    else:
        row.name, row.post = labelled(name, post), post
    return [row]


def _several(name: str, rows: list[Entry], there: Mapping[str, str], left_out: list[str]) -> list[Entry]:
    """Several rows of one name: each is called by its post, and the one who stood alone is found by it."""
    posts = {row.row: row.post or parted(row.name)[1] for row in rows}
    found = []
    for row in rows:
        post = posts[row.row]
        if post and list(posts.values()).count(post) == 1:
            row.name, row.post = labelled(name, post), post
            found.append(row)
    if unclear := [row for row in rows if row not in found]:
        numbers = "、".join(f"第{row.row}行" for row in unclear)
        left_out.append(f"{numbers}（{name}）：同名而职务相同或没有填，分不清是谁，没有录入；请分别写明职务")
    if name in there:
        heirs = [row for row in found if holders(there[name], {row.name: row.post or ""})]
        if len(heirs) == 1:
            heirs[0].continues = name
        else:
            left_out.append(
                f"名录中原有的“{name}”按职务分不清是{'、'.join(row.name for row in found) or '哪一位'}，保持原样；"
                "其事项请用“更正”或“移交”改为其中一位"
            )
    return found


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return "" if value is None else str(value).strip()
