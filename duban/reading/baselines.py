"""Baselines: the past year's figure that a target is compared with, found by its name and unit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from duban.reading.model import Target

_SCALES = (
    ("千亿", 10**11),
    ("百亿", 10**10),
    ("亿", 10**8),
    ("千万", 10**7),
    ("百万", 10**6),
    ("十万", 10**5),
    ("万", 10**4),
)
#: Counters of which offices use now one, now the other for the same things.
_ALIKE = dict.fromkeys("个家所处座户间", "个") | {
    "名": "人",
    "位": "人",
    "百分点": "%",
    "个百分点": "%",
    "人次": "人次",
}
_DEEDS = re.compile(
    r"^(?:新引进|引进|新增|新建|新改建|改建|扩建|建设|建成|启动|拆除|完成|实现|实施|开展|创建|帮助|培育|全区|全市|全县|全年|累计|本区|各[类级项]|共|、|和|及|各)+"
    r"|(?:新建|改建|扩建|新增|、|和|及|等|工作|项目|任务|总量|总额)+$"
)
_PRODUCT = re.compile(r"^(?:(?:地区|国内|全[省市区县])生产总值|GDP)")
_GROWTH = ("+%", "-%")
#: Names alike share their rarest pairs of characters: only so many are compared, so that time stays linear.
_RAREST, _CANDIDATES = 4, 20


class Baselines:
    """Past figures, to be asked for the one that a target is compared with."""

    def __init__(self, past: Iterable[Target]) -> None:
        self._by_core: dict[tuple[str, str], Target] = {}
        self._by_pair: dict[tuple[str, str], list[tuple[str, Target]]] = defaultdict(list)
        for target in past:
            if "累计" in target.text and "累计实现" not in target.text:
                continue  # a stock, not the year's own figure
            kind, core = _kind(target), _core(target.name)
            if self._by_core.setdefault((kind, core), target) is target:
                for pair in _pairs(core):
                    self._by_pair[kind, pair].append((core, target))

    def of(self, target: Target) -> Decimal | None:
        """The past value in the target's unit, or None where no figure has its name and a unit like its own."""
        kind, core = _kind(target), _core(target.name)
        past = self._by_core.get((kind, core)) or self._contained(kind, core)
        if past is None:
            return None
        return (past.value * scale_of(past.unit) / scale_of(target.unit)).normalize() + 0

    def _contained(self, kind: str, core: str) -> Target | None:
        """A past figure whose name is the same but for words left out: 旧改受益居民, 旧区改造受益居民."""
        if len(core) < 4:
            return None
        known = (self._by_pair[kind, pair] for pair in _pairs(core) if (kind, pair) in self._by_pair)
        buckets = sorted(known, key=len)
        for other, past in (entry for bucket in buckets[:_RAREST] for entry in bucket[:_CANDIDATES]):
            short, long = sorted((core, other), key=len)
            if len(short) >= max(4, 0.7 * len(long)) and _within(short, long):
                return past
        return None


def _kind(target: Target) -> str:
    """Growth compares with growth, a figure with a figure of a like unit."""
    base = re.sub(r"^(?:[百千十]?万|[百千万]?亿|千|百)(?!分|米|克|瓦|斤)", "", target.unit)
    return f"{target.comparator if target.comparator in _GROWTH else ''}{_ALIKE.get(base, base)}"


def _core(name: str) -> str:
    name = _PRODUCT.sub("生产总值", re.sub(r"[\s“”\"]|新增", "", name))
    return _DEEDS.sub("", _DEEDS.sub("", name)).replace("、", "").replace("和", "").replace("及", "")


def _pairs(core: str) -> list[str]:
    return [core[i : i + 2] for i in range(len(core) - 1)] or [core]


def _within(short: str, long: str) -> bool:
    """Whether all characters of the short name stand in the long one in order."""
    rest = iter(long)
    return all(ch in rest for ch in short)


def scale_of(unit: str) -> Decimal:
    """How many of the bare unit one of this unit is: 10000 for 万亩."""
    return next((Decimal(factor) for word, factor in _SCALES if unit.startswith(word)), Decimal(1))
