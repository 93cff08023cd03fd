"""Transposes, pads and slices are taken out, and outputs stay what they were."""

from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.quantising.networks import TO_FIRST, TO_LAST, Network, allocated, batches_for, kinds_in, options_of
from workbench.errors import ModelError, UnavailableError
from workbench.media import open_media
from workbench.quantising import TOLERANCE, Flatbuffer, largest_difference, nhwc, unpacked
from workbench.quantising.convolutions import take_in_pads

NHWC, NCHW = (1, 6, 8, 3), (1, 3, 6, 8)
ROUNDING = 1e-5


def float32(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def unary(kind: str) -> Callable[[Network, int], int]:
    return lambda net, x: net.add(kind, [x], net.shape(x))


def binary(kind: str, options: str, *shape: int) -> Callable[[Network, int], int]:
    return lambda net, x: net.add(kind, [x, net.constant(float32(*shape))], net.shape(x), options_of(options))


def mean(net: Network, x: int, axes: list[int], *, keep: bool) -> int:
    shape = [1 if axis in axes else side for axis, side in enumerate(net.shape(x)) if keep or axis not in axes]
    return net.add("MEAN", [x, net.constant(axes)], shape, options_of("Reducer", keepDims=keep))


def concatenated(net: Network, inputs: list[int], axis: int) -> int:
    shape = net.shape(inputs[0])
    shape[axis] = sum(net.shape(one)[axis] for one in inputs)
    return net.add("CONCATENATION", inputs, shape, options_of("Concatenation", axis=axis))


def swish(net: Network, x: int) -> int:
    return net.add("MUL", [x, unary("LOGISTIC")(net, x)], net.shape(x), options_of("Mul"))


def gated(net: Network, x: int) -> int:
    """Multiply by a factor of each channel, as a squeeze-and-excitation block does."""
    factors = net.transpose(net.convolution(net.transpose(mean(net, x, [2, 3], keep=True), TO_LAST), 3, 1), TO_FIRST)
    return net.add("MUL", [x, factors], net.shape(x), options_of("Mul"))


def two_parts(net: Network, x: int) -> int:
    halves = [net.tensor((1, 3, 3, 8)) for _ in range(2)]
    first, second = net.add_many("SPLIT", [net.constant(np.array(2, np.int32)), x], halves, options_of("Split", numSplits=2))
    return concatenated(net, [second, first], 2)


def uneven_parts(net: Network, x: int) -> int:
    parts = [net.tensor((1, side, 6, 8)) for side in (1, 2)]
    inputs = [x, net.constant([1, 2]), net.constant(np.array(-3, np.int32))]
    first, second = net.add_many("SPLIT_V", inputs, parts, options_of("SplitV", numSplits=2))
    return concatenated(net, [second, first], 1)


def sliced(net: Network, x: int) -> int:
    return net.add("SLICE", [x, net.constant([0, 1, 2, 0]), net.constant([1, 2, -1, 7])], (1, 2, 4, 7), options_of("Slice"))


CHANNELS_FIRST: dict[str, Callable[[Network, int], int]] = {
    "logistic": unary("LOGISTIC"),
    "relu6": unary("RELU6"),
    "swish": swish,
    "add a scalar": binary("ADD", "Add"),
    "multiply by channels": binary("MUL", "Mul", 1, 3, 1, 1),
    "divide by channels, three axes": binary("DIV", "Div", 3, 1, 1),
    "subtract columns": binary("SUB", "Sub", 8),
    "prelu": lambda net, x: net.add("PRELU", [x, net.constant(float32(3, 1, 1))], net.shape(x)),
    "gated channels": gated,
    "concatenate channels": lambda net, x: concatenated(net, [x, unary("TANH")(net, x)], 1),
    "concatenate rows with a constant": lambda net, x: concatenated(net, [x, net.constant(float32(1, 3, 2, 8))], 2),
    "pad": lambda net, x: net.pad(x, [(0, 0), (1, 2), (0, 3), (4, 0)]),
    "slice": sliced,
    "strided slice": lambda net, x: net.slice(x, (0, 1, 1, 3), (1, 1, 2, 3)),
    "strided slice with a mask": lambda net, x: net.slice(x, (0, 0, 0, 3), (1, 1, 2, 1), masks=0b0110),
    "split": two_parts,
    "split unevenly": uneven_parts,
    "mean of channels": lambda net, x: mean(net, x, [1], keep=True),
    "reshape into more": lambda net, x: net.reshape(net.reshape(x, (1, 3, 2, 3, 8)), NCHW),
}


@pytest.mark.parametrize("build", CHANNELS_FIRST.values(), ids=CHANNELS_FIRST)
def test_what_treats_axes_alike_or_by_number_works_on_channels_last(build: Callable[[Network, int], int]) -> None:
    net = Network()
    content = net.file(net.transpose(build(net, net.transpose(net.input(NHWC), TO_FIRST)), TO_LAST))

    rewritten = nhwc(content)

    assert "TRANSPOSE" not in kinds_in(rewritten)
    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING


def head(net: Network, x: int, channels: int) -> int:
    """Give rows of `channels` numbers, as detectors in channels first do: (1, C, H, W) to (1, C, HW)."""
    _, height, width, _ = net.shape(x)
    given = net.transpose(net.convolution(x, channels, 1), TO_FIRST)
    return net.reshape(given, (1, channels, height * width))


def test_rows_of_several_levels_are_given_as_they_are_wanted() -> None:
    net = Network()
    x = net.input(NHWC)
    levels = [head(net, x, 5), head(net, net.convolution(x, 4), 5)]
    content = net.file(net.transpose(concatenated(net, levels, 2), (0, 2, 1)))

    rewritten = nhwc(content)

    assert "TRANSPOSE" not in kinds_in(rewritten)
    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING


def test_a_channel_alone_that_is_reshaped_for_its_transpose_is_reshaped_no_more() -> None:
    net = Network()
    x = net.input(NHWC)
    single = net.reshape(net.convolution(x, 1, 1), (1, 1, 6, 8))
    more = net.transpose(net.convolution(x, 4, 1), TO_FIRST)
    content = net.file(net.transpose(concatenated(net, [more, single], 1), TO_LAST))

    rewritten = nhwc(content)

    assert Counter(kinds_in(rewritten)) == {"CONV_2D": 2, "CONCATENATION": 1}
    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING


def channels_first(net: Network, x: int, stride: int = 1) -> int:
    padded = net.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    return swish(net, net.transpose(net.convolution(net.transpose(padded, TO_LAST), 4, 3, stride), TO_FIRST))


def test_a_network_of_channels_first_is_turned_once_at_its_input() -> None:
    net = Network()
    first = channels_first(net, net.input((1, 3, 32, 48)))
    second = channels_first(net, channels_first(net, first))
    total = net.add("ADD", [first, second], net.shape(first), options_of("Add"))
    content = net.file(net.transpose(channels_first(net, total, stride=2), TO_LAST))

    rewritten = nhwc(content)

    counted = Counter(kinds_in(rewritten))
    assert counted["TRANSPOSE"] == 1
    assert counted["PAD"] == 1, "of the stride of 2 on an even side, whose SAME pads behind alone"
    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING


@pytest.mark.parametrize(("stride", "side", "pads"), [(1, 6, 0), (2, 6, 1), (2, 7, 0), (3, 7, 0), (3, 6, 1)])
def test_a_convolution_pads_by_itself_only_where_that_is_the_same(stride: int, side: int, pads: int) -> None:
    net = Network()
    padded = net.pad(net.input((1, side, side, 3)), [(0, 0), (1, 1), (1, 1), (0, 0)])
    content = net.file(net.convolution(padded, 4, 3, stride))
    file = Flatbuffer(content)

    take_in_pads(file)
    file.drop_unused()

    assert kinds_in(file.packed()) == ["PAD"] * pads + ["CONV_2D"]
    assert largest_difference(content, file.packed(), batches_for(content)) < ROUNDING


def test_pads_alone_are_nothing_to_rewrite() -> None:
    net = Network()
    padded = net.pad(net.input((1, 8, 8, 3)), [(0, 0), (1, 1), (1, 1), (0, 0)])

    with pytest.raises(UnavailableError, match="nothing to rewrite"):
        nhwc(net.file(net.convolution(padded, 4)))


def focus(net: Network, x: int, axes: tuple[int, int], channels: int, *, one_by_one: bool = False, step: int = 2) -> int:
    """Put the slices of every second row and column side by side, in PyTorch's order: left above, left below, right above..."""

    def cut(tensor: int, starts: dict[int, int]) -> int:
        return net.slice(tensor, [starts.get(axis, 0) for axis in range(4)], [step if axis in starts else 1 for axis in range(4)])

    starts = [(row, column) for column in range(step) for row in range(step)]
    if one_by_one:
        rows = [cut(x, {axes[0]: row}) for row in range(step)]
        parts = [cut(rows[row], {axes[1]: column}) for row, column in starts]
    else:
        parts = [cut(x, {axes[0]: row, axes[1]: column}) for row, column in starts]
    return concatenated(net, parts, channels)


@pytest.mark.parametrize("one_by_one", [False, True], ids=["both axes at once", "rows, then columns"])
def test_a_focus_layer_of_channels_first_becomes_one_convolution(one_by_one: bool) -> None:
    net = Network()
    together = focus(net, net.input((1, 3, 32, 48)), (2, 3), 1, one_by_one=one_by_one)
    content = net.file(net.transpose(channels_first(net, together), TO_LAST))

    rewritten = nhwc(content)

    assert kinds_in(rewritten) == ["TRANSPOSE", "CONV_2D", "LOGISTIC", "MUL"]
    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING


@pytest.mark.parametrize(
    ("padding", "kernel", "step", "pads", "kinds"),
    [
        ("SAME", 3, 2, None, ["CONV_2D"]),
        ("VALID", 3, 2, None, ["CONV_2D"]),
        ("VALID", 1, 2, None, ["CONV_2D"]),
        ("SAME", 3, 3, None, ["CONV_2D"]),
        ("VALID", 3, 2, [(0, 0), (0, 1), (1, 0), (0, 0)], ["PAD", "CONV_2D"]),
    ],
    ids=["same", "valid", "a single pixel", "steps of three", "pads at one side"],
)
def test_a_focus_layer_of_channels_last_keeps_the_pads_of_its_convolution(
    padding: str, kernel: int, step: int, pads: list[tuple[int, int]] | None, kinds: list[str]
) -> None:
    net = Network()
    together = focus(net, net.input((1, 24, 36, 3)), (1, 2), 3, step=step)
    content = net.file(net.convolution(net.pad(together, pads) if pads else together, 4, kernel, padding=padding))

    rewritten = nhwc(content)

    assert kinds_in(rewritten) == kinds
    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING


@pytest.mark.parametrize(
    "build",
    [
        lambda net, x: net.convolution(focus(net, x, (1, 2), 3), 4, 3, dilation=2),
        lambda net, x: net.convolution(concatenated(net, [net.slice(x, (0, 2, 0, 0), (1, 2, 2, 1))] * 2, 3), 4),
        lambda net, x: net.convolution(concatenated(net, [net.slice(x, (0, 0, 0, 0), (1, 2, 1, 1))] * 2, 3), 4),
        lambda net, x: net.convolution(concatenated(net, [net.slice(x, (0, 0, 0, 1), (1, 2, 2, 1))] * 2, 3), 4),
    ],
    ids=["dilated", "a start behind the step", "rows alone", "part of the channels"],
)
def test_what_only_looks_like_a_focus_layer_stays(build: Callable[[Network, int], int]) -> None:
    net = Network()
    content = net.file(build(net, net.input((1, 24, 36, 3))))

    with pytest.raises(UnavailableError, match="nothing to rewrite"):
        nhwc(content)


def test_outputs_keep_their_names_numbers_of_sides_and_places_in_the_signature() -> None:
    net = Network()
    x = net.transpose(net.input(NHWC), TO_FIRST)
    y = net.add("LOGISTIC", [x], NCHW, name="scores_nchw")
    back = net.transpose(y, TO_LAST, name="scores")
    content = net.file(back, y, net.transpose(unary("TANH")(net, x), TO_LAST, name="other"))

    rewritten = nhwc(content)

    before, after = (allocated(one) for one in (content, rewritten))
    told = [[(one["name"], one["shape"].tolist()) for one in given.get_output_details()] for given in (before, after)]
    assert told[0] == told[1]
    assert before.get_signature_list() == after.get_signature_list()
    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING
    assert Counter(kinds_in(rewritten))["TRANSPOSE"] == 1, "of what is wanted with channels first"
    names = [one["name"] for one in after.get_tensor_details()]
    assert len(set(names)) == len(names)


def test_what_needs_the_true_order_has_it() -> None:
    """A softmax goes along the last axis, a matrix takes numbers as they lie."""
    net = Network()
    x = swish(net, net.transpose(net.input(NHWC), TO_FIRST))
    soft = net.add("SOFTMAX", [x], NCHW, options_of("Softmax", beta=1.0))
    flat = net.reshape(x, (1, 144))
    matrix = net.add("FULLY_CONNECTED", [flat, net.weights((5, 144)), net.weights((5,))], (1, 5), options_of("FullyConnected"))
    content = net.file(soft, matrix, net.transpose(swish(net, x), TO_LAST))

    rewritten = nhwc(content)

    assert Counter(kinds_in(rewritten))["TRANSPOSE"] == 1
    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING


def test_a_softmax_goes_along_the_last_axis_wherever_the_others_are() -> None:
    net = Network()
    x = net.transpose(net.input(NHWC), (0, 2, 1, 3))
    content = net.file(net.transpose(net.add("SOFTMAX", [x], (1, 8, 6, 3), options_of("Softmax", beta=1.0)), (0, 2, 1, 3)))

    rewritten = nhwc(content)

    assert kinds_in(rewritten) == ["SOFTMAX"]
    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING


def test_where_nothing_is_won_the_operator_that_stands_in_the_way_is_named() -> None:
    net = Network()
    x = net.transpose(net.input(NHWC), TO_FIRST)
    content = net.file(net.add("SOFTMAX", [x], NCHW, options_of("Softmax", beta=1.0), name="classes"))

    with pytest.raises(UnavailableError, match=r"nothing to rewrite.*SOFTMAX classes wants the order that there is; choose stored"):
        nhwc(content)


def test_a_network_that_has_no_such_pattern_has_nothing_to_rewrite() -> None:
    net = Network()

    with pytest.raises(UnavailableError, match="there is nothing to rewrite: no transposes that cancel out, and no slices"):
        nhwc(net.file(net.convolution(net.input(NHWC), 4)))


def test_an_open_batch_stays_open() -> None:
    net = Network()
    x = net.input((-1, 6, 8, 3))
    first = net.add("TRANSPOSE", [x, net.constant(TO_FIRST)], (-1, 3, 6, 8))
    soft = net.add("LOGISTIC", [first], (-1, 3, 6, 8))
    rows = net.add("RESHAPE", [soft, net.constant([-1, 3, 48])], (-1, 3, 48))
    content = net.file(net.add("TRANSPOSE", [rows, net.constant([0, 2, 1])], (-1, 48, 3)))

    rewritten = nhwc(content)

    assert kinds_in(rewritten) == ["LOGISTIC", "RESHAPE"]
    given = []
    for one in (content, rewritten):
        interpreter = allocated(one)
        interpreter.resize_tensor_input(x, (4, 6, 8, 3))
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.arange(576, dtype=np.float32).reshape(4, 6, 8, 3))
        interpreter.invoke()
        given.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    np.testing.assert_array_equal(*given)


@pytest.mark.parametrize(("kind", "step"), [("INT8", 0.5), ("FLOAT16", None)])
def test_what_is_no_float32_is_refused_with_the_operator_s_name(kind: str, step: float | None) -> None:
    net = Network()
    x = net.transpose(net.input(NHWC, kind, step=step), TO_FIRST, kind=kind, name="turned", step=step)
    content = net.file(net.transpose(x, TO_LAST, kind=kind, step=step))

    with pytest.raises(UnavailableError, match=rf"networks in float32, and TRANSPOSE turned is in {kind.lower()}; choose stored"):
        nhwc(content)


def test_pixels_in_bytes_are_no_integers_of_a_network() -> None:
    net = Network()
    x = net.transpose(net.input(NHWC, "UINT8"), TO_FIRST, kind="UINT8")
    floats = net.add("CAST", [x], NCHW, options_of("Cast", inDataType=3, outDataType=0))
    content = net.file(net.transpose(swish(net, floats), TO_LAST))

    rewritten = nhwc(content)

    assert kinds_in(rewritten) == ["CAST", "LOGISTIC", "MUL"]
    pixels = np.random.default_rng(0).integers(0, 256, NHWC, np.uint8)
    assert largest_difference(content, rewritten, [pixels]) < ROUNDING


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ModelError, match="no LiteRT model, or damaged"):
        nhwc(b"\x00" * 200)


@pytest.mark.slow
def test_a_published_export_finds_the_same_with_one_transpose(assets: Path) -> None:
    content = unpacked((assets / "models" / "yolox_nano_416_float16_quantize.tflite").read_bytes())
    pictures = islice(open_media(assets / "images" / "coral").frames(), 3)
    batches = [cv2.resize(one.image_rgb, (416, 416))[None, :, :, ::-1].transpose(TO_FIRST).astype(np.float32) for one in pictures]

    rewritten = nhwc(content)

    counted = Counter(kinds_in(rewritten))
    assert (counted["TRANSPOSE"], counted["STRIDED_SLICE"]) == (1, 0)
    assert counted.total() < 0.6 * len(kinds_in(content))
    assert 0 < largest_difference(content, rewritten, batches) < TOLERANCE


def test_an_operator_that_is_not_as_its_kind_is_costs_one_sentence() -> None:
    net = Network()
    x = net.transpose(net.input(NHWC), TO_FIRST)
    y = net.add("CONCATENATION", [x, x], (1, 6, 6, 8), options_of("Pad"))

    with pytest.raises(
        ModelError, match=r"an operator is not as those of its kind are \(.*axis.*the file is damaged; copy it again"
    ):
        nhwc(net.file(net.transpose(y, TO_LAST)))


SAME_SHAPE = (
    "logistic",
    "swish",
    "add a scalar",
    "multiply by channels",
    "subtract columns",
    "gated channels",
    "reshape into more",
)


@pytest.mark.parametrize("seed", range(12))
def test_networks_put_together_by_chance_give_what_they_gave(seed: int) -> None:
    random, net = np.random.default_rng(seed), Network()
    inputs = [net.transpose(net.input(NHWC), TO_FIRST)]
    for _ in range(12):
        x = inputs[random.integers(len(inputs))]
        choice = int(random.integers(4))
        if choice == 0:
            y = inputs[random.integers(len(inputs))]
            x = net.add("ADD", [x, y], NCHW, options_of("Add"))
        elif choice == 1:
            turned = net.convolution(net.pad(net.transpose(x, TO_LAST), [(0, 0), (1, 1), (1, 1), (0, 0)]), 3)
            x = net.transpose(turned, TO_FIRST)
        elif choice == 2:
            x = net.reshape(net.transpose(net.reshape(x, (1, 3, 48)), (0, 2, 1)), NCHW) if random.random() < 0.5 else x
        else:
            x = CHANNELS_FIRST[SAME_SHAPE[random.integers(len(SAME_SHAPE))]](net, x)
        inputs.append(unary("TANH")(net, x))
    content = net.file(inputs[-1], net.transpose(inputs[-2], TO_LAST), inputs[5])

    rewritten = nhwc(content)

    assert largest_difference(content, rewritten, batches_for(content)) < ROUNDING
    assert len(Flatbuffer(rewritten).graph.operators) <= len(Flatbuffer(content).graph.operators)
