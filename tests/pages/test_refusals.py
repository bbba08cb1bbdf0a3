"""Every refusal that a page can show is Chinese and says what to do."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import duban
from duban.errors import DubanError
from duban.web.reasons import reason_zh
from duban.web.words import REFUSAL_ZH, refusal

CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: Latin words that officials know, and samples that the test puts in.
KNOWN = re.compile(r"PDF|JPG|PNG|Word|Excel|WPS|UTF-8|OCR|MB|XML|\.?(?:docx|xlsx|doc|xls|wps|csv)|样本")


def classes() -> list[type[DubanError]]:
    """Every error of the code that pages can reach: all but the command line's own."""
    for module in pkgutil.walk_packages(duban.__path__, "duban."):
        if not module.name.startswith("duban.cli"):
            importlib.import_module(module.name)

    def below(cls: type[DubanError]) -> Iterator[type[DubanError]]:
        for child in cls.__subclasses__():
            yield child
            yield from below(child)

    found = {c for c in below(DubanError) if not c.__module__.startswith(("duban.cli", "tests"))}
    return sorted(found, key=lambda c: (c.__module__, c.__name__))


def sample(cls: type[DubanError]) -> DubanError:
    """An error of the class with something in each of its fields."""
    names = set(re.findall(r"{(\w+)}", inspect.cleandoc(cls.__doc__ or "")))
    error = cls.__new__(cls)
    error.fields = dict.fromkeys(names, "样本")
    error.message = error.remedy = "English"
    return error


@pytest.mark.parametrize("cls", classes(), ids=lambda c: f"{c.__module__}.{c.__name__}")
def test_every_error_has_a_title_and_a_remedy_in_chinese(cls: type[DubanError]) -> None:
    assert cls.code in REFUSAL_ZH, f"{cls.code} has no words in duban.web.words.REFUSAL_ZH"
    for text in refusal(sample(cls)):
        assert CHINESE.search(text), text
        assert "{" not in text
        assert not re.search(r"[A-Za-z]{3,}", KNOWN.sub("", text)), text


def reasons() -> list[tuple[str, str]]:
    """Every reason that code raises an error with, as it stands in the source; fields of f-strings become a sample."""
    names = {c.__name__ for c in classes()} - {
        # Never on a page: settings at the start, mails in the night, forms that come back as files.
        "WrongSetting", "PolicyInvalid", "CalendarFileInvalid", "TemplateRefused", "BadReply", "ExportUnreadable",
    }  # fmt: skip
    found = []
    root = Path(duban.__file__).parent
    for folder in ("services", "domain", "reading", "api"):
        for path in sorted((root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names):
                    continue
                values = [k.value for k in node.keywords if k.arg == "reason"]
                values += node.args[:1] if node.func.id == "Unreadable" else []
                for value in values:
                    found += [(f"{path.name}:{node.lineno}", t) for t in _texts(value)]
    return found


def _texts(value: ast.expr) -> list[str]:
    match value:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(p.value if isinstance(p, ast.Constant) else "2026-01-01" for p in parts)]  # type: ignore[misc]
        case ast.IfExp(body=one, orelse=other):
            return _texts(one) + _texts(other)
        case _:
            return []


def test_every_reason_that_the_code_gives_is_put_into_chinese() -> None:
    given = reasons()
    assert len(given) > 50
    worded = [(place, text) for place, text in given if re.search(r"[A-Za-z]{3}", text)]
    assert worded
    missing = [(place, text) for place, text in worded if not CHINESE.search(reason_zh(text))]
    assert missing == []
