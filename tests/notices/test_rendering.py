"""Rendering is strict, escaped, and reaches nothing but the notice's own facts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from duban.domain.numbering import call_number, reference, self_check_number
from duban.domain.policy_model import ClockKind
from duban.notices import clock_words, samples, wording
from duban.notices.context import CONTEXTS, NOT_OF_AN_ITEM, Person
from duban.notices.digest import LISTED_PER_GROUP, Part, digest_context
from duban.notices.errors import TemplateRefused, UnknownNoticeKind
from duban.notices.rendering import SHIPPED, Renderer

Office = Callable[[dict[str, str]], Path]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office's folder with the given files."""

    def make(files: dict[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
        return tmp_path

    return make


@pytest.mark.parametrize("kind", [k for k in CONTEXTS if k not in NOT_OF_AN_ITEM])
@pytest.mark.parametrize("group", ["plan", "item", "recipient", "office", "as_of", "acknowledge", "missed"])
def test_a_context_that_lacks_a_key_is_refused_with_the_place(kind: str, group: str) -> None:
    context = samples.full(kind)
    del context[group]
    with pytest.raises(TemplateRefused, match=r"\.j2, line \d+"):
        Renderer().render(kind, context)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownNoticeKind, match="invite"):
        Renderer().render("invite", {})


CODES = ("light", "address_as", "outcome", "url", "kind", "state_zh")


def poisoned(value: Any, poison: str) -> Any:
    """The context with the poison in every free text (dates, addresses and code words stay as they are)."""
    if isinstance(value, dict):
        return {k: v if k in CODES else poisoned(v, poison) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v, poison) for v in value]
    return f"{value}{poison}" if isinstance(value, str) and not is_date(value) else value


def is_date(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-"


@pytest.mark.parametrize("kind", list(CONTEXTS))
def test_html_in_a_name_stays_text(kind: str) -> None:
    poison = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    html = Renderer().render(kind, poisoned(samples.full(kind), poison)).html
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("kind", list(CONTEXTS))
def test_line_breaks_and_control_characters_in_a_name_change_no_line(kind: str) -> None:
    quiet = Renderer().render(kind, poisoned(samples.full(kind), " x"))
    loud = Renderer().render(kind, poisoned(samples.full(kind), "\r\n\u2028\x00\u202e\n\n x"))
    assert loud == quiet
    assert "\n" not in loud.subject


def test_a_link_that_runs_a_script_goes_nowhere() -> None:
    context = samples.full("supervise")
    context["item"]["url"] = context["acknowledge"]["url"] = "javascript:alert(1)"
    assert "javascript:" not in Renderer().render("supervise", context).html


@pytest.mark.parametrize(
    "attack",
    [
        "{{ item.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ item['__class__'] }}",
        "{{ item.units.append('x') }}",
        "{{ item.title.upper() }}",
        "{{ '{0.__class__}'.format(item) }}",
        "{{ item|attr('__class__') }}",
        "{{ item.units|map(attribute='__class__')|list }}",
        "{{ item.units|map('upper')|map(attribute='__len__')|list }}",
        "{{ self.__class__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum }}",
        "{{ range(10) }}",
        "{{ 'a' * 10**9 }}",
        "{{ 10**10**10 }}",
        "{{ '%0999999999d' % 1 }}",
        "{{ 'x'|center(999999999) }}",
        "{% include '/etc/passwd' %}",
        "{% include '../../../etc/passwd' %}",
        "{% include 'urge/body.txt.j2' %}",
        "{% import 'os' as os %}",
        "{% for k in item.items() %}{% endfor %}",
        "{% set item.title = 'x' %}",
        "{{ loop.__class__ }}",
        "{{ item.titel }}",
        "{{ sheet.label.x }}",
        "{{ (1).__class__ }}",
        "{{ none.x }}",
        "{{ item.update({'title': 'x'}) }}",
        "{% for a in [1] %}{{ loop.__init__ }}{% endfor %}",
        "{% for a in [1] %}{{ loop._iterable }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
        "{% macro m() %}{% endmacro %}{{ m._func }}",
        "{{ 1",
    ],
)
@pytest.mark.parametrize("part", ["body.txt.j2", "body.html.j2"])
def test_an_office_template_reaches_no_attribute_no_file_and_no_memory(office: Office, attack: str, part: str) -> None:
    folder = office({f"urge/{part}": f"一行\n{attack}\n"})
    with pytest.raises(TemplateRefused, match=f"urge/{part}"):
        Renderer(folder).render("urge", samples.full("urge"))


def test_text_included_in_html_is_refused_because_it_would_not_be_escaped(office: Office) -> None:
    folder = office({"urge/body.html.j2": '{% include "_standing.txt.j2" %}'})
    with pytest.raises(TemplateRefused, match="not escaped"):
        Renderer(folder).render("urge", samples.full("urge"))


def test_a_link_out_of_the_templates_folder_is_refused(office: Office, tmp_path: Path) -> None:
    folder = office({"urge/subject.txt.j2": "x"})
    (folder / "urge" / "body.txt.j2").symlink_to("/etc/passwd")
    with pytest.raises(TemplateRefused, match="leads out of the folder"):
        Renderer(folder)


def test_an_office_replaces_one_file_and_the_rest_stays(office: Office) -> None:
    folder = office({"urge/subject.txt.j2": "请抓紧：{{ item.title }}"})
    own, shipped = (
        Renderer(folder).render("urge", samples.full("urge")),
        Renderer().render("urge", samples.full("urge")),
    )
    assert own.subject == "请抓紧：沿河餐饮油烟扰民问题整治不到位"
    assert own.text == shipped.text
    assert (own.template, shipped.template) == ("office/urge", "shipped/urge")
    assert own.template_hash != shipped.template_hash


def test_an_office_without_a_folder_for_notices_has_the_shipped_ones(tmp_path: Path) -> None:
    own, shipped = Renderer(tmp_path / "notices"), Renderer()
    assert own.render("urge", samples.full("urge")) == shipped.render("urge", samples.full("urge"))


@pytest.mark.parametrize("title", ["同一份材料要求群众多次提交" + mark for mark in ("。", "；", "")])
def test_a_title_that_is_a_sentence_loses_its_full_stop_within_quotation_marks(title: str) -> None:
    context = samples.full("supervise")
    context["item"]["title"] = title
    renderer = Renderer()
    sheet = renderer.part("supervise/sheet.txt.j2", context)
    assert sheet.startswith("# 关于“同一份材料要求群众多次提交”逾期未完成的督办单")
    assert "第7项“同一份材料要求群众多次提交”，" in sheet
    mail = renderer.render("supervise", context)
    assert "“同一份材料要求群众多次提交”已逾期6个工作日" in mail.subject
    assert "。”" not in sheet + mail.subject + mail.text + mail.html


def test_a_quotation_of_nothing_but_marks_stays_as_it_is() -> None:
    assert wording.quoted("。") == "“。”"
    assert wording.quoted("何时完成？") == "“何时完成？”"


def test_the_hash_names_the_templates_of_its_kind_and_no_others(office: Office) -> None:
    folder = office({"urge/subject.txt.j2": "x"})
    own, shipped = Renderer(folder), Renderer(SHIPPED)
    assert own.hash_of("supervise") == shipped.hash_of("supervise")
    assert own.hash_of("urge") != shipped.hash_of("urge")


def test_an_edit_while_rendering_changes_nothing_until_the_next_renderer(office: Office) -> None:
    folder = office({"urge/subject.txt.j2": "一"})
    renderer = Renderer(folder)
    (folder / "urge" / "subject.txt.j2").write_text("二", "utf-8")
    assert renderer.render("urge", samples.full("urge")).subject == "一"
    assert Renderer(folder).render("urge", samples.full("urge")).subject == "二"


def test_a_template_that_is_no_utf_8_is_refused(office: Office) -> None:
    folder = office({"urge/subject.txt.j2": ""})
    (folder / "urge" / "subject.txt.j2").write_bytes("督办".encode("gb18030"))
    with pytest.raises(TemplateRefused, match="UTF-8"):
        Renderer(folder)


def parts(count: int, light: str = "red") -> list[Part]:
    found = []
    for number in range(count):
        context = copy.deepcopy(samples.full("supervise"))
        context["item"] |= {"number": str(number), "ref": f"第{number}项", "light": light}
        found.append(Part("supervise", context, attached=True))  # type: ignore[arg-type]
    return found


READER: Person = {"name": "区委督查室", "post": None, "is_unit": True}


def test_a_digest_counts_everything_and_lists_what_a_mail_can_hold() -> None:
    office = samples.full("urge")["office"]
    digest = digest_context(
        READER, office, "2026-07-14", parts(LISTED_PER_GROUP + 7), url="https://duban.example.org/my"
    )
    group = digest["plans"][0]["groups"][0]
    assert digest["counts"]["total"] == group["count"] == LISTED_PER_GROUP + 7
    assert len(group["entries"]) == LISTED_PER_GROUP
    rendered = Renderer().render("digest", digest)
    assert "另有7件未逐项列出" in rendered.text
    assert "另有7件未逐项列出" in rendered.html


def test_a_digest_groups_by_plan_in_order_and_by_colour_from_red_on() -> None:
    office = samples.full("urge")["office"]
    mixed = [*parts(1, "green"), *parts(1, "none"), *parts(1, "red"), *parts(1, "yellow")]
    mixed[0].context["plan"] = {"title": "另一方案", "short": "另一", "issuer": None}
    digest = digest_context(READER, office, "2026-07-14", mixed)
    assert [p["short"] for p in digest["plans"]] == ["另一", "临江2026督察整改"]
    assert [g["light"] for g in digest["plans"][1]["groups"]] == ["red", "yellow", "none"]


def test_a_digest_names_everybody_whom_its_reader_answers_for() -> None:
    office = samples.full("urge")["office"]
    mixed = parts(3)
    mixed[1].context["recipient"] |= {"on_behalf_of": "周启文", "why": "已不在岗"}  # type: ignore[typeddict-item]
    mixed[2].context["recipient"] |= {"on_behalf_of": "周启文", "why": "已不在岗"}  # type: ignore[typeddict-item]
    text = Renderer().render("digest", digest_context(READER, office, "2026-07-14", mixed)).text
    assert "周启文，已不在岗，2件：临江2026督察整改第1项督办单、临江2026督察整改第2项督办单" in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("整改方案", "《整改方案》"),
        ("《整改方案》", "《整改方案》"),
        ("关于印发《方案》的通知", "《关于印发〈方案〉的通知》"),
    ],
)
def test_a_title_is_quoted_once(given: str, said: str) -> None:
    assert wording.book(given) == said


def an_item(days: int, **more: Any) -> dict[str, Any]:
    item = {"overdue": days > 0, "days_overdue": days, "rolled_due_on": "2026-07-06", "closed": False}
    return item | {"light": "red", "marks": [], "state_zh": "持续推进"} | more


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (an_item(3), "已逾期3个工作日"),
        (an_item(0), "今日到期"),
        (an_item(-3), "距到期还有3个工作日"),
        (an_item(0, overdue=True), "已逾期"),  # no working day has come since
        (an_item(-3, marks=["延期待批"]), "距到期还有3个工作日，延期待批"),
        (an_item(0, rolled_due_on=None, light="none"), "无时限"),
        (an_item(0, rolled_due_on=None, light="yellow", marks=["长效报告逾期"]), "有时限的部分已完成，长效报告逾期"),
        (an_item(9, closed=True, state_zh="已撤销"), "已撤销"),
    ],
)
def test_where_an_item_stands_is_said_in_words(item: dict[str, Any], said: str) -> None:
    assert clock_words.standing(item) == said


@pytest.mark.parametrize("kind", list(ClockKind))
def test_each_kind_of_clock_has_words_of_its_own_for_its_day(kind: ClockKind) -> None:
    words = clock_words.WORDS[kind.value]
    others = [w for k, w in clock_words.WORDS.items() if k != kind.value]
    assert words.day not in [w.day for w in others]
    assert words.late not in [w.late for w in others]
    clock = {"kind": kind.value, "part": None, "overdue": True, "days_overdue": 2}
    assert clock_words.named("remind", clock) != "临近提醒"
    assert clock_words.clock_standing(clock).endswith("2个工作日")


def test_a_sheet_is_addressed_to_units_and_to_persons_by_name_only_where_there_is_none() -> None:
    people = [{"name": "区教育局", "is_unit": True}, {"name": "沈明远", "is_unit": False}]
    assert wording.salutations(people) == "区教育局："
    assert wording.salutations(people[1:]) == "沈明远同志："


@pytest.mark.parametrize(
    ("number", "said"),
    [("7", "第7项"), ("3.2", "第3.2项"), ("吹哨1", "吹哨事项1"), ("7-自查2", "第7项举一反三自查2")],
)
def test_a_called_matter_and_a_self_check_are_named_as_what_they_are(number: str, said: str) -> None:
    assert reference(number) == said
    assert (call_number(1), self_check_number("7", 2)) == ("吹哨1", "7-自查2")
