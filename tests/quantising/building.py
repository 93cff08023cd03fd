"""Networks whose integers go right, and some whose integers go wrong."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.quantising.networks import Network, allocated, options_of
from workbench.stages import dequantised, quantised

SIDE, CHANNELS = 4, 8


class Building(Network):
    """A network on pictures of 4x4, or of 4x4 cells, whose operators and constants have names."""

    def __init__(self, side: int = SIDE) -> None:
        super().__init__()
        self.random = np.random.default_rng(0)
        self.image = self.input((1, side, side, 3))

    def named(self, name: str, values: NDArray[Any]) -> int:
        index = self.constant(values)
        self.graph.tensors[index].name = name
        return index

    def pointwise(
        self, taken: int, name: str, channels: int, *, scale: float = 1.0, half: bool = False, weights: NDArray[Any] | None = None
    ) -> int:
        shape = (channels, 1, 1, self.shape(taken)[3])
        drawn = self.random.normal(0, scale, shape) if weights is None else weights
        stored = self.named(f"{name}/weights", drawn.astype(np.float16 if half else np.float32))
        if half:
            stored = self.add("DEQUANTIZE", [stored], shape, name=f"{name}/wide")
        bias = self.named(f"{name}/bias", np.zeros(channels, np.float32))
        options = options_of("Conv2D", strideH=1, strideW=1)
        return self.add("CONV_2D", [taken, stored, bias], (1, SIDE, SIDE, channels), options, name=name)

    def sigmoid(self, taken: int, name: str) -> int:
        return self.add("LOGISTIC", [taken], self.shape(taken), name=name)

    def swish(self, taken: int, name: str) -> int:
        gate = self.sigmoid(taken, f"{name}/sigmoid")
        return self.add("MUL", [taken, gate], self.shape(taken), options_of("Mul"), name=name)

    def joined(self, taken: list[int], name: str) -> int:
        channels = sum(self.shape(one)[3] for one in taken)
        return self.add("CONCATENATION", taken, (1, SIDE, SIDE, channels), options_of("Concatenation", axis=3), name=name)


def swish_network(*, half: bool = False) -> bytes:
    """A convolution, a swish, a convolution, and a sigmoid."""
    net = Building()
    hidden = net.swish(net.pointwise(net.image, "stem", CHANNELS, scale=3, half=half), "swish")
    return net.file(net.sigmoid(net.pointwise(hidden, "head", 2, half=half), "scores"))


def mixed_tail() -> bytes:
    """Boxes in pixels and scores in one output."""
    net = Building()
    hidden = net.pointwise(net.image, "stem", CHANNELS)
    boxes = net.pointwise(hidden, "boxes", 4, scale=100)
    return net.file(net.joined([boxes, net.sigmoid(net.pointwise(hidden, "logits", 2), "scores")], "rows"))


def pictures(count: int = 4) -> list[NDArray[np.float32]]:
    return list(np.random.default_rng(1).random((count, 1, SIDE, SIDE, 3), np.float32))


def outputs(content: bytes, batches: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """What a network's first output holds, in real numbers, one after the other."""
    interpreter = allocated(content)
    (taken, *_), (given, *_) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for batch in batches:
        interpreter.set_tensor(taken["index"], quantised(batch, taken))
        interpreter.invoke()
        found.append(dequantised(interpreter.get_tensor(given["index"]), given))
    return np.stack(found)
