"""What a file is made of is told by its operators, whatever comes in and goes out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.quantising.networks import TO_FIRST, TO_LAST, Network, allocated, options_of
from workbench.errors import ModelError
from workbench.quantising import INT4, SHAPE, Flatbuffer, file_facts, stored_precision
from workbench.quantising.operators import FileFacts, OperatorFacts

STEP = 0.1


def looked_at(content: bytes) -> FileFacts:
    return file_facts(Flatbuffer(content), allocated(content))


def matrix(net: Network, x: int, stored: str, given: str = "INT8", rows: int = 8) -> int:
    """Add a fully connected operator whose weights are stored in `stored`, a type or `float16 unpacked` and the like."""
    kind, _, unpacked = stored.partition(" ")
    columns = net.shape(x)[1]
    if kind in {"FLOAT32", "FLOAT16"}:
        weights = net.constant(np.ones((rows, columns), {"FLOAT32": np.float32, "FLOAT16": np.float16}[kind]))
    else:
        weights = net.constant(np.ones((rows, columns), np.int8), kind, step=STEP)
    if unpacked:
        weights = net.add("DEQUANTIZE", [weights], (rows, columns))
    step = None if given == "FLOAT32" else STEP
    return net.add("FULLY_CONNECTED", [x, weights, -1], (1, rows), options_of("FullyConnected"), kind=given, step=step)


def static(kind: str = "INT8", *, float_in: bool = True, float_out: bool = True) -> bytes:
    net = Network()
    x = net.input((1, 4), "FLOAT32" if float_in else kind, step=None if float_in else STEP)
    taken = net.add("QUANTIZE", [x], (1, 4), kind=kind, step=STEP) if float_in else x
    given = matrix(net, taken, "INT8", kind)
    return net.file(net.add("DEQUANTIZE", [given], (1, 8)) if float_out else given)


def in_floats(stored: str) -> bytes:
    net = Network()
    return net.file(matrix(net, net.input((1, 4)), stored, "FLOAT32"))


@pytest.mark.parametrize(
    ("content", "precision", "says"),
    [
        (static(), "int8", "all of its weights"),
        (static(float_in=False, float_out=False), "int8", "all of its weights"),
        (static(float_out=False), "int8", "all of its weights"),
        (static("UINT8"), "int8", "all of its weights"),
        (static("INT16"), "int16x8", "all of its weights"),
        (static("INT16", float_in=False, float_out=False), "int16x8", "all of its weights"),
        (in_floats("INT8"), "dynamic-int8", "all of its weights"),
        (in_floats("INT4"), "dynamic-int8", "all of its weights"),
        (in_floats("INT8 unpacked"), "weight-int8", "all of its weights"),
        (in_floats("INT4 unpacked"), "weight-int4", "all of its weights"),
        (in_floats("FLOAT16 unpacked"), "float16", "all of its weights"),
        (in_floats("FLOAT32"), "float32", "nothing is quantised"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_is_named_by_what_its_weights_are_computed_in(content: bytes, precision: str, says: str) -> None:
    facts = file_facts(Flatbuffer(content))

    assert stored_precision(content) == facts.precision == precision
    assert facts.lines[0] == f"stored as {precision}: {says}"


@pytest.mark.parametrize(
    ("rows", "precision", "shares"), [(30, "int8", "80% int8, 20% float32"), (2, "float32", "80% float32, 20% int8")]
)
def test_a_mixed_file_is_what_most_of_its_weights_are(rows: int, precision: str, shares: str) -> None:
    net = Network()
    integers = net.add("QUANTIZE", [net.input((1, 4))], (1, 4), kind="INT8", step=STEP)
    floats = net.add("DEQUANTIZE", [matrix(net, integers, "INT8", rows=rows)], (1, rows))
    content = net.file(net.add("LOGISTIC", [matrix(net, net.reshape(floats, (1, rows)), "FLOAT32", "FLOAT32", 32 // rows)], (1, 1)))

    facts = file_facts(Flatbuffer(content))

    assert facts.precision == precision
    assert facts.lines[0] == f"stored as {precision}: of its weights {shares}"


def test_integers_that_no_weight_has_are_told() -> None:
    net = Network()
    given = matrix(net, net.input((1, 4)), "FLOAT32", "FLOAT32")
    tail = net.reshape(net.add("QUANTIZE", [given], (1, 8), kind="INT8", step=STEP), (8, 1), kind="INT8", step=STEP)
    content = net.file(net.add("DEQUANTIZE", [tail], (8, 1)))

    assert (
        file_facts(Flatbuffer(content)).lines[0] == "stored as float32: no weight is quantised, though 2 operators work on integers"
    )


def test_operators_outside_xnnpack_are_told_with_their_reason() -> None:
    net = Network()
    x = net.slice(net.input((1, 8, 8, 4)), (0, 0, 0, 0), (1, 2, 2, 1))
    count = net.add("SHAPE", [x], (4,), options_of("Shape", outType=2), kind="INT32")
    content = net.file(net.add("LOGISTIC", [net.convolution(x, 4)], (1, 2, 2, 4)), count)

    facts = looked_at(content)

    assert {one.kind: one.reference for one in facts.operators} == {
        "STRIDED_SLICE": SHAPE,
        "SHAPE": "its type, int32",
        "CONV_2D": None,
        "LOGISTIC": None,
    }
    assert facts.lines[1] == "4 operators, 2 of them in XNNPACK"
    assert "on reference kernels for its shape, strides or number of inputs: 1 STRIDED_SLICE" in facts.lines


def test_the_kinds_that_are_most_are_named() -> None:
    net = Network()
    x = net.input((1, 4), "INT32")
    kinds = ("ABS", "SIGN", "ABS", "SIGN", "NEG", "CEIL", "FLOOR", "ROUND", "ABS")
    operators = tuple(OperatorFacts(number, kind, "", (), "int32", 0, "its type, int32") for number, kind in enumerate(kinds))
    facts = replace(file_facts(Flatbuffer(net.file(net.add("ABS", [x], (1, 4), kind="INT32")))), operators=operators, placed=True)

    assert facts.lines[1:] == (
        "9 operators, 0 of them in XNNPACK",
        "on reference kernels for its type, int32: 3 ABS, 2 SIGN, 1 NEG, 1 CEIL, 1 FLOOR and 1 more",
    )


def test_weights_of_four_bits_are_unpacked_by_reference_kernels() -> None:
    facts = looked_at(in_floats("INT4 unpacked"))

    assert [(one.kind, one.reference, one.precision) for one in facts.operators] == [
        ("DEQUANTIZE", INT4, "float32"),
        ("FULLY_CONNECTED", INT4, "weight-int4"),
    ]


def test_where_nobody_ran_it_nothing_is_said_of_kernels() -> None:
    facts = file_facts(Flatbuffer(in_floats("FLOAT32")))

    assert not facts.placed
    assert facts.lines == ("stored as float32: nothing is quantised", "1 operator")


def test_floats_between_integers_are_an_island_and_floats_at_an_end_are_none() -> None:
    net = Network()

    def quantised(x: int) -> int:
        return net.add("QUANTIZE", [x], net.shape(x), kind="INT8", step=STEP)

    def floats(x: int) -> int:
        return net.add("DEQUANTIZE", [x], net.shape(x))

    head = net.add("TANH", [net.input((1, 4))], (1, 4))
    x = floats(matrix(net, quantised(head), "INT8", rows=4))
    both = net.add("ADD", [net.add("LOGISTIC", [x], (1, 4)), net.add("TANH", [x], (1, 4))], (1, 4), options_of("Add"))
    content = net.file(net.add("LOGISTIC", [floats(matrix(net, quantised(both), "INT8", rows=4))], (1, 4)))

    facts = looked_at(content)

    assert [[facts.operators[number].kind for number in group] for group in facts.islands] == [["LOGISTIC", "TANH", "ADD"]]
    assert "3 operators in floats between integers, in 1 place" in facts.lines


def test_transposes_of_channels_are_counted() -> None:
    net = Network()
    x = net.transpose(net.add("TANH", [net.transpose(net.input((1, 4, 4, 3)), TO_FIRST)], (1, 3, 4, 4)), TO_LAST)
    content = net.file(net.transpose(net.transpose(x, (0, 2, 1, 3)), (3, 0, 1, 2)))

    facts = file_facts(Flatbuffer(content))

    assert facts.layout_transposes == 2
    assert facts.lines[-1] == "2 transposes between channels first and last; runtime.layout=nhwc takes out those it can"


def scored(step: float, *, boxes: Callable[[Network, int], int], zero: int = -128) -> bytes:
    """Give boxes and scores in one tensor of integers, of this step."""
    net = Network()
    x = net.add("QUANTIZE", [net.input((1, 6, 8, 3))], (1, 6, 8, 3), kind="INT8", step=STEP)

    def requantised(y: int) -> int:
        return net.add("QUANTIZE", [y], net.shape(y), kind="INT8", step=step, zero=zero)

    scores = net.add(
        "LOGISTIC", [net.convolution(x, 2, 1, kind="INT8", step=STEP)], (1, 6, 8, 2), kind="INT8", step=1 / 256, zero=-128
    )
    options, both = options_of("Concatenation", axis=3), [requantised(boxes(net, x)), requantised(scores)]
    return net.file(net.add("CONCATENATION", both, (1, 6, 8, 6), options, kind="INT8", step=step, zero=zero, name="rows"))


def linear(net: Network, x: int) -> int:
    return net.convolution(x, 4, 1, kind="INT8", step=STEP)


def squashed(net: Network, x: int) -> int:
    return net.add("LOGISTIC", [linear(net, x)], (1, 6, 8, 4), kind="INT8", step=1 / 256, zero=-128)


@pytest.mark.parametrize(
    ("step", "boxes", "says"),
    [
        (2.5, linear, "one scale for scores and other numbers, such as boxes: rows holds both in steps of 2.5"),
        (1 / 256, linear, "one scale for scores and other numbers, such as boxes: rows cuts off what is not within 0 and 1"),
        (0.01, linear, None),
        (1 / 256, squashed, None),
    ],
    ids=["boxes in pixels", "the scale of scores", "boxes of about 1", "boxes as scores"],
)
def test_one_scale_for_boxes_and_scores_is_told(step: float, boxes: Callable[[Network, int], int], says: str | None) -> None:
    facts = file_facts(Flatbuffer(scored(step, boxes=boxes)))

    assert facts.lines[-1] == says if says else facts.shared_scale is None


def test_names_are_told_as_one_may_print_them() -> None:
    net = Network()
    net.input((1, 4))
    content = net.file(net.add_many("CUSTOM", [0], [net.tensor((1, 4))])[0])
    file = Flatbuffer(content)
    file.model.operatorCodes[0].customCode = b"\x1b[31mred"
    facts = file_facts(Flatbuffer(file.packed()))

    assert facts.operators[0].kind == "\x1b[31mred"
    assert all(line.isprintable() for line in facts.lines)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 99, static()[:200], b"1234TFL3" + b"\xff" * 90], ids=["empty", "zeros", "half", "ones"]
)
def test_what_is_no_model_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(ModelError, match="it is no LiteRT model, or damaged .*; copy or convert the model again"):
        stored_precision(content)


def test_a_damaged_file_is_refused_or_told_of_and_nothing_else() -> None:
    content, random = scored(2.5, boxes=linear), np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(content)
        for place in random.integers(8, len(content), 6):
            damaged[place] = random.integers(256)
        try:
            file_facts(Flatbuffer(bytes(damaged)))
        except ModelError:
            refused += 1

    assert 0 < refused < 300


def test_published_files_are_told_right(assets: Path) -> None:
    told = {path.stem: stored_precision(path.read_bytes()) for path in (assets / "models").glob("*.tflite")}

    assert told["mobile_object_localizer_v1_192"] == "int8"
    assert told["yolox_nano_416_float16_quantize"] == "float16"
    assert told["yolox_nano_416_dynamic_range_quantize"] == "dynamic-int8"
    tail = file_facts(Flatbuffer((assets / "models" / "yolox_nano_416_int8_quantize.tflite").read_bytes()))
    assert tail.lines[0] == "stored as float32: no weight is quantised, though 18 operators work on integers"
    assert tail.shared_scale is not None
    assert tail.shared_scale.cuts_off
