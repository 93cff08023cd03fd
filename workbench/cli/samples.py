"""`workbench samples` and `workbench train`: what the project ships, made again from seeds."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.options import JsonFile
from workbench.errors import SettingsError

DEFAULT_MINUTES = 170.0  # about what the shipped detectors were given, both at once on two cores that did other work too
SHOWN = ("step", "loss", "ap", "ap50")  # of a line of the training's log


def samples(
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where; the project's own sample_media by default.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Make the sample clip, the stills and their truth again, from their seeds."""
    from workbench.cli.screen import console, progress, write_json
    from workbench.opening import SAMPLE_MEDIA
    from workbench.samples import write_sample_media

    folder = out or SAMPLE_MEDIA
    with progress() as tell:
        write_sample_media(folder, lambda done, total, what: tell(what, done, total))
    console(json_file).print(f"sample media: {folder}", markup=False)
    write_json(json_file, json.dumps({"schema": 1, "folder": str(folder)}))


def train(
    name: Annotated[str, typer.Argument(help="inspector-mobile or inspector-large.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the weights, log and card go.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="How long to train; 170 by default.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Or how many steps.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Train a sample detector again, from its seeds. A training that was stopped goes on."""
    from platformdirs import user_cache_path

    from workbench.cli.screen import console, progress, write_json
    from workbench.detectors import load_tensorflow
    from workbench.samples import SAMPLE_DETECTORS, WEIGHTS, Budget
    from workbench.samples import train as train_sample

    if name not in SAMPLE_DETECTORS:
        raise SettingsError(f"there is no sample detector {name!r} to train; choose one of {', '.join(SAMPLE_DETECTORS)}")
    if minutes is not None and steps is not None:
        raise SettingsError("a training ends by --minutes or by --steps; choose one of them")
    load_tensorflow()
    budget = Budget(steps=steps) if steps is not None else Budget(minutes=minutes or DEFAULT_MINUTES)
    command = shlex.join(
        ["workbench", "train", name, *(["--steps", str(steps)] if steps else ["--minutes", f"{budget.minutes:g}"])]
    )
    with progress() as tell:
        tell(f"{name}: rendering scenes", 0, 0)

        def told(row: dict[str, Any]) -> None:
            spent = budget.progress(row.get("step", 0), row.get("seconds", 0.0))
            tell(f"{name}: {', '.join(f'{key} {row[key]}' for key in SHOWN if key in row)}", round(100 * spent), 100)

        path = train_sample(
            name, out=out or WEIGHTS, cache=user_cache_path("workbench"), budget=budget, progress=told, command=command
        )
    console(json_file).print(f"weights: {path}", markup=False)
    write_json(json_file, json.dumps({"schema": 1, "weights": str(path)}))
