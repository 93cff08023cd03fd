"""Outputs that fit no other head: a function of the user's decodes them, one frame at a time, on the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from workbench.detections import FloatArray
from workbench.errors import ModelError
from workbench.stages.heads import NUMPY_OPS, Array, ArrayOps, Head

Decode = Callable[[Mapping[str, FloatArray], tuple[int, int]], tuple[Any, Any]]
"""From a frame's outputs by name, each with a batch axis of 1, and the input's height and width to boxes `(A, 4)`, xyxy in its
pixels, and scores `(A, C)` in 0..1, or `(A,)` of one class."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionHead(Head):
    """Candidates as a function gives them.

    Attributes:
        called: What to call the function in a sentence.
        decode: It.
        outputs: Names of the outputs that it is given, in the order in which they come.
        classes: How many classes it scores.
    """

    called: str
    decode: Decode
    outputs: tuple[str, ...]
    classes: int

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:  # noqa: ARG002 - NumPy's alone
        found = [self._of_frame([one[n : n + 1] for one in raw], size_hw) for n in range(len(raw[0]))]
        most = max(len(boxes) for boxes, _ in found)
        boxes = np.zeros((len(found), most, 4), np.float32)
        scores = np.zeros((len(found), most, self.classes), np.float32)  # what is filled up scores nothing
        for n, (some, theirs) in enumerate(found):
            boxes[n, : len(some)], scores[n, : len(some)] = some, theirs
        return boxes, scores

    def _of_frame(self, raw: Sequence[FloatArray], size_hw: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        try:
            given = self.decode(dict(zip(self.outputs, raw, strict=True)), size_hw)
            boxes, scores = (np.asarray(one, np.float32) for one in given)
        except Exception as error:  # whatever a function of the user's raises
            told = " ".join(str(error).split())[:160]
            raise ModelError(f"{self.called} raises {type(error).__name__}: {told}; correct it") from error
        scores = scores[:, None] if scores.ndim == 1 else scores
        if boxes.ndim != 2 or boxes.shape[1] != 4 or scores.shape != (len(boxes), self.classes):
            raise ModelError(
                f"{self.called} gives boxes {list(boxes.shape)} and scores {list(scores.shape)}, not [A, 4] and"
                f" [A, {self.classes}] for the {self.classes} labels; correct it, or the card's labels"
            )
        return boxes, scores
