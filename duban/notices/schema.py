"""Which fields a template may use: the typed contexts, as data."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from duban.notices.context import CONTEXTS
from duban.notices.errors import UnknownNoticeKind


@dataclass(frozen=True, slots=True)
class Value:
    """A text, number, date or yes/no: nothing further can be asked of it."""

    name_zh: str = "文字"


@dataclass(frozen=True, slots=True)
class Many:
    """A list of `of`."""

    of: Shape


@dataclass(frozen=True, slots=True)
class Record:
    """Something with fields of its own."""

    name: str
    fields: tuple[tuple[str, Shape], ...]

    def get(self, name: str) -> Shape | None:
        """The shape of a field, or None if there is none of that name."""
        return dict(self.fields).get(name)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Whatever a macro is given: checked when it is rendered."""


Shape = Value | Many | Record | Unknown


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the list of fields that an office reads. `path` is as in a template; `[]` means each of a list."""

    path: str
    kind_zh: str
    meaning_zh: str
    may_be_empty: bool


_RECORDS_ZH = {
    "Plan": "方案",
    "Item": "事项",
    "Clock": "本件所说的期限",
    "Rung": "督办梯级",
    "Person": "人员或单位",
    "Recipient": "本件收件人",
    "Sheet": "发文字号",
    "Office": "督查机构",
    "Acknowledge": "签收",
    "Missed": "停运的夜",
    "Extension": "延期申请与批复",
    "Returned": "退回",
    "Proposal": "呈批内容",
    "Talk": "约谈安排",
    "Closing": "销号",
    "Pending": "待签收的文书",
    "Counts": "合计",
    "PlanGroup": "方案（一个方案一组）",
    "Group": "灯色（一种灯色一组）",
    "Entry": "通知",
    "Behalf": "无法直接送达者",
    "Week": "本周",
    "WeekCounts": "本周合计",
    "WeekLine": "事项（一项一行）",
    "PaperLine": "材料（一份一行）",
}
_VALUES_ZH = {str: "文字", int: "数字", bool: "是否"}


def shape_of(kind: str) -> Record:
    """The fields of a kind's context. Raises `UnknownNoticeKind`."""
    if kind not in CONTEXTS:
        raise UnknownNoticeKind(kind=kind, known=", ".join(CONTEXTS))
    shape = _shape(CONTEXTS[kind])
    assert isinstance(shape, Record)  # noqa: S101  contexts are TypedDicts
    return shape


def fields_of(kind: str) -> list[Field]:
    """Every field that the templates of a kind may use, in the order of its context."""
    if kind not in CONTEXTS:
        raise UnknownNoticeKind(kind=kind, known=", ".join(CONTEXTS))
    return list(_fields(CONTEXTS[kind], ""))


def _fields(record: Any, prefix: str) -> Iterator[Field]:
    for name, hint in get_type_hints(record, include_extras=True).items():
        bare, meaning, empty = _unwrapped(hint)
        path = f"{prefix}{name}"
        inner, many = (get_args(bare)[0], True) if get_origin(bare) is list else (bare, False)
        inner, inner_meaning, _ = _unwrapped(inner)
        path += "[]" if many else ""
        if is_typeddict(inner):
            said = meaning or inner_meaning or _RECORDS_ZH[inner.__name__]
            yield Field(path, "列表" if many else "分组", said, empty)
            yield from _fields(inner, f"{path}.")
        else:
            kind_zh = "文字列表" if many else _VALUES_ZH.get(inner, "文字")
            yield Field(path, kind_zh, meaning, empty)


def _shape(hint: Any) -> Shape:
    bare, _, _ = _unwrapped(hint)
    if get_origin(bare) is list:
        return Many(_shape(get_args(bare)[0]))
    if is_typeddict(bare):
        hints = get_type_hints(bare, include_extras=True)
        return Record(bare.__name__, tuple((name, _shape(inner)) for name, inner in hints.items()))
    return Value(_VALUES_ZH.get(bare, "文字"))


def _unwrapped(hint: Any) -> tuple[Any, str, bool]:
    """The type without `Annotated`, `| None` and `Literal`; the annotation's words; whether None is possible."""
    meaning, empty = "", False
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, *notes = get_args(hint)
            meaning = meaning or str(notes[0])
        elif origin in (types.UnionType, Union):
            empty = True
            hint = next(a for a in get_args(hint) if a is not type(None))
        elif origin is Literal:
            return str, meaning, empty
        else:
            return hint, meaning, empty
