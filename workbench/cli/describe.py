"""`workbench describe`: what a model's tensors mean, and its detector card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Allow, JsonFile, Signature, countable
from workbench.cli.outputs import check_outputs
from workbench.errors import ModelError

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.detections import UInt8Array
    from workbench.opening import Description, Reading

COLUMNS = 2
SHEET_SIDE_PX = 4000
QUALITY = 88


def describe(
    model: Annotated[str, typer.Argument(help="A model file, or a SavedModel's folder.")],
    image: Annotated[
        str | None, typer.Argument(help="A picture of what it detects; a still of the sample line by default.")
    ] = None,
    choose: Annotated[int, typer.Option(metavar="N", min=1, callback=countable, help="Which reading's card to write.")] = 1,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the card that lies beside the model.")] = False,
    write: Annotated[bool, typer.Option(help="Write the card beside the model.")] = True,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Fill a card of this kind of outputs, such as rows or ssd, whatever would be guessed."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the drawn readings go; MODEL.readings.jpg in this folder by default.")
    ] = None,
    allow: Allow = None,
    signature: Signature = None,
    json_file: JsonFile = None,
) -> None:
    """Say what a model's tensors mean, draw what it finds under each plausible reading, and write its detector card."""
    from workbench.cli.screen import console, write_json
    from workbench.files import JPEG, check_writable, write_whole
    from workbench.opening import describe as described
    from workbench.stages import encode_jpeg

    drawn = picture or Path(f"{Path(model).name}.readings.jpg")
    check_outputs({"model": model, "image": image, "picture": drawn})
    check_writable(drawn, JPEG)
    description = described(model, image, tuple(allow or ()), signature=signature, kind=kind)
    out = console(json_file)
    for line in (*description.tensors, *description.made_of):
        out.print(line)
    for number, reading in enumerate(description.readings, start=1):
        _print_reading(out, number, reading)
    if description.unfinished_card:
        for line in ("", *description.unfinished_card.splitlines()):
            out.print(line)
    if description.problem:
        raise ModelError(description.problem)
    write_whole(drawn, encode_jpeg(_sheet(description.readings), SHEET_SIDE_PX, QUALITY), over=JPEG)
    out.print(f"drawn: {drawn}")
    written = _written(description, choose, out, replace=replace, write=write)
    write_json(json_file, _tree(description, written))


def _print_reading(out: Console, number: int, reading: Reading) -> None:
    found = "not tried" if reading.picture_rgb is None else f"{reading.found} found"
    out.print()
    out.print(f"{number}. {reading.title}: {found}", style="bold")
    for line in reading.sure:
        out.print(f"   sure: {line}")
    for line in reading.card.guessed:
        out.print(f"   guessed: {line}")


def _written(description: Description, choose: int, out: Console, *, replace: bool, write: bool) -> Path | None:
    if description.card_path is not None and not replace:
        out.print(f"card: {description.card_path} (as it was)")
        return description.card_path
    if not write:
        return None
    path = description.write(choose, replace=replace)
    out.print(f"card: {path} (reading {choose}; correct there what is wrong)")
    return path


def _tree(description: Description, written: Path | None) -> dict[str, object]:
    return {
        "model": description.source,
        "tensors": description.tensors,
        "made_of": description.made_of,
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


def _sheet(readings: Sequence[Reading]) -> UInt8Array:
    """Lay the readings' pictures out in columns, each under its number and title."""
    import numpy as np

    from workbench.stages import caption

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
