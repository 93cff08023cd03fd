"""The program `workbench`: its commands in the order of its help, and how it ends."""

import os
import sys
from typing import Annotated, NoReturn

import typer

from workbench.cli.advise import advise
from workbench.cli.app import app
from workbench.cli.check import check
from workbench.cli.compare import compare
from workbench.cli.describe import describe
from workbench.cli.doctor import doctor
from workbench.cli.export import export
from workbench.cli.history.entry import history_commands
from workbench.cli.lab import lab
from workbench.cli.options import UsageError
from workbench.cli.pick import pick
from workbench.cli.report import report
from workbench.cli.run import run
from workbench.cli.sweep import sweep
from workbench.errors import WorkbenchError, one_line
from workbench.version import VERSION

INTERRUPTED = 130  # what typer returns after Ctrl-C, as shells do

program = typer.Typer(
    name="workbench",
    help="See where a TensorFlow object detector's time goes, and what each setting does to its speed and its accuracy, here.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help stays plain: labels in brackets are not markup
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (doctor, run, describe, compare, report, lab, app, export, sweep, advise, pick, check):
    program.command()(command)
program.add_typer(history_commands, name="history")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@program.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")] = False,  # noqa: ARG001 - the callback acts
) -> None:
    # TensorFlow prints pages about its build unless told otherwise before it loads; who wants them sets the variable.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main() -> None:
    """Run the command line; a user's error becomes one line and exit 2."""
    try:
        status = program(prog_name="workbench", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except UsageError as error:
        if not sys.argv[1:]:
            error.show()  # the help, where no command was named
            sys.exit(2)
        _stop(f"{error.format_message().rstrip('.')}; see `{error.ctx.command_path if error.ctx else 'workbench'} --help`", 2)
    except WorkbenchError as error:
        _stop(str(error), 2)
    if status == INTERRUPTED:
        _stop("stopped; what was measured before is in the history", INTERRUPTED)
    sys.exit(status)


def _stop(message: str, status: int) -> NoReturn:
    print(f"workbench: {one_line(message)}", file=sys.stderr)  # noqa: T201 - this is the command line
    sys.exit(status)
