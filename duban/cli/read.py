"""`duban read FILE`: what a document says, as a summary for a person or as JSON. Nothing is written."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path

import click

from duban.errors import Unreadable
from duban.reading.model import Anomaly, Item, Kind, Reading, as_json
from duban.reading.reader import read_bytes

_KIND_NAMES = {
    Kind.RECTIFICATION_PLAN: "整改方案",
    Kind.TASK_BREAKDOWN: "任务分解",
    Kind.WORK_REPORT: "工作报告",
    Kind.PROGRESS_REPORT: "整改进展通报",
    Kind.POLICY_OPINION: "政策意见",
}
_STATE_NAMES = {
    "assigned": "交办",
    "measure_drafted": "措施已拟定",
    "regulation_issued": "制度已出台",
    "ongoing": "持续推进",
    "closed": "已销号",
}
_COLUMNS = (("序号", 6), ("问题", 34), ("牵头", 16), ("责任单位", 26), ("时限", 22), ("状态", 10))


@click.command("read")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_data", is_flag=True, help="Print the whole reading as JSON.")
@click.option(
    "--as", "kind", type=click.Choice([kind.value for kind in Kind]), help="Read it as this kind of document."
)
def read(file: Path, as_data: bool, kind: str | None) -> None:
    """Read a published document and show its items and every doubt about them."""
    try:
        reading = read_bytes(load(file), file.name, Kind(kind) if kind else None)
    except Unreadable as error:
        click.echo(f"{file}: {error}", err=True)
        sys.exit(error.exit_code)
    click.echo(json.dumps(as_json(reading), ensure_ascii=False, indent=2) if as_data else summary(reading))


@click.command("split")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Folder of the new files; default FILE's.")
def split(file: Path, to: Path | None) -> None:
    """Write each of several plans in FILE to a file of its own; FILE stays as it is."""
    from duban.reading.several import SeveralPlans, parts_of

    try:
        content = load(file)
        read_bytes(content, file.name)
    except SeveralPlans as several:
        folder = to or file.parent
        folder.mkdir(parents=True, exist_ok=True)
        parts = parts_of(content, file.name, several)
        if there := [part.filename for part in parts if (folder / part.filename).exists()]:
            raise click.ClickException(f"{folder / there[0]} is there already; name another folder with --to") from None
        for part in parts:
            (folder / part.filename).write_bytes(part.content)
            click.echo(f"{folder / part.filename}: {part.title}")
        return
    except Unreadable as error:
        click.echo(f"{file}: {error}", err=True)
        sys.exit(error.exit_code)
    click.echo(f"{file} holds one plan; nothing to split")


def load(file: Path) -> bytes:
    """The bytes of a file; `Unreadable` where there is none, it may not be read or is larger than any plan."""
    from duban.reading.text.detect import refuse_large

    try:
        if file.is_dir():
            raise Unreadable(reason="it is a folder", remedy="Name one file in it.")
        refuse_large(file.stat().st_size)
        return file.read_bytes()
    except FileNotFoundError:
        raise Unreadable(reason="there is no such file", remedy="Check the path for a typing error.") from None
    except OSError as error:
        raise Unreadable(reason=error.strerror or str(error), remedy="Check that you may read it.") from None


def summary(reading: Reading) -> str:
    """The reading for a person: what it is, a line an item, and the doubts at their lines."""
    lines = [*_head(reading), "", _row([name for name, _ in _COLUMNS]), "-" * (sum(w for _, w in _COLUMNS) + 10)]
    quarantined = {a.item_line for a in reading.anomalies if a.blocks}
    for item in reading.items:
        lines += _item_rows(item, 0, quarantined)
    lines += ["", *_doubts(reading.anomalies)]
    return "\n".join(line.rstrip() for line in lines)


def _head(reading: Reading) -> list[str]:
    every = reading.walk()
    quarantined = {(a.number, a.item_line) for a in reading.anomalies if a.blocks}
    facts = [
        ("题名", reading.title or "(文中没有题名)"),
        ("类型", f"{_KIND_NAMES[reading.kind]} ({reading.kind})"),
        ("发文", "  ".join(str(v) for v in (reading.issuer, reading.reference, reading.issued_on) if v)),
        ("事项", f"{len(reading.items)} 项,含子项共 {len(every)} 项;待核 {len(quarantined)} 项"),
        ("数字", "  ".join(f"{name}={value}" for name, value in reading.figures.items())),
    ]
    return [f"{name}:{value}" for name, value in facts if value]


def _item_rows(item: Item, depth: int, quarantined: set[int | None]) -> list[str]:
    mark = "!" if item.place.line in quarantined else ""
    leads = item.lead_officials or item.lead_units
    units = item.responsible_units or item.support_units
    cells = [
        f"{'  ' * depth}{mark}{item.number}",
        item.title or (item.measures[0] if item.measures else ""),
        "、".join(leads),
        "、".join(units),
        item.time_limit or "",
        _STATE_NAMES.get(item.state, item.state),
    ]
    rows = [_row(cells)]
    for child in item.children:
        rows += _item_rows(child, depth + 1, quarantined)
    return rows


def _doubts(anomalies: list[Anomaly]) -> list[str]:
    if not anomalies:
        return ["没有疑点。"]
    lines = [f"疑点 {len(anomalies)} 处(! 为须先核实、暂不发文的):"]
    for a in anomalies:
        number = f"[{a.number}] " if a.number else ""
        lines.append(f"  {'!' if a.blocks else ' '} 第{a.line}行 {number}{a.code}: {a.detail}")
    return lines


def _row(cells: list[str]) -> str:
    return "  ".join(_fit(cell, width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True))


def _fit(text: str, width: int) -> str:
    """The text cut or padded to a width in terminal columns; a Chinese character takes two."""
    used = 0
    kept: list[str] = []
    for ch in text:
        wide = 2 if unicodedata.east_asian_width(ch) in "WF" else 1
        if used + wide > width:
            kept[-1:] = ["…"] if kept else []
            break
        kept.append(ch)
        used += wide
    shown = "".join(kept)
    return shown + " " * max(0, width - sum(2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in shown))
