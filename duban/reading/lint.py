"""The lint: every doubt about a reading, with its place. A blocking one quarantines its item."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from duban.reading.model import Anomaly, AnomalyCode, Item, Milestone
from duban.reading.structure_numbering import value_of

#: What any word for a day, or for before and after one, has.
_OF_TIME = re.compile(r"[\d前后内底末初年月日季周旬]")
#: A field is expected of an item when at least this share of its siblings has it.
_EXPECTED = 0.6
_BLOCKING = frozenset({"lead_officials", "lead_units", "responsible_units", "time_limit"})
_SENTENCE = re.compile(r"[。!?！？;；…][”’」)）]?$")
_CUT = re.compile(
    r"(?:[、,，:：]|健全|完善|和|与|及|或|对|把|将|的|进一步|以及|并|等方|通过|按照|根据|为|在|予以|严格)$"
)

_FIELDS: dict[str, Callable[[Item], object]] = {
    "goal": lambda i: i.goal,
    "measures": lambda i: i.measures,
    "lead_officials": lambda i: i.lead_officials,
    "lead_units": lambda i: i.lead_units,
    "responsible_units": lambda i: i.responsible_units,
    "time_limit": lambda i: i.time_limit,
}
_FIELD_NAMES = {
    "title": "问题", "goal": "目标", "measures": "措施", "lead_officials": "牵头领导", "lead_units": "牵头单位",
    "responsible_units": "责任单位", "support_units": "配合单位", "supervising_units": "督导单位", "time_limit": "时限",
}  # fmt: skip


def anomaly(
    code: AnomalyCode,
    item: Item,
    detail: str,
    *,
    field: str | None = None,
    line: int | None = None,
    blocks: bool = False,
) -> Anomaly:
    """An anomaly of an item, at the item's first line unless another is given."""
    return Anomaly(code, detail, line or item.place.line, item.number, field, blocks, item.place.line)


def lint(items: Sequence[Item]) -> list[Anomaly]:
    """All doubts that the items of one document show, in document order."""
    flat = list(_tree(items))
    found = [
        *_copies(items),
        *_missing(items),
        *_cut(flat),
        *_shared(items),
        *_numbering(items),
    ]
    found.sort(key=lambda a: (a.line, a.code.value, a.field or ""))
    return found


def _tree(items: Iterable[Item]) -> Iterable[Item]:
    for item in items:
        yield item
        yield from _tree(item.children)


def field_name(field: str) -> str:
    """The Chinese name of a field of an item."""
    return _FIELD_NAMES.get(field, field)


# -- copies


def _copies(items: Sequence[Item]) -> Iterable[Anomaly]:
    """A number that stands twice under one path, with the same content or with another."""
    groups: dict[tuple[str, ...], list[Item]] = defaultdict(list)
    restarting = _restarts(items)
    for item in items:
        groups[(item.number, *(item.path if restarting else ()))].append(item)
    for group in groups.values():
        if len(group) < 2 or not group[0].number:
            continue
        for item in group:
            yield _copy(item, [other for other in group[:_COMPARED] if other is not item], len(group))


#: With more copies than this each is compared with the first ones only.
_COMPARED = 12


def _copy(item: Item, others: Sequence[Item], copies: int) -> Anomaly:
    fields = sorted({name for other in others for name in _differences(item, other)}, key=list(_FIELD_NAMES).index)
    where = "、".join(f"第{other.place.line}行" for other in others)
    if fields:
        names = "、".join(field_name(name) for name in fields)
        detail = f"序号{item.number}出现{copies}次(另见{where}),内容不一致:{names}"
        return anomaly(AnomalyCode.CONFLICTING_COPIES, item, detail, field=",".join(fields), blocks=True)
    detail = f"序号{item.number}重复(另见{where}),内容相同或残缺"
    return anomaly(AnomalyCode.DUPLICATE_NUMBER, item, detail, blocks=True)


def _differences(one: Item, other: Item) -> Iterable[str]:
    """Fields that both copies have and that disagree; what one copy lacks, or stops within, is cut, not different."""
    for name in _FIELD_NAMES:
        left, right = _comparable(getattr(one, name)), _comparable(getattr(other, name))
        if (left and right and left != right and not left.startswith(right) and not right.startswith(left)) or (
            left and right and left != right and isinstance(getattr(one, name), list) and name != "measures"
        ):
            yield name


def _comparable(value: object) -> str:
    text = "、".join(value) if isinstance(value, list) else str(value or "")
    return re.sub(r"[\s,，。;；]", "", text)


def _restarts(items: Sequence[Item]) -> bool:
    """Whether numbering starts again in each part: then a number is unique within its path only."""
    by_path: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for item in items:
        by_path[tuple(item.path)].append(item.number)
    firsts = [value_of(numbers[0]) if numbers[0] else None for numbers in by_path.values()]
    return len(by_path) > 1 and sum(first == 1 for first in firsts) >= 2


# -- fields


def _missing(items: Sequence[Item]) -> Iterable[Anomaly]:
    """Fields that an item lacks and most of its siblings have. A parent has what its children have."""
    expected = {name for name in _FIELDS if _share(items, name) >= _EXPECTED} if len(items) >= 2 else set()
    for item in items:
        for name in _FIELDS:
            if name in expected and not _has(item, name) and not _replaced(item, name):
                blocks = name in _BLOCKING
                detail = f"缺少{field_name(name)}"
                yield anomaly(AnomalyCode.MISSING_FIELD, item, detail, field=name, blocks=blocks)


def _share(items: Sequence[Item], name: str) -> float:
    return sum(_has(item, name) for item in items) / len(items)


def _has(item: Item, name: str) -> bool:
    return bool(_FIELDS[name](item)) or (
        bool(item.children) and all(_has(child, name) or _replaced(child, name) for child in item.children)
    )


def _replaced(item: Item, name: str) -> bool:
    """A lead official stands for a lead unit and the other way round; a lead unit is a responsible unit too."""
    if name == "lead_units":
        return bool(item.lead_officials or item.responsible_units)
    if name == "responsible_units":
        return bool(item.lead_units)
    return False


def _cut(items: Sequence[Item]) -> Iterable[Anomaly]:
    """Sentences that stop in the middle: without a full stop where such texts end with one."""
    for name in ("title", "goal", "measures", "time_limit"):
        whole = [item for item in items if not (name == "title" and item.children)]  # a heading's title has no stop
        texts = [(item, text) for item in whole if (text := _last_text(item, name))]
        ended = sum(bool(_SENTENCE.search(text)) for _, text in texts)
        for item, text in texts:
            open_end = not _SENTENCE.search(text)
            usual = len(texts) >= 3 and ended >= 0.8 * (len(texts) - 1)
            if open_end and (usual or _unclosed(text) or (_CUT.search(text) and name == "measures")):
                detail = f"{field_name(name)}在句中中断:…{text[-12:]}"
                yield anomaly(AnomalyCode.CUT_TEXT, item, detail, field=name, line=item.place.line)


def _last_text(item: Item, name: str) -> str:
    value = getattr(item, name)
    return value[-1] if isinstance(value, list) and value else value or ""


def _unclosed(text: str) -> bool:
    return text.count("《") > text.count("》") or text.count("(") + text.count("（") > text.count(")") + text.count(
        "）"
    )


def _shared(items: Sequence[Item]) -> Iterable[Anomaly]:
    """Items of different numbers that carry the same measures or the same goal."""
    for name in ("measures", "goal"):
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            text = _comparable(getattr(item, name))
            if len(text) >= 12:
                groups[text].append(item)
        if len(groups) == 1 and len(items) > 2:
            continue
        for group in groups.values():
            if len({item.number for item in group}) > 1:
                yield from _sharing(group, name)


def _sharing(group: Sequence[Item], name: str) -> Iterable[Anomaly]:
    titles = Counter(_comparable(item.title) for item in group)
    for item in group:
        others = [other for other in group[:_COMPARED] if other.number != item.number]
        numbers = "、".join(dict.fromkeys(other.number for other in others))
        blocks = len(titles) > 1
        detail = f"{field_name(name)}与{numbers}相同(本项为{item.number})"
        yield anomaly(AnomalyCode.SHARED_TEXT, item, detail, field=name, blocks=blocks)


def ambiguous_limits(items: Sequence[Item]) -> Iterable[Anomaly]:
    """Limits that are in doubt: of two readings the earlier one is used until a person decides.

    One that names a time of which no day can be read blocks; words that name none (稳步推进) leave the item unclocked.
    """
    for item in items:
        for part in item.milestones:
            if part.confidence == "ambiguous" and not part.done:
                text = item.time_limit or part.text
                blocks = part.due_on is None and part.start_on is None and bool(_OF_TIME.search(text))
                detail = _doubt(text, part)
                yield anomaly(AnomalyCode.AMBIGUOUS_LIMIT, item, detail, field="time_limit", blocks=blocks)


def _doubt(limit: str, part: Milestone) -> str:
    if part.alternative_due_on:
        return f"“{limit}”有两种读法:{part.due_on or '无日期'}或{part.alternative_due_on}"
    return f"“{limit}”读作{part.due_on},请核对" if part.due_on else f"“{limit}”读不出日期"


# -- numbering


def _numbering(items: Sequence[Item]) -> Iterable[Anomaly]:
    """Numbers that skip or run back, each sequence for itself: 1, 2, 3 or per part where numbering starts again."""
    restarting = _restarts(items)
    before: dict[tuple[str, ...], Item] = {}
    for item in items:
        key = tuple(item.path) if restarting else ()
        last, value = before.get(key), value_of(item.number) if item.number else None
        if value is None:
            continue
        if last is not None and (previous := value_of(last.number)) is not None and "." not in item.number:
            if value > previous + 1:
                detail = f"序号由{last.number}跳到{item.number}"
                yield anomaly(AnomalyCode.NUMBER_GAP, item, detail)
            elif value < previous and not (value == 1 and not restarting and tuple(last.path) != tuple(item.path)):
                detail = f"序号{item.number}排在{last.number}之后"
                yield anomaly(AnomalyCode.OUT_OF_ORDER, item, detail)
        before[key] = item
