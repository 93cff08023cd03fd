"""What OpenVINO's counters say, and which of the file's operators its nodes are."""

import pytest

from workbench.profile.openvino import names_in_file, seconds_in

IN_FILE = [
    ("CONV_2D", "net/stem", (1, 8, 8, 4)),
    ("ADD", "net/add", (1, 8, 8, 4)),
    ("DEPTHWISE_CONV_2D", "net/deep", (1, 4, 4, 4)),
]


def test_a_turn_is_what_the_mean_of_all_runs_has_changed_by() -> None:
    means = [[100.0, 8.0], [52.0, 5.0], [35.0, 4.0], [26.5, 3.5]]  # 100, 4, 1, 1 and 8, 2, 2, 2

    assert seconds_in(range(1, 4), means) == pytest.approx((2.0, 2.0))
    assert seconds_in(range(2), means) == pytest.approx((52.0, 5.0))


def test_whole_microseconds_bring_no_negative_times() -> None:
    assert seconds_in(range(1, 2), [[1.0], [0.4]]) == (0.0,)


def test_nodes_are_named_in_the_file_s_order_by_their_numbers() -> None:
    nodes = [
        ("GroupConvolution", "GroupConvolution_9", (1, 4, 4, 4)),
        ("Convolution", "Convolution_2", (1, 4, 8, 8)),
        ("Add", "Add_5", (1,)),
    ]

    assert names_in_file(nodes, IN_FILE) == {"Convolution_2": "net/stem", "GroupConvolution_9": "net/deep"}


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([("Convolution", "Convolution_2", (1, 4, 8, 8))], id="fewer"),
        pytest.param(
            [("Convolution", "Convolution_2", (1, 9, 8, 8)), ("Convolution", "Convolution_3", (1, 4, 4, 4))], id="another size"
        ),
    ],
)
def test_where_it_is_not_sure_nodes_keep_their_own_names(nodes: list[tuple[str, str, tuple[int, ...]]]) -> None:
    assert not names_in_file(nodes, IN_FILE)
