"""Regulations: which instruments a measure promises, which it has issued, and which it only cites."""

from __future__ import annotations

import pytest

from duban.reading.regulations import find_regulations, titles


def found(*measures: str, limit: str | None = None) -> list[tuple[str, str]]:
    return [(r.title, r.status) for r in find_regulations(measures, limit)]


@pytest.mark.parametrize(
    "measure",
    [
        "制定《考核办法》,明确责任",
        "研究制定本区《考核办法》",
        "修订《考核办法》",
        "修订完善《考核办法》,建立责任制",
        "根据《条例》,出台《考核办法》",
        "贯彻落实《通知》精神,抓紧起草《考核办法》",
        "完成《考核办法》修订",
        "推动《考核办法》的出台",
        "《考核办法》正在起草",
    ],
)
def test_a_verb_of_making_promises_a_regulation(measure: str) -> None:
    assert found(measure) == [("考核办法", "planned")]


@pytest.mark.parametrize(
    "measure",
    ["已出台《考核办法》", "已经制定《考核办法》", "印发了《考核办法》", "《考核办法》已印发", "业已修订《考核办法》"],
)
def test_words_of_the_past_say_that_it_is_issued(measure: str) -> None:
    assert found(measure) == [("考核办法", "issued")]


@pytest.mark.parametrize(
    "measure",
    [
        "根据新修订的《条例》,开展检查",
        "按照《办法》要求抓好落实",
        "认真贯彻落实《通知》精神",
        "严格执行《条例》关于干部经历的有关规定",
        "学习、宣传和贯彻《就业促进法》、《劳动合同法》,完善政策体系",
        "进一步落实本区《贯彻中央规定的实施办法》,严格执行相关配套制度",
        "摸清家底,制定整改方案",
        "建立健全工作机制",
    ],
)
def test_what_is_only_cited_or_no_instrument_is_not_counted(measure: str) -> None:
    assert found(measure) == []


def test_a_list_after_one_verb_is_promised_whole() -> None:
    assert found("制定《甲办法》、《乙细则》和《丙规则》,并抓好落实") == [
        ("甲办法", "planned"), ("乙细则", "planned"), ("丙规则", "planned"),
    ]  # fmt: skip


def test_a_title_may_hold_a_title() -> None:
    full = "某区贯彻〈关于收送礼品的管理办法〉实施细则"
    assert found(f"制定《{full}》,明确纪律", limit="已出台《实施细则》,持续推进。") == [(full, "issued")]
    assert titles("《甲《乙》丙》与《丁》") == ["甲《乙》丙", "丁"]


def test_a_short_title_in_the_limit_means_the_full_one_and_counts_once() -> None:
    assert found("制定《关于日常管理的实施办法(试行)》", limit="2014年内出台《实施办法》,持续推进。") == [
        ("关于日常管理的实施办法(试行)", "planned")
    ]


def test_a_short_title_may_mean_several() -> None:
    assert found("制定《报告制度》和《备案制度》", limit="已出台《制度》") == [
        ("报告制度", "issued"), ("备案制度", "issued"),
    ]  # fmt: skip


def test_a_title_that_only_the_limit_has_is_reported() -> None:
    assert found("加强管理", limit="已出台《工作规则》,持续推进。") == [("工作规则", "issued")]


@pytest.mark.parametrize(
    ("measure", "title"),
    [
        ("出台区级政府采购管理办法,建立清单", "区级政府采购管理办法"),
        ("研究制定本区相关制度规范。", "本区相关制度规范"),
        ("修订完善政府投资项目管理规定", "政府投资项目管理规定"),
    ],
)
def test_an_instrument_without_title_marks_counts_where_the_verb_says_so(measure: str, title: str) -> None:
    assert found(measure) == [(title, "planned")]


def test_two_instruments_without_title_marks_are_two() -> None:
    assert found("制定区网络安全管理办法和专项检查实施方案,开展自查") == [
        ("区网络安全管理办法", "planned"), ("专项检查实施方案", "planned"),
    ]  # fmt: skip


def test_a_document_number_proves_that_it_is_issued() -> None:
    [regulation] = find_regulations(["印发《督查工作规则》\uff08某委办〔2014〕12号\uff09。"])
    assert (regulation.status, regulation.document_number) == ("issued", "某委办〔2014〕12号")


def test_in_a_report_on_the_past_what_was_made_is_issued() -> None:
    assert [r.status for r in find_regulations(["制定《甲办法》"], default_status="issued")] == ["issued"]


@pytest.mark.parametrize(
    ("measure", "title"),
    [
        ("制定制造业数字化转型三年行动计划", "制造业数字化转型三年行动计划"),
        ("制定出台产业集群培育实施方案", "产业集群培育实施方案"),
        ("出台支持民营经济发展若干措施,兑现资金", "支持民营经济发展若干措施"),
        ("印发政务服务事项清单", "政务服务事项清单"),
    ],
)
def test_plans_and_lists_without_book_title_marks_are_promised_by_their_verb(measure: str, title: str) -> None:
    assert found(measure) == [(title, "planned")]


@pytest.mark.parametrize("measure", ["制定管理清单", "制定整改方案", "制定问题清单", "制定2个行动方案"])
def test_lists_and_plans_for_the_work_itself_are_no_regulations(measure: str) -> None:
    assert found(measure) == []
