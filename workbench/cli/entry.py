"""The program `workbench`: its commands in the order of its help, and how it ends."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from workbench.cli.advise import advise
from workbench.cli.app import app
from workbench.cli.check import check
from workbench.cli.compare import compare
from workbench.cli.describe import describe
from workbench.cli.doctor import doctor
from workbench.cli.export import export
from workbench.cli.history import history_commands
from workbench.cli.lab import lab
from workbench.cli.options import INTERRUPTED, SERVERS, UsageError
from workbench.cli.outputs import Command
from workbench.cli.pick import pick
from workbench.cli.profile import profile
from workbench.cli.quantise import quantise
from workbench.cli.report import report
from workbench.cli.run import run
from workbench.cli.sweep import sweep
from workbench.cli.terminal import native_lines_apart, output_fault, prepare_streams
from workbench.cli.tune import tune
from workbench.errors import NOT_UTF_8, SettingsError, WorkbenchError, is_utf_8, one_line, shown
from workbench.version import VERSION

program = typer.Typer(
    name="workbench",
    help="See where a TensorFlow object detector's time goes, and what each setting does to its speed and its accuracy, here.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help stays plain: labels in brackets are not markup
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (doctor, tune, run, describe, compare, report, lab, app, export, sweep, profile, quantise, advise, pick, check):
    program.command(cls=Command)(command)
program.add_typer(history_commands, name="history")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@program.callback()
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")] = False,  # noqa: ARG001 - the callback acts
) -> None:
    if context.invoked_subcommand not in SERVERS:
        context.with_resource(native_lines_apart())


def main() -> None:
    """Run the command line; a user's error becomes one line and exit 2."""
    prepare_streams()
    status, message = _ended(sys.argv[1:])
    if fault := output_fault():
        status, message = (status or 2), (message or fault)
    if message:
        print(f"workbench: {one_line(message)}", file=sys.stderr)  # noqa: T201 - this is the command line
    sys.exit(status)


def _ended(words: Sequence[str]) -> tuple[int, str | None]:
    """Run the command that the words name; returns its exit code, and what to say of a user's error."""
    try:
        _check_surroundings(words)
        status = program(words, prog_name="workbench", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except UsageError as error:
        if not words:
            error.show()  # the help, where no command was named
            return 2, None
        return 2, f"{error.format_message().rstrip('.')}; see `{error.ctx.command_path if error.ctx else 'workbench'} --help`"
    except WorkbenchError as error:
        return 2, str(error)
    except MemoryError as error:
        return 2, f"the memory does not suffice ({error or 'Python gave no figure'}); choose smaller sizes, or fewer frames"
    except OSError:
        fault = output_fault()
        if fault is None:
            raise  # a fault of ours, not of where the output goes
        return 2, fault
    return status or 0, "stopped; what was measured before is in the history" if status == INTERRUPTED else None


def _check_surroundings(words: Sequence[str]) -> None:
    """Refuse what no command could do anything with.

    Raises:
        SettingsError: A word that is not UTF-8, whose name no record could hold; or a current folder that was deleted.
    """
    for word in words:
        if not is_utf_8(word):
            raise SettingsError(f"'{shown(word)}' {NOT_UTF_8}")
    try:
        os.getcwd()  # noqa: PTH109 - whether there is one is the question
    except FileNotFoundError:
        raise SettingsError("the current folder was deleted; change to one that is there") from None
