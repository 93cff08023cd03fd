"""Blocks ranked by what each does alone, and why it hurts there."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tests.quantising.building import CHANNELS, Building, outputs, pictures
from tests.quantising.building import mixed_tail as mixed_tail_file
from tests.quantising.building import swish_network as swish_file
from workbench.quantising import (
    BITS,
    Flatbuffer,
    FloatNetwork,
    Ranges,
    blocks_of,
    channels_of,
    faults,
    ranges_of,
    rank_blocks,
    shared,
    signal_to_noise_db,
    tensor_values,
    unpacked,
)
from workbench.quantising.quantise import operators_named
from workbench.quantising.ranges import TensorValues


def swish_network() -> bytes:
    return unpacked(swish_file())


def mixed_tail() -> bytes:
    return unpacked(mixed_tail_file())


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 1, shape)


def wide_channel() -> bytes:
    """A convolution one of whose channels reaches 1e4, before one that does not look at it."""
    net = Building()
    stem, head = random(CHANNELS, 1, 1, 3), random(2, 1, 1, CHANNELS)
    stem[0] *= 1e4
    head[..., 0] = 0
    hidden = net.pointwise(net.image, "stem", CHANNELS, weights=stem)
    return unpacked(net.file(net.sigmoid(net.pointwise(hidden, "head", 2, weights=head), "scores")))


def saturated() -> bytes:
    """A swish that one channel keeps far below where it changes."""
    net = Building()
    stem = random(CHANNELS, 1, 1, 3)
    stem[0] = -1000
    hidden = net.swish(net.pointwise(net.image, "stem", CHANNELS, weights=stem), "sharp")
    return unpacked(net.file(net.pointwise(hidden, "head", 2)))


def apart(one: list[np.ndarray], other: list[np.ndarray]) -> tuple[float, float]:
    return float(np.abs(one[0] - other[0])[..., -2:].mean()), 0.0  # the scores come last


def in_integers(content: bytes, ranges: Ranges, float_ops: Sequence[str] = (), precision: str = "int8") -> bytes:
    """The network inside, with floats at its ends."""
    network = FloatNetwork(content)
    return network.quantised(precision, ranges, operators_named(network.file, float_ops), integer_edges=False)


def reasons(content: bytes, precision: str = "int8") -> dict[str, str]:
    file, values = Flatbuffer(content), tensor_values(content, pictures())
    ranges = ranges_of(content, values, "minmax")
    integers, bits = Flatbuffer(in_integers(content, ranges, precision=precision)), BITS[precision]
    names = [block.name for block in blocks_of(file)]
    return faults(file, integers, values, shared(file, ranges, set(), bits), channels_of(content, names, pictures(), 1), bits)


def test_a_block_is_an_operator_with_weights_and_what_follows() -> None:
    blocks = blocks_of(Flatbuffer(swish_network()))

    assert [block.names for block in blocks] == [("stem", "swish/sigmoid", "swish"), ("head", "scores")]
    assert [block.kind for block in blocks] == ["CONV_2D", "CONV_2D"]


def test_what_comes_before_any_weights_is_a_block_too() -> None:
    net = Building()
    prepared = net.sigmoid(net.image, "prepared")

    blocks = blocks_of(Flatbuffer(net.file(net.pointwise(prepared, "stem", 2))))

    assert [block.name for block in blocks] == ["prepared", "stem"]


def ranked(content: bytes, how: str = "minmax") -> list[str]:
    network, values = FloatNetwork(content), tensor_values(content, pictures())
    ranges, every = ranges_of(content, values, how), set(range(len(network.file.graph.operators)))

    def only(positions: tuple[int, ...]) -> bytes:
        return network.quantised("int8", ranges, every - set(positions), integer_edges=False)

    errors = rank_blocks(content, blocks_of(network.file), pictures(), only, apart, 1)
    assert [one.error for one in errors] == sorted((one.error for one in errors), reverse=True)
    return [one.block.name for one in errors]


@pytest.mark.parametrize(("make", "worst"), [(mixed_tail, "logits"), (wide_channel, "stem")])
def test_the_block_in_which_a_network_was_broken_is_the_worst(make: Callable[[], bytes], worst: str) -> None:
    assert ranked(make())[0] == worst


@pytest.mark.parametrize(("make", "count"), [(mixed_tail, 1), (wide_channel, 2)])  # what reads such a channel loses it as well
def test_the_worst_blocks_in_float_repair_the_network(make: Callable[[], bytes], count: int) -> None:
    content = make()
    ranges, wanted = ranges_of(content, tensor_values(content, pictures()), "minmax"), outputs(content, pictures())

    broken, repaired = (
        np.abs(outputs(in_integers(content, ranges, some), pictures()) - wanted)[..., -2:].mean()
        for some in ((), [f"{name}.." for name in ranked(content)[:count]])
    )

    assert repaired < broken / 10


def test_ranges_alone_repair_a_swish_that_saturates() -> None:
    content = saturated()
    values, wanted = tensor_values(content, pictures()), outputs(content, pictures())

    broken, repaired = (
        np.abs(outputs(in_integers(content, ranges_of(content, values, how)), pictures()) - wanted).mean()
        for how in ("minmax", "mse")
    )

    assert repaired < broken / 5


@pytest.mark.parametrize(
    ("make", "name", "reason"),
    [
        (mixed_tail, "rows", "one scale for values up to .*, such as boxes in pixels and scores: the small ones have .* of 255"),
        (wide_channel, "stem", "one channel reaches .* and half of them less than .*, under one scale: 7 of 8 hardly vary"),
        (saturated, "sharp/sigmoid", "a saturated activation: what LOGISTIC takes goes from"),
    ],
    ids=["boxes and scores", "one channel", "swish"],
)
def test_a_reason_is_said_where_one_is_known(make: Callable[[], bytes], name: str, reason: str) -> None:
    assert re.match(reason, reasons(make())[name])


def test_what_eight_bits_cannot_hold_sixteen_can() -> None:
    assert "one scale for" in reasons(mixed_tail())["rows"]
    assert "rows" not in reasons(mixed_tail(), "int16x8")


def test_a_sound_network_has_no_reasons() -> None:
    assert reasons(swish_network()) == {}


def test_a_range_that_one_frame_set_is_said() -> None:
    content = swish_network()
    integers = Flatbuffer(in_integers(content, {}))
    extremes = np.array([[-1, 2], [-1, 2.5], [-1, 2.2], [-1, 9]], np.float32)

    whole, clipped = (
        faults(Flatbuffer(content), integers, {"stem": TensorValues(extremes, extremes[0])}, {"stem": (-1, most)}, {}, 8)
        for most in (9, 3)
    )

    assert whole == {"stem": "its range was set by one frame of 4: 9 there, 2.5 in all others"}
    assert clipped == {}


def test_noise_is_told_of_each_tensor_that_both_networks_have() -> None:
    content = swish_network()
    integers = in_integers(content, ranges_of(content, tensor_values(content, pictures()), "minmax"))

    found = signal_to_noise_db(content, integers, pictures(), 1)

    assert found.keys() >= {"stem", "swish", "head", "scores"}
    assert all(20 < found[name] < 80 for name in ("stem", "head"))
