"""Time limits: whatever is written, reading ends, and what was composed from known parts is read back."""

from __future__ import annotations

import calendar
import datetime as dt
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from duban.domain.limits import read_limit

_PIECES = [
    *"年月日底前内末至到起第一二三十季度半上下;,。、()《》已完成持续推进每截至-./ 0123456789",
    "2025年", "汛期前", "出台", "3年内", "长期", "立行立改", "延期至", "2025.6.31", "6月31日",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=40).map("".join), st.sampled_from([None, 2024]))
@settings(max_examples=60, deadline=None)
def test_any_text_gives_the_same_limit_twice_and_the_earlier_date_first(text: str, year: int | None) -> None:
    limit = read_limit(text, year=year)
    assert limit == read_limit(text, year=year)
    for milestone in limit.milestones:
        if milestone.due_on and milestone.alternative_due_on:
            assert milestone.due_on < milestone.alternative_due_on
            assert milestone.confidence == "ambiguous"


_DAYS = st.dates(min_value=dt.date(2010, 1, 1), max_value=dt.date(2035, 12, 31))


def _month_end(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


_SPELLINGS = st.sampled_from(
    [
        (lambda d: f"{d.year}年{d.month}月{d.day}日前", lambda d: d),
        (lambda d: f"{d.year}.{d.month}.{d.day}", lambda d: d),
        (lambda d: d.isoformat(), lambda d: d),
        (lambda d: f"{d.year}年{d.month}月底前", _month_end),
        (lambda d: f"{d.year}年{d.month}月", _month_end),
        (lambda d: f"{d.year}/{d.month:02}", _month_end),
        (lambda d: f"{d.year}年底前", lambda d: dt.date(d.year, 12, 31)),
        (lambda d: f"{d.year}年内", lambda d: dt.date(d.year, 12, 31)),
    ]
)
_DEEDS = st.sampled_from(["完成整改", "出台《实施办法》", "完成平台建设", "修订《2012年管理规定》", "整改到位"])
_PARTS = st.lists(st.tuples(_DAYS, _SPELLINGS, _DEEDS), min_size=1, max_size=4)


@given(_PARTS, st.sampled_from([";", ",", "\uff1b", "\uff0c"]), st.sampled_from(["", "持续推进", "长期坚持"]))
@settings(max_examples=60, deadline=None)
def test_a_limit_composed_of_dated_parts_and_a_tail_is_read_back(parts, mark, tail) -> None:  # type: ignore[no-untyped-def]
    text = mark.join([spell(on) + deed for on, (spell, _), deed in parts] + [tail] * bool(tail)) + "。"
    limit = read_limit(text, year=2025)
    assert [(m.text, m.due_on) for m in limit.milestones] == [(deed, means(on)) for on, (_, means), deed in parts]
    assert (limit.long_term, limit.category) == (bool(tail), "by_deadline")


def test_time_grows_with_the_length_of_the_text_and_not_faster() -> None:
    def seconds(times: int) -> float:
        text = "相关工作按照要求2025年6月底前完成,并做好总结" * times
        begun = time.process_time()
        read_limit(text, year=2025)
        return time.process_time() - begun

    seconds(50)
    assert seconds(1600) < 40 * max(seconds(100), 0.002)
