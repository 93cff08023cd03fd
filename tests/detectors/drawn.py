"""A network with its own NMS that finds bright rectangles, in NumPy: what it is fed, and in which order it answers, a test says."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import FloatArray, UInt8Array
from workbench.detectors import Calibration, LiteRtModel
from workbench.detectors.network import Conversion, Network, Tensors, TensorSpec

SIZE_HW = (64, 96)
ROWS = 10
ROLES = ("boxes", "classes", "scores", "count")  # in LiteRT's order
SCORE = 0.9
SEEN_FROM = 40.0  # of 255: a dark picture of something is darker than that nowhere
Outputs = Mapping[str, FloatArray]


def picture(*boxes: tuple[int, int, int, int]) -> UInt8Array:
    """Draw bright rectangles, given by their corners xyxy, on black."""
    drawn = np.zeros((*SIZE_HW, 3), np.uint8)
    for x1, y1, x2, y2 in boxes:
        drawn[y1:y2, x1:x2] = 220
    return drawn


def rectangles(image: FloatArray) -> list[tuple[FloatArray, int]]:
    """Return the bright rectangle in the left and the right half, xyxy in pixels, with its class: how wide it is."""
    found = []
    for left in (0, SIZE_HW[1] // 2):
        half = image[:, left : left + SIZE_HW[1] // 2].mean(axis=-1)
        rows, columns = np.nonzero(half > half.max() / 2) if half.max() > SEEN_FROM else ((), ())
        if len(rows):
            box = np.array([columns.min() + left, rows.min(), columns.max() + 1 + left, rows.max() + 1], np.float32)
            found.append((box, int(box[2] - box[0] > 15) + 1))
    return found


def parts(image: FloatArray) -> Outputs:
    """Answer with boxes yxyx in fractions, classes, scores and their count."""
    found = rectangles(image)
    named = {"boxes": np.zeros((1, ROWS, 4)), "classes": np.zeros((1, ROWS)), "scores": np.zeros((1, ROWS))}
    for row, (box, number) in enumerate(found):
        named["boxes"][0, row] = box[[1, 0, 3, 2]] / np.tile(SIZE_HW, 2)
        named["classes"][0, row], named["scores"][0, row] = number, SCORE - row / 100
    return {**named, "count": np.array([float(len(found))])}


def rows(image: FloatArray, *, backwards: bool = False) -> Outputs:
    """Answer with rows of box xyxy in pixels, score and class; the least first, where that is asked for."""
    answer = np.zeros((1, ROWS, 6))
    for row, (box, number) in enumerate(rectangles(image)):
        answer[0, row] = [*box, SCORE - row / 100, number]
    return {"rows": answer[:, ::-1] if backwards else answer}


@final
class DrawnNetwork(Network):
    """Answers by a function of its picture.

    Args:
        answer: From pixels of 0..255 to raw outputs.
        called: What outputs are called in the file's signature.
        order: Of the outputs; as the answer has them by default.
        dtype: Of its input.
        scale: What brings its input to 0..255.
    """

    kind = "drawn"

    def __init__(
        self,
        answer: Callable[[FloatArray], Outputs],
        called: Mapping[str, str] | None = None,
        order: Sequence[str] | None = None,
        *,
        dtype: str = "uint8",
        scale: float = 1.0,
    ) -> None:
        self._answer, self._called, self._order, self._dtype, self._scale = answer, called or {}, order, dtype, scale
        super().__init__(Path("drawn"))

    def fingerprint(self) -> tuple[str, int]:
        return "drawn", 1

    def inspect(self) -> Tensors:
        answer = self._answered(np.zeros((*SIZE_HW, 3), np.float32))
        outputs = tuple(TensorSpec(name, one.shape, "float32", called=self._called.get(name)) for name, one in answer.items())
        return Tensors((TensorSpec("image", (1, *SIZE_HW, 3), self._dtype),), outputs)

    def run(self, batch: NDArray[np.generic]) -> Outputs:
        return self._answered(np.asarray(batch[0], np.float32) * np.float32(self._scale))

    def _answered(self, image: FloatArray) -> Outputs:
        answer = self._answer(image)
        return {name: np.asarray(answer[name], np.float32) for name in self._order or answer}

    def litert_model(self, conversion: Conversion, calibration: Calibration) -> LiteRtModel:
        raise NotImplementedError("it is only looked at")
