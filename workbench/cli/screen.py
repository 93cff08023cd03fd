"""What the commands put on the screen: progress, tables and JSON."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from workbench.cli.tables import MS_AND_FPS, print_table, table_of
from workbench.cli.terminal import ascii_json, stop_for_memory
from workbench.detections import ClassAccuracy
from workbench.errors import SaveError, shown
from workbench.files import JSON, write_whole
from workbench.machine import memory_watched
from workbench.record import (
    WEIGHT_HEADINGS,
    Record,
    accuracy_against,
    best,
    label_of,
    limit_words,
    ms_and_ap,
    pace_words,
    ran,
    unique,
    weight_cells,
    weight_words,
)
from workbench.wording import (
    MISSING,
    accuracy_words,
    format_agreement,
    format_ap,
    format_between,
    format_fraction,
    format_milliseconds,
    format_number,
    format_ratio,
)

STDOUT = "-"
CLASSES_SHOWN = 12  # in the terminal; the report shows all
ABREAST = 3  # records whose AP of each class stands side by side; of more, the first and the fastest
ONE_S_FIGURES = ("AP", "AP50", "recall", "precision", "best F1")

Tell = Callable[[str, int, int], None]


@final
class Screen(Console):
    """A console that writes out what a terminal would obey in a text, and leaves it to the end of the program to say why none came.

    What is done after a line that cannot be written, such as a report, is not lost with it.
    """

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(shown(text), **how)

    def print(self, *objects: Any, **how: Any) -> None:
        with suppress(OSError):
            super().print(*objects, **how)


def console(json_file: str | None) -> Console:
    """Return where people read: standard output, or standard error where JSON takes that."""
    # Nothing is markup: labels in brackets, names and messages are text of others.
    screen = Screen(stderr=json_file == STDOUT, markup=False, highlight=False, emoji=False)
    screen.soft_wrap = not screen.is_terminal  # a file or a pipe has no edge at which a path would have to be broken
    return screen


@contextmanager
def progress() -> Iterator[Tell]:
    """Show a progress bar on standard error where that is a terminal; yields what tells it `(what, done, total)`."""
    screen = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,  # a file would get an empty line before each error
        # Each repaint costs the timed process a little; four a second are enough to see that it lives.
        refresh_per_second=4,
    )
    with memory_watched(stop_for_memory), bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=shown(what), completed=done, total=total or None)

        yield tell


def write_json(json_file: str | None, result: str | Mapping[str, object]) -> None:
    """Write JSON where `--json` says; nowhere without it. A record has its schema already, anything else is given one.

    Raises:
        SaveError: The file could not be written.
    """
    text = result if isinstance(result, str) else json.dumps({"schema": 1, **result})
    if json_file == STDOUT:
        try:
            sys.stdout.write(ascii_json(text) + "\n")
            sys.stdout.flush()
        except OSError as error:
            raise SaveError(f"cannot write to standard output: {error.strerror}; choose another place") from None
    elif json_file is not None:
        write_whole(Path(json_file), text + "\n", over=JSON)


def print_records(out: Console, records: Sequence[Record]) -> None:
    """Print a row for each record, then what each has to warn of."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    weighed = any(record.weight is not None for record in records)
    headings = ("setting", "median ms", "p95 ms", "FPS", "against the first", "AP", "agreement", "noise")
    for heading in (*headings, *(WEIGHT_HEADINGS if weighed else ())):
        left = heading in {"setting", "against the first", "noise"}
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    for record in records:
        cells = (*_cells(record), *(weight_cells(record.weight) if weighed else ()))
        table.add_row(*cells, style="red" if record.broken or record.problem else "")
    out.print(table)
    if any(map(ran, records)):
        out.print(MS_AND_FPS, style="dim")
    for line in dict.fromkeys(f"guessed: {one.words()}" for record in records for one in record.detector.guesses):
        out.print(line, style="dim")
    for record in records[1:]:
        if words := accuracy_words(accuracy_against(record, records[0])):
            out.print(f"{record.name} against {records[0].name}: {words}")
    fastest = best((record for record in records if ran(record) and not record.broken), ms_and_ap)
    _print_classes(out, records if len(records) <= ABREAST else unique([records[0], fastest or records[0]]))
    for record in records:
        if record.problem:
            out.print(f"{record.name}: {record.problem.message}", style="bold red")
        if record.timing is not None and record.timing.overlapped:
            out.print(limit_words(record, record.name))
        for words in filter(None, (pace_words(record, record.name), weight_words(record, record.name))):
            out.print(words)
        for warning in record.warnings:
            out.print(f"{record.name}: {warning}", style="bold red" if record.broken else "yellow")
        if record.noise.verdict != "quiet" and not record.problem:
            out.print(f"{record.name}: {record.noise.verdict}: {'; '.join(record.noise.notes)}", style="yellow")


def _print_classes(out: Console, records: Sequence[Record]) -> None:
    """Print each class's AP in each record; of one record all that is known of a class. Nothing where a record holds no classes."""
    figures = [{one.class_id: one for one in record.accuracy.classes} for record in records if record.accuracy is not None]
    if len(figures) < len(records) or not all(figures):
        return
    shown = sorted(figures[0].values(), key=lambda one: one.ap)[:CLASSES_SHOWN]
    if len(shown) < len(figures[0]):
        out.print(f"the {len(shown)} of {len(figures[0])} classes with the lowest AP:", style="dim")
    headings = [f"AP {record.name}" for record in records] if len(records) > 1 else [*ONE_S_FIGURES]
    table = table_of("class", "known", *headings, figures=["known", *headings])
    for one in shown:
        name = label_of(records[0].detector.labels, one.class_id)
        known = [row.get(one.class_id) for row in figures]
        cells = [format_fraction(row.ap if row else None) for row in known] if len(records) > 1 else _class_cells(one)
        table.add_row(name, f"{one.known:,}", *cells)
    print_table(out, table)


def _class_cells(one: ClassAccuracy) -> tuple[str, ...]:
    between = f" {format_between(one.ap_interval)}" if one.ap_interval else ""
    best = f"{format_fraction(one.best.f1)} at {format_fraction(one.best.score)}" if one.best else MISSING
    return (f"{format_fraction(one.ap)}{between}", *map(format_fraction, (one.ap50, one.recall, one.precision)), best)


def print_waterfall(out: Console, record: Record) -> None:
    """Print what each setting brought, a row for each step; nothing where nobody asked for it."""
    from workbench.report import waterfall_picture

    if record.waterfall is None:
        return
    picture = waterfall_picture(record)
    out.print(picture.caption)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("step", "ms", "", "AP", ""):
        table.add_column(heading, justify="right" if heading in {"ms", "AP"} else "left", overflow="fold")
    for line in (line for section in picture.sections for line in section.lines if line.words or line.ap):
        name = line.name or " + ".join(map(str, line.words))
        judged = f"{line.ap_between} {line.verdict}"
        table.add_row(name, line.ms, f"{line.ms_between} {line.ms_verdict}", line.ap, judged)
        if line.reverse_ms or line.reverse_ap:
            table.add_row("  in reverse", "", line.reverse_ms, "", line.reverse_ap)
    out.print(table)
    for note in picture.notes:
        out.print(note, style="dim")


def _cells(record: Record) -> tuple[str, ...]:
    timing, compared = record.timing, record.comparison
    if timing is None or record.problem:
        frames = len(timing.total_seconds) if timing is not None else 0
        return (record.name, f"stopped after {frames} frames" if frames else "did not run", *("",) * 6)
    return (
        record.name,
        format_milliseconds(timing.median_ms),
        format_milliseconds(timing.p95_ms),
        format_number(timing.fps),
        format_ratio(compared.ratio) if compared else MISSING,
        format_ap(record.accuracy),
        format_agreement(record.agreement),
        record.noise.verdict,
    )
