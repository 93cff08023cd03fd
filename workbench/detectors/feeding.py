"""The ways of feeding pictures to an input that are worth trying."""

from collections.abc import Sequence

import numpy as np

from workbench.detectors.input_card import DEFAULT_HW, OFFSET_AND_FACTOR, PIXEL_TYPE, InputCard
from workbench.detectors.network import TensorSpec
from workbench.errors import ModelError
from workbench.stages import Colour, InputSpec, PerChannel

COLOURS: tuple[Colour, ...] = ("RGB", "BGR")


def ways_to_feed(taken: TensorSpec) -> Sequence[tuple[InputCard, InputSpec]]:
    """List the ways of feeding a frame to an input that are worth trying, the most usual first.

    Raises:
        ModelError: It takes no colour pictures, or numbers of a kind that nobody feeds.
    """
    if taken.dtype not in {"float32", "uint8", "int8", "int16"}:
        raise ModelError(f"its input is {taken}, of a type that pictures are not fed in; convert it to take float32 or uint8")
    cards = [InputCard(colour=one, fit="stretch", size=default_size(taken)) for one in COLOURS]
    if taken.dtype != PIXEL_TYPE and taken.quantization is not None:
        offset, factor = stated_scaling(taken)
        cards = [one.model_copy(update={"offset": offset, "factor": factor}) for one in cards]
    elif taken.dtype != PIXEL_TYPE:
        ranges: list[dict[str, object]] = [{"values": values} for values in OFFSET_AND_FACTOR]
        if taken.scaling is not None and stated_values(taken) is None:
            ranges.insert(0, {"offset": taken.scaling[0], "factor": taken.scaling[1]})
        cards = [one.model_copy(update=scaled) for one in cards for scaled in ranges]
    return [(card, card.spec(taken)) for card in cards]


def stated_values(taken: TensorSpec) -> str | None:
    """Name the range that the file says its input has, where it is one of the usual ones."""
    if taken.scaling is None:
        return None
    near = (name for name, pair in OFFSET_AND_FACTOR.items() if all(map(_alike, pair, taken.scaling)))
    return next(near, None)


def _alike(one: PerChannel, other: PerChannel) -> bool:
    return bool(np.allclose(one, other, rtol=0.02, atol=1e-9))


def is_usual(fed: InputCard, taken: TensorSpec, family: str) -> bool:
    """Whether a way of feeding is the usual one: as the file says, else as detectors of its family have it."""
    return fed.values in (None, stated_values(taken) or family)


def feeding_words(fed: InputCard) -> str:
    """Name the range that pixels are brought to."""
    return fed.values or ("as they are" if fed.offset is None else f"(pixel - {fed.offset}) x {fed.factor}")


def default_size(taken: TensorSpec) -> tuple[int, int] | None:
    """Return the size to feed where the file leaves it open; `None` where it does not."""
    return (taken.usual_hw or DEFAULT_HW) if None in taken.shape[1:] else None


def stated_scaling(taken: TensorSpec) -> tuple[float, float]:
    """Return offset and factor of pixels by the range that a quantised input can hold."""
    assert taken.quantization is not None, "asked of quantised inputs only"
    scale, zero_point = taken.quantization
    limits = np.iinfo(taken.dtype)
    low, high = ((limit - zero_point) * scale for limit in (limits.min, limits.max))
    if taken.dtype == "int16":  # symmetric: half of its range is there for numbers that no pixel becomes
        low = 0.0 if high < 1.5 or high > 100 else low
    factor = (high - low) / 255
    return round(-low / factor, 3), factor
