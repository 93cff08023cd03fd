"""`workbench pick`: the fastest setting in the history that keeps a budget."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from rich.console import Console
from rich.markup import escape

from workbench.choosing import Budget, Choice, Pick, Relaxation, Stat, pick, sentence
from workbench.cli.saved import machine_of, machine_words, saved_record
from workbench.cli.screen import console, write_json
from workbench.cli.tables import print_table, table_of
from workbench.errors import RecordError, SettingsError
from workbench.history import History, Summary, default_path
from workbench.machine import environment
from workbench.wording import MISSING, format_fraction, format_milliseconds, format_number

MEASURE = "measure with `workbench sweep` or `workbench run` first"
FIGURES = ("ms", "FPS", "AP", "AP lost", "agreement")
UNITS = {"min_fps": "FPS", "max_ms": "ms", "max_ap_loss": "AP", "min_agreement": "agreement"}


def budget_of(
    min_fps: float | None, max_ms: float | None, stat: str, max_ap_loss: float | None, min_agreement: float | None
) -> Budget:
    """Read the limits.

    Raises:
        SettingsError: There is no such statistic, or a limit that nothing could be measured against.
    """
    if stat not in get_args(Stat):
        raise SettingsError(f"--stat is {stat!r}; choose {' or '.join(get_args(Stat))}")
    return Budget(min_fps=min_fps, max_ms=max_ms, stat=cast("Stat", stat), max_ap_loss=max_ap_loss, min_agreement=min_agreement)


def pick_setting(
    budget: Budget,
    *,
    detector: str | None,
    media: str | None,
    machine: str | None,
    baseline: str | None,
    history: Path | None,
    json_file: str | None,
) -> bool:
    """Print what to run; false where nothing keeps the budget.

    Raises:
        WorkbenchError: There is no measurement to pick from, or a word names nothing.
    """
    path = history or default_path()
    with History(path, create=False) as opened:
        machines = opened.machines()
        here = environment().machine_id
        chosen_machine = machine_of(machine, machines) if machine and machines else here
        rows = opened.choices(chosen_machine, detector_name=detector, media_name=media)
        if not rows:
            what = "".join(f" of {word}" for word in (detector, media) if word)
            raise RecordError(f"the history {path} holds no measurement{what}; {MEASURE}")
        same = _of_one_media(rows, chosen_machine, machines)
        counted_from = None if baseline is None else Summary.of(saved_record(baseline, history))
        picked = pick(same, budget, machine_id=chosen_machine, baseline=counted_from)
        command = opened.get(picked.chosen.summary.id).command if picked.chosen else None
    place = "on this machine" if chosen_machine == here else f"on {machines[chosen_machine]}"
    said = sentence(picked, place=place)
    out = console(json_file)
    _print(out, picked, said, command)
    if others := sorted({row.media_name for row in rows} - {same[0].media_name}):
        out.print(f"on {same[0].media_name}; --media chooses another: {', '.join(others)}", markup=False)
    write_json(json_file, json.dumps(_tree(picked, said, command)))
    return picked.chosen is not None


def _of_one_media(rows: Sequence[Summary], machine_id: str, machines: dict[str, str]) -> tuple[Summary, ...]:
    """Keep the rows of the frames that were measured last on a machine."""
    last = next((row for row in reversed(rows) if row.machine_id == machine_id), None)
    if last is None:
        known = machine_words({row.machine_id: machines[row.machine_id] for row in rows})
        raise RecordError(f"nothing was measured on this machine; {MEASURE}, or choose another with --machine: {known}")
    return tuple(row for row in rows if row.media_key == last.media_key)


def _print(out: Console, picked: Pick, said: str, command: str | None) -> None:
    out.print(said, style="bold", markup=False)
    if command is not None:
        out.print(command, markup=False)
    rows = list(_rows(picked))
    if not rows:
        return
    table = table_of("", "id", "setting", *FIGURES, "within limits by", figures=FIGURES, whole=("", "id"))
    for role, choice in rows:
        table.add_row(role, *map(escape, _cells(choice)))
    print_table(out, table)


def _rows(picked: Pick) -> Iterator[tuple[str, Choice]]:
    if picked.chosen is not None:
        yield "chosen", picked.chosen
    if picked.unconfirmed is not None:
        yield "unconfirmed", picked.unconfirmed
    if picked.runner_up is not None:
        yield "runner-up", picked.runner_up
    for choice in picked.near_misses:
        yield "near miss", choice


def _cells(choice: Choice) -> tuple[str, ...]:
    one, row = choice.candidate, choice.summary
    margins = ", ".join(f"{_room(margin.limit, margin.room)} {UNITS[margin.limit]}" for margin in choice.margins)
    name = f"{row.detector_name} {row.name}{' (composed)' if row.composed else ''}"
    return (
        row.id[:8],
        name,
        format_milliseconds(one.ms),
        format_number(one.fps),
        format_fraction(row.ap),
        format_fraction(one.ap_loss),
        format_fraction(one.agreement),
        margins or MISSING,
    )


def _room(limit: str, room: float | None) -> str:
    return format_number(room) if limit in {"min_fps", "max_ms"} else format_fraction(room)


def _tree(picked: Pick, said: str, command: str | None) -> dict[str, Any]:
    return {
        "schema": 1,
        "sentence": said,
        "command": command,
        "budget": {name: getattr(picked.budget, name) for name in picked.budget.__slots__},
        "chosen": _choice(picked.chosen),
        "unconfirmed": _choice(picked.unconfirmed),
        "runner_up": _choice(picked.runner_up),
        "near_misses": [_choice(choice) for choice in picked.near_misses],
        "relaxations": [_relaxation(one) for one in picked.relaxations],
        "nearest": _choice(picked.nearest),
        "candidates": picked.candidates,
        "unusable": picked.unusable,
        "unknown": picked.unknown,
    }


def _choice(choice: Choice | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    one = choice.candidate
    figures = {"ms": one.ms, "fps": one.fps, "ap_loss": one.ap_loss, "agreement": one.agreement}
    return {"record": choice.summary.tree(), **figures, "margins": [margin._asdict() for margin in choice.margins]}


def _relaxation(one: Relaxation) -> dict[str, Any]:
    return {"limit": one.limit, "wanted": one.wanted, "needed": one.needed, "choice": _choice(one.choice)}
