"""How values are put into words in a notice: dates, titles, salutations, lists. Each is a filter of the templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from duban.notices.clock_words import clock_standing, standing
from duban.notices.context import LIGHTS_ZH

_LIGHT_COLOURS = {"red": "#b3261e", "yellow": "#b26a00", "green": "#1e7b34", "none": "#5f6368"}


def date_zh(value: str | dt.date) -> str:
    """`2026-07-03` as 2026年7月3日: Arabic figures without leading zeros (GB/T 9704-2012, 7.3.5.4)."""
    day = value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
    return f"{day.year}年{day.month}月{day.day}日"


def day_zh(value: str | dt.date) -> str:
    """`2026-07-03` as 7月3日, for lines where the year is plain."""
    return date_zh(value).partition("年")[2]


def book(title: str) -> str:
    """A document's title in 《》; inner ones become 〈〉. A title that is one whole 《》 already stays as it is."""
    if title.startswith("《") and title.endswith("》") and title.count("《") == 1:
        return title
    return "《" + title.replace("《", "〈").replace("》", "〉") + "》"


def quoted(text: str) -> str:
    """A text in “”; inner double quotes become single ones; a closing 。 or ； goes, as the sentence around it goes on.

    Published plans print many an item's title with its full stop: 关于“……多次提交”逾期未完成的督办单.
    """
    words = text.rstrip("。；;，、： ") or text
    return "“" + words.replace("“", "‘").replace("”", "’") + "”"


def short(text: str, length: int = 24) -> str:
    """The text cut to `length` characters, the last one an ellipsis if anything was cut."""
    return text if len(text) <= length else text[: max(length - 1, 1)].rstrip("，、；：。 ") + "…"


def sentence(text: str) -> str:
    """The text with a full stop at its end, if it has no closing mark of its own."""
    return text if text.endswith(("。", "！", "？", "；", "…", ".", "!", "?")) else f"{text}。"


def names(values: Iterable[str], empty: str = "未明确") -> str:
    """Names with 、 between; `empty` if there are none."""
    return "、".join(values) or empty


def salutation(person: Mapping[str, Any]) -> str:
    """How somebody is addressed: a unit by its name, a person as 同志."""
    return f"{person['name']}：" if person["is_unit"] else f"{person['name']}同志："


def salutations(people: Iterable[Mapping[str, Any]]) -> str:
    """主送 of a sheet in one line with a colon: the units; persons by name only where it is addressed to no unit."""
    listed = list(people)
    units = [p["name"] for p in listed if p["is_unit"]]
    return "、".join(units or [f"{p['name']}同志" for p in listed]) + "："


def main_units(people: Iterable[Mapping[str, Any]], units: Iterable[str]) -> str:
    """主送机关 of a sheet: the units addressed, else those of the item; leaders stand by name on a 呈批件 only.

    GB/T 9704-2012, 7.3.1: 主送机关 are organs. With no unit at all the persons are addressed.
    """
    listed = list(people)
    named = [p["name"] for p in listed if p["is_unit"]] or list(units)
    return f"{'、'.join(named)}：" if named else salutations(listed)


def copy_names(
    passed_over: Iterable[Mapping[str, Any]], copies: Iterable[Mapping[str, Any]], office: Mapping[str, Any]
) -> list[str]:
    """抄送 of a sheet: leaders addressed who are no 主送 (as 同志), then the copies; nobody twice, never the office."""
    people = [p for p in (*passed_over, *copies) if p["name"] != office["name"]]
    return list(dict.fromkeys(p["name"] if p["is_unit"] else f"{p['name']}同志" for p in people))


def with_post(person: Mapping[str, Any]) -> str:
    """A name with its post, where there is one."""
    return f"{person['name']}（{person['post']}）" if person.get("post") else str(person["name"])


def light_zh(light: str) -> str:
    """The light's Chinese name."""
    return LIGHTS_ZH[light]


def light_colour(light: str) -> str:
    """The light as a colour dark enough for text on white (contrast at least 4.5:1)."""
    return _LIGHT_COLOURS[light]


def href(url: str) -> str:
    """The address if it is http, https or mailto, else `#`: escaping alone lets `javascript:` by."""
    return url if url.lower().startswith(("http://", "https://", "mailto:")) else "#"


FILTERS: dict[str, Callable[..., Any]] = {
    "date_zh": date_zh,
    "day_zh": day_zh,
    "book": book,
    "quoted": quoted,
    "short": short,
    "sentence": sentence,
    "names": names,
    "salutation": salutation,
    "salutations": salutations,
    "main_units": main_units,
    "copy_names": copy_names,
    "with_post": with_post,
    "standing": standing,
    "clock_standing": clock_standing,
    "light_zh": light_zh,
    "light_colour": light_colour,
    "href": href,
}
"""The filters that templates may use beside Jinja's own."""
