"""Targets: the numbers that a text promises or reports, each with its name, comparator, value and unit.

A value stays in the unit that is printed (3 万人, not 30000 人). Not a target are house numbers, dates, titles in 《》
and what stands in quotation marks, and a number that only describes (年耗能1000吨标准煤以上企业).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from duban.domain.date_phrases import find_dates
from duban.reading.model import Target
from duban.reading.target_quantities import Quantity, quantities_of
from duban.reading.target_words import (
    CLAUSE,
    CUTS,
    FROM,
    GROWS,
    HEAD_OF_NAME,
    LEAST,
    MEASURED_BY,
    MOST,
    PEOPLE_OF,
    QUOTED,
    SENTENCE,
    SEPARATOR,
    SHARES,
    TAIL_OF_NAME,
    TO,
    VERB_ONLY,
    VERBS,
)


def find_targets(text: str, *, year: int | None = None) -> list[Target]:
    """The targets of a text, in order. `year` dates phrases such as 年内 that stand before a target in its sentence.

    Time is linear in the length of the text.
    """
    found: list[Target] = []
    for sentence in SENTENCE.split(text):
        due = None
        dates = find_dates(sentence, year=year)
        for begin, end in _spans(sentence):
            due = next((d.due_on for d in dates if begin <= d.begin < end and d.due_on and not d.status), due)
            for target in _in_clause(sentence[begin:end], found[-1].name if found else ""):
                found.append(replace(target, due_on=due, name=_full_name(target.name, found)))
    return found


def _full_name(name: str, before: Sequence[Target]) -> str:
    """The name with what was named before it where it only says how that is measured: 总量, 增速."""
    named = before[-1].name if before else ""
    return named + name if name in MEASURED_BY and named not in ("", name) else name


def _spans(sentence: str) -> Iterator[tuple[int, int]]:
    """Clauses; a comma inside brackets or a figure (1,000) parts none."""
    start = depth = 0
    for i, ch in enumerate(sentence):
        depth += (ch in "(\uff08“《") - (ch in ")\uff09”》")
        inside_figure = ch == "," and sentence[i - 1 : i].isdigit() and sentence[i + 1 : i + 4].isdigit()
        if depth <= 0 and CLAUSE.match(ch) and not inside_figure:
            yield start, i
            start = i + 1
    yield start, len(sentence)


# --- one clause ------------------------------------------------------------------------------------------------------


def _in_clause(clause: str, named_before: str) -> Iterator[Target]:
    masked = QUOTED.sub(lambda m: "□" * len(m.group()), clause)
    quantities = quantities_of(masked)
    edges = [0, *(q.end for q in quantities)]
    gaps = [clause[begin : q.begin] for begin, q in zip(edges, quantities, strict=False)] + [clause[edges[-1] :]]
    read: list[tuple[str, list[str]]] = []
    carried = ""
    for i in range(len(quantities)):
        left = gaps[0] if i == 0 else _own_left(gaps[i])
        right = gaps[i + 1]
        right = right if i + 1 == len(quantities) else right[: len(right) - len(_own_left(right))]
        names, carried = _names(left, right, quantities[i].unit, carried)
        read.append((left, names))
    for quantity, left, name in _shared(quantities, read, named_before):
        yield Target(
            text=clause.strip(),
            name=name,
            comparator=_comparator(left, quantity),
            value=quantity.value,
            unit=quantity.unit,
            baseline=quantity.baseline,
            upper=quantity.upper,
        )


def _shared(
    quantities: list[Quantity], read: list[tuple[str, list[str]]], named_before: str
) -> Iterator[tuple[Quantity, str, str]]:
    """Each quantity with a name: 农村公路28条、45公里 share one, A、B分别达到1%、2% have one each."""
    last = named_before
    respective: list[str] = []
    growing = ""  # what the first of a series says of all: 分别下降5%和3%
    for i, (quantity, (printed, own)) in enumerate(zip(quantities, read, strict=True)):
        left = printed
        following = next((name for _, more in read[i + 1 :] for name in more if name), "")
        growing = left if any(own) else growing
        if len(own) > 1 and len(own) == _series(read, i):
            names, respective = own[:1], own[1:]
        elif not any(own) and respective:
            left, names, respective = growing, respective[:1], respective[1:]
        elif not any(own):
            share = left.rstrip().endswith("的")
            names = [following or _subject(left) if share else last or following]
            left = growing if _goes_on(quantities, i) and _ONWARD.match(left) else left
        else:
            names = own
        for name in names:
            last = name.removesuffix("的")
            yield quantity, left, last


#: What stands between two shares of one growth: 分别增长6%和7.5%, 增长5%以上、力争6%.
_ONWARD = re.compile(r"^[\s、,\uff0c和及与]*(?:力争|争取|奋力|冲刺)?\s*$")


def _goes_on(quantities: Sequence[Quantity], i: int) -> bool:
    """Whether a share follows a share: 分别增长6%和7.5%."""
    return i > 0 and quantities[i].unit == quantities[i - 1].unit in SHARES


def _series(read: list[tuple[str, list[str]]], i: int) -> int:
    """How many quantities stand in a row from `i` on, only the first of them with a name."""
    end = i + 1
    while end < len(read) and not any(read[end][1]):
        end += 1
    return end - i


def _own_left(text: str) -> str:
    """Of what stands between two quantities, what belongs to the second one: from the last separator, or its verbs."""
    separators = list(SEPARATOR.finditer(text))
    if separators and not text[: separators[0].start()].strip():
        return text[separators[0].end() :]
    for separator in separators:
        if VERB_ONLY.match(text[separator.end() :].strip()):
            return text[separator.end() :]
    return text[separators[-1].end() :] if separators else text if not text.strip() else ""


def _names(left: str, right: str, unit: str, carried: str) -> tuple[list[str], str]:
    """The names of a quantity, and the verb that a quantity after it may lack (新建3家、2处)."""
    noun = _noun(right)
    subject = _subject(GROWS.sub("", left.rstrip()) if unit in SHARES else left)
    if right.lstrip().startswith("的") and len(subject) > 1 and not _verb(subject):
        return [subject], carried  # 总投资86亿元的12个项目
    if noun and not re.match(r"[、和及与(\uff08,]|以及", right.strip()):
        listed = bool(re.search(r"等\s?$", left))
        verb = _verb(subject) if not listed else ""
        if not verb and not subject:
            verb = carried
        return [verb + noun], verb
    if "分别" in left and re.search(r"和|及|、", subject):
        parts = [part.strip() for part in re.split(r"[、和及]", subject) if part.strip()]
        return [part + parts[-1][2:] if part in PEOPLE_OF else part for part in parts], carried
    return ["" if left.rstrip().endswith("的") and not noun else subject], carried


def _noun(right: str) -> str:
    text = right.strip().strip("、和及与 ")
    text = re.sub(r"(?:以及|[、和及与])$", "", text).strip()
    return re.sub(r"^的", "", text)


def _subject(left: str) -> str:
    text = re.split(r"[:\uff1a]", left)[-1].strip() or left.strip()
    previous = None
    while previous != text:
        previous = text
        text = HEAD_OF_NAME.sub("", FROM.sub("", TAIL_OF_NAME.sub("", text))).strip()
    return text


def _verb(subject: str) -> str:
    """The deed before the number (新增 5 家…): kept in the name where it is no more than that."""
    match = re.search(rf"(?:^|[\u4e00-\u9fff、])(?P<verb>(?:{VERBS}|、|和)+)(?:成|了|好)?$", subject)
    return match["verb"].lstrip("、和") if match else ""


def _comparator(left: str, quantity: Quantity) -> str:
    before = left.rstrip()
    if quantity.baseline is not None or (TO.search(before) and "上" not in quantity.bound):
        return "->"
    growth = GROWS.search(before) if quantity.unit in SHARES else None
    if growth or quantity.doubled:
        return "-%" if growth and growth["down"] else "+%"
    if "上" in quantity.bound or quantity.more or LEAST.search(before):
        return ">="
    if quantity.bound or MOST.search(before):
        return "<="
    if quantity.unit in SHARES and CUTS.match(before.lstrip("、,\uff0c和及与")):
        return "-%"
    return "="
