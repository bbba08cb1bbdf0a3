"""Time limits: every row of the reading rules, and the spellings that offices use besides."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.adapters.workdays import official_calendar
from duban.domain.limits import Limit, Milestone, read_limit
from duban.domain.seasons import DEFAULT_SEASONS, Season


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def only(limit: Limit) -> Milestone:
    assert len(limit.milestones) == 1, limit
    return limit.milestones[0]


@pytest.mark.parametrize(
    ("phrase", "due"),
    [
        ("2014年内", "2014-12-31"),
        ("2014年底前", "2014-12-31"),
        ("年内", "2025-12-31"),
        ("年底前", "2025-12-31"),
        ("全年", "2025-12-31"),
        ("2025年10月底前", "2025-10-31"),
        ("10月底前", "2025-10-31"),
        ("6月30日前", "2025-06-30"),
        ("2025.9.30", "2025-09-30"),
        ("2025.9.30前", "2025-09-30"),
        ("2025-09-30", "2025-09-30"),
        ("2025-09-30 00:00:00", "2025-09-30"),
        ("2025/9/30", "2025-09-30"),
        ("20250930", "2025-09-30"),
        ("2025/10", "2025-10-31"),
        ("2025-10", "2025-10-31"),
        ("2025.10", "2025-10-31"),
        ("2025年9月30日前", "2025-09-30"),
        ("2025年9月30日24时前", "2025-09-30"),
        ("2025年9月30号前", "2025-09-30"),
        ("9月底", "2025-09-30"),
        ("9月末前", "2025-09-30"),
        ("2025年6月", "2025-06-30"),
        ("2024年2月底前", "2024-02-29"),
        ("6月30日", "2025-06-30"),
        ("2026年第一季度末前", "2026-03-31"),
        ("2026年一季度", "2026-03-31"),
        ("2025年第4季度", "2025-12-31"),
        ("2025年Q3", "2025-09-30"),
        ("上半年", "2025-06-30"),
        ("2026年下半年", "2026-12-31"),
        ("三季度", "2025-09-30"),
        ("明年6月底前", "2026-06-30"),
        ("明年", "2026-12-31"),
        ("今年底前", "2025-12-31"),
        ("十月底", "2025-10-31"),
        ("十二月三十一日前", "2025-12-31"),
        ("二〇二五年", "2025-12-31"),
        ("二○二五年十月底前", "2025-10-31"),
        ("２０２５年１０月底前", "2025-10-31"),
        ("2025 年 10 月底前", "2025-10-31"),
        ("25年6月底前", "2025-06-30"),
        ("5月上旬", "2025-05-10"),
        ("“十四五”末", "2025-12-31"),
        ("2025年全年", "2025-12-31"),
        ("2025年年内", "2025-12-31"),
        ("2025年第二、三季度", "2025-09-30"),
        ("完成时限\uff1a2025年6月底前", "2025-06-30"),
        ("即日起至2025年12月底", "2025-12-31"),
        ("到2020年", "2020-12-31"),
        ("截止时间:2025年6月30日", "2025-06-30"),
    ],
)
def test_a_phrase_is_due_on_its_last_day(phrase: str, due: str) -> None:
    limit = read_limit(phrase, year=2025)
    assert (only(limit).due_on, only(limit).confidence) == (day(due), "sure")
    assert (limit.category, limit.long_term) == ("by_deadline", False)


@pytest.mark.parametrize(
    ("phrase", "start", "due"),
    [
        ("2014年7月至2014年底前", "2014-07-01", "2014-12-31"),
        ("7月至年底前", "2025-07-01", "2025-12-31"),
        ("2025年3月—2025年6月", "2025-03-01", "2025-06-30"),
        ("2025.3-2025.6", "2025-03-01", "2025-06-30"),
        ("3-6月", "2025-03-01", "2025-06-30"),
        ("2025年5月1日~6月30日", "2025-05-01", "2025-06-30"),
        ("2024年11月至3月", "2024-11-01", "2025-03-31"),
        ("11月至2026年3月", "2025-11-01", "2026-03-31"),
        ("2024—2026年", "2024-01-01", "2026-12-31"),
        ("2024-2026", "2024-01-01", "2026-12-31"),
        ("2025年一季度至三季度", "2025-01-01", "2025-09-30"),
    ],
)
def test_a_range_has_a_start_and_a_due_day(phrase: str, start: str, due: str) -> None:
    milestone = only(read_limit(phrase, year=2025))
    assert (milestone.start_on, milestone.due_on, milestone.confidence) == (day(start), day(due), "sure")


@pytest.mark.parametrize(
    ("phrase", "earlier", "later"),
    [
        ("2015年前", "2014-12-31", "2015-12-31"),
        ("2015年之前", "2014-12-31", "2015-12-31"),
        ("2024年8月前", "2024-07-31", "2024-08-31"),
        ("8月份以前", "2025-07-31", "2025-08-31"),
        ("2025年三季度前", "2025-06-30", "2025-09-30"),
        ("2025年10月中旬前", "2025-10-10", "2025-10-20"),
    ],
)
def test_a_phrase_with_two_readings_is_due_on_the_earlier_and_keeps_the_later(
    phrase: str, earlier: str, later: str
) -> None:
    milestone = only(read_limit(phrase, year=2025))
    assert milestone.confidence == "ambiguous"
    assert (milestone.due_on, milestone.alternative_due_on) == (day(earlier), day(later))


ISSUED = day("2025-03-03")


@pytest.mark.parametrize(
    ("phrase", "due"),
    [
        ("汛期前", "2025-05-31"),
        ("2026年汛期来临前", "2026-05-31"),
        ("2026年汛前", "2026-05-31"),
        ("国庆节前", "2025-09-30"),
        ("2026年春节前", "2026-02-16"),
        ("2025年春节前", "2025-01-28"),
        ("中秋节前", "2025-10-05"),
        ("暑假前", "2025-06-30"),
    ],
)
def test_before_a_feast_or_season_is_the_day_before_that_years(phrase: str, due: str) -> None:
    milestone = only(read_limit(phrase, year=2025))
    assert (milestone.due_on, milestone.confidence, milestone.eve) == (day(due), "sure", True)


@pytest.mark.parametrize(
    ("phrase", "due"), [("春节前", "2026-02-16"), ("元宵节前", "2026-03-02"), ("五一前", "2025-04-30")]
)
def test_a_feast_without_a_year_is_the_next_one_after_the_day_of_issue(phrase: str, due: str) -> None:
    assert only(read_limit(phrase, year=2025, issued_on=ISSUED)).due_on == day(due)


def test_a_feast_of_a_year_that_nobody_knows_has_no_day() -> None:
    milestone = only(read_limit("2099年中秋节前", year=2025))
    assert (milestone.due_on, milestone.confidence) == (None, "ambiguous")


def test_a_rest_day_before_a_feast_rolls_back_and_every_other_forward() -> None:
    calendar = official_calendar()
    before = only(read_limit("2026年春节前", year=2025))
    assert before.last_day(calendar) == day("2026-02-14")  # a Saturday that is worked; the feast begins on the 15th
    assert only(read_limit("2026年2月16日前", year=2025)).last_day(calendar) == day("2026-02-16")


def test_the_lunar_feasts_agree_with_the_published_holidays() -> None:
    calendar = official_calendar()
    for name, printed in (("春节", "春节"), ("端午", "端午节"), ("中秋", "中秋节")):
        for year in range(2008, calendar.known_through.year + 1):
            first = DEFAULT_SEASONS[name].starts_on(year)
            assert first is not None
            assert calendar.note(first).kind.value in ("holiday", "weekend"), f"{printed} {first}"


@pytest.mark.parametrize(
    ("phrase", "due", "other"),
    [
        ("2024年9月30日前", "2024-09-30", None),  # before the day of issue
        ("2052年6月30日前", "2052-06-30", None),  # 2025 with its figures turned round
        ("2月底前", "2025-02-28", "2026-02-28"),
        ("2025年6月l5日前", None, None),
        ("2025年6月150日前", None, None),
        ("2025年13月底前", None, None),
        ("适时推进", None, None),
        ("开工前", None, None),
        ("雨季前完成清淤", None, None),
    ],
)
def test_a_day_that_cannot_be_so_is_never_sure(phrase: str, due: str | None, other: str | None) -> None:
    milestone = only(read_limit(phrase, year=2025, issued_on=ISSUED))
    assert milestone.confidence == "ambiguous"
    assert milestone.due_on == (day(due) if due else None)
    assert milestone.alternative_due_on == (day(other) if other else None)


@pytest.mark.parametrize(
    ("phrase", "due"),
    [("常年坚持", None), ("2025年12月（长期）", "2025-12-31"), ("动态清零", None), ("6.30前，长期坚持", "2025-06-30")],
)
def test_a_tail_in_other_words_is_a_tail(phrase: str, due: str | None) -> None:
    limit = read_limit(phrase, year=2025)
    assert limit.long_term
    assert [part.due_on for part in limit.milestones] == ([day(due)] if due else [])


def test_a_year_and_a_range_of_months_are_one_range() -> None:
    milestone = only(read_limit("2026年1-6月", year=2025))
    assert (milestone.start_on, milestone.due_on) == (day("2026-01-01"), day("2026-06-30"))


def test_a_season_comes_from_the_table_that_is_given() -> None:
    milestone = only(read_limit("汛期前完成清淤", year=2025, seasons={"汛期": Season("汛期", (4, 15))}))
    assert milestone.due_on == day("2025-04-14")


@pytest.mark.parametrize(
    "phrase", ["3年内", "40个工作日内", "三个月内", "半年内", "收到通知后30日内", "本月底", "五年内轮训一遍"]
)
def test_a_relative_limit_has_no_date_and_keeps_its_anchor(phrase: str) -> None:
    limit = read_limit(phrase, year=2025)
    assert (only(limit).due_on, only(limit).text, limit.category) == (None, phrase, "by_deadline")


@pytest.mark.parametrize(
    "phrase", ["截至2022年3月", "2023年5月至今", "截至目前", "截止到2022年3月底", "", "无", "／", "—", "-"]
)
def test_a_status_date_and_an_empty_cell_are_no_limit(phrase: str) -> None:
    assert read_limit(phrase, year=2025) == Limit(phrase)


@pytest.mark.parametrize(
    "words",
    ["立行立改", "即知即改", "立即整改", "立整立改", "立知立改", "即行即改", "边查边改", "立即", "马上", "当日"],
)
def test_words_of_haste_are_the_category_immediate(words: str) -> None:
    assert read_limit(words, year=2025) == Limit(words, category="immediate")


@pytest.mark.parametrize(
    "words",
    [
        "长期坚持",
        "持续推进",
        "长期",
        "长期整改",
        "长期推进",
        "常态化",
        "持续整改",
        "推进工作常态化",
        "其他工作持续推进",
    ],
)
def test_words_of_duration_alone_are_a_tail_without_a_milestone(words: str) -> None:
    assert read_limit(words, year=2025) == Limit(words, long_term=True, category="long_term")


def test_clauses_of_one_sentence_share_its_date_and_the_tail_is_kept_apart() -> None:
    limit = read_limit("2014年内出台《实施办法》,完成平台建设,持续推进。", year=2014)
    assert [(m.text, m.kind, m.due_on) for m in limit.milestones] == [
        ("出台《实施办法》", "issue_regulation", day("2014-12-31")),
        ("完成平台建设", "complete", day("2014-12-31")),
    ]
    assert (limit.long_term, limit.category) == (True, "by_deadline")


def test_a_semicolon_ends_what_a_date_rules() -> None:
    limit = read_limit("2014年内完成A;推进B", year=2014)
    assert [(m.text, m.due_on) for m in limit.milestones] == [("完成A", day("2014-12-31")), ("推进B", None)]


@pytest.mark.parametrize("mark", [";", "\uff1b", ",", "\uff0c", "、", "。", "\n"])
def test_two_dated_clauses_are_two_milestones(mark: str) -> None:
    limit = read_limit(f"2014年内完成A{mark}2015年推进B", year=2013)
    assert [(m.text, m.due_on) for m in limit.milestones] == [
        ("完成A", day("2014-12-31")),
        ("推进B", day("2015-12-31")),
    ]


def test_a_start_is_a_milestone_of_its_kind_and_not_an_end() -> None:
    limit = read_limit("已制定整改方案,2014年9月全面启动,持续推进。", year=2014)
    done, start = limit.milestones
    assert (done.text, done.done, done.due_on) == ("已制定整改方案", True, None)
    assert (start.text, start.kind, start.due_on, start.done) == ("全面启动", "start", day("2014-09-30"), False)
    assert limit.long_term


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("已出台《管理规定》", "issue_regulation"),
        ("已实施", "complete"),
        ("已完成", "complete"),
        ("已对2014年考核政策作出调整", "complete"),
        ("已全部整改到位", "complete"),
        ("业已印发相关制度", "issue_regulation"),
    ],
)
def test_a_done_part_is_done_and_its_year_is_no_limit(text: str, kind: str) -> None:
    limit = read_limit(f"{text},持续推进。", year=2014)
    assert only(limit) == Milestone(text, kind=kind, done=True)
    assert (limit.long_term, limit.category) == (True, "long_term")


def test_a_done_part_may_say_when() -> None:
    limit = read_limit("相关防汛设施已在2014年汛期前完成,其他工作持续推进。", year=2014)
    assert (only(limit).done, only(limit).due_on, limit.long_term) == (True, day("2014-05-31"), True)


def test_what_was_to_be_done_and_is_not_yet_is_not_done() -> None:
    assert not any(m.done for m in read_limit("2025年底前修订已建立的制度", year=2025).milestones)


def test_a_year_in_a_title_or_of_a_budget_is_no_limit() -> None:
    limit = read_limit("2024年底前出台《2026年工作方案》,完成2025年度预算编制", year=2024)
    assert [m.due_on for m in limit.milestones] == [day("2024-12-31")] * 2


def test_words_before_the_date_belong_to_what_it_dates() -> None:
    assert only(read_limit("修订《办法》,2025年6月底前完成", year=2025)).kind == "issue_regulation"
    assert only(read_limit("A项目于2025年6月底前竣工", year=2025)).text == "A项目竣工"
    assert only(read_limit("2025年6月底前,完成A", year=2025)).text == "完成A"


def test_phases_in_brackets_are_dated_milestones() -> None:
    limit = read_limit("第一阶段(2025年3月至6月):调查摸底;第二阶段(7月至12月):整改落实", year=2024)
    assert [(m.text, m.start_on, m.due_on) for m in limit.milestones] == [
        ("第一阶段:调查摸底", day("2025-03-01"), day("2025-06-30")),
        ("第二阶段:整改落实", day("2025-07-01"), day("2025-12-31")),
    ]


def test_a_printed_year_serves_the_phrases_after_it() -> None:
    limit = read_limit("2024年6月底前完成A,9月底前完成B", year=2030)
    assert [m.due_on for m in limit.milestones] == [day("2024-06-30"), day("2024-09-30")]


def test_a_month_that_runs_back_may_mean_the_next_year() -> None:
    second = read_limit("2024年12月底前完成A,3月底前完成B", year=2024).milestones[1]
    assert (second.confidence, second.due_on, second.alternative_due_on) == (
        "ambiguous", day("2024-03-31"), day("2025-03-31"),
    )  # fmt: skip


def test_without_a_year_a_month_is_a_milestone_without_a_date() -> None:
    assert only(read_limit("10月底前完成", year=None)).due_on is None
    assert only(read_limit("2025年10月底前完成", year=None)).due_on == day("2025-10-31")


def test_a_postponed_limit_replaces_the_first_one() -> None:
    assert only(read_limit("原定2024年底前完成,延期至2025年6月底前", year=2024)).due_on == day("2025-06-30")


def test_done_and_kept_up_are_both_read_from_one_clause() -> None:
    limit = read_limit("已完成并持续推进", year=2025)
    assert (only(limit).done, limit.long_term) == (True, True)
    assert read_limit("2024年5月至长期坚持", year=2025).milestones == ()


def test_what_recurs_is_a_check_in() -> None:
    limit = read_limit("2025年底前完成,每季度通报一次", year=2025)
    assert [m.kind for m in limit.milestones] == ["complete", "check_in"]
    assert only(read_limit("每年12月底前上报", year=2025)).kind == "check_in"


def test_from_a_day_on_is_a_start_without_an_end() -> None:
    milestone = only(read_limit("2025年7月起实施", year=2025))
    assert (milestone.kind, milestone.start_on, milestone.due_on) == ("start", day("2025-07-01"), None)


def test_a_day_that_no_month_has_is_doubtful() -> None:
    milestone = only(read_limit("6月31日前", year=2025))
    assert (milestone.due_on, milestone.confidence) == (day("2025-06-30"), "ambiguous")


def test_haste_with_a_date_keeps_both() -> None:
    limit = read_limit("立行立改,2025年6月底前完成,长期坚持", year=2025)
    assert (only(limit).due_on, limit.category, limit.long_term) == (day("2025-06-30"), "immediate", True)
