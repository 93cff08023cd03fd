"""`workbench describe`: what a model's tensors mean, and its detector card."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from workbench.cli.screen import console, write_json
from workbench.detections import UInt8Array
from workbench.errors import ModelError
from workbench.opening import Description, Reading, describe
from workbench.record import write_whole
from workbench.stages import caption, encode_jpeg

COLUMNS = 2
SHEET_SIDE_PX = 4000
QUALITY = 88


def describe_model(
    model: str,
    image: str | None,
    allow: Sequence[str],
    choose: int,
    picture: Path | None,
    json_file: str | None,
    *,
    replace: bool,
    write: bool,
) -> None:
    """Print what was found, draw the readings, and write the card.

    Raises:
        WorkbenchError: The model does not load, or nothing in it is understood.
    """
    description = describe(model, image, allow)
    out = console(json_file)
    for line in description.tensors:
        out.print(line, markup=False)
    for number, reading in enumerate(description.readings, start=1):
        _print_reading(out, number, reading)
    if description.unfinished_card:
        out.print(f"\n{description.unfinished_card}", markup=False)
    if description.problem:
        raise ModelError(description.problem)
    drawn = picture or Path(f"{Path(model).name}.readings.jpg")
    write_whole(drawn, encode_jpeg(sheet(description.readings), SHEET_SIDE_PX, QUALITY))
    out.print(f"drawn: {drawn}", markup=False)
    written = _written(description, choose, out, replace=replace, write=write)
    write_json(json_file, json.dumps(_tree(description, written)))


def _print_reading(out: Console, number: int, reading: Reading) -> None:
    found = "not tried" if reading.picture_rgb is None else f"{reading.found} found"
    out.print(f"\n{number}. {reading.title}: {found}", style="bold", markup=False)
    for line in reading.sure:
        out.print(f"   sure: {line}", markup=False)
    for line in reading.card.guessed:
        out.print(f"   guessed: {line}", markup=False)


def _written(description: Description, choose: int, out: Console, *, replace: bool, write: bool) -> Path | None:
    if description.card_path is not None and not replace:
        out.print(f"card: {description.card_path} (as it was)", markup=False)
        return description.card_path
    if not write:
        return None
    path = description.write(choose, replace=replace)
    out.print(f"card: {path} (reading {choose}; correct there what is wrong)", markup=False)
    return path


def _tree(description: Description, written: Path | None) -> dict[str, object]:
    return {
        "schema": 1,
        "model": description.source,
        "tensors": description.tensors,
        "card": str(written) if written else None,
        "readings": [
            {
                "title": one.title,
                "sure": one.sure,
                "found": one.found,
                "card": one.card.model_dump(mode="json", exclude_none=True),
            }
            for one in description.readings
        ],
    }


def sheet(readings: Sequence[Reading]) -> UInt8Array:
    """Lay the readings' pictures out in columns, each under its number and title."""
    drawn = [
        caption(one.picture_rgb, f"{number}. {one.title}: {one.found} found")
        for number, one in enumerate(readings, start=1)
        if one.picture_rgb is not None
    ]
    if not drawn:
        raise ModelError("the card feeds the model in a way that the trial did not; run the model to see what it finds")
    height, width = (max(one.shape[axis] for one in drawn) for axis in (0, 1))
    columns = min(COLUMNS, len(drawn))
    rows = -(-len(drawn) // columns)
    page = np.full((rows * height, columns * width, 3), 255, np.uint8)
    for position, one in enumerate(drawn):
        top, left = position // columns * height, position % columns * width
        page[top : top + one.shape[0], left : left + one.shape[1]] = one
    return page
