"""PDFs: the example's own, and one that is only pictures of pages."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from duban.errors import Unreadable
from duban.reading.source import Format
from duban.reading.text import text_layer

EXAMPLE = Path(__file__).parent.parent.parent.parent / "examples" / "plan.pdf"


def test_lines_wrapped_by_the_page_become_paragraphs_with_their_page() -> None:
    source = text_layer(EXAMPLE.read_bytes(), "plan.pdf")
    assert source.format is Format.PDF
    measures = next(line for line in source.lines if line.text.startswith("整改措施:①梳理高频事项清单"))
    assert measures.text.endswith("为老年人提供代办服务。")
    pages = [line.page for line in source.lines]
    assert pages[0] == 1
    assert pages == sorted(pages, key=lambda page: page or 0)
    assert len(set(pages)) > 1


def test_a_scanned_pdf_says_what_it_is_and_names_the_way_out() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (200, 280), "white").save(stream, "PDF")
    with pytest.raises(Unreadable, match="scanned") as refusal:
        text_layer(stream.getvalue(), "plan.pdf")
    assert "OCR" in refusal.value.remedy


def test_a_pdf_cut_short_is_damaged() -> None:
    with pytest.raises(Unreadable, match="damaged"):
        text_layer(EXAMPLE.read_bytes()[:30_000], "plan.pdf")
