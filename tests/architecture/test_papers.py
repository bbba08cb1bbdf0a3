"""Pages that are printed from the code say what the code says, and refusals can be told to a person."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import string
import sys
from collections import Counter
from types import ModuleType

import pytest

from duban.errors import DubanError

from .test_layers import ROOT, sources


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """docs/generate.py, which `make docs` runs."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def classes(generate: ModuleType) -> list[type[DubanError]]:
    found: list[type[DubanError]] = generate.error_classes()
    return found


def page(name: str) -> str:
    return (ROOT / "docs" / "guide" / name).read_text(encoding="utf-8")


def test_the_lifecycle_page_is_the_table(generate: ModuleType) -> None:
    assert page("lifecycle.md") == generate.lifecycle(), "run `make docs`"


def test_the_page_of_refusals_is_the_classes(generate: ModuleType) -> None:
    assert page("errors.md") == generate.errors(), "run `make docs`"


def test_the_diagram_has_an_arrow_for_each_transition() -> None:
    arrows = [line for line in page("lifecycle.md").splitlines() if " --> " in line and ":" in line]
    assert len(arrows) == 16
    assert "    closed --> ongoing : 重新启动 reopen" in arrows


def test_every_refusal_has_a_code_of_its_own(classes: list[type[DubanError]]) -> None:
    shared = {code: n for code, n in Counter(c.code for c in classes).items() if n > 1}
    assert shared == {}
    assert all(c.code == c.code.lower() and c.code.replace("_", "").isalnum() for c in classes)
    assert "refused" not in {c.code for c in classes}, "a class without a code of its own has its parent's"


def test_every_refusal_says_in_its_docstring_what_is_wrong(classes: list[type[DubanError]]) -> None:
    for kind in classes:
        assert kind.__doc__, kind
        assert kind.__doc__.strip().partition("\n")[0].endswith((".", "。")), kind
        assert 400 <= kind.status <= 599, kind
        assert kind.exit_code in (1, 2), kind


def placeholders(kind: type[DubanError]) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(inspect.cleandoc(kind.__doc__ or "")) if name}


def test_whoever_raises_a_refusal_fills_in_every_word_of_it(classes: list[type[DubanError]]) -> None:
    """A word left out would be a KeyError in the place of a clear message."""
    plain = {
        c.__name__: placeholders(c) for c in classes if "__init__" not in vars(c) and c.__init__ is DubanError.__init__
    }
    wrong = []
    raised = set()
    for path, tree in sources("duban", "tasks", "flows"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or any(k.arg is None for k in node.keywords):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name not in plain:
                continue
            raised.add(name)
            given = {k.arg for k in node.keywords}
            if node.args or not plain[name] <= given:
                wrong.append(f"{path}:{node.lineno} {name} lacks {sorted(plain[name] - given)}")
    assert wrong == []
    assert len(raised) > 20, "the look found hardly any: it is broken"


def test_every_error_of_the_product_is_a_refusal_of_ours_or_a_value_error_of_the_language() -> None:
    """`raise Exception(…)` and bare RuntimeErrors reach a person as a traceback."""
    vague = []
    for path, tree in sources("duban"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = ast.unparse(node.exc.func)
                if name in ("Exception", "BaseException", "RuntimeError"):
                    vague.append(f"{path}:{node.lineno} {name}")
    assert vague == []


def test_every_adr_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    missing = [f.name for f in sorted(folder.glob("0*.md")) if f.name not in listed]
    assert missing == []


def test_links_between_the_pages_lead_somewhere() -> None:
    import re

    broken = []
    for file in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (file.parent / target).exists():
                broken.append(f"{file.relative_to(ROOT)}: {target}")
    assert broken == []
