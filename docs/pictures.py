"""Draws the pictures of the guide's notices anew: `python -m docs.pictures` (needs Chromium, LibreOffice, pdftoppm).

The facts are those of `duban.notices.samples`: a fictional district, fictional officials. A picture stays under 150 KB.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from duban.notices import samples
from duban.notices.rendering import Renderer
from duban.notices.sheet import render_sheet_docx

IMAGES = Path(__file__).parent / "images"
LARGEST = 150 * 1024
DESK, PHONE = 640, 390
DOTS_AN_INCH = 66
GROUND = (136, 136, 136)


def main() -> int:
    """Draws every picture; 1 where a program is missing."""
    chromium = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    missing = [
        name
        for name, there in (
            ("Chromium", chromium),
            ("soffice", shutil.which("soffice")),
            ("pdftoppm", shutil.which("pdftoppm")),
        )
        if not there
    ]
    if missing:
        print(f"not found: {', '.join(missing)}; the pictures stay as they are", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sheets = _sheets(
            folder, ("urge", "supervise", "circulate", "summon", "assign", "extension", "return", "closed")
        )
        _keep(sheets["supervise"], "sheet-supervise.png")
        _keep([sheets[k][0] for k in ("urge", "circulate", "summon", "assign")], "sheets-first-pages.png")
        _keep([*sheets["extension"][:1], *sheets["return"][:1], *sheets["closed"]], "sheets-answers.png")
        mails = {k: Renderer().render(k, samples.full(k)).html for k in ("remind", "supervise", "digest", "weekly")}
        mails["behalf"] = Renderer().render("supervise", samples.late("supervise")).html
        shots = _shots(str(chromium), folder, mails)
        _keep([shots["remind", DESK], shots["supervise", PHONE]], "mail-notices.png")
        _keep([shots["digest", DESK], shots["digest", PHONE]], "mail-digest.png")
        _keep([shots["behalf", DESK]], "mail-on-behalf.png")
        _keep([shots["weekly", DESK]], "mail-weekly.png")
    return 0


def _sheets(folder: Path, kinds: Sequence[str]) -> dict[str, list[Path]]:
    """The pages of each kind's sheet."""
    for kind in kinds:
        (folder / f"{kind}.docx").write_bytes(render_sheet_docx(samples.full(kind), kind, Renderer()))
    profile = f"-env:UserInstallation=file://{folder}/office"
    files = [str(folder / f"{kind}.docx") for kind in kinds]
    subprocess.run(  # noqa: S603 -- a program of the machine, on files of our own
        ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), *files],  # noqa: S607
        check=True,
        capture_output=True,
        timeout=300,
    )
    found = {}
    for kind in kinds:
        pdf = folder / f"{kind}.pdf"
        pages = ["pdftoppm", "-r", str(DOTS_AN_INCH), "-png", str(pdf), str(folder / kind)]
        subprocess.run(pages, check=True)  # noqa: S603
        found[kind] = sorted(folder.glob(f"{kind}-*.png"))
    return found


def _shots(chromium: str, folder: Path, mails: dict[str, str]) -> dict[tuple[str, int], Path]:
    """Each mail at a desk and on a phone."""
    from playwright.sync_api import sync_playwright

    found = {}
    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=chromium)
        for kind, html in mails.items():
            (folder / f"{kind}.html").write_text(html, encoding="utf-8")
            for width in (DESK, PHONE):
                page = browser.new_page(viewport={"width": width, "height": 400})
                page.goto(f"file://{folder}/{kind}.html")
                found[kind, width] = folder / f"{kind}-{width}.png"
                page.screenshot(path=str(found[kind, width]), full_page=True)
                page.close()
        browser.close()
    return found


def _keep(files: Sequence[Path], name: str) -> None:
    """The pictures side by side, in few colours; smaller until it is small enough."""
    pictures = [Image.open(file).convert("RGB") for file in files]
    gap = 12
    size = (sum(p.width for p in pictures) + gap * (len(pictures) - 1), max(p.height for p in pictures))
    sheet = Image.new("RGB", size, GROUND if len(pictures) > 1 else (255, 255, 255))
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width + gap
    target = IMAGES / name
    while True:
        sheet.quantize(96).save(target, optimize=True)
        if target.stat().st_size <= LARGEST:
            break
        sheet = sheet.resize((sheet.width * 9 // 10, sheet.height * 9 // 10))
    print(target.name, target.stat().st_size // 1024, "KB")


if __name__ == "__main__":
    sys.exit(main())
