"""The command line. Every command exits with 2 and one clear line on a user's error."""

from workbench.cli import import_path  # noqa: F401 - first: it decides where the others come from
from workbench.cli.entry import main

__all__ = ["main"]
