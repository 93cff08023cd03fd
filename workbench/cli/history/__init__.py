"""The commands of `workbench history`, in the order of its help."""

import typer

from workbench.cli.history.export import export
from workbench.cli.history.list import list_records
from workbench.cli.history.prune import prune
from workbench.cli.history.show import show
from workbench.cli.history.tag import tag, untag
from workbench.cli.history.trend import trend
from workbench.cli.outputs import Command

history_commands = typer.Typer(help="List, show, tag, export and prune what was measured.", invoke_without_command=True)
history_commands.callback(help="List, show, tag, export and prune what was measured. Without a command: list.")(list_records)
history_commands.command("list", cls=Command)(list_records)
for command in (show, tag, untag, export, prune, trend):
    history_commands.command(cls=Command)(command)
