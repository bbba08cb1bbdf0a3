"""The throttle delays and never drops."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duban.notices.throttle import ImpossibleRate, Rate, Sending, Slot, Throttle, Waiting, back_off, schedule

NOW = dt.datetime(2026, 7, 14, 1, 0, tzinfo=dt.UTC)
SECONDS = st.integers(1, 90).map(lambda s: dt.timedelta(seconds=s))
RATES = st.none() | st.builds(Rate, st.integers(1, 4), SECONDS)
ADDRESSES = st.sampled_from(["a@example.org", "A@example.org", "b@example.org", "c@example.org"])
AGO = st.integers(0, 200).map(lambda s: NOW - dt.timedelta(seconds=s))
PAST = st.lists(st.builds(Sending, ADDRESSES, AGO), max_size=8)
AHEAD = st.none() | st.integers(-50, 200).map(lambda s: NOW + dt.timedelta(seconds=s))
QUEUE = st.lists(st.tuples(ADDRESSES, AHEAD), max_size=14).map(
    lambda found: [Waiting(i, address, at) for i, (address, at) in enumerate(found)]
)


def crowded(times: list[dt.datetime], planned: set[dt.datetime], rate: Rate) -> bool:
    """Whether some window that holds a planned sending holds more than the rate allows."""
    ordered = sorted(times)
    for start in range(len(ordered) - rate.count):
        window = ordered[start : start + rate.count + 1]
        if window[-1] - window[0] < rate.per and planned & set(window):
            return True
    return False


@settings(max_examples=60, deadline=None)
@given(queue=QUEUE, recent=PAST, each=RATES, total=RATES)
def test_every_delivery_gets_a_slot_in_time_and_no_window_is_overfull(
    queue: list[Waiting], recent: list[Sending], each: Rate | None, total: Rate | None
) -> None:
    slots = schedule(queue, recent, Throttle(each, total), NOW)
    assert [slot.key for slot in slots] == [waiting.key for waiting in queue]
    for slot, waiting in zip(slots, queue, strict=True):
        assert slot.not_before >= max(NOW, waiting.not_before or NOW)
    planned = {slot.not_before for slot in slots}
    sendings = [*recent, *(Sending(w.address, s.not_before) for w, s in zip(queue, slots, strict=True))]
    if total is not None:
        assert not crowded([s.at for s in sendings], planned, total)
    if each is not None:
        # An address that was written to too often before is not our doing: only windows with a slot of its own count.
        for address in {w.address.lower() for w in queue}:
            own = {s.not_before for s, w in zip(slots, queue, strict=True) if w.address.lower() == address}
            assert not crowded([s.at for s in sendings if s.address.lower() == address], own, each)


@settings(max_examples=30, deadline=None)
@given(queue=QUEUE, recent=PAST)
def test_without_limits_everything_goes_at_once(queue: list[Waiting], recent: list[Sending]) -> None:
    slots = schedule(queue, recent, Throttle(), NOW)
    assert [s.not_before for s in slots] == [max(NOW, w.not_before or NOW) for w in queue]


def test_one_recipients_limit_holds_up_nobody_else() -> None:
    throttle = Throttle(per_recipient=Rate(1, dt.timedelta(hours=1)), total=Rate(2, dt.timedelta(minutes=1)))
    queue = [
        Waiting(1, "a@example.org"),
        Waiting(2, "a@example.org"),
        Waiting(3, "b@example.org"),
        Waiting(4, "c@example.org"),
    ]
    assert schedule(queue, [], throttle, NOW) == [
        Slot(1, NOW),
        Slot(2, NOW + dt.timedelta(hours=1)),
        Slot(3, NOW),
        Slot(4, NOW + dt.timedelta(minutes=1)),
    ]


def test_a_rate_that_lets_nothing_through_is_refused() -> None:
    with pytest.raises(ImpossibleRate):
        Rate(0, dt.timedelta(minutes=1))
    with pytest.raises(ImpossibleRate):
        Rate(1, dt.timedelta(0))


def test_retries_wait_longer_each_time_for_more_than_a_day_and_then_a_person_looks() -> None:
    waits = [wait for attempt in range(1, 40) if (wait := back_off(attempt)) is not None]
    assert waits[0] == dt.timedelta(minutes=5)
    assert waits == sorted(set(waits))
    assert sum(waits, dt.timedelta()) > dt.timedelta(days=1)
    assert back_off(len(waits) + 1) is None
