"""The command line. Every command exits with 2 and one clear line on a user's error."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer

from workbench.errors import WorkbenchError
from workbench.version import VERSION

# typer passes on the usage errors of its click but exports only this one; click's module has another name in each version.
UsageError: Any = typer.BadParameter.__base__
COMMANDS = ("commands", "choosing", "keeping")
SHOWING = frozenset({"advise", "history", "pick", "report"})  # commands that measure nothing, but may read 100,000 records
INTERRUPTED = 130  # what typer returns after Ctrl-C, as shells do

app = typer.Typer(
    name="workbench",
    help="See where a TensorFlow object detector's time goes, and what each setting does to its speed and its accuracy, here.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help stays plain: labels in brackets are not markup
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")] = False,  # noqa: ARG001 - the callback acts
) -> None:
    # TensorFlow prints pages about its build unless told otherwise before it loads; who wants them sets the variable.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main() -> None:
    """Run the command line; a user's error becomes one line and exit 2."""
    with _uncollected(SHOWING.issuperset(sys.argv[1:2])):
        _run()


@contextmanager
def _uncollected(wanted: bool) -> Iterator[None]:
    """Keep the garbage collector from looking at what was read again and again: none of it is rubbish before the end."""
    was_on = gc.isenabled()
    if wanted:
        gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _run() -> None:
    for part in COMMANDS:  # importing registers them, in this order
        import_module(f"workbench.cli.{part}")

    try:
        status = app(prog_name="workbench", standalone_mode=False)
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
    print(f"workbench: {' '.join(message.splitlines())}", file=sys.stderr)  # noqa: T201 - this is the command line
    sys.exit(status)
