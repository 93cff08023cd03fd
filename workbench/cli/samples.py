"""`workbench samples` and `workbench train`: what the project ships, made again from seeds."""

import json
import shlex
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from workbench.cli.screen import console, progress, write_json
from workbench.errors import SettingsError
from workbench.opening import SAMPLE_MEDIA
from workbench.samples import SAMPLE_DETECTORS, WEIGHTS, write_sample_media

DEFAULT_MINUTES = 170.0  # about what the shipped detectors were given, both at once on two cores that did other work too
SHOWN = ("step", "loss", "ap", "ap50")  # of a line of the training's log


def make_samples(out: Path | None, json_file: str | None) -> None:
    """Render and write the sample media."""
    folder = out or SAMPLE_MEDIA
    with progress() as tell:
        write_sample_media(folder, lambda done, total, what: tell(what, done, total))
    console(json_file).print(f"sample media: {folder}", markup=False)
    write_json(json_file, json.dumps({"schema": 1, "folder": str(folder)}))


def train_sample(name: str, out: Path | None, minutes: float | None, steps: int | None, json_file: str | None) -> None:
    """Train one sample detector, or go on with a training that was stopped; writes weights, log and model card.

    Raises:
        SettingsError: There is no such detector, or both lengths were given.
    """
    if name not in SAMPLE_DETECTORS:
        raise SettingsError(f"there is no sample detector {name!r} to train; choose one of {', '.join(SAMPLE_DETECTORS)}")
    if minutes is not None and steps is not None:
        raise SettingsError("a training ends by --minutes or by --steps; choose one of them")
    from workbench.detectors import load_tensorflow

    load_tensorflow()
    from workbench.samples import Budget, train

    budget = Budget(steps=steps) if steps is not None else Budget(minutes=minutes or DEFAULT_MINUTES)
    command = shlex.join(
        ["workbench", "train", name, *(["--steps", str(steps)] if steps else ["--minutes", f"{budget.minutes:g}"])]
    )
    with progress() as tell:
        tell(f"{name}: rendering scenes", 0, 0)

        def told(row: dict[str, Any]) -> None:
            spent = budget.progress(row.get("step", 0), row.get("seconds", 0.0))
            tell(f"{name}: {', '.join(f'{key} {row[key]}' for key in SHOWN if key in row)}", round(100 * spent), 100)

        path = train(name, out=out or WEIGHTS, cache=user_cache_path("workbench"), budget=budget, progress=told, command=command)
    console(json_file).print(f"weights: {path}", markup=False)
    write_json(json_file, json.dumps({"schema": 1, "weights": str(path)}))
