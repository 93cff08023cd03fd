"""A tiny detector, written without a converter and without training, that is sound in float and breaks in integers in one way."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.quantising.building import CHANNELS, SIDE, Building
from tests.quantising.networks import options_of
from workbench.media import Media, array_media

INPUT_PX = 512  # boxes reach so far, and one of 255 steps of that is more than any score
CELL_PX = INPUT_PX // SIDE
FRAMES, OBJECTS = 24, 5
CARD = """
card = 1
labels = ["red", "green"]
[input]
values = "0..1"
fit = "stretch"
[candidates]
order = "cxcywh"
units = "pixels"
"""
BROKEN = ("boxes and scores in one tensor", "an activation of 1e4 in one channel", "a swish that saturates")


def frames() -> Media:
    """Grey frames with red and green cells, some of them faint."""
    random = np.random.default_rng(0)
    drawn = np.full((FRAMES, SIDE * SIDE, 3), 100, np.uint8)
    for frame in drawn:
        for cell in random.choice(SIDE * SIDE, OBJECTS, replace=False):
            colour = int(random.integers(2))
            frame[cell, [colour, 1 - colour]] = random.integers((150, 20), (250, 70))
    return array_media(drawn.reshape(-1, SIDE, SIDE, 3).repeat(16, axis=1).repeat(16, axis=2), name="cells")


def write_broken(folder: Path, how: str) -> Path:
    """Write the detector that breaks in one of the ways of `BROKEN`, and its card."""
    net = Building(INPUT_PX)
    pool = options_of("Pool2D", padding=1, strideW=CELL_PX, strideH=CELL_PX, filterWidth=CELL_PX, filterHeight=CELL_PX)
    cells = net.add("AVERAGE_POOL_2D", [net.image], (1, SIDE, SIDE, 3), pool, name="cells")
    colours = np.eye(CHANNELS, 3).reshape(CHANNELS, 1, 1, 3)
    colours[-1, ..., 0] = {BROKEN[1]: 1e4, BROKEN[2]: -300.0}.get(how, 1.0)
    hidden = net.pointwise(cells, "stem", CHANNELS, weights=colours)
    if how == BROKEN[2]:
        hidden = net.swish(hidden, "swish")
    redness = np.zeros((2, 1, 1, CHANNELS))
    redness[:, 0, 0, :2] = [[12, -12], [-12, 12]]
    logits = net.pointwise(hidden, "head", 2, weights=redness)
    threshold = net.named("threshold", np.full(2, -3, np.float32))
    scores = net.sigmoid(net.add("ADD", [logits, threshold], (1, SIDE, SIDE, 2), options_of("Add"), name="logits"), "sigmoid")
    nothing = net.pointwise(cells, "nothing", 4, weights=np.zeros((4, 1, 1, 3)))
    grid = net.named("grid", box_of_each_cell())
    boxes = net.add("ADD", [nothing, grid], (1, SIDE, SIDE, 4), options_of("Add"), name="placed")
    if how == BROKEN[0]:
        given = [net.reshape(net.joined([boxes, scores], "joined"), (1, SIDE * SIDE, 6), name="rows")]
        card = f'{CARD}kind = "rows"\ntensors = ["rows"]\n'
    else:
        given = [net.reshape(boxes, (1, SIDE * SIDE, 4), name="boxes"), net.reshape(scores, (1, SIDE * SIDE, 2), name="scores")]
        card = f'{CARD}kind = "boxes"\ntensors = ["boxes", "scores"]\n'
    path = folder / "tiny.tflite"
    path.write_bytes(net.file(*given))
    path.with_name(f"{path.name}.card.toml").write_text(card)
    return path


def box_of_each_cell() -> NDArray[np.float32]:
    rows, columns = np.mgrid[:SIDE, :SIDE] * CELL_PX + CELL_PX / 2
    return np.stack([columns, rows, *np.full((2, SIDE, SIDE), CELL_PX)], -1)[None].astype(np.float32)
