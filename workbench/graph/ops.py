"""`ArrayOps` for TensorFlow, so that a head decodes inside a graph by the formula that it has on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from workbench.stages import Array


@final
class TensorOps:
    """`ArrayOps` inside a graph, or eagerly on tensors."""

    def exp(self, x: Array) -> Array:
        import tensorflow as tf

        return tf.exp(x)

    def minimum(self, x: Array, limit: float) -> Array:
        import tensorflow as tf

        return tf.minimum(x, limit)

    def stack_last(self, parts: Sequence[Array]) -> Array:
        import tensorflow as tf

        return tf.stack(parts, axis=-1)

    def swap_last_axes(self, x: Array) -> Array:
        import tensorflow as tf

        return tf.transpose(x, [0, 2, 1])

    def sigmoid(self, x: Array) -> Array:
        import tensorflow as tf

        return tf.sigmoid(x)

    def softmax(self, x: Array) -> Array:
        import tensorflow as tf

        return tf.nn.softmax(x, axis=-1)


TENSOR_OPS = TensorOps()
