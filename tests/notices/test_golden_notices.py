"""Every kind of notice reads as it read when somebody last looked at it.

`DUBAN_GOLDEN=write pytest tests/notices/test_golden_notices.py` writes the files anew; read the difference before you
commit it.
"""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from duban.notices import samples
from duban.notices.context import CONTEXTS, KINDS_ZH, NOT_OF_AN_ITEM, SHEET_KINDS
from duban.notices.rendering import Renderer, tidy
from duban.notices.sandbox import plain

GOLDEN = Path(__file__).parent.parent / "golden" / "notices"
WRITE = os.environ.get("DUBAN_GOLDEN") == "write"
CASES = [
    (kind, sample)
    for kind in CONTEXTS
    for sample in ("full", "bare", "late")
    if sample != "late" or kind not in NOT_OF_AN_ITEM
]
VARIANTS = [(name.split(".")[0], name.split(".")[1]) for name in samples.VARIANTS]
VOID = {"meta", "br", "img", "hr", "input", "link"}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def sample_of(kind: str, sample: str) -> dict[str, Any]:
    if (kind, sample) in VARIANTS:
        return samples.variant(f"{kind}.{sample}")
    context: dict[str, Any] = getattr(samples, sample)(kind)
    return context


def compare(name: str, text: str) -> None:
    """Compares with the golden file, or writes it."""
    file = GOLDEN / name
    if WRITE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
    assert file.is_file(), f"{file} is missing: write it with DUBAN_GOLDEN=write and read it"
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize(("kind", "sample"), CASES + VARIANTS)
def test_the_text_of_a_notice_is_as_it_was_read(renderer: Renderer, kind: str, sample: str) -> None:
    rendered = renderer.render(kind, sample_of(kind, sample))
    compare(f"{kind}.{sample}.txt", f"{rendered.subject}\n\n{rendered.text}")


@pytest.mark.parametrize("kind", list(CONTEXTS))
def test_the_html_of_a_notice_is_as_it_was_looked_at(renderer: Renderer, kind: str) -> None:
    compare(f"{kind}.full.html", renderer.render(kind, sample_of(kind, "full")).html)


@pytest.mark.parametrize(("kind", "sample"), [c for c in CASES + VARIANTS if c[0] in SHEET_KINDS])
def test_the_words_of_a_sheet_are_as_they_were_read(renderer: Renderer, kind: str, sample: str) -> None:
    compare(f"{kind}.{sample}.sheet.txt", tidy(renderer.part(f"{kind}/sheet.txt.j2", plain(sample_of(kind, sample)))))


class Balance(HTMLParser):
    """Follows the nesting of tags and collects what a mail must not have."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.remote: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.remote += [f"{tag} {name}" for name, _ in attrs if name in ("src", "background", "srcset")]
        if tag in ("script", "link", "iframe", "img"):
            self.remote.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag


@pytest.mark.parametrize(("kind", "sample"), CASES + VARIANTS)
def test_the_html_is_well_formed_and_fetches_nothing(renderer: Renderer, kind: str, sample: str) -> None:
    balance = Balance()
    balance.feed(renderer.render(kind, sample_of(kind, sample)).html)
    balance.close()
    assert balance.open == []
    assert balance.remote == []


@pytest.mark.parametrize("kind", [k for k in CONTEXTS if k not in NOT_OF_AN_ITEM])
def test_a_notice_that_goes_to_the_office_for_someone_says_for_whom_and_why(renderer: Renderer, kind: str) -> None:
    context = sample_of(kind, "late")
    rendered = renderer.render(kind, context)
    for body in (rendered.text, rendered.html):
        assert "沈明远（区委副书记）" in body
        assert "名录中没有其邮箱地址" in body
        assert "停运3夜" in body


@pytest.mark.parametrize(("kind", "sample"), CASES + VARIANTS)
def test_no_notice_shows_a_python_value(renderer: Renderer, kind: str, sample: str) -> None:
    rendered = renderer.render(kind, sample_of(kind, sample))
    for body in (rendered.subject, rendered.text, rendered.html):
        assert not [word for word in ("None", "True", "False", "Undefined", "{'", "['", "{{", "{%") if word in body]


@pytest.mark.parametrize("kind", list(CONTEXTS))
def test_every_kind_has_a_name_that_an_official_reads(kind: str) -> None:
    assert KINDS_ZH[kind]
