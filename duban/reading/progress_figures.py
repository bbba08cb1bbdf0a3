"""Figures that a progress report states about itself: 41项问题已完成整改39项, 提出整改措施147条,已经完成145条.

Each number is read with its noun (问题, 措施, 制度) and the verb before it (完成, 正在, 新建, 修订). A number without a
noun counts what was last counted in its unit: 梳理问题4个,制定整改措施15条,已完成3个. One with a noun of its own that
is none of these counts something else, whatever stands before it: 限期整改、长期推进3个类型, 问题涉及5个方面.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?P<n>\d[\d,]*)\s*(?:余|多)?\s*(?P<unit>人次|[项个条件人起])(?!月|工作日|小时)")
_PROBLEMS, _MEASURES, _REGULATIONS = "problems", "measures", "regulations"
_NOUNS = (
    (_MEASURES, r"措施|举措"),
    (_REGULATIONS, r"制度|文件|机制|办法"),
    (_PROBLEMS, r"问题|任务|事项|反馈意见"),
)
_NOUN = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _NOUNS))
_NOUN_BEHIND = re.compile(
    r"^(?:具体|整改|反馈|突出|主要|工作|各类|规章|共性|个性|巡视|巡察|督察|审计|(?:的)?)*(?:"
    + "|".join(f"(?P<{n}>{w})" for n, w in _NOUNS)
    + ")"
)
#: What may follow a number that has no noun of its own: a mark, or words that go on about what was counted before.
_GOES_ON = re.compile(
    r"$|[^\u4e00-\u9fff]|[已正均全也都仍还尚未将需须拟按在为是占待其并到]|完成|推进|持续|整改|销号|办结|落实|达到|取得|进入"
    r"|基本|取消|逾期|长期|限期|左右|以上|以下"
)
_VERBS = (
    ("open", re.compile(r"正在|未完成|尚未|推进|持续|整改中|剩余|其余")),
    ("done", re.compile(r"完成|到位|销号|办结|已整改|整改了|落实")),
    ("new", re.compile(r"新建|新增|新制定|制定|制订|出台|建立|印发|新出台|健全")),
    ("revised", re.compile(r"修订|修改|完善")),
)
#: What is counted with which verb, and the figure's name.
_NAMES = {
    (_PROBLEMS, ""): "problems", (_PROBLEMS, "new"): "problems",
    (_PROBLEMS, "done"): "problems_closed", (_PROBLEMS, "open"): "problems_open",
    (_MEASURES, ""): "measures", (_MEASURES, "new"): "measures", (_MEASURES, "revised"): "measures",
    (_MEASURES, "done"): "measures_done", (_MEASURES, "open"): "measures_open",
    (_REGULATIONS, "new"): "regulations_issued", (_REGULATIONS, "revised"): "regulations_revised",
}  # fmt: skip
_PEOPLE = (
    ("cases_filed", re.compile(r"立案[^,\uff0c。;\uff1b]{0,10}$")),
    ("people_punished", re.compile(r"(?:处分|政务处理)[^,\uff0c。;\uff1b]{0,6}$")),
    ("people_dealt_with", re.compile(r"(?:组织处理|问责|约谈|谈话提醒|批评教育)[^,\uff0c。;\uff1b]{0,6}$")),
)
_PUNCTUATION = re.compile(r"[,\uff0c。;\uff1b:\uff1a、]")
_TOTALS = ("problems", "problems_closed", "measures", "measures_done")


def stated_figures(text: str) -> dict[str, int | float]:
    """The totals that a report states, each once; where it states one again in its summing-up, that counts.

    Found are `problems`, `measures` (with `_closed`, `_done`, `_open`), `regulations_issued`, `regulations_revised`,
    `cases_filed`, `people_punished`, `people_dealt_with`. What is not stated is not there.
    """
    figures: dict[str, int | float] = {}
    for sentence in _summary(text):
        for name, value in _in_sentence(sentence):
            figures.setdefault(name, value)
    return figures


def is_summary(text: str) -> bool:
    """Whether a paragraph states the totals of the whole report, and so belongs to no single problem."""
    found = {name for sentence in re.split(r"(?<=。)", text) for name, _ in _in_sentence(sentence)}
    return len(found.intersection(_TOTALS)) >= 2 and ("problems" in found or "problems_closed" in found)


def _summary(text: str) -> list[str]:
    """Sentences that state totals: of paragraphs with a date of status first, then those with several counts."""
    dated: list[str] = []
    others: list[str] = []
    for paragraph in text.split("\n"):
        sums_up = bool(re.search(r"截[至止](?:目前|到|20|\d)", paragraph)) and _counts(paragraph) > 0
        sentences = [s for s in re.split(r"(?<=。)", paragraph) if _counts(s)]
        dated += sentences if sums_up else []
        others += [s for s in sentences if not sums_up and _sums_up(s)]
    return [*dated, *sorted(others, key=_counts, reverse=True)]


def _counts(text: str) -> int:
    return len(_NUMBER.findall(text))


def _sums_up(sentence: str) -> bool:
    named = {name for name, _ in _in_sentence(sentence)}
    if re.search(r"(?:制定|提出|细化|明确|形成)[^,\uff0c。]{0,8}整改(?:措施|任务|举措)\s*\d+", sentence):
        return True
    return len(named) >= 2 or bool(
        re.search(r"(?:全部|所有|反馈|共|合计|总计|梳理|细化|明确)[^。]{0,20}\d+\s*[项个条]", sentence)
    )


def _in_sentence(sentence: str) -> list[tuple[str, int]]:
    """Names and values of the figures of one sentence, in order."""
    found: list[tuple[str, int]] = []
    last_of_unit: dict[str, str] = {}
    last = ""
    place = 0
    for match in _NUMBER.finditer(sentence):
        left = _PUNCTUATION.split(sentence[place : match.start()])[-1]
        place = match.end()
        value = int(match["n"].replace(",", ""))
        if match["unit"] in ("人", "人次", "起") or "立案" in left:
            found += [(name, value) for name, pattern in _PEOPLE if pattern.search(left)][:1]
            continue
        behind = _NOUN_BEHIND.match(sentence[match.end() : match.end() + 16])
        nouns = list(_NOUN.finditer(left))
        if not (behind or _GOES_ON.match(sentence[match.end() :])):
            continue
        own = (behind and behind.lastgroup) or (nouns[-1].lastgroup if nouns else None)
        noun = own or last_of_unit.get(match["unit"]) or last
        last_of_unit[match["unit"]] = last = noun or ""
        verb = next((name for name, words in _VERBS if words.search(left)), "")
        if name := _NAMES.get((noun, verb)):
            found.append((name, value))
    return found
