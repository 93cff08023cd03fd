"""The commands of `workbench history`, in the order of its help."""

import typer

from workbench.cli.history.export import export
from workbench.cli.history.filters import DEFAULT_ROWS, EngineName, Limit, Machine, Name, Tag
from workbench.cli.history.list import list_records
from workbench.cli.history.prune import prune
from workbench.cli.history.show import show
from workbench.cli.history.tag import tag, untag
from workbench.cli.history.trend import trend
from workbench.cli.options import DetectorName, HistoryFile, JsonFile, MediaName, UsageError

history_commands = typer.Typer(help="List, show, tag, export and prune what was measured.", invoke_without_command=True)
history_commands.command("list")(list_records)
for command in (show, tag, untag, export, prune, trend):
    history_commands.command()(command)


@history_commands.callback()
def history(
    context: typer.Context,
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Machine = None,
    tag: Tag = None,
    engine: EngineName = None,
    name: Name = None,
    limit: Limit = DEFAULT_ROWS,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """List, show, tag, export and prune what was measured. Without a command: list."""
    given = detector, media, machine, tag, engine, name, history, json_file
    if context.invoked_subcommand is None:
        list_records(detector, media, machine, tag, engine, name, limit, history, json_file)
    elif any(given) or limit != DEFAULT_ROWS:
        raise UsageError(f"options of `{context.invoked_subcommand}` stand after it", context)
