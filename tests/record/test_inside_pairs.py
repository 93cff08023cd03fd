"""Two profiles side by side: by layer, whatever was fused, else by kind of work."""

import pytest

from tests.profile.rows import profile, row
from workbench.record import OperatorRow, Pair, Profile, pairs_by_layer, pairs_by_work
from workbench.record.inside_pairs import work_of


def told(pairs: tuple[Pair, ...] | None) -> dict[str, tuple[float, float]]:
    assert pairs is not None
    return {pair.name: (round(1000 * pair.left_seconds, 3), round(1000 * pair.right_seconds, 3)) for pair in pairs}


def apart() -> Profile:
    """A network whose operators run one by one, a millisecond each."""
    return profile(*(row(name) for name in ("net/a/conv", "net/a/bias", "net/b/conv", "net/c/relu")))


def test_a_layer_that_one_runtime_has_fused_is_one_line() -> None:
    fused = profile(row("net/b/conv;net/a/conv", seconds=0.005), row("net/c/relu", seconds=0.0005))

    assert list(told(pairs_by_layer(apart(), fused)).values()) == [(3.0, 5.0), (1.0, 0.5)]


def test_what_differs_most_comes_first_whichever_is_slower() -> None:
    other = profile(row("net/a/conv", seconds=0.0021), row("net/b/conv", seconds=0.0001), row("net/c/relu", seconds=0.001))

    assert list(told(pairs_by_layer(apart(), other))) == ["net/b", "net/a", "net/c"]


def test_a_layer_that_only_one_has_stays_with_nothing_beside_it() -> None:
    other = profile(row("net/a/conv"), row("net/b/conv"), row("net/new/copy"))

    found = told(pairs_by_layer(apart(), other))

    assert found["net/new"] == (0.0, 1.0)
    assert found["net/c"] == (1.0, 0.0)


def test_names_with_nothing_in_common_are_not_set_side_by_side() -> None:
    assert pairs_by_layer(apart(), profile(row("x/1"), row("x/2"))) is None
    assert pairs_by_layer(apart(), profile(row(""), row(""))) is None


def test_kinds_of_work_stand_side_by_side_whatever_they_are_called() -> None:
    left = profile(row("1", "CONV_2D"), row("2", "DEPTHWISE_CONV_2D"), row("3", "RELU6"))
    right = profile(row("x", "convolution", seconds=0.004), row("y", "grouped convolution", seconds=0.008))

    assert told(pairs_by_work(left, right)) == {
        "depthwise and grouped convolutions": (1.0, 8.0),
        "convolutions": (1.0, 4.0),
        "activations": (1.0, 0.0),
    }


@pytest.mark.parametrize(
    ("work", "kinds"),
    [
        ("convolutions", ("CONV_2D", "Convolution", "FusedConv2D", "QLinearConv", "NhwcFusedConv")),
        ("depthwise and grouped convolutions", ("DepthwiseConv2dNative", "GroupConvolution", "grouped convolution")),
        ("transposed convolutions", ("TRANSPOSE_CONV", "Deconvolution", "ConvTranspose", "Conv2DBackpropInput")),
        ("matrices", ("FULLY_CONNECTED", "MatMul", "FusedGemm", "dot")),
        ("changes of type", ("QUANTIZE", "DequantizeLinear", "Convert", "Cast")),
        ("moving and reshaping", ("TRANSPOSE", "ReorderInput", "ConcatV2", "copy_bitcast_fusion", "PadV2")),
        ("other", ("TopK", "while")),
    ],
)
def test_types_of_all_runtimes_have_their_kind_of_work(work: str, kinds: tuple[str, ...]) -> None:
    assert {work_of(kind) for kind in kinds} == {work}


def test_an_operator_without_a_name_is_no_layer() -> None:
    left = profile(row("net/a/conv", seconds=0.01), OperatorRow(name="", kind="copy", seconds=0.001))

    assert told(pairs_by_layer(left, left)) == {"net/a": (10.0, 10.0), "": (1.0, 1.0)}
