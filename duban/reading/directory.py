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
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from duban.errors import DubanError, Unreadable


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
    columns: frozenset[str] | None = None  # the columns that the file has; None: all. What it lacks, it says nothing of

    def says(self, column: str) -> bool:
        """Whether the file has this column at all: an empty cell clears, a missing column leaves as it is."""
        return self.columns is None or column in self.columns


@dataclass(frozen=True, slots=True)
class Sheet:
    """A directory file: its entries, and the headings that nobody here knows, which are left out."""

    entries: tuple[Entry, ...]
    unknown_columns: tuple[str, ...]


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
_EMAIL = re.compile(r"[^@\s<>,;\"'()\[\]\\]+@[^@\s<>,;\"'()\[\]\\]+")
MAX_ROWS = 20_000
MOST_PROBLEMS = 50


def read_directory(data: bytes, filename: str) -> list[Entry]:
    """The entries of a directory file. Raises Unreadable, or DirectoryInvalid with every wrong row."""
    return list(read_sheet(data, filename).entries)


def read_sheet(data: bytes, filename: str, known: Collection[str] = ()) -> Sheet:
    """A directory file; `known` are names that stand already, which a row may refer to.

    Raises Unreadable, or DirectoryInvalid with every wrong row.
    """
    rows = _xlsx_rows(data, filename) if filename.lower().endswith((".xlsx", ".xlsm")) else _csv_rows(data, filename)
    table = [(n, [_text(c) for c in row]) for n, row in rows if any(_text(c) for c in row)]
    columns, start = _find_headings(table, filename)
    problems: list[str] = []
    entries = [e for n, cells in table[start:] if (e := _entry(n, cells, columns, problems)) is not None]
    if not entries and not problems:
        raise Unreadable(f"{filename} 只有表头，没有一行人员或单位", "请在表头下面逐行填写后再上传。")
    _check_names(entries, problems, known)
    if problems:
        more = f"；另有{len(problems) - MOST_PROBLEMS}处" if len(problems) > MOST_PROBLEMS else ""
        raise DirectoryInvalid(file=filename, problems="；".join(problems[:MOST_PROBLEMS]) + more)
    headings = table[start - 1][1]
    unknown = tuple(c for i, c in enumerate(headings) if c and i not in columns.values())
    return Sheet(tuple(entries), unknown)


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
    if email and not _EMAIL.fullmatch(email):
        problems.append(f"第{number}行（{name}）：“{email}”不是邮箱地址")
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


def _check_names(entries: Iterable[Entry], problems: list[str], known: Collection[str] = ()) -> None:
    """One name or alias means one party; there is at most one supervision office."""
    owner: dict[str, Entry] = {}
    offices = []
    for entry in entries:
        offices += [entry.name] if entry.kind == "office" else []
        if entry.valid_from and entry.valid_to and entry.valid_to < entry.valid_from:
            problems.append(f"第{entry.row}行（{entry.name}）：失效日期早于生效日期")
        for name in dict.fromkeys([entry.name, *entry.aliases]):
            if name in owner and owner[name] is not entry:
                problems.append(f"第{entry.row}行（{entry.name}）：“{name}”与第{owner[name].row}行重复")
            owner.setdefault(name, entry)
    if len(offices) > 1:
        problems.append(f"督查室只能有一个，表中有：{'、'.join(offices)}")
    for entry in entries:
        for column, other in (("上级", entry.superior), ("代理人", entry.substitute), ("负责人", entry.head)):
            if other and other not in owner and other not in known:
                problems.append(f"第{entry.row}行（{entry.name}）：{column}“{other}”不在名录里")
            elif other and owner.get(other) is entry:
                problems.append(f"第{entry.row}行（{entry.name}）：{column}填的是本人（本单位）")
        problems += [
            f"第{entry.row}行（{entry.name}）：成员“{member}”不在名录里"
            for member in entry.members
            if member not in owner and member not in known
        ]


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return "" if value is None else str(value).strip()
