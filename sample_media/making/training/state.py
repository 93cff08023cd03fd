"""What a training needs to go on after a stop: weights, their average, the optimizer's moments, how far it came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from sample_media.making.networks import build_network
from sample_media.making.training.fused_norm import FusedBatchNormalization

AVERAGE_DECAY = 0.998  # the saved network is an average over about the last 500 steps
AVERAGE_WARMUP = 10.0  # steps; the first average follows the weights closely


@dataclass
class TrainState:
    """A network in training.

    Attributes:
        model: From pictures in 0..1 to offsets and logits; normalises by the fused kernel.
        weights: All its variables, moving statistics included, in the order of the network that `build_network` makes.
        averages: One variable for each of them.
        optimizer: Built for the model's trainable variables.
        step: Steps taken.
        seconds: Time they took.
    """

    model: Any
    weights: list[Any]
    averages: list[Any]
    optimizer: Any
    step: int = 0
    seconds: float = 0.0

    @classmethod
    def start(cls, name: str, seed: int, optimizer: Any) -> TrainState:
        """Make a network with weights drawn from `seed`."""
        keras.utils.set_random_seed(seed)
        plain = build_network(name)
        fused = keras.models.clone_model(plain, clone_function=_fuse_norm)
        model = keras.Model(fused.input, [fused.output["offsets"], fused.get_layer("logits").output], name=name)
        optimizer.build(model.trainable_variables)
        averages = [tf.Variable(weight.value, trainable=False) for weight in fused.weights]
        return cls(model, fused.weights, averages, optimizer)

    def average(self, step: Any) -> None:
        """Let the averages follow the weights; part of the training step's graph."""
        decay = tf.minimum(AVERAGE_DECAY, (1 + step) / (AVERAGE_WARMUP + step))
        for average, variable in zip(self.averages, self.weights, strict=True):
            average.assign_sub((1 - decay) * (average - variable.value))

    def averaged_network(self) -> Any:
        """Build the network of plain Keras layers with the averaged weights; no optimizer is attached."""
        network = build_network(self.model.name)
        network.set_weights([average.numpy() for average in self.averages])
        return network

    def save(self, path: Path) -> None:
        """Write everything to one file, which is never half written."""
        arrays = {key: keras.ops.convert_to_numpy(variable) for key, variable in self._parts()}
        unfinished = path.with_suffix(".part.npz")
        np.savez(unfinished, step=self.step, seconds=self.seconds, **arrays)
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """Take over what `save` wrote."""
        with np.load(path) as file:
            for key, variable in self._parts():
                variable.assign(file[key])
            self.step, self.seconds = int(file["step"]), float(file["seconds"])

    def adopt(self, network: Any, step: int, seconds: float) -> None:
        """Take over a saved network's weights; the optimizer starts anew."""
        for weight, average, value in zip(self.weights, self.averages, network.get_weights(), strict=True):
            weight.assign(value)
            average.assign(value)
        self.step, self.seconds = step, seconds

    def _parts(self) -> Iterator[tuple[str, Any]]:
        parts = {"weights": self.weights, "averages": self.averages, "moments": self.optimizer.variables}
        return ((f"{part}/{n}", variable) for part, variables in parts.items() for n, variable in enumerate(variables))


def _fuse_norm(layer: Any) -> Any:
    kind = FusedBatchNormalization if isinstance(layer, keras.layers.BatchNormalization) else type(layer)
    return kind.from_config(layer.get_config())
