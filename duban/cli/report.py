"""`duban report PLAN`, `duban rank PLAN`: the papers of month and quarter, on the screen or as files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, print_json, table, today

if TYPE_CHECKING:
    from duban.reports.paper import Paper

KINDS = {
    "progress": "整改进展通报",
    "exposure": "月曝光",
    "ranking": "月排名",
    "check": "月检查",
    "agenda": "例会议题",
}
FILE = click.Path(path_type=Path, dir_okay=False)
AS_OF = click.option("--as-of", type=DAY, help="The day that the paper stands for; default today.")
DOCX = click.option("--docx", type=FILE, help="Write it as a Word file in the form of GB/T 9704-2012.")
XLSX = click.option("--xlsx", type=FILE, help="Write it as a workbook, with the rows behind every figure.")
SOURCES = click.option("--sources", type=FILE, help="Write the rows behind its figures as a Word file of their own.")
HTML = click.option("--html", type=FILE, help="Write it as one HTML file.")
JSON = click.option("--json", "as_data", is_flag=True, help="Print the paper as JSON.")


@click.command("report")
@click.argument("plan")
@click.option("--kind", type=click.Choice(list(KINDS)), default="progress", show_default=True, help="Which paper.")
@click.option(
    "--review",
    type=click.Choice(["weekly", "fortnightly", "monthly", "quarterly", "half_yearly"]),
    default="weekly",
    show_default=True,
    help="With --kind agenda: which review.",
)
@AS_OF
@DOCX
@XLSX
@HTML
@SOURCES
@JSON
def report(
    plan: str,
    kind: str,
    review: str,
    as_of: dt.date | None,
    docx: Path | None,
    xlsx: Path | None,
    html: Path | None,
    sources: Path | None,
    as_data: bool,
) -> None:
    """Draw a paper on PLAN from the ledger; every figure in it leads to the rows that it counts."""
    from duban.services.month_papers import agenda_paper, check_paper, exposure_paper, ranking_paper
    from duban.services.papers import progress_paper
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    settings = load_settings()
    database, day = open_ledger(settings), as_of or today()
    if kind == "agenda":
        paper = agenda_paper(database, plan=plan, as_of=day, public_url=settings.public_url, cadence=review)
    else:
        draw = {
            "progress": progress_paper,
            "exposure": exposure_paper,
            "ranking": ranking_paper,
            "check": check_paper,
        }[kind]
        paper = draw(database, plan=plan, as_of=day, public_url=settings.public_url)
    give(paper, docx, xlsx, html, sources, as_data)


@click.command("rank")
@click.argument("plan")
@AS_OF
@DOCX
@XLSX
@HTML
@SOURCES
@JSON
def rank(
    plan: str,
    as_of: dt.date | None,
    docx: Path | None,
    xlsx: Path | None,
    html: Path | None,
    sources: Path | None,
    as_data: bool,
) -> None:
    """Rank PLAN's units, each score with its reckoning."""
    from duban.services.month_papers import ranking_paper
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    settings = load_settings()
    paper = ranking_paper(open_ledger(settings), plan=plan, as_of=as_of or today(), public_url=settings.public_url)
    give(paper, docx, xlsx, html, sources, as_data)


def give(
    paper: Paper, docx: Path | None, xlsx: Path | None, html: Path | None, sources: Path | None, as_data: bool
) -> None:
    """Writes the files that were asked for; on the screen where none was."""
    from duban.reports.page import page
    from duban.reports.workbook import workbook
    from duban.services.paper_files import sources_file, word_file

    written = []
    for path, make in ((docx, word_file), (xlsx, workbook), (sources, sources_file)):
        if path is not None:
            path.write_bytes(make(paper))
            written.append(path)
    if html is not None:
        html.write_text(page(paper), encoding="utf-8")
        written.append(html)
    if as_data:
        print_json(paper.as_data())
    elif written:
        for path in written:
            click.echo(f"{paper.title} → {path}")
    else:
        _show(paper)


def _show(paper: Paper) -> None:
    from duban.reports.paper import Grid, plain

    click.echo(f"{paper.title}\n")
    for block in paper.blocks:
        if isinstance(block, Grid):
            click.echo(f"\n{block.title}")
            table(list(block.headings), [[plain(cell) for cell in row] for row in block.rows], widest=30)
            click.echo("")
        else:
            click.echo(block.text)
    click.echo(f"\n{paper.office}  {paper.dated_on}")
