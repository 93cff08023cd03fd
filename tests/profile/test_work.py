"""Products and bytes of operators, counted by hand."""

import numpy as np
import pytest

from tests.quantising.networks import Network, options_of
from workbench.profile.roof import integer_product
from workbench.profile.work import bytes_moved_by, in_integers, macs_of
from workbench.quantising import Flatbuffer


def convolution() -> bytes:
    net = Network()
    return net.file(net.convolution(net.input((1, 8, 8, 3)), 16, 3))


def depthwise() -> bytes:
    net = Network()
    x = net.input((1, 8, 8, 4))
    options = options_of("DepthwiseConv2D", strideH=1, strideW=1, depthMultiplier=1)
    return net.file(net.add("DEPTHWISE_CONV_2D", [x, net.weights((1, 3, 3, 4)), net.weights((4,))], (1, 8, 8, 4), options))


def fully_connected() -> bytes:
    net = Network()
    inputs = [net.input((1, 32)), net.weights((10, 32)), -1]
    return net.file(net.add("FULLY_CONNECTED", inputs, (1, 10), options_of("FullyConnected")))


def batch_matmul() -> bytes:
    net = Network()
    options = options_of("BatchMatMul", adjX=True, adjY=False)
    return net.file(net.add("BATCH_MATMUL", [net.input((2, 5, 3)), net.weights((2, 5, 7))], (2, 3, 7), options))


def turned() -> bytes:
    net = Network()
    inputs = [net.constant([1, 8, 8, 6]), net.weights((6, 2, 2, 3)), net.input((1, 4, 4, 3))]
    return net.file(net.add("TRANSPOSE_CONV", inputs, (1, 8, 8, 6), options_of("TransposeConv", strideH=2, strideW=2)))


@pytest.mark.parametrize(
    ("content", "macs", "moved"),
    [
        pytest.param(convolution(), 6 * 6 * 16 * 27, 4 * (192 + 432 + 16 + 576), id="convolution"),
        pytest.param(depthwise(), 256 * 9, 4 * (256 + 36 + 4 + 256), id="depthwise"),
        pytest.param(fully_connected(), 320, 4 * (32 + 320 + 10), id="fully connected"),
        pytest.param(batch_matmul(), 2 * 3 * 7 * 5, 4 * (30 + 70 + 42), id="batch matmul"),
        pytest.param(turned(), 48 * 6 * 4, 4 * (4 + 72 + 48 + 384), id="transposed convolution"),
    ],
)
def test_products_and_bytes_are_those_counted_by_hand(content: bytes, macs: int, moved: int) -> None:
    file = Flatbuffer(content)
    (operator,) = file.graph.operators

    assert (macs_of(file, operator), bytes_moved_by(file, operator)) == (macs, moved)


def test_what_adds_nothing_up_has_no_products_and_four_bits_are_half_a_byte() -> None:
    net = Network()
    x = net.input((1, 4, 4, 3))
    net.constant(np.ones(5, np.int8), "INT4")
    file = Flatbuffer(net.file(net.transpose(x, (0, 3, 1, 2))))

    assert macs_of(file, file.graph.operators[0]) == 0
    assert [file.bytes_of(index) for index in range(2)] == [192, 3]


def test_products_are_of_integers_where_the_weights_are() -> None:
    floats, integers = Flatbuffer(fully_connected()), Flatbuffer(integer_product(8))
    product = integers.graph.operators[0]

    assert (in_integers(floats, floats.graph.operators[0]), in_integers(integers, product)) == (False, True)
    assert (macs_of(integers, product), bytes_moved_by(integers, product)) == (8**3, 3 * 8**2)
