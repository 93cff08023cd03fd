"""Which records are meant: the options that say it, and what they mean. A cell of a table, where several commands show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import countable

if TYPE_CHECKING:
    from workbench.history import History

DEFAULT_ROWS = 50  # a screen or two; the rest is there with --limit
HERE = "here"
SHORT_ID = 8

Machine = Annotated[
    str | None, typer.Option(metavar="ID", help="Only records of a machine: `here`, the beginning of its id, or its processor.")
]
Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="Only records with this tag.")]
EngineName = Annotated[str | None, typer.Option("--engine", metavar="NAME", help="Only records of this engine.")]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Only records of this setting, by its name.")]
Limit = Annotated[int, typer.Option(min=1, metavar="N", callback=countable, help="How many, the newest of them.")]
RecordId = Annotated[str, typer.Argument(metavar="ID", help="The beginning of a record's id.")]


def machine_id_of(machine: str | None, opened: History) -> str | None:
    """Return the id of the machine that is meant; `None` is any. Raises `RecordError` where it is none that is known."""
    from workbench.cli.saved import machine_of
    from workbench.machine import environment

    if machine == HERE:
        return environment().machine_id
    return None if machine is None else machine_of(machine, opened.machines())


def minute(created: str) -> str:
    """Write a record's time to the minute, in UTC.

    >>> minute("2026-03-04T05:06:07+00:00")
    '2026-03-04 05:06'
    """
    return created[:16].replace("T", " ")
