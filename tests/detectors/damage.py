"""Files that go wrong on their way: a small sound model, and copies of files with bytes flipped, cut, zeroed or grown."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from workbench.detectors import quiet_logger
from workbench.machine import native_stderr_captured

MOST_FLIPS = 4  # more, and the first check of the file finds one of them
STRUCTURE = 2000  # bytes at either end, where files keep what they are about; a flip among weights only changes a number
CELLS_HW = (3, 2)


def small_tflite(folder: Path) -> Path:
    """Write a detector of some kilobytes: a convolution, and a box in 0..1 and two scores for each of six cells."""
    weights = tf.random.stateless_normal((8, 8, 3, 4), (1, 2), stddev=0.1)
    rows, columns = CELLS_HW
    centres = [[((n % columns) + 0.5) / columns, (n // columns + 0.5) / rows] for n in range(rows * columns)]

    def serve(image: Any) -> dict[str, Any]:
        cells = tf.reshape(tf.nn.conv2d(image, weights, 32, "SAME"), (1, -1, 4))
        half = 0.05 + 0.1 * tf.sigmoid(cells[..., :2])
        return {"boxes": tf.concat([centres - half, centres + half], -1), "scores": tf.sigmoid(cells[..., 2:])}

    module = tf.Module()
    height, width = (32 * cells for cells in CELLS_HW)
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, height, width, 3), tf.float32)], autograph=False)
    with quiet_logger(), native_stderr_captured():
        tf.saved_model.save(module, str(folder / "small"), signatures=module.serve.get_concrete_function())
        content = tf.lite.TFLiteConverter.from_saved_model(str(folder / "small")).convert()
    path = folder / "small.tflite"
    path.write_bytes(content)
    return path


def damaged(content: bytes, draw: np.random.Generator) -> bytes:
    """Return a copy with some bits flipped, most where the file says what it is about; or cut short, zeroed or grown in places."""
    changed = bytearray(content)
    way = draw.choice(["flipped", "flipped", "flipped", "cut", "zeroed", "grown"])
    place = int(draw.integers(len(changed) + 1))
    length = int(draw.integers(1, 2 + len(changed) // 4))
    if way == "cut":
        return bytes(changed[:place])
    if way == "zeroed":
        changed[place : place + length] = bytes(len(changed[place : place + length]))
    elif way == "grown":
        changed[place:place] = draw.bytes(length)
    else:
        for _ in range(draw.integers(1, MOST_FLIPS + 1) if changed else 0):
            reach = min(STRUCTURE, len(changed))
            place = draw.choice([draw.integers(reach), len(changed) - 1 - draw.integers(reach), draw.integers(len(changed))])
            if place >= 8:  # the first bytes tell the kind of file, and are looked at before anything is loaded
                changed[place] ^= 1 << int(draw.integers(8))
    return bytes(changed)
