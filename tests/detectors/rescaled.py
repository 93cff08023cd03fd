"""A network behind two operations, so that it wants another range of pixel values; and one whose raw outputs are decoded inside."""

from collections.abc import Mapping
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import FloatArray
from workbench.detectors import OFFSET_AND_FACTOR, Calibration, LiteRtModel
from workbench.detectors.network import Conversion, Network, Tensors, TensorSpec
from workbench.stages import Head


def unscaled(batch: FloatArray, values: str, *, colours_backwards: bool = False, planar: bool = False) -> FloatArray:
    """Return pixels of 0..255 from a batch in a range, which is by channel for ImageNet's."""
    shape = (3, 1, 1) if planar else (3,)
    offset, factor = (
        np.broadcast_to(np.asarray(one, np.float32), 3)[:: -1 if colours_backwards else 1].reshape(shape)
        for one in OFFSET_AND_FACTOR[values]
    )
    return np.asarray(batch / factor + offset, np.float32)


@final
class RescaledNetwork(Network):
    """Another network that wants its pixels in another range.

    Args:
        inner: It.
        wants: The range that it wants, which is the same for all channels.
        values: The range that this one wants.
        head: Decodes its raw outputs, offsets and scores, into `boxes` (xyxy in pixels) and `scores`; without they come out raw.
        colours_backwards: Whether both want BGR.
    """

    kind = "rescaled"

    def __init__(
        self, inner: Network, wants: str, values: str, head: Head | None = None, *, colours_backwards: bool = False
    ) -> None:
        self._inner, self._wants, self._values, self._head = inner, wants, values, head
        self._colours_backwards = colours_backwards
        super().__init__(inner.path)

    def fingerprint(self) -> tuple[str, int]:
        return f"{self._inner.sha256} {self._values}", self._inner.size_bytes

    def inspect(self) -> Tensors:
        found = self._inner.inspect()
        if self._head is None:
            return found
        offsets, scores = sorted(found.outputs, key=lambda one: one.shape[-1] != 4)
        self._names, classes = (offsets.name, scores.name), scores.shape[-1]
        return Tensors(
            found.inputs, (TensorSpec("boxes", (1, None, 4), "float32"), TensorSpec("scores", (1, None, classes), "float32"))
        )

    def run(self, batch: NDArray[np.generic]) -> Mapping[str, NDArray[np.generic]]:
        planar = batch.shape[1] == 3
        pixels = unscaled(np.asarray(batch, np.float32), self._values, colours_backwards=self._colours_backwards, planar=planar)
        offset, factor = (np.float32(one) for one in OFFSET_AND_FACTOR[self._wants])
        outputs = self._inner.run((pixels - offset) * factor)
        if self._head is None:
            return outputs
        raw = [np.asarray(outputs[name], np.float32) for name in self._names]
        boxes, scores = self._head.candidates(raw, (batch.shape[1], batch.shape[2]))
        return {"boxes": np.asarray(boxes), "scores": np.asarray(scores)}

    def litert_model(self, conversion: Conversion, calibration: Calibration) -> LiteRtModel:
        raise NotImplementedError("it is only looked at")
