"""What the house promises about its own source, read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("duban", "models", "tasks", "flows")


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every Python file under these folders, by its path from the root, parsed."""
    for folder in folders:
        yield from parsed(folder)


@cache
def parsed(folder: str) -> list[tuple[str, ast.Module]]:
    """One folder's files: each is read once, however many tests look at it."""
    files = sorted((ROOT / folder).rglob("*.py"))
    return [(file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))) for file in files]


def imported(tree: ast.Module) -> set[str]:
    """The modules that a file imports, wherever it does so."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_the_layers_hold() -> None:
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert "0 broken" in run.stdout


def test_only_flows_and_tasks_import_prefect() -> None:
    importers = {
        path.split("/")[0]
        for path, tree in sources(*PACKAGES)
        if any(m == "prefect" or m.startswith("prefect.") for m in imported(tree))
    }
    assert importers == {"flows", "tasks"}


def test_the_domain_is_made_of_the_standard_library_alone() -> None:
    allowed = set(sys.stdlib_module_names) | {"duban"}
    for path, tree in sources("duban/domain"):
        foreign = {m for m in imported(tree) if m.split(".")[0] not in allowed}
        ours = {m for m in imported(tree) if m.startswith("duban.") and not m.startswith("duban.domain")}
        assert (foreign, ours - {"duban.errors"}) == (set(), set()), path


def test_flows_and_tasks_hold_no_sql_no_rendering_and_no_http() -> None:
    forbidden = {"sqlalchemy", "jinja2", "httpx", "requests", "docx", "smtplib", "models"}
    for path, tree in sources("flows", "tasks"):
        if path in EXCUSED:
            continue
        assert {m for m in imported(tree) if m.split(".")[0] in forbidden} == set(), path


#: The engine claims and watches runs: that is what its database and HTTP connections are for.
EXCUSED = {p for p, _ in sources("flows") if Path(p).name.startswith(("engine", "pools", "deploy", "server"))}


def test_no_flow_file_is_named_after_another_module() -> None:
    """Prefect loads flows/x.py as a module named x: it would stand in the place of the other one."""
    installed = set(sys.stdlib_module_names)
    for folder in (Path(p) for p in sys.path if p):
        if folder.is_dir() and folder != ROOT:
            installed.update(f.stem if f.suffix == ".py" else f.name for f in folder.iterdir())
    ours = {f.stem for f in (ROOT / "flows").glob("*.py")} - {"__init__"}
    assert ours & (installed | set(PACKAGES)) == set()


def test_alembics_folder_is_no_package() -> None:
    """An __init__.py there would hide the library of the same name."""
    assert list((ROOT / "alembic").rglob("__init__.py")) == []


# -- habits ------------------------------------------------------------------------------------------------------


def calls(tree: ast.Module, *names: str) -> list[ast.Call]:
    """Calls of `something.name(…)`."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def test_nobody_asks_for_a_time_without_its_zone() -> None:
    for path, tree in sources(*PACKAGES):
        for call in calls(tree, "now", "today", "utcnow", "fromtimestamp"):
            owner = ast.unparse(call.func)
            if not owner.startswith(("dt.", "datetime.", "date.")):
                continue
            assert owner.endswith((".now", ".fromtimestamp")), f"{path}:{call.lineno} {owner}"
            assert len(call.args) + len(call.keywords) >= 1, f"{path}:{call.lineno} {owner} without a zone"


#: Composition roots and doors: the present time enters here and is a parameter from there on.
DOORS = ("duban/adapters/", "duban/cli/", "duban/api/", "duban/web/", "tasks/", "flows/")


def test_below_the_adapters_the_time_is_a_parameter() -> None:
    for path, tree in sources(*PACKAGES):
        if path.startswith(DOORS) or path == "duban/services/tools.py":
            continue
        asked = [
            c.lineno
            for c in calls(tree, "now", "today", "utcnow")
            if ast.unparse(c.func).startswith(("dt.", "datetime."))
        ]
        assert asked == [], f"{path} asks for the present time itself, in lines {asked}"


def targets_of(node: ast.AST) -> list[ast.expr]:
    """What a statement assigns to, taken apart where it is several."""
    if isinstance(node, ast.AnnAssign | ast.AugAssign):
        return [node.target]
    found = list(node.targets) if isinstance(node, ast.Assign) else []
    for target in found:
        if isinstance(target, ast.Tuple | ast.List):
            found += target.elts
    return found


def assigned_states(tree: ast.Module) -> list[int]:
    """Lines that give an item a state: `item.state = …`, or `update(Item)….values(state=…)`."""
    found = []
    for node in ast.walk(tree):
        for target in targets_of(node):
            if isinstance(target, ast.Attribute) and target.attr == "state" and "item" in ast.unparse(target).lower():
                found.append(node.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "values":
            named = any(k.arg == "state" for k in node.keywords)
            if named and "update(Item)" in ast.unparse(node):
                found.append(node.lineno)
        if isinstance(node, ast.Call) and ast.unparse(node).startswith("setattr(") and "'state'" in ast.unparse(node):
            found.append(node.lineno)
    return found


def test_only_the_transitions_give_an_item_its_state() -> None:
    # What a document says of its items is a reading, not the ledger.
    ledger = ((path, tree) for path, tree in sources(*PACKAGES) if not path.startswith("duban/reading/"))
    givers = {path for path, tree in ledger if assigned_states(tree)}
    assert givers == {"duban/services/transitions.py"}


@pytest.mark.parametrize(
    "source",
    [
        "item.state = State.CLOSED",
        "a, item.state = 1, 2",
        "self.item.state = x",
        "session.execute(update(Item).where(Item.id == 1).values(state='closed'))",
        "setattr(row, 'state', x)",
    ],
)
def test_the_look_for_assigned_states_sees_each_way_to_do_it(source: str) -> None:
    assert assigned_states(ast.parse(source)) == [1]
    assert assigned_states(ast.parse("clock.state = x")) == []


def test_no_module_is_a_drawer_for_whatever_fits_nowhere() -> None:
    names = {Path(path).stem for path, _ in sources(*PACKAGES)}
    assert names & {"utils", "util", "helpers", "helper", "common", "misc"} == set()


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path, tree in sources(*PACKAGES) if tree.body and ast.get_docstring(tree) is None]
    assert silent == []


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from duban.cli.main import cli; "
        "CliRunner().invoke(cli, ['--help']); "
        "heavy = {'prefect', 'fastapi', 'sqlalchemy', 'pdfplumber', 'docx', 'openpyxl', 'apprise'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
