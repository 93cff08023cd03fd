"""`workbench history`: what was measured, listed, shown, tagged, exported and pruned."""

from workbench.cli.history.entry import history_commands

__all__ = ["history_commands"]
