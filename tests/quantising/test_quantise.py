"""Integers of each precision, and operators that stay in float."""

import io
import zipfile
from collections import Counter
from functools import cache

import numpy as np
import pytest

from tests.quantising.building import Building, mixed_tail, outputs, pictures, swish_network
from workbench.errors import UnavailableError
from workbench.quantising import Flatbuffer, FloatNetwork, quantised, ranges_of, shared, tensor_values, unpacked
from workbench.quantising.quantise import RECIPES, operators_named

CONTENT, TAIL = map(unpacked, (swish_network(), mixed_tail()))


@cache
def ranges(content: bytes) -> dict[str, tuple[float, float]]:
    return ranges_of(content, tensor_values(content, pictures()), "minmax")


def edges(content: bytes) -> tuple[str, str]:
    file = Flatbuffer(content)
    return file.type(file.graph.inputs[0]), file.type(file.graph.outputs[0])


def kinds(content: bytes) -> Counter[str]:
    file = Flatbuffer(content)
    return Counter(map(file.kind, file.graph.operators))


@pytest.mark.parametrize(
    ("precision", "ends", "weights", "error"),
    [
        ("float16", "FLOAT32", "FLOAT16", 0.001),
        ("dynamic-int8", "FLOAT32", "INT8", 0.02),
        ("weight-int8", "FLOAT32", "INT8", 0.02),
        ("weight-int4", "FLOAT32", "INT4", 0.2),
        ("int8", "INT8", "INT8", 0.03),
        ("int16x8", "INT16", "INT8", 0.02),
    ],
)
def test_each_precision_computes_about_the_same(
    precision: str, ends: str, weights: str, error: float, capfd: pytest.CaptureFixture[str]
) -> None:
    made = quantised(CONTENT, precision, ranges(CONTENT))

    assert capfd.readouterr() == ("", "")
    assert edges(made) == (ends, ends)
    file = Flatbuffer(made)
    assert weights in {file.type(index) for index in range(len(file.graph.tensors)) if file.name(index).endswith("weights")}
    assert np.abs(outputs(made, pictures()) - outputs(CONTENT, pictures())).max() < error


@pytest.mark.parametrize("precision", RECIPES)
def test_labels_in_an_archive_behind_the_file_go_along(precision: str) -> None:
    file = io.BytesIO(CONTENT)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")

    made = quantised(unpacked(file.getvalue()), precision, ranges(CONTENT))

    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.read("labels.txt") == b"cat\ndog\n"
    assert made.count(b"cat\ndog\n") == 1
    np.testing.assert_array_equal(outputs(made, pictures()), outputs(quantised(CONTENT, precision, ranges(CONTENT)), pictures()))


def test_every_precision_is_tried_here() -> None:
    assert set(RECIPES) == {"float16", "dynamic-int8", "weight-int8", "weight-int4", "int8", "int16x8"}


def test_nothing_is_brought_to_another_scale_between_operators_in_integers() -> None:
    assert kinds(quantised(CONTENT, "int8", ranges(CONTENT))) == kinds(CONTENT)


def test_ends_are_floats_where_that_is_wished() -> None:
    made = FloatNetwork(CONTENT).quantised("int8", ranges(CONTENT), (), integer_edges=False)

    assert edges(made) == ("FLOAT32", "FLOAT32")
    assert kinds(made) - kinds(CONTENT) == {"QUANTIZE": 1, "DEQUANTIZE": 1}


def test_boxes_and_scores_in_one_tensor_are_broken_by_its_one_scale_and_whole_with_its_operator_in_float() -> None:
    wanted = outputs(TAIL, pictures())

    broken = outputs(quantised(TAIL, "int8", ranges(TAIL)), pictures())
    made = quantised(TAIL, "int8", ranges(TAIL), ["rows"])

    assert np.unique(broken[..., 4:]).size < 4, "of scores from 0 to 1 hardly any are left"
    assert edges(made) == ("INT8", "FLOAT32"), "else the one scale would be back"
    whole = outputs(made, pictures())
    assert np.abs(whole - wanted)[..., 4:].max() < 0.05
    assert np.abs(whole - wanted)[..., :4].max() < 0.02 * np.abs(wanted[..., :4]).max()


def test_what_stays_in_float_ties_no_scales_together() -> None:
    file, known = Flatbuffer(TAIL), ranges(TAIL)
    rows = next(position for position, one in enumerate(file.graph.operators) if file.kind(one) == "CONCATENATION")

    tied, free = shared(file, known, set()), shared(file, known, {rows})

    assert tied["boxes"] == tied["rows"] == tied["scores"]
    assert free["boxes"] == known["boxes"]
    assert free["scores"] == (0.0, 255 / 256), "what a sigmoid's kernel gives, whatever was seen"


def test_a_pattern_is_a_name_or_has_wildcards() -> None:
    net = Building()
    file = Flatbuffer(net.file(net.pointwise(net.pointwise(net.image, "a[0]/b", 2), "a0/b", 2)))

    named = {pattern: operators_named(file, [pattern]) for pattern in ("a[0]/b", "a0/b", "a*", "a?/b")}

    assert named == {"a[0]/b": {0, 1}, "a0/b": {1}, "a*": {0, 1}, "a?/b": {1}}


@pytest.mark.parametrize("pattern", ["stem/", "TEM", "stem$", ".*"])
def test_a_pattern_that_matches_nothing_is_an_error_that_names_it(pattern: str) -> None:
    with pytest.raises(UnavailableError) as refused:
        quantised(CONTENT, "int8", ranges(CONTENT), ["stem", pattern])

    assert str(refused.value) == (
        f"runtime.float_ops names {pattern!r}, and no operator gives a tensor of that name; choose of such as swish, head, scores"
    )


def test_a_network_that_the_quantiser_refuses_costs_one_sentence_with_the_operator() -> None:
    net = Building()
    computed = net.add("LOGISTIC", [net.constant(np.ones(2, np.float32))], (2,), name="bias")
    file = Flatbuffer(net.file(net.pointwise(net.image, "strange", 2)))
    file.graph.operators[1].inputs[2] = computed

    with pytest.raises(UnavailableError) as refused:
        quantised(file.packed(), "int8", {})

    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("the quantiser cannot make int8 of CONV_2D 'strange': ")
    assert str(refused.value).endswith("; name it in runtime.float_ops")
