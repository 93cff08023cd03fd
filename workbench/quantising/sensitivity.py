"""Where quantising hurts: what each block of a float network does to the answers when it alone is in integers.

The signal to noise ratio of each tensor of a network that is wholly in integers points at what lies behind the fault, not at the
fault: it stands beside, and nothing is ranked by it.
"""

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.machine import native_stderr_captured
from workbench.quantising.blocks import Block
from workbench.quantising.running import allocated, outputs_on

Array = NDArray[Any]
BOX_SHARE = 0.5  # of a box's error beside a score's: a box that moves by some pixels is still found, a lost score is a lost object

QuantiseOnly = Callable[[Collection[int]], bytes]
"""From the positions of operators to the network with these in integers and all others in float."""
Difference = Callable[[Sequence[Array], Sequence[Array]], tuple[float, float]]
"""From the outputs of the float network and of another one for one frame to the errors of scores and of boxes, 0 to 1 each."""


@final
@dataclass(frozen=True, slots=True)
class BlockError:
    """What a block does to the answers when it alone is in integers.

    Attributes:
        block: The block.
        score_error: Mean change of the scores that count, 0 to 1.
        box_error: Mean share of a box that is not in the other, 0 to 1.
    """

    block: Block
    score_error: float
    box_error: float

    @property
    def error(self) -> float:
        """Both together."""
        return self.score_error + BOX_SHARE * self.box_error


@final
@dataclass(frozen=True, slots=True)
class Channels:
    """What the channels of a tensor hold, `(channels,)` each.

    Attributes:
        reaches: The greatest magnitudes.
        deviations: Standard deviations.
    """

    reaches: Array
    deviations: Array


def rank_blocks(
    content: bytes,
    blocks: Sequence[Block],
    batches: Sequence[Array],
    quantise_only: QuantiseOnly,
    difference: Difference,
    threads: int,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> tuple[BlockError, ...]:
    """Return the blocks' errors, largest first.

    Args:
        content: The float network.
        blocks: Its own.
        batches: What it is fed, a few real frames, which need no labels.
        quantise_only: Makes what is compared with it.
        difference: Tells how far apart the outputs of both are.
        threads: Of the interpreter.
        progress: Told the blocks done, and all of them; what it raises ends the ranking.
    """
    right = outputs_on(content, batches, threads)
    found = []
    for number, block in enumerate(blocks):
        progress(number, len(blocks))
        outputs = outputs_on(quantise_only(block.positions), batches, threads)
        errors = np.mean([difference(one, other) for one, other in zip(right, outputs, strict=True)], axis=0)
        found.append(BlockError(block, *map(float, errors)))
    return tuple(sorted(found, key=lambda one: -one.error))


def signal_to_noise_db(right: bytes, integers: bytes, batches: Sequence[Array], threads: int) -> dict[str, float]:
    """Return how far the tensors of a network in integers are from those of the float one, by name, in decibels."""
    powers: dict[str, NDArray[np.float64]] = {}
    for wanted, found in zip(*(_tensors(content, batches, threads) for content in (right, integers)), strict=True):
        for name in wanted.keys() & found.keys():
            if wanted[name].shape == found[name].shape:
                noise = found[name] - wanted[name]
                power = np.array([np.square(each, dtype=np.float64).sum() for each in (wanted[name], noise)])
                powers[name] = powers.get(name, np.zeros(2)) + power
    return {name: 10 * float(np.log10(signal / noise)) for name, (signal, noise) in powers.items() if signal > 0 and noise > 0}


def channels_of(content: bytes, names: Collection[str], batches: Sequence[Array], threads: int) -> dict[str, Channels]:
    """Return what the channels of tensors hold, whose last axis these are, by the tensor's name."""
    kept: dict[str, list[Array]] = {name: [] for name in names}
    for tensors in _tensors(content, batches, threads):
        for name, values in tensors.items():
            if name in kept and values.ndim > 1:
                rows = values.reshape(-1, values.shape[-1])
                kept[name].append(np.stack([np.abs(rows).max(0), rows.std(0)]))
    stacked = {name: np.stack(some) for name, some in kept.items() if some}
    return {name: Channels(some[:, 0].max(0), some[:, 1].mean(0)) for name, some in stacked.items()}


def _tensors(content: bytes, batches: Iterable[Array], threads: int) -> Iterator[dict[str, Array]]:
    """Run a network on batches; yield what its tensors of real numbers hold, by name; integers are brought back to those."""
    with native_stderr_captured(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that keeping all tensors takes memory, which is known
        interpreter = allocated(content, threads, experimental_preserve_all_tensors=True)
    (taken,) = interpreter.get_input_details()
    for batch in batches:
        interpreter.set_tensor(taken["index"], batch)
        interpreter.invoke()
        found = {}
        for one in interpreter.get_tensor_details():
            scale, zero = one["quantization"]
            if (one["dtype"] is not np.float32 and not scale) or not len(one["shape"]):
                continue
            with suppress(ValueError):  # a delegate leaves out what nothing reads
                values = interpreter.get_tensor(one["index"])
                found[one["name"]] = (
                    values if values.dtype == np.float32 else (values.astype(np.float32) - zero) * np.float32(scale)
                )
        yield found
