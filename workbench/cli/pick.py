"""`workbench pick`: the fastest setting in the history that keeps a budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from workbench.cli.options import DetectorName, HistoryFile, JsonFile, MediaName
from workbench.cli.quantities import MaxMemory, MaxStartup, weight_limits
from workbench.errors import RecordError, SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.choosing import Choice, Pick, Stat
    from workbench.history import Summary

MEASURE = "measure with `workbench sweep` or `workbench run` first"
FIGURES = ("ms", "FPS", "AP", "AP lost", "agreement")
UNITS = {
    "min_fps": "FPS",
    "max_ms": "ms",
    "max_ap_loss": "AP",
    "min_agreement": "agreement",
    "max_memory": "MB",
    "max_startup": "s to start",
}


def pick(
    min_fps: Annotated[float | None, typer.Option(metavar="X", help="Frames a second, at least.")] = None,
    max_ms: Annotated[float | None, typer.Option(metavar="X", help="Milliseconds a frame, at most.")] = None,
    stat: Annotated[str, typer.Option(metavar="STAT", help="Of which frame: median, or p95 (95 of 100 are as fast).")] = "median",
    max_ap_loss: Annotated[
        float | None, typer.Option(metavar="X", help="AP below the most accurate setting, at most, such as .02.")
    ] = None,
    min_agreement: Annotated[
        float | None, typer.Option(metavar="X", help="Agreement with the baseline, at least, such as .95.")
    ] = None,
    max_memory: MaxMemory = None,
    max_startup: MaxStartup = None,
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Annotated[
        str | None, typer.Option(metavar="ID", help="Another machine than this one: the beginning of its id, or its processor.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="RECORD", help="Count AP losses from this record: a JSON file or history:ID.")
    ] = None,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Pick the fastest setting in the history that keeps a budget; where none does, say what stands in the way and exit with 1."""
    from workbench.choosing import Budget, Stat, accuracy_of_choice, sentence
    from workbench.choosing import pick as picked_of
    from workbench.cli.saved import machine_of, opened_history, saved_record
    from workbench.cli.screen import console, write_json
    from workbench.history import Summary
    from workbench.machine import environment

    if stat not in get_args(Stat):
        raise SettingsError(f"--stat is {stat!r}; choose {' or '.join(get_args(Stat))}")
    budget = Budget(
        min_fps=min_fps,
        max_ms=max_ms,
        stat=cast("Stat", stat),
        max_ap_loss=max_ap_loss,
        min_agreement=min_agreement,
        **weight_limits(max_memory, max_startup),
    )
    with opened_history(history) as opened:
        machines = opened.machines()
        here = environment().machine_id
        chosen_machine = machine_of(machine, machines) if machine and machines else here
        rows = opened.choices(chosen_machine, detector_name=detector, media_name=media)
        if not rows:
            what = "".join(f" of {word}" for word in (detector, media) if word)
            raise RecordError(f"the history {opened.path} holds no measurement{what}; {MEASURE}")
        same = _of_one_media(rows, chosen_machine, machines)
        counted_from = None if baseline is None else saved_record(baseline, history)
        reference = None if counted_from is None else Summary.of(counted_from)
        picked = picked_of(same, budget, machine_id=chosen_machine, baseline=reference)
        command = opened.get(picked.chosen.summary.id).command if picked.chosen else None
        weighing = f"{opened.get(picked.unweighed.summary.id).command} --weigh" if picked.unweighed else None
        known = {} if counted_from is None else {counted_from.id: counted_from}
        accuracy = accuracy_of_choice(picked, lambda key: known.get(key) or opened.get(key))
    place = "on this machine" if chosen_machine == here else f"on {machines[chosen_machine]}"
    said = sentence(picked, accuracy=accuracy, place=place)
    out = console(json_file)
    _print(out, picked, said, [one for one in (command, weighing) if one is not None])
    if left := sorted({row.name for row in same if row.is_a_function}):
        out.print(f"left out, for no setting can be changed in it and nothing exported: {', '.join(left)}")
    if others := sorted({row.media_name for row in rows} - {same[0].media_name}):
        out.print(f"on {same[0].media_name}; --media chooses another: {', '.join(others)}")
    write_json(json_file, {"sentence": said, "command": command, "weighing": weighing, **picked.to_dict()})
    if picked.chosen is None:
        raise typer.Exit(1)


def _of_one_media(rows: Sequence[Summary], machine_id: str, machines: dict[str, str]) -> tuple[Summary, ...]:
    """Keep the rows of the frames that were measured last on a machine."""
    from workbench.cli.saved import machine_words

    last = next((row for row in reversed(rows) if row.machine_id == machine_id), None)
    if last is None:
        known = machine_words({row.machine_id: machines[row.machine_id] for row in rows})
        raise RecordError(f"nothing was measured on this machine; {MEASURE}, or choose another with --machine: {known}")
    return tuple(row for row in rows if row.media_key == last.media_key)


def _print(out: Console, picked: Pick, said: str, commands: Sequence[str]) -> None:
    from workbench.cli.tables import MS_AND_FPS, print_table, summary_weight, table_of
    from workbench.record import WEIGHT_HEADINGS

    out.print(said, style="bold")
    for command in commands:
        out.print(command)
    rows = list(_rows(picked))
    if not rows:
        return
    weighed = any(choice.summary.peak_bytes is not None for _, choice in rows)
    figures = (*FIGURES, *(WEIGHT_HEADINGS if weighed else ()))
    table = table_of("", "id", "setting", *figures, "within limits by", figures=figures, whole=("", "id"))
    for role, choice in rows:
        *cells, margins = _cells(choice)
        table.add_row(role, *cells, *(summary_weight(choice.summary) if weighed else ()), margins)
    print_table(out, table)
    if picked.budget.stat == "median":
        out.print(MS_AND_FPS, style="dim")


def _rows(picked: Pick) -> Iterator[tuple[str, Choice]]:
    named = {
        "chosen": picked.chosen,
        "unconfirmed": picked.unconfirmed,
        "not weighed": picked.unweighed,
        "runner-up": picked.runner_up,
    }
    yield from ((role, choice) for role, choice in named.items() if choice is not None)
    yield from (("near miss", choice) for choice in picked.near_misses)


def _cells(choice: Choice) -> tuple[str, ...]:
    from workbench.wording import MISSING, format_fraction, format_milliseconds, format_number

    def room(limit: str, room: float | None) -> str:
        if limit in {"max_ap_loss", "min_agreement"}:
            return format_fraction(room)
        return format_number(room / 1e6 if limit == "max_memory" and room is not None else room)

    row = choice.summary
    margins = ", ".join(f"{room(margin.limit, margin.room)} {UNITS[margin.limit]}" for margin in choice.margins)
    name = f"{row.detector_name} {row.name}{' (composed)' if row.composed else ''}"
    return (
        row.id[:8],
        name,
        format_milliseconds(choice.ms),
        format_number(choice.fps),
        format_fraction(row.ap),
        format_fraction(choice.ap_loss),
        format_fraction(choice.agreement),
        margins or MISSING,
    )
