"""The words by which documents name their parts: data, which an office can extend with a file of its own."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from duban.errors import WrongSetting


class Role(StrEnum):
    """What a label says its text is; the names are those of the fields of an `Item` where there is one."""

    NUMBER = "number"
    PROBLEM = "problem"
    GOAL = "goal"
    MEASURES = "measures"
    LEAD_OFFICIALS = "lead_officials"
    LEAD_UNITS = "lead_units"
    RESPONSIBLE_UNITS = "responsible_units"
    SUPPORT_UNITS = "support_units"
    SUPERVISING_UNITS = "supervising_units"
    UNITS_AND_OFFICIALS = "units_and_officials"
    TIME_LIMIT = "time_limit"
    STATUS = "status"
    CATEGORY = "category"
    SECTION = "section"
    REGULATIONS = "regulations"
    NOTE = "note"


#: Roles whose text is a list of people or units.
PARTY_ROLES = frozenset(
    {
        Role.LEAD_OFFICIALS,
        Role.LEAD_UNITS,
        Role.RESPONSIBLE_UNITS,
        Role.SUPPORT_UNITS,
        Role.SUPERVISING_UNITS,
        Role.UNITS_AND_OFFICIALS,
    }
)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Label words with their roles, and the words that names are made of. Hashed by identity: it may key caches."""

    words: Mapping[str, Role]
    modifiers: tuple[str, ...]
    unit_suffixes: tuple[str, ...]
    posts: tuple[str, ...]
    nobody: frozenset[str]
    frames: tuple[str, ...] = ()

    def role(self, label: str) -> Role | None:
        """What a printed label means, or None if it is no label: brackets, spaces and numbering are ignored."""
        word = _ASIDE.sub("", bare_label(label))
        if len(word) > _LONGEST:
            word = _BRACKET.sub("", word)  # 整改措施(责任单位、完成时限)
        if not word or len(word) > _LONGEST:
            return None
        found = self._known(word) or self._of_parts(word) or self._of_name(word)
        return found or (self._known(_BRACKET.sub("", word)) if word.endswith(")") else None)

    def _of_name(self, word: str) -> Role | None:
        """隐患名称, 信访事项概述: what names or describes a problem is the problem."""
        named = _NAMES_IT.sub("", word)
        return Role.PROBLEM if named != word and self._known(named) is Role.PROBLEM else None

    def _of_parts(self, word: str) -> Role | None:
        """责任人及部门, 牵头领导和责任单位: of labels joined by a conjunction, where each is one of parties.

        责任单位及时限 is one of parties too: the limit behind them is told by its words.
        """
        parts = [part for part in _JOINED.split(word) if part]
        roles = {role for part in parts if (role := self._known(part)) is not None}
        if len(parts) != 2 or not roles or any(not self._known(part) for part in parts):
            return None
        if roles - PARTY_ROLES == {Role.TIME_LIMIT}:
            roles -= {Role.TIME_LIMIT}
        if not roles or not roles <= PARTY_ROLES:
            return None
        return roles.pop() if len(roles) == 1 else Role.UNITS_AND_OFFICIALS

    def _known(self, word: str) -> Role | None:
        return next((role for form in self._forms(word) if (role := self.words.get(form)) is not None), None)

    def names_nobody(self, text: str) -> bool:
        """Whether a cell or field says that there is nobody: 无, ／, —, or nothing."""
        bare = text.strip().strip("。.;；,， ")
        return not bare or bare in self.nobody or all(ch in "/／-—–―_\\*·、" for ch in bare)

    def _forms(self, word: str) -> Iterable[str]:
        """The word itself, then without its leading modifiers, one after the other."""
        yield word
        shorter = True
        while shorter:
            shorter = False
            for modifier in self.modifiers:
                if word.startswith(modifier) and len(word) > len(modifier):
                    word, shorter = word[len(modifier) :], True
                    yield word
                    break


_LONGEST = 14
_BRACKET = re.compile(r"\((?![\d一二三四五六七八九十百①-⑳]+\))[^()]*\)$")
#: What a label also asks for and an item has no field for: 责任人及联系电话.
_ASIDE = re.compile(r"(?:[及和与、/(]|以及)(?:联系|手机)?(?:电话|方式|号码|职务|签名|签字)\)?$")
_NAMES_IT = re.compile(r"(?:名称|内容|描述|表述|概述|概况|简述|简介|详情|摘要)$")
_JOINED = re.compile(r"及其|以及|[及和与、/]")
_NOISE = re.compile(r"[\s  :：*#【】\[\]〔〕<>《》“”\"'|]+")
_NUMBERED = re.compile(r"^(?:[(（]?[\d一二三四五六七八九十]{1,3}[)）、..]+|[①-⑳])")


def bare_label(label: str) -> str:
    """The word of a label: no brackets, colons, spaces or numbering."""
    word = _NUMBERED.sub("", _NOISE.sub("", label))
    return word.replace("（", "(").replace("）", ")").strip("-—·.、,，;；。")


def load_lexicon(extra: Path | None = None) -> Lexicon:
    """The lexicon that the product brings along, extended by `extra`, or else by the file that the settings name.

    Raises `WrongSetting` if that file is not of the same form.
    """
    return _extended(extra) if extra is not None else _default()


@cache
def _default() -> Lexicon:
    """Settings are only loaded where there are any: reading a file should start at once."""
    if "DUBAN_LEXICON" not in os.environ and not Path("duban.toml").is_file():
        return _build(_data())
    from duban.settings import load_settings

    extra = load_settings().lexicon
    return _extended(extra) if extra else _build(_data())


def _extended(extra: Path) -> Lexicon:
    return _build(_merged(_data(), _read(extra)))


def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "lexicon.toml").read_text("utf-8"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise WrongSetting(name="lexicon", reason=str(error), remedy="See duban/reading/lexicon.toml.") from error


def _merged(base: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in extra.items():
        known = merged.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[key] = _merged(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            merged[key] = [*known, *value]
        else:
            raise WrongSetting(name=f"lexicon: {key}", reason="no such list", remedy="See duban/reading/lexicon.toml.")
    return merged


def _build(data: dict[str, Any]) -> Lexicon:
    words: dict[str, Role] = {}
    for role, marks in data["unit_marks"].items():
        words |= {mark + head: Role(role) for mark in marks for head in data["units"]["heads"]}
    words |= {
        mark + head: Role.LEAD_OFFICIALS for mark in data["official"]["marks"] for head in data["official"]["heads"]
    }
    for role, labels in data["labels"].items():
        words |= {bare_label(label): Role(role) for label in labels}
    names = data["names"]
    return Lexicon(
        words=words,
        modifiers=tuple(data["modifiers"]),
        unit_suffixes=tuple(data["units"]["suffixes"]),
        posts=tuple(names["posts"]),
        nobody=frozenset(names["nobody"]),
        frames=tuple(data["sections"]["frames"]),
    )
