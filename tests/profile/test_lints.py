"""What is said of what costs time beside arithmetic."""

import pytest

from tests.profile.rows import inside, row
from tests.quantising.networks import TO_FIRST, TO_LAST, Network
from tests.quantising.test_operators import static
from workbench.profile.lints import CHANGES_OF_TYPE, LEAST_SHARE, lints
from workbench.quantising import INT4, SHAPE


def transposed(pairs: int) -> bytes:
    net = Network()
    x = net.input((1, 4, 4, 3))
    for _ in range(pairs):
        x = net.transpose(net.transpose(x, TO_FIRST), TO_LAST)
    return net.file(x)


def test_twenty_pairs_of_transposes_are_advised_against_with_their_share() -> None:
    rows = [row(f"t{number}", "TRANSPOSE") for number in range(40)]

    (told,) = lints(inside(transposed(20), *rows, row("c", seconds=0.04)))

    assert told.what.startswith("40 transposes")
    assert told.seconds == pytest.approx(0.04)
    assert "runtime.layout=nhwc" in told.advice


def test_where_the_layout_was_changed_already_the_advice_is_another() -> None:
    (told,) = lints(inside(transposed(20), row("t", "TRANSPOSE"), layout="nhwc"))

    assert "runtime.layout=nhwc" not in told.advice


def test_a_reference_kernel_is_named_with_its_reason_and_what_to_do() -> None:
    (told,) = lints(inside(transposed(1), row("block/conv", reference=INT4)))

    assert told.what == f"1 operator on reference kernels for {INT4}: CONV_2D block/conv"
    assert "weight-int8" in told.advice


def test_a_shape_that_is_known_only_while_it_runs_is_said_to_be_that() -> None:
    net = Network()
    content = net.file(net.add("RELU", [net.input((1, 4))], (1, -1), name="open"))

    (told,) = lints(inside(content, row("open", "RELU", reference=SHAPE)))

    assert "known only while they run" in told.what
    assert "one input size" in told.advice


@pytest.mark.parametrize("kind", sorted(CHANGES_OF_TYPE))
def test_changes_of_type_are_counted(kind: str) -> None:
    (told,) = lints(inside(static(), row("a", kind), row("b", kind)))

    assert told.what.startswith("2 changes of type")


def test_what_takes_nothing_is_not_told() -> None:
    assert not lints(inside(transposed(1), row("t", "TRANSPOSE", seconds=0.9 * LEAST_SHARE), row("c", seconds=1.0)))


def test_without_times_all_is_told() -> None:
    (told,) = lints(inside(transposed(1), row("t", "TRANSPOSE", seconds=None)))

    assert told.seconds is None
