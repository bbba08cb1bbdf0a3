"""PDFs of our own making: Chinese text at its place on the page, with or without ruling lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

SIZE = 10  # points; every character is as wide as it is high
_FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts["
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000"
    b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
    b"/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[0 -200 1000 900]"
    b"/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>>>]>>"
)


@dataclass(slots=True)
class Page:
    """A page of 600 by 800 points: texts with their left edge and distance from the top, and lines between points."""

    texts: list[tuple[float, float, str]] = field(default_factory=list)
    rules: list[tuple[float, float, float, float]] = field(default_factory=list)
    picture: bool = False
    raised: list[tuple[float, float, str]] = field(default_factory=list)  # small figures that point to notes

    def content(self) -> bytes:
        """The page's content stream."""
        drawn = [f"{a} {800 - b} m {c} {800 - d} l S" for a, b, c, d in self.rules]
        shown = [
            f"BT /F1 {SIZE} Tf {x} {800 - top - SIZE} Td <{text.encode('utf-16-be').hex()}> Tj ET"
            for x, top, text in self.texts
        ]
        shown += [
            f"BT /F1 6 Tf {x} {800 - top - 6} Td <{text.encode('utf-16-be').hex()}> Tj ET"
            for x, top, text in self.raised
        ]
        image = ["q 500 0 0 700 50 50 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q"] if self.picture else []
        return "\n".join([*image, *drawn, *shown]).encode()


def grid(left: Sequence[float], tops: Sequence[float]) -> list[tuple[float, float, float, float]]:
    """The ruling lines of a table with these edges of columns and rows."""
    across = [(left[0], top, left[-1], top) for top in tops]
    return across + [(x, tops[0], x, tops[-1]) for x in left]


def pdf(*pages: Page, encrypted: str = "") -> bytes:
    """The file of these pages. `encrypted` is the encryption dictionary of a file that asks for a password."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(), _FONT]
    for i, page in enumerate(pages):
        content = page.content()
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {5 + 2 * i} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>".encode()
        )
        objects.append(f"<</Length {len(content)}>>stream\n".encode() + content + b"\nendstream")
    whole, places = b"%PDF-1.5\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(whole))
        whole += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    trailer = f"<</Size {len(objects) + 1}/Root 1 0 R{encrypted}/ID[<00><00>]>>"
    start = len(whole)
    return (
        whole
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n"
        ).encode()
    )
