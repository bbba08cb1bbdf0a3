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
from collections.abc import Iterable, Sequence
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


def read_directory(data: bytes, filename: str) -> list[Entry]:
    """The entries of a directory file. Raises Unreadable, or DirectoryInvalid with every wrong row."""
    rows = _xlsx_rows(data, filename) if filename.lower().endswith((".xlsx", ".xlsm")) else _csv_rows(data, filename)
    table = [(n, [_text(c) for c in row]) for n, row in rows if any(_text(c) for c in row)]
    columns, start = _find_headings(table, filename)
    problems: list[str] = []
    entries = [e for n, cells in table[start:] if (e := _entry(n, cells, columns, problems)) is not None]
    _check_names(entries, problems)
    if problems:
        shown = "; ".join(problems[:10]) + (f"; and {len(problems) - 10} more" if len(problems) > 10 else "")
        raise DirectoryInvalid(file=filename, problems=shown)
    return entries


def _csv_rows(data: bytes, filename: str) -> list[tuple[int, Sequence[Any]]]:
    for encoding in ("utf-8-sig", "gb18030", "utf-16"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return list(enumerate(csv.reader(io.StringIO(text, newline="")), start=1))
    raise Unreadable(reason=f"{filename} is no text", remedy="Save the directory as .csv (UTF-8 or GB18030) or .xlsx.")


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
            reason=f"{filename} is no Excel workbook, or a damaged one", remedy="Save it again as .xlsx, or as .csv."
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
        reason=f"{filename} has no row of headings with 名称 and 邮箱",
        remedy="Give the columns 名称, 别名, 类别, 职务, 上级, 代理人, 邮箱, 生效日期, 失效日期; "
        "examples/directory.csv shows one.",
    )


def _entry(number: int, cells: list[str], columns: dict[str, int], problems: list[str]) -> Entry | None:
    def cell(key: str) -> str:
        place = columns.get(key)
        return cells[place] if place is not None and place < len(cells) else ""

    def named(key: str) -> str | None:
        return cell(key) or None

    name = cell("name")
    if not name:
        problems.append(f"row {number}: 名称 is empty")
        return None
    kind_text = cell("kind")
    plan_head = kind_text in PLAN_HEADS
    kind = _kind(kind_text, name)
    if kind is None:
        problems.append(f"row {number} ({name}): 类别 {kind_text!r} is none of 领导, 单位, 集体, 督查室, 总负责人")
        return None
    email = named("email")
    if email and not _EMAIL.fullmatch(email):
        problems.append(f"row {number} ({name}): 邮箱 {email!r} is no e-mail address")
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
    problems.append(f"row {number} ({name}): {text!r} is no date such as 2026-03-01")
    return None


def _check_names(entries: Iterable[Entry], problems: list[str]) -> None:
    """One name or alias means one party; there is at most one supervision office."""
    owner: dict[str, Entry] = {}
    offices = []
    for entry in entries:
        offices += [entry.name] if entry.kind == "office" else []
        for name in dict.fromkeys([entry.name, *entry.aliases]):
            if name in owner and owner[name] is not entry:
                problems.append(f"row {entry.row} ({entry.name}): the name {name} is already row {owner[name].row}'s")
            owner.setdefault(name, entry)
    if len(offices) > 1:
        problems.append(f"there is more than one 督查室: {'、'.join(offices)}")
    for entry in entries:
        for column, other in (("上级", entry.superior), ("代理人", entry.substitute), ("负责人", entry.head)):
            if other and other not in owner:
                problems.append(f"row {entry.row} ({entry.name}): {column} {other} is not in the directory")
            elif other and owner[other] is entry:
                problems.append(f"row {entry.row} ({entry.name}): {column} is the party itself")
        problems += [
            f"row {entry.row} ({entry.name}): 成员 {member} is not in the directory"
            for member in entry.members
            if member not in owner
        ]


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return "" if value is None else str(value).strip()
