"""The quantities of a clause: figures, numbers in words, hundredths and doublings, each with its unit and bound."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from duban.reading.structure_numbering import chinese_value
from duban.reading.target_words import (
    CHANGE,
    DEED,
    DEED_IN_WORDS,
    DOUBLED,
    DOUBLINGS,
    FROM,
    IN_HUNDREDTHS,
    IN_TEN_THOUSANDS,
    MEASURED_TIME,
    NOT_COUNTED,
    QUANTITY,
    RATIO,
    THINGS,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit at `begin:end` of a clause."""

    begin: int
    end: int
    value: Decimal
    upper: Decimal | None
    unit: str
    bound: str
    more: bool
    baseline: Decimal | None = None
    doubled: bool = False


def quantities_of(masked: str) -> list[Quantity]:
    """The quantities of a clause in order, with what stands in quotation marks masked; 从40%提高到41% is one."""
    found = [
        *_in_figures(masked),
        *_in_words(masked),
        *_in_hundredths(masked),
        *_ratios(masked),
        *_in_ten_thousands(masked),
        *_doublings(masked),
    ]
    found += _of_time(masked, found)
    return _from_to(masked, sorted(found, key=lambda quantity: quantity.begin))


def _of_time(masked: str, others: Sequence[Quantity]) -> Iterator[Quantity]:
    """优良天数320天, 审批时间压缩至3个工作日: time counts where it is measured; by when something is due is a limit."""
    taken = {quantity.begin for quantity in others}
    for match in MEASURED_TIME.finditer(masked):
        if match.start("value") not in taken:
            begin, end = match.start("value"), match.end()
            yield Quantity(begin, end, _decimal(match["value"]), None, match["unit"], match["bound"] or "", more=False)


def _in_hundredths(masked: str) -> Iterator[Quantity]:
    """百分之九十八点五 is 98.5 %."""
    for match in IN_HUNDREDTHS.finditer(masked):
        value = chinese_value(match["value"])
        part = "".join(str(chinese_value(digit)) for digit in match["part"] or "")
        if value is not None:
            printed = Decimal(f"{value}.{part}" if part else value)
            yield Quantity(*match.span(), printed, None, "%", match["bound"] or "", more=False)


def _in_ten_thousands(masked: str) -> Iterator[Quantity]:
    """三万二千人 is 3.2 万人."""
    for match in IN_TEN_THOUSANDS.finditer(masked):
        value = chinese_value(match["value"].replace("两", "二"))
        rest = chinese_value((match["rest"] or "").replace("两", "二")) or 0
        describes = match["bound"] and _describes(match, masked)
        if value is not None and not describes and not (rest and match["scale"] == "亿"):
            printed = Decimal(value) + Decimal(rest) / 10_000
            unit = match["scale"] + match["unit"]
            yield Quantity(*match.span(), printed, None, unit, match["bound"] or "", bool(match["more"]))


def _ratios(masked: str) -> Iterator[Quantity]:
    for match in RATIO.finditer(masked):
        yield Quantity(*match.span(), Decimal(match["value"]), None, ":1", match["bound"] or "", more=False)


def _doublings(masked: str) -> Iterator[Quantity]:
    for match in DOUBLED.finditer(masked):
        growth = Decimal(100 * (2 ** DOUBLINGS.get(match["times"] or "", 1) - 1))
        yield Quantity(*match.span(), growth, None, "%", "", more=False, doubled=True)


def _in_words(masked: str) -> Iterator[Quantity]:
    for match in DEED_IN_WORDS.finditer(masked):
        side = "" if match["value"] else "behind_"  # 新建三所学校, 新建学校三所
        value = chinese_value(match[f"{side}value"])
        if value is not None:
            unit, bound, more = (match[f"{side}{name}"] or "" for name in ("unit", "bound", "more"))
            yield Quantity(match.start(f"{side}value"), match.end(), Decimal(value), None, unit, bound, bool(more))


def _in_figures(masked: str) -> Iterator[Quantity]:
    for match in QUANTITY.finditer(masked):
        after = masked[match.end() : match.end() + 4]
        unit = match["unit"].replace("\uff05", "%")
        if (
            (match["bound"] and _describes(match, masked))
            or (unit.endswith(("个", "大")) and NOT_COUNTED.match(after))
            or _is_no_count(match, masked)
        ):
            continue
        more = bool(match["more"]) or "余" in unit or "多" in unit
        yield Quantity(
            *match.span(), _decimal(match["value"]), _decimal(match["upper"]) if match["upper"] else None,
            re.sub("[余多]", "", unit), match["bound"] or "", more,
        )  # fmt: skip


def _describes(match: re.Match[str], masked: str) -> bool:
    """年耗能1000吨标准煤以上企业, 3万平方米以下小区: the bound is followed by the noun that it describes."""
    rest = masked[match.end() :]
    if re.search(rf"(?:{THINGS})$", match["unit"]) and DEED.search(masked[: match.start()]):
        return False  # 打造3个以上特色小镇
    return (
        not match["unit"].endswith("%") and bool(re.match(r"[的]?[\u4e00-\u9fff]", rest)) and rest[0] not in "、及和与"
    )


def _is_no_count(match: re.Match[str], masked: str) -> bool:
    before = masked[max(0, match.start() - 6) : match.start()]
    unit = match["unit"]
    if re.search(r"第\s?$|[〔\[]\s?$|[A-Za-z]$", before):
        return True
    if unit == "条" and re.search(r"(?:新政|政策|意见|规定|条例|方案|要求|措施)\s?$", before):
        return True
    follows = masked[match.end() : match.end() + 6]
    return unit in ("期", "度", "门", "本", "班", "类") and bool(
        re.match(r"[\u4e00-\u9fff]?(?:工程|项目|建设|行动)", follows)
    )


def _decimal(printed: str) -> Decimal:
    return Decimal(re.sub(r"[,\s]", "", printed))


def _from_to(masked: str, found: list[Quantity]) -> list[Quantity]:
    """从40.5%提高到41% is one quantity with a baseline."""
    merged: list[Quantity] = []
    for quantity in found:
        before = merged[-1] if merged else None
        if before and CHANGE.match(masked[before.end : quantity.begin]) and FROM.search(masked[: before.begin]):
            merged[-1] = replace(quantity, begin=before.begin, baseline=before.value)
        else:
            merged.append(quantity)
    return merged
