"""Parties: fields as they are printed, and the names that they hold."""

from __future__ import annotations

import pytest

from duban.reading.parties import is_unit, split_parties, split_people


def names(text: str) -> list[str]:
    return [party.name for party in split_parties(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "区住建委、区财政局,区审计局\uff0c区经委;区科委\uff1b区水务局",
            "区住建委 区财政局 区审计局 区经委 区科委 区水务局",
        ),
        ("财政局、国资委、新农村建设办公室<农委>及相关镇", "财政局 国资委 新农村建设办公室<农委> 相关镇"),
        ("新农村建设办公室〈农委〉、区财政局", "新农村建设办公室〈农委〉 区财政局"),
        ("宝山工业园区、城市工业园区及有关镇、相关委办局", "宝山工业园区 城市工业园区 有关镇 相关委办局"),
        ("区发展和改革委员会、区人力资源和社会保障局", "区发展和改革委员会 区人力资源和社会保障局"),
        ("区规划和自然资源局和区农业农村委", "区规划和自然资源局 区农业农村委"),
        ("区文化和旅游局与区体育局", "区文化和旅游局 区体育局"),
        ("区卫生和计划生育委员会以及区教育局", "区卫生和计划生育委员会 区教育局"),
        ("老镇及旧房改造指挥部", "老镇及旧房改造指挥部"),
        ("机关与事业单位科", "机关与事业单位科"),
        ("友谊路街道、政府门户网站、航运经济发展区", "友谊路街道 政府门户网站 航运经济发展区"),
        ("区水务局(区海洋局)、区委办\uff08区委研究室\uff09", "区水务局(区海洋局) 区委办\uff08区委研究室\uff09"),
        ("1.区委办;2.区府办", "区委办 区府办"),
        ("\uff081\uff09区委办(2)区府办", "区委办 区府办"),
        ("①区委办②区府办", "区委办 区府办"),
        ("区委办/区府办", "区委办 区府办"),
        ("区委办 区府办", "区委办 区府办"),
        ("区委办\n区府办", "区委办 区府办"),
        ("区教育局、区卫健委等部门", "区教育局 区卫健委"),
        ("区教育局、区卫健委等", "区教育局 区卫健委"),
        ("区教育局等有关部门", "区教育局 有关部门"),
        ("区教育局 张三 13800000000", "区教育局 张三"),
        ("区委办公室会同区政府办公室", "区委办公室 区政府办公室"),
        ("人大办和政协办", "人大办 政协办"),
        ("区法院、各相关部门及属地政府", "区法院 各相关部门 属地政府"),
        ("县林业和草原局、县水利和湖泊局", "县林业和草原局 县水利和湖泊局"),
        ("各市、县人民政府", "各市、县人民政府"),
        ("区委办、", "区委办"),
        ("区委办、区委办", "区委办"),
    ],
)
def test_a_field_is_split_between_names_and_not_inside_them(text: str, expected: str) -> None:
    assert names(text) == expected.split()


@pytest.mark.parametrize("text", ["", "无", "/", "\uff0f", "—", "——", "-", " ", "、", "暂无"])
def test_an_empty_field_names_nobody(text: str) -> None:
    assert split_parties(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "相关委办局", "各街镇", "各有关单位", "各镇(街道)", "各镇\uff08街道\uff09", "市(区)",
        "街镇", "镇", "工业园区", "有关镇", "区、街镇", "属地街镇",
        "区相关部门", "市政府有关部门", "各成员单位", "全区各单位", "区政府各委、办、局", "各基层党组织",
        "其他相关单位", "各党工委",
    ],
)  # fmt: skip
def test_a_collective_party_stays_one_name_and_is_marked(text: str) -> None:
    assert [(p.name, p.collective) for p in split_parties(text)] == [(text, True)]


@pytest.mark.parametrize("text", ["区委办", "淞南镇", "友谊路街道", "宝山工业园区", "区相城街道办", "政府门户网站"])
def test_a_single_unit_is_no_collective(text: str) -> None:
    assert [(p.name, p.kind, p.collective) for p in split_parties(text)] == [(text, "unit", False)]


@pytest.mark.parametrize("mark", ["(牵头)", "\uff08牵头\uff09", "(牵头单位)", "【牵头】", "(主办)"])
def test_a_unit_marked_as_lead_is_one_and_the_mark_is_no_part_of_its_name(mark: str) -> None:
    assert [(p.name, p.lead) for p in split_parties(f"区住建委{mark}、区财政局")] == [
        ("区住建委", True),
        ("区财政局", False),
    ]


def test_a_mark_for_all_before_it_leads_them_all() -> None:
    assert [p.lead for p in split_parties("区委办、区府办(以上为牵头单位)、区财政局")] == [True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "由区教育局牵头,区卫健委、区财政局配合",
        "区教育局牵头负责,区卫健委、区财政局协办",
        "区教育局牵头,区卫健委、区财政局等配合",
        "区教育局牵头,区卫健委和区财政局配合",
        "牵头单位:区教育局;配合单位\uff1a区卫健委、区财政局",
        "牵头:区教育局,协办:区卫健委、区财政局",
    ],
)
def test_roles_named_in_prose_are_kept_apart(text: str) -> None:
    assert [(p.name, p.role) for p in split_parties(text)] == [
        ("区教育局", "lead"), ("区卫健委", "support"), ("区财政局", "support"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("周金林、单少军、董依雯", "周金林 单少军 董依雯"),
        ("周金林、张 三", "周金林 张三"),
        ("周金林 董依雯", "周金林 董依雯"),
        ("区委副书记周金林", "周金林"),
        ("周金林(区委副书记)", "周金林"),
        ("区委常委、副区长张三", "张三"),
        ("张三,区委常委、副区长", "张三"),
        ("区政府分管副区长张三", "张三"),
        ("张三同志、李四副主任", "张三 李四"),
        ("区民政局局长王五", "王五"),
        ("局长:王五", "王五"),
        ("张三和李四", "张三 李四"),
        ("李和平、王与明", "李和平 王与明"),
        ("欧阳明、买买提·艾力", "欧阳明 买买提·艾力"),
        ("张三等3人", "张三"),
        ("区委主要领导", "区委主要领导"),
        ("区委、区政府分管领导", "区委、区政府分管领导"),
        ("王五、赵六\uff08区住建局\uff09", "王五 赵六"),
        ("赵六、孙七、周八等区领导", "赵六 孙七 周八"),
    ],
)
def test_people_stand_without_their_posts_and_a_post_alone_is_the_party(text: str, expected: str) -> None:
    assert names(text) == expected.split()
    assert all(p.kind == "person" for p in split_parties(text))


def test_a_unit_with_a_person_in_its_bracket_is_two_parties() -> None:
    assert [(p.name, p.kind) for p in split_parties("区民政局(王五)")] == [("区民政局", "unit"), ("王五", "person")]


def test_in_a_field_of_officials_a_rare_name_is_a_person_and_a_unit_still_a_unit() -> None:
    assert [(p.name, p.kind) for p in split_people("粘万里、区经委")] == [("粘万里", "person"), ("区经委", "unit")]


def test_a_unit_is_known_by_its_end() -> None:
    assert is_unit("新农村建设办公室<农委>")
    assert is_unit("淞南镇")
    assert not is_unit("周金林")
