"""Tables of many columns on the screen, and whole where no screen has an edge."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

WIDE = 240  # letters of a line in a file or a pipe, which has no edge at which a word would have to be broken


def table_of(*headings: str, figures: Iterable[str] = (), whole: Iterable[str] = ()) -> Table:
    """Return an empty table.

    Args:
        headings: Of its columns.
        figures: Those that are aligned at the right.
        whole: Those whose words are never broken.
    """
    right, unbroken = frozenset(figures), frozenset(whole)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=heading in unbroken or heading in right,
            overflow="fold",
        )
    return table


def print_table(out: Console, table: Table) -> None:
    """Print a table as wide as the screen, or as wide as it wants to be where there is none."""
    if not out.is_terminal:
        out.width = WIDE
    out.print(table)
