"""Batch normalisation as TensorFlow's one fused kernel, for training only.

Keras spells it out in a dozen elementwise steps, which took more than half of a training step on a CPU. Weights and results are the
same, so what is saved is a network of plain Keras layers.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("workbench")
class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """`keras.layers.BatchNormalization` over the channels of `(n, height, width, channels)`."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:  # noqa: ARG002 - Keras passes it
        """Normalise; while training by the batch, whose statistics enter the moving ones."""
        learns = bool(training) and self.trainable
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=tf.zeros([0]) if learns else self.moving_mean,
            variance=tf.zeros([0]) if learns else self.moving_variance,
            epsilon=self.epsilon,
            is_training=learns,
        )
        if learns:
            self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1 - self.momentum))
            self.moving_variance.assign(self.moving_variance * self.momentum + variance * (1 - self.momentum))
        return outputs
