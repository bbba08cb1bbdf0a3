"""`duban template`: the templates that an office makes itself: list of fields, start, check, preview."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from duban.cli.console import print_json, table


@click.group("template")
def template() -> None:
    """Make the office's own templates of notices: text, HTML and Word."""


@template.command("fields")
@click.argument("kind")
@click.option("--json", "as_data", is_flag=True, help="Print them as JSON.")
def fields(kind: str, as_data: bool) -> None:
    """List the fields that templates of KIND may use."""
    from duban.notices.schema import fields_of

    found = fields_of(kind)
    if as_data:
        print_json([dataclasses.asdict(field) for field in found])
    else:
        rows = [(f.path, f.kind_zh, f.meaning_zh, "可为空" if f.may_be_empty else "") for f in found]
        table(["字段", "类型", "含义", ""], rows, widest=50)


@template.command("start")
@click.argument("kind")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def start(kind: str, folder: Path) -> None:
    """Write the shipped templates of KIND into FOLDER/KIND, to be edited; the sheet as a Word file too."""
    from duban.notices.context import SHEET_KINDS
    from duban.notices.rendering import Renderer
    from duban.notices.schema import shape_of
    from duban.notices.word_starter import starter_docx

    shape_of(kind)  # refuses an unknown kind
    files = {n: s.encode() for n, s in Renderer().sources.items() if n.startswith(f"{kind}/")}
    if kind in SHEET_KINDS:
        files[f"{kind}/sheet.docx"] = starter_docx(kind)
    for name, data in sorted(files.items()):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("xb") as file:
                file.write(data)
        except FileExistsError:
            click.echo(f"{target}: is there already, left as it is")
        else:
            click.echo(target)


@template.command("save")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def save(name: str, file: Path) -> None:
    """Check FILE and use it as template NAME, such as supervise/sheet.docx or urge/subject.txt.j2."""
    from duban.notices.office_templates import save_template

    folder = _own_folder()
    save_template(folder, name, file.read_bytes())
    click.echo(folder / name)


@template.command("preview")
@click.argument("kind")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--sample", type=click.Choice(["full", "bare", "late"]), default="full", show_default=True)
def preview_(kind: str, folder: Path, sample: str) -> None:
    """Write a notice of KIND with made-up facts into FOLDER, as it would look today."""
    from duban.notices.office_templates import preview
    from duban.notices.schema import shape_of

    shape_of(kind)
    shown = preview(_own_folder(), kind, sample=sample)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"txt": f"{shown.mail.subject}\n\n{shown.mail.text}".encode(), "html": shown.mail.html.encode()}
    if shown.sheet is not None:
        files["docx"] = shown.sheet
    for suffix, data in files.items():
        target = folder / f"{kind}.{suffix}"
        target.write_bytes(data)
        click.echo(target)


def _own_folder() -> Path:
    """The office's folder; the shipped one is not the office's to change."""
    from duban.services.template_shelf import own_folder
    from duban.settings import load_settings

    return own_folder(load_settings())
