"""Why integers hurt at an operator, where that is known: what its range has to hold, and what is lost in it."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np

from workbench.quantising.flatbuffer import Flatbuffer
from workbench.quantising.ranges import Ranges, TensorValues
from workbench.quantising.sensitivity import Channels

FEW_STEPS = 16  # a score in so few has no order left, a box moves by a sixteenth of all that it can be
JOINS = frozenset({"CONCATENATION", "PACK", "MAXIMUM", "MINIMUM", "SELECT", "SELECT_V2"})  # into one scale for all that goes in
SATURATING = frozenset({"LOGISTIC", "TANH", "HARD_SWISH", "GELU", "ELU"})  # all that they do, they do within some units of 0
COARSE_STEP = 0.25  # into one of them: a sigmoid changes by .06 of a step at its steepest
ONE_FRAME, FRAMES = 2.0, 4  # times what all others reach; of so many at least
ONE_CHANNEL = 8.0  # times what half of the channels reach: three of eight bits
LITTLE, MANY = 0.6, 0.25  # steps that a channel's deviation is under where it is lost; share of the channels


def faults(
    file: Flatbuffer,
    integers: Flatbuffer,
    values: Mapping[str, TensorValues],
    tied: Ranges,
    channels: Mapping[str, Channels],
    bits: int,
) -> dict[str, str]:
    """Say what is wrong at operators, by the names of what they give.

    Args:
        file: The float network.
        integers: The same, as far as it can be in integers.
        values: What its tensors held on real frames.
        tied: The ranges of its tensors, the same for all that one scale has to hold.
        channels: Of what operators with weights give.
        bits: Of the integers that operators hand on.
    """
    steps = 2**bits - 1
    computed = {integers.name(index): integers.type(index) for one in integers.graph.operators for index in one.outputs}
    found = {}
    for operator in file.graph.operators:
        names = [file.name(index) for index in operator.outputs if file.type(index) == "FLOAT32"]
        kind, read = file.kind(operator), [file.name(index) for index in operator.inputs if index >= 0]
        for name in names[:1]:
            reasons = chain(
                _joined(kind, read, values, tied, steps),
                _of_channels(name, channels, tied, steps),
                _saturated(kind, read, tied, steps),
                _of_one_frame(name, values, tied),
                [f"{kind} has no kernel for integers and stays in float"] if computed.get(name) == "FLOAT32" else [],
            )
            if reason := next(reasons, None):
                found[name] = reason
    return found


def _joined(kind: str, read: list[str], values: Mapping[str, TensorValues], tied: Ranges, steps: int) -> Iterator[str]:
    reach = {name: _reach(values[name]) for name in read if name in values and name in tied}
    if kind not in JOINS or len(reach) < 2:
        return
    least, most = min(reach, key=lambda name: reach[name]), max(reach, key=lambda name: reach[name])
    left = steps * reach[least] / max(_span(tied[least]), np.finfo(float).tiny)
    if left < FEW_STEPS:
        what = f"values up to {reach[most]:.3g} and up to {reach[least]:.3g}, such as boxes in pixels and scores"
        yield f"one scale for {what}: the small ones have {left:.1f} of {steps} steps"


def _of_channels(name: str, channels: Mapping[str, Channels], tied: Ranges, steps: int) -> Iterator[str]:
    if name not in channels or name not in tied:
        return
    one, step = channels[name], _span(tied[name]) / steps
    lost = int(((one.deviations < LITTLE * step) & (one.deviations > 0)).sum())
    if lost < MANY * len(one.reaches):
        return
    widest, half = float(one.reaches.max()), float(np.median(one.reaches))
    wide = f"one channel reaches {widest:.3g} and half of them less than {half:.3g}" if widest >= ONE_CHANNEL * half else ""
    yield f"{wide or 'its channels differ in spread'}, under one scale: {lost} of {len(one.reaches)} hardly vary by a step"


def _saturated(kind: str, read: list[str], tied: Ranges, steps: int) -> Iterator[str]:
    if kind in SATURATING and read[0] in tied and (step := _span(tied[read[0]]) / steps) > COARSE_STEP:
        low, high = tied[read[0]]
        yield f"a saturated activation: what {kind} takes goes from {low:.3g} to {high:.3g}, in steps of {step:.2g}"


def _of_one_frame(name: str, values: Mapping[str, TensorValues], tied: Ranges) -> Iterator[str]:
    if name not in values or name not in tied or len(values[name].extremes) < FRAMES:
        return
    reached = np.sort(np.abs(values[name].extremes).max(axis=1))
    if reached[-1] > ONE_FRAME * reached[-2] and max(map(abs, tied[name])) > ONE_FRAME * reached[-2]:
        yield f"its range was set by one frame of {len(reached)}: {reached[-1]:.3g} there, {reached[-2]:.3g} in all others"


def _reach(values: Any) -> float:
    return float(np.abs(values.extremes).max())


def _span(ends: tuple[float, float]) -> float:
    return max(ends[1], 0.0) - min(ends[0], 0.0)
