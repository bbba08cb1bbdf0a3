"""`duban evidence`: the folder of evidence files."""

from __future__ import annotations

import click

from duban.cli.console import print_json


@click.group("evidence")
def evidence() -> None:
    """Look after the folder of evidence files."""


@evidence.command("orphans")
@click.option("--remove", is_flag=True, help="Delete them: no row of the ledger names them.")
@click.option("--json", "as_data", is_flag=True, help="Print as JSON.")
def orphans(remove: bool, as_data: bool) -> None:
    """List files that no row of the ledger names: what a crash left behind between a file and its row.

    Files of the last ten minutes are left alone: somebody may be handing them in.
    """
    from duban.adapters.evidence_folder import EvidenceFolder
    from duban.services.evidence_files import named_hashes, remove_orphans
    from duban.services.evidence_files import orphans as find
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    settings = load_settings()
    database, folder = open_ledger(settings), EvidenceFolder(settings.evidence_folder)
    if remove:
        found = remove_orphans(database, folder, now=utc_now())
    else:
        found = find(folder, named_hashes(database), now=utc_now())
    if as_data:
        print_json({"removed": remove, "files": [str(path) for path in found]})
        return
    for path in found:
        click.echo(str(path))
    click.echo(f"{len(found)} {'removed' if remove else 'found; --remove deletes them'}")
