"""Tables of many columns on the screen, and whole where no screen has an edge."""

from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from workbench.errors import shown
from workbench.history import Summary
from workbench.wording import format_bytes, format_seconds

MOST_FITTED = 200  # rows that are fitted to the screen; a thousand of them would take a second, and nobody reads so many there
GAP = "  "
LEAST_WORDS = 24  # letters that a column of words is wide at least where it has as many
MS_AND_FPS = "ms are those of the median frame; FPS are all frames over the time that they took, slow ones included"


def table_of(*headings: str, figures: Iterable[str] = (), whole: Iterable[str] = (), rows: Iterable[Iterable[str]] = ()) -> Table:
    """Return a table of these headings; `figures` are aligned at the right, and no words of `whole` are broken."""
    right, unbroken = frozenset(figures), frozenset(whole)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=heading in unbroken or heading in right,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*row)
    return table


def summary_weight(row: Summary) -> tuple[str, str]:
    """Return the cells of a row of the history under `WEIGHT_HEADINGS`."""
    return format_bytes(row.peak_bytes), format_seconds(row.startup_seconds)


def print_table(out: Console, table: Table) -> None:
    """Print a table as wide as the screen; where there is none, or it is long, a line for each row, as wide as that wants to be.

    On a screen that is too narrow for its words, those of the widest column stand below their row.
    """
    if out.is_terminal and table.row_count <= MOST_FITTED:
        if _room_wanted(table) <= out.width:
            out.print(table)
        else:
            _print_narrow(out, table)
        return
    if table.title:
        out.print(table.title, soft_wrap=True)
    for line in lines(table):
        out.print(line, soft_wrap=True)


def lines(table: Table) -> Iterator[Text]:
    """Yield the headings of a table, and a line for each of its rows."""
    columns = [_texts(column) for column in table.columns]
    widths = [max(map(cell_len, cells)) for cells in columns]
    rights = [column.justify == "right" for column in table.columns]
    styles = [table.header_style or "", *(row.style or "" for row in table.rows)]
    for cells, style in zip(zip(*columns, strict=True), styles, strict=True):
        room = (" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
        placed = (space + cell if right else cell + space for cell, space, right in zip(cells, room, rights, strict=True))
        yield Text(GAP.join(placed).rstrip(), style)


def _room_wanted(table: Table) -> int:
    """Return how wide a table is at least in which no word is broken, and no column of many words is a tower."""
    widths = (max(_least(cell, whole=column.no_wrap) for cell in (column.header, *column.cells)) for column in table.columns)
    return sum(widths) + len(GAP) * (len(table.columns) - 1)


def _least(cell: RenderableType, *, whole: bool) -> int:
    text = shown(str(cell))
    return cell_len(text) if whole else max([min(cell_len(text), LEAST_WORDS), *map(cell_len, text.split())])


def _print_narrow(out: Console, table: Table) -> None:
    wordy = [column for column in table.columns if not column.no_wrap]
    words = max(wordy or table.columns, key=lambda column: max(map(cell_len, _texts(column))))
    rest = Table(box=None, header_style=table.header_style)
    rest.columns, rest.rows = [column for column in table.columns if column is not words], table.rows
    if table.title:
        out.print(table.title)
    for line, text in zip(lines(rest), _texts(words), strict=True):
        out.print(line)
        out.print(Padding(Text(text, line.style), (0, 0, 0, len(GAP))))


def _texts(column: Column) -> list[str]:
    return [shown(str(cell)) for cell in (column.header, *column.cells)]
