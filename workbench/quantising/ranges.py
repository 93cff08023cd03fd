"""What values the tensors of a float network take on real frames, and the ranges of integers that are made of them."""

import warnings
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.machine import native_stderr_captured
from workbench.quantising.flatbuffer import Flatbuffer

Ranges = Mapping[str, tuple[float, float]]
"""The least and greatest value that integers stand for, by the tensor's name."""
Function = Callable[[NDArray[np.float32]], NDArray[np.float32]]

SAMPLE = 4096  # values of each tensor that ranges by error are chosen with: more change no choice, and take time and memory
FRAMES_KEPT = (5.0, 95.0)  # percentiles of the frames' extremes: a range of 20 frames or more is set by none of them alone
# What each end of a range is tried at, as a share of the extreme, which both begin at. The lower one goes further: what an
# activation function flattens there matters little.
SHARES_BELOW = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03)
SHARES_ABOVE = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
ROUNDS = 2  # of the one end after the other
STEPS = 255  # between the ends of eight bits
MOVES_ALL = frozenset({"TRANSPOSE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "PAD"})  # of one tensor's values into another
# What only moves values: integer kernels take no other scale at one side than at the other (https://ai.google.dev/edge/litert/models/quantization_spec).
MOVES = frozenset(
    {
        *("AVERAGE_POOL_2D", "BROADCAST_TO", "CONCATENATION", "DYNAMIC_UPDATE_SLICE", "GATHER", "GATHER_ND"),
        *("MAXIMUM", "MAX_POOL_2D", "MIRROR_PAD", "PACK", "PAD", "PADV2"),
        *("REDUCE_MIN", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "SELECT", "SELECT_V2"),
        *("SLICE", "SPACE_TO_DEPTH", "SPLIT", "STRIDED_SLICE", "TRANSPOSE", "UNPACK"),
    }
)
UNSEEN = (-1.0, 1.0)  # of what no run showed: nothing reads it, or no value of it was finite
SATURATED = 60.0  # beyond it exp overflows float32, and a sigmoid is 0 or 1


@dataclass(frozen=True, slots=True)
class TensorValues:
    """What one tensor held.

    Attributes:
        extremes: `(frames, 2)`: the least and the greatest value of each frame, of those that are finite.
        sample: Some of its values, drawn at random, as many of each frame; these too are finite.
    """

    extremes: NDArray[np.float32]
    sample: NDArray[np.float32]


def tensor_values(content: bytes, batches: Sequence[NDArray[Any]], threads: int = 1) -> dict[str, TensorValues]:
    """Run a float network, and return what each tensor that it computes held.

    Args:
        content: A float32 `.tflite` file with one input, as `unpacked` gives it.
        batches: What it is fed, in the shape of its input.
        threads: Of the interpreter.
    """
    from ai_edge_litert.interpreter import Interpreter

    file, random = Flatbuffer(content), np.random.default_rng(0)
    drawn = max(1, SAMPLE // max(len(batches), 1))
    computed = [*file.graph.inputs, *(index for operator in file.graph.operators for index in operator.outputs)]
    floats = [index for index in computed if file.type(index) == "FLOAT32"]
    extremes: dict[int, list[tuple[float, float]]] = {index: [] for index in floats}
    samples: dict[int, list[NDArray[np.float32]]] = {index: [] for index in floats}
    with native_stderr_captured(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says what keeping all tensors takes
        interpreter = Interpreter(model_content=content, num_threads=threads, experimental_preserve_all_tensors=True)
        (taken,) = interpreter.get_input_details()
        if len(batches) and tuple(taken["shape"]) != batches[0].shape:  # its sides are open
            interpreter.resize_tensor_input(taken["index"], batches[0].shape)
        interpreter.allocate_tensors()
        for batch in batches:
            interpreter.set_tensor(taken["index"], batch)
            interpreter.invoke()
            for index in floats:
                values = _finite(interpreter, index)
                if values.size:
                    extremes[index].append((values.min(), values.max()))
                    samples[index].append(values[random.integers(0, values.size, drawn)])
    return {
        file.name(index): TensorValues(np.array(extremes[index], np.float32), np.concatenate(samples[index]))
        for index in floats
        if extremes[index]
    }


def _finite(interpreter: Any, index: int) -> NDArray[np.float32]:
    try:
        values: NDArray[np.float32] = interpreter.get_tensor(index).ravel()
    except ValueError:  # a delegate leaves out what nothing reads
        return np.empty(0, np.float32)
    finite = np.isfinite(values)
    return values if finite.all() else values[finite]


def ranges_of(content: bytes, values: Mapping[str, TensorValues], how: str) -> dict[str, tuple[float, float]]:
    """Choose the range of each tensor.

    Args:
        content: The file that the values are of.
        values: What each tensor held.
        how: `minmax`: all that was seen. `percentile`: without the most extreme frames at either end, each of which would else
            set the range for all. `mse`: with the least error of what reads the tensor, which need not be the tensor's own: behind
            a sigmoid, it matters little how far below zero a value is.
    """
    if how == "mse":
        functions = _functions(Flatbuffer(content))
        return {name: _of_least_error(one, functions.get(name)) for name, one in values.items()}
    least, most = FRAMES_KEPT if how == "percentile" else (0.0, 100.0)
    return {
        name: (float(np.percentile(one.extremes[:, 0], least)), float(np.percentile(one.extremes[:, 1], most)))
        for name, one in values.items()
    }


def _of_least_error(values: TensorValues, function: Function | None) -> tuple[float, float]:
    seen = np.concatenate([values.sample, values.extremes.ravel()])
    wanted = function(seen) if function else seen
    low, high = min(float(seen.min()), 0.0), max(float(seen.max()), 0.0)

    def error(low: float, high: float) -> float:
        scale = (high - low) / STEPS
        if not scale:
            return float("inf")
        zero = round(-low / scale)
        stored = np.asarray((np.clip(np.round(seen / scale) + zero, 0, STEPS) - zero) * scale, np.float32)
        differences = np.abs((function(stored) if function else stored) - wanted)
        return float(np.dot(differences * differences, differences))  # cubes

    lows, highs = [low * share for share in SHARES_BELOW], [high * share for share in SHARES_ABOVE]
    if low < high:
        for _ in range(ROUNDS):
            low = min((low, *lows), key=lambda one: error(one, high))
            high = min((high, *highs), key=lambda one: error(low, one))
    return low, high


def _sigmoid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -SATURATED, SATURATED))), np.float32)


def _swish(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values * _sigmoid(values)


FUNCTIONS: dict[str, Function] = {
    "LOGISTIC": _sigmoid,
    "TANH": np.tanh,
    "RELU": lambda values: np.maximum(values, 0),
    "RELU6": lambda values: np.clip(values, 0, 6),
    "HARD_SWISH": lambda values: np.asarray(values * np.clip(values + 3, 0, 6) / 6, np.float32),
    "ELU": lambda values: np.asarray(np.where(values > 0, values, np.expm1(np.minimum(values, 0))), np.float32),
}


def _functions(file: Flatbuffer) -> dict[str, Function]:
    """Return what is computed of a tensor, by its name, where all that reads it computes that alone.

    A swish is stored as a sigmoid and a product with it; between them and a convolution values may be moved, as in a network that
    was exported with another layout.
    """
    readers: dict[int, list[Any]] = {index: [] for index in file.graph.outputs}  # which a user reads besides
    for operator in file.graph.operators:
        for index in operator.inputs:
            readers.setdefault(index, []).append(operator)
    found = {}
    for index, reading in readers.items():
        if index in file.graph.outputs:
            continue
        kinds = sorted(file.kind(operator) for operator in reading)
        if len(kinds) == 1 and kinds[0] in FUNCTIONS:
            found[file.name(index)] = FUNCTIONS[kinds[0]]
        elif kinds == ["LOGISTIC", "MUL"]:
            logistic, product = sorted(reading, key=file.kind)
            if set(product.inputs) == {index, *logistic.outputs}:
                found[file.name(index)] = _swish
    for operator in reversed(file.graph.operators):
        taken, given = (next(iter(some), -1) for some in (operator.inputs, operator.outputs))
        if file.kind(operator) in MOVES_ALL and readers.get(taken) == [operator] and file.name(given) in found:
            found[file.name(taken)] = found[file.name(given)]
    return found


def fixed_ranges(bits: int) -> dict[str, tuple[float, float]]:
    """Return the range of what operators give whose kernels know but one, by their kind: 0 to 1 or -1 to 1, less one step."""
    steps = 2**bits
    whole = (0.0, (steps - 1) / steps) if bits == 8 else (0.0, 1 - 2 / steps)  # int16 has no zero point
    return {"LOGISTIC": whole, "SOFTMAX": whole, "TANH": (-1.0, 1 - 2 / steps)}


def shared(file: Flatbuffer, ranges: Ranges, in_float: Container[int], bits: int = 8) -> dict[str, tuple[float, float]]:
    """Return a range for each float tensor, one and the same for all that operators in integers tie together.

    Args:
        file: The network.
        ranges: As `ranges_of` chose them.
        in_float: Positions of operators that stay in float, and tie nothing.
        bits: Of the integers.
    """
    floats = [index for index in range(len(file.graph.tensors)) if file.type(index) == "FLOAT32"]
    found = {index: ranges.get(file.name(index), UNSEEN) for index in floats if not file.is_constant(index)}
    group = {index: {index} for index in found}
    fixed = fixed_ranges(bits)
    for position, operator in enumerate(file.graph.operators):
        kind = file.kind(operator)
        if position in in_float:
            continue
        if kind in fixed:
            found |= dict.fromkeys(operator.outputs, fixed[kind])
        if kind in MOVES:
            tied = set().union(*(group[index] for index in (*operator.inputs, *operator.outputs) if index in group))
            for index in tied:
                group[index] = tied
    return {
        file.name(index): (min(found[one][0] for one in tied), max(found[one][1] for one in tied)) for index, tied in group.items()
    }
