"""What ONNX Runtime's trace says."""

from types import SimpleNamespace
from typing import Any

import pytest

from workbench.profile.onnxruntime import name_in_file, watched_in

RUN = {"name": "model_run", "dur": 100}


def node(name: str, kind: str, dur: int, taken: list[dict[str, list[int]]], given: dict[str, list[int]]) -> dict[str, Any]:
    args = {"op_name": kind, "provider": "CPUExecutionProvider", "input_type_shape": taken, "output_type_shape": [given]}
    return {"name": f"{name}_kernel_time", "dur": dur, "args": args}


def conv(dur: int) -> dict[str, Any]:
    return node("head/conv", "Conv", dur, [{"float": [1, 3, 8, 8]}, {"float": [16, 3, 3, 3]}], {"float": [1, 16, 6, 6]})


def gemm(dur: int) -> dict[str, Any]:
    return node("score", "MatMul", dur, [{"int8": [2, 5, 3]}, {"int8": [2, 3, 7]}], {"float": [2, 5, 7]})


def test_nodes_are_rows_with_a_time_for_each_run_but_the_blank_one() -> None:
    events = [{"name": "session_initialization"}, conv(900), gemm(90), RUN, conv(10), gemm(1), RUN, conv(30), gemm(3), RUN]

    seen = watched_in(events, [range(2)], str, {})

    assert [(row.name, row.kind, row.kernel, row.shape) for row in seen.rows] == [
        ("head/conv", "Conv", "CPU", (1, 16, 6, 6)),
        ("score", "MatMul", "CPU", (2, 5, 7)),
    ]
    assert seen.seconds == (pytest.approx((10e-6, 1e-6)), pytest.approx((30e-6, 3e-6)))


def test_products_and_bytes_follow_from_shapes() -> None:
    rows = watched_in([RUN, conv(1), gemm(1), RUN], [], str, {}).rows

    assert [row.macs for row in rows] == [16 * 36 * 27, 2 * 5 * 7 * 3]
    assert [row.bytes_moved for row in rows] == [4 * (192 + 432 + 576), 30 + 42 + 4 * 70]


def test_runs_that_do_not_count_and_those_of_other_nodes_have_no_times() -> None:
    events = [RUN, conv(7), gemm(1), RUN, conv(1), gemm(1), RUN, conv(1), RUN]

    assert watched_in(events, [range(1, 3)], str, {}).seconds == (pytest.approx((1e-6, 1e-6)),)


def test_a_node_has_the_name_of_the_file_s_tensor_that_it_comes_after() -> None:
    nodes = [
        SimpleNamespace(op_type="Conv", name="head/last", input=["Relu__9:0"], output=["head/last_raw_output___3:0"]),
        SimpleNamespace(op_type="Conv", name="head/conv", input=["image", "w"], output=["head/conv"]),
        SimpleNamespace(op_type="Relu", name="Relu__9", input=["head/conv"], output=["Relu__9:0"]),
    ]

    names = ("Relu__9:0_nchwc", "Relu__9", "head/conv_nchwc", "head/conv__63", "ReorderInput")

    assert name_in_file("head/last", nodes, {"head/conv"}) == "head/last", "what comes before it is another operator"
    assert name_in_file("head/last_raw_output___3:0_nchwc", nodes, {"head/last"}) == "head/last"
    assert [name_in_file(name, nodes, {"head/conv"}) for name in names] == [*["head/conv"] * 4, "ReorderInput"]


def test_channels_that_fill_a_block_are_no_work() -> None:
    assert watched_in([RUN, conv(1), RUN], [], str, {"head/conv": 77}).rows[0].macs == 77
