"""Where a model may be loaded and where not, tried out: outside a traced function, inside it, and inside it at its first call.

TensorFlow runs the Python of a `tf.function` once for each new shape, to trace it. What Python does there happens while tracing:

- A model loaded there is loaded with every trace (twice with the first), and its variables are new each time, which
  `tf.function` refuses: https://www.tensorflow.org/guide/function#creating_tfvariables.
- Kept at the first call, as that page advises for variables, it is created once. But Keras reads the file's weights into variables
  that exist in the graph only, so the values of the file never reach them, and the answers are those of another network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.files import temporary_folder

Tensor = Any
Network = Callable[[Tensor], Any]
Load = Callable[[], Network]
Clock = Callable[[], float]

TOLERANCE = 1e-3  # eager and traced operations round differently, by about 1e-6; another network's answers differ by far more

Verdict = Literal["right", "wrong answers", "an error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one way.

    Attributes:
        way: A name in `WAYS`.
        loads: How often the model was loaded.
        call_seconds: Of each call in order, loading and tracing included.
        largest_difference: Between any output and that of the model called as it is; `None` where no call succeeded.
        error: The first line of what a call raised; empty where none did.
    """

    way: str
    loads: int
    call_seconds: tuple[float, ...]
    largest_difference: float | None
    error: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.error or self.largest_difference is None:
            return "an error"
        return "right" if self.largest_difference <= TOLERANCE else "wrong answers"

    def __str__(self) -> str:
        calls = ", ".join(f"{seconds * 1000:.0f}" for seconds in self.call_seconds)
        times = "once" if self.loads == 1 else f"{self.loads} times"
        told = f"{self.way}: loaded {times} in {len(self.call_seconds)} calls ({calls} ms), {self.verdict}"
        if self.error:
            return f"{told}: {self.error}"
        return f"{told} (outputs differ from the model's by up to {self.largest_difference:.2g})."


def demonstrate() -> tuple[Outcome, ...]:
    """Try every way on a network of three layers: three calls, of which the last brings another size.

    A detector loads a hundred times as slowly, and nothing else differs.
    """
    import keras

    layers = keras.layers
    network = keras.Sequential(
        [layers.Input((None, None, 3)), layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(4)]
    )
    inputs = [np.ones((1, side, side, 3), np.float32) for side in (16, 16, 24)]
    with temporary_folder() as folder:
        path = Path(folder) / "small.keras"
        network.save(path)
        return try_out(partial(keras.saving.load_model, path, compile=False), inputs)


def try_out(load: Load, inputs: Sequence[Any], clock: Clock = time.perf_counter) -> tuple[Outcome, ...]:
    """Load a model in each of the `WAYS` and call it on each input.

    Args:
        load: Loads the model anew and returns it as a function of a tensor; it may return any nest of tensors.
        inputs: What to call it with, in order; two of one shape and one of another show what a trace costs.
        clock: Seconds that only go forward.
    """
    model = load()
    expected = [_values(model(one)) for one in inputs]
    return tuple(_outcome(way, make, load, inputs, expected, clock) for way, make in WAYS.items())


def _outcome(
    way: str, make: Callable[[Load], Network], load: Load, inputs: Sequence[Any], expected: Sequence[Any], clock: Clock
) -> Outcome:
    loads, seconds, differences, error = 0, [], [], ""

    def counted() -> Network:
        nonlocal loads
        loads += 1
        return load()

    began = clock()
    call = make(counted)
    for one, known in zip(inputs, expected, strict=True):
        try:
            differences.append(float(np.max(np.abs(_values(call(one)) - known), initial=0.0)))
        except (ValueError, AssertionError) as raised:  # the two that TensorFlow raises for variables made in a graph
            error = error or (str(raised).splitlines() or [""])[0] or type(raised).__name__
        ended = clock()
        seconds.append(ended - began)
        began = ended
    largest = float(np.max(differences)) if differences else None  # a NaN among them is no small one
    return Outcome(way=way, loads=loads, call_seconds=tuple(seconds), largest_difference=largest, error=error)


def _values(outputs: Any) -> Any:
    import tensorflow as tf

    return np.concatenate([np.ravel(part.numpy()) for part in tf.nest.flatten(outputs)])


def _every_call(load: Load) -> Network:
    def run(batch: Tensor) -> Any:
        return load()(batch)

    return run


def _traced(function: Network) -> Network:
    import tensorflow as tf

    traced: Network = tf.function(function, autograph=False)
    return traced


OUTSIDE, EVERY_CALL = "loaded outside", "loaded with each call, no tf.function"
INSIDE, INSIDE_KEPT = "loaded inside", "loaded inside, kept"
WAYS: Mapping[str, Callable[[Load], Network]] = {
    OUTSIDE: lambda load: _traced(load()),
    EVERY_CALL: _every_call,
    INSIDE: lambda load: _traced(_every_call(load)),
    INSIDE_KEPT: lambda load: _traced(_every_call(cache(load))),
}
