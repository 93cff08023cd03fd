"""The ways of feeding pictures to an input that are worth trying."""

from collections.abc import Sequence

import numpy as np

from workbench.detectors.input_card import DEFAULT_HW, OFFSET_AND_FACTOR, PIXEL_TYPE, InputCard
from workbench.detectors.network import TensorSpec
from workbench.errors import ModelError
from workbench.stages import Colour, InputSpec

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
        cards = [one.model_copy(update={"values": values}) for one in cards for values in OFFSET_AND_FACTOR]
    return [(card, card.spec(taken)) for card in cards]


def feeding_words(fed: InputCard) -> str:
    """Name the range that pixels are brought to."""
    return fed.values or ("as they are" if fed.offset is None else f"(pixel - {fed.offset}) x {fed.factor}")


def default_size(taken: TensorSpec) -> tuple[int, int] | None:
    """Return the size to feed where the file leaves it open; `None` where it does not."""
    return DEFAULT_HW if None in taken.shape[1:] else None


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
