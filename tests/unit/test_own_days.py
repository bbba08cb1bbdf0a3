"""An office's own calendar file: newer notices, days of its own, and what is refused with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.workdays import CalendarFileInvalid, load_calendar

NOTICE = """\
[[year]]
year = 2027
source = "国办发明电〔2026〕1号（示例）"
rest = { "2027-01-01" = "元旦", "2027-02-08" = "春节" }
work = { "2027-02-07" = "春节" }

[[day]]
on = 2026-07-01
working = false
note = "本区庆祝活动"
"""


def test_a_newer_notice_widens_what_is_known(tmp_path: Path) -> None:
    file = tmp_path / "days.toml"
    file.write_text(NOTICE, encoding="utf-8")
    calendar = load_calendar(file)
    assert calendar.known_through == dt.date(2027, 12, 31)
    assert calendar.note(dt.date(2027, 2, 8)).reason == "春节"
    assert calendar.is_workday(dt.date(2027, 2, 7))  # a Sunday, worked
    assert not calendar.is_workday(dt.date(2026, 7, 1))
    assert "2027：国办发明电〔2026〕1号（示例）" in calendar.source
    assert "chinesecalendar" in calendar.source


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("year = 2027", "year = 2029", 4, "not in 2029"),
        ('"2027-02-08"', '"2027-02-30"', 4, "2027-02-30 is no date"),
        ("working = false", 'working = "no"', 9, "working is missing or is no bool"),
        ('note = "本区庆祝活动"', 'nota = "本区庆祝活动"', 10, "unknown key nota"),
        ("[[day]]", "[[days]]", 7, "unknown key days"),
        ("on = 2026-07-01", "on == 2026-07-01", 8, "not TOML"),
    ],
)
def test_a_wrong_calendar_file_is_refused_with_its_line(
    tmp_path: Path, before: str, after: str, line: int, says: str
) -> None:
    file = tmp_path / "days.toml"
    file.write_text(NOTICE.replace(before, after), encoding="utf-8")
    with pytest.raises(CalendarFileInvalid, match=says) as refused:
        load_calendar(file)
    assert refused.value.fields["line"] == line
    assert refused.value.fields["file"] == "days.toml"


def test_a_year_left_out_is_a_gap_and_refused(tmp_path: Path) -> None:
    file = tmp_path / "days.toml"
    file.write_text(NOTICE.replace("2027", "2028").replace("2028-02-08", "2028-02-01"), encoding="utf-8")
    with pytest.raises(CalendarFileInvalid, match=r"gap: 2027 is not known but 2028 is") as refused:
        load_calendar(file)
    assert refused.value.fields["line"] == 1


def test_a_missing_calendar_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalendarFileInvalid, match="cannot be read"):
        load_calendar(tmp_path / "nowhere.toml")
