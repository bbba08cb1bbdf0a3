"""`duban`: the command line. Commands are loaded only when they are called, so that `--help` answers at once."""

from __future__ import annotations

import importlib
import sys

import click

from duban import __version__
from duban.errors import DubanError

#: Command → (module, attribute, one line of help). The help stands here so that listing loads nothing.
COMMANDS = {
    "read": ("duban.cli.read", "read", "Read a published document and show its items and every doubt about them."),
    "split": ("duban.cli.read", "split", "Write each of several plans in a file to a file of its own."),
    "register": ("duban.cli.register", "register", "Enter a document's items into the ledger."),
    "directory": ("duban.cli.directory", "directory", "Enter a newer directory of parties into a plan."),
    "hand-over": (
        "duban.cli.directory",
        "hand_over",
        "Hand all open items of a unit or official to another.",
    ),
    "review": ("duban.cli.review", "review", "Show what stands in quarantine, and why."),
    "resolve": ("duban.cli.review", "resolve", "Decide about an item in quarantine: keep, merge, edit or drop."),
    "correct": ("duban.cli.review", "correct", "Set fields right that were read wrong."),
    "void": ("duban.cli.register", "void", "Take back a plan that was registered by mistake."),
    "release": ("duban.cli.register", "release", "Let a plan's first night send its notices."),
    "publish": ("duban.cli.register", "publish", "Open a plan's public page, or shut it."),
    "plans": ("duban.cli.items", "plans", "List the plans."),
    "items": ("duban.cli.items", "items", "List items."),
    "show": ("duban.cli.items", "show", "Show one item with everything that belongs to it."),
    "history": ("duban.cli.items", "history", "What happened to an item, when, and by whom."),
    "explain": ("duban.cli.items", "explain", "Why an item has this date and this light."),
    "move": ("duban.cli.move", "move", "Perform a transition."),
    "closing": ("duban.cli.closing", "closing", "The steps towards 销号, and what still stands in the way."),
    "re-inspect": ("duban.cli.closing", "re_inspect", "Record what the re-inspection (回头看) of a closed item found."),
    "progress": ("duban.cli.progress", "progress", "Report measures, milestones, regulations, check-ins, evidence."),
    "self-check": ("duban.cli.new_items", "self_check", "Let sibling units check themselves (举一反三)."),
    "call": ("duban.cli.new_items", "call", "A unit calls higher ones, which must report (吹哨)."),
    "nightly": ("duban.cli.nightly", "nightly", "Run one night, without Prefect."),
    "deliver": ("duban.cli.nightly", "deliver", "Send what waits in the outbox."),
    "reconcile": ("duban.cli.nightly", "reconcile", "Repair every difference between the ledger and its flow runs."),
    "alarm": ("duban.cli.alarm", "alarm", "Mail what needs a person: no night, no engine."),
    "check": ("duban.cli.check", "check", "Check the ledger's invariants; fails on a defect."),
    "audit": ("duban.cli.audit", "audit", "Verify the event log, export it, read the access log."),
    "up": ("duban.cli.up", "up", "Start everything on this machine: Prefect, engine, API and board."),
    "serve": ("duban.cli.serve", "serve", "Serve the API and the board."),
    "engine": ("duban.cli.serve", "engine", "Run the engine that advances item runs."),
    "deploy": ("duban.cli.deploy", "deploy", "Make deployments and automations on the Prefect server."),
    "user": ("duban.cli.user", "user", "Manage users."),
    "token": ("duban.cli.token", "token", "Manage API tokens."),
    "report": ("duban.cli.report", "report", "Draw a paper on a plan: progress, exposure, ranking, check, agenda."),
    "rank": ("duban.cli.report", "rank", "Rank a plan's units, each score explained."),
    "export": ("duban.cli.exchange", "export", "Write a plan's ledger as a workbook, JSON or CSV."),
    "import": ("duban.cli.exchange", "import_", "Enter what an exported workbook was filled in with."),
    "proposals": ("duban.cli.proposals", "proposals", "Sheets that wait for their approval (通报, 约谈)."),
    "decide": ("duban.cli.proposals", "decide", "Approve or refuse a sheet that waits."),
    "talk": ("duban.cli.proposals", "talk", "Record what was promised in a talk (约谈)."),
    "outbox": ("duban.cli.outbox", "outbox", "Mails that wait for a person: resend, arrived, lost."),
    "withdraw": ("duban.cli.outbox", "withdraw", "Withdraw a notice that has not been sent."),
    "bounce": ("duban.cli.bounce", "bounce", "Take in a mail that came back: the supervision office answers for it."),
    "weekly": ("duban.cli.outbox", "weekly", "Send the weekly summaries that are due."),
    "papers": ("duban.cli.papers", "papers", "Draw the papers of week, month and quarter, once, and mail them."),
    "calendar": (
        "duban.cli.calendar",
        "calendar",
        "The office's own days: what is in force, and what a file would move.",
    ),
    "policy": ("duban.cli.policy", "policy", "Check a policy, and apply one to a plan after showing what it changes."),
    "clock": ("duban.cli.clock", "clock", "Count a relative limit, pause, resume, extend."),
    "targets": ("duban.cli.targets", "targets", "List a plan's targets against schedule progress."),
    "reach": ("duban.cli.targets", "reach", "Record the value that a target has reached."),
    "absence": ("duban.cli.absence", "absence", "Enter who is away, so that the substitute stands in."),
    "db": ("duban.cli.db", "db", "Migrate the ledger."),
    "backup": ("duban.cli.backup", "backup", "Write a backup of the ledger."),
    "restore": ("duban.cli.backup", "restore", "Restore a backup of the ledger."),
    "evidence": ("duban.cli.evidence", "evidence", "Look after the folder of evidence files."),
    "template": ("duban.cli.template", "template", "Make the office's own templates of notices."),
    "settings": ("duban.cli.settings", "settings", "List every setting, its value and its meaning."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="duban")
def cli() -> None:
    """duban (督办) follows every rectification item from the day it is assigned until it is struck off the ledger."""


def main() -> None:
    """Runs a command; a refusal is one clear message on standard error, with its exit code, and no traceback."""
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except DubanError as error:
        click.echo(f"duban: {error.message}", err=True)
        if error.remedy:
            click.echo(f"  {error.remedy}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("duban: stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
