"""Files in float16, and names that come twice."""

from collections import Counter

import numpy as np
import pytest

from tests.quantising.building import Building, outputs, pictures, swish_network
from workbench.errors import ModelError
from workbench.quantising import Flatbuffer, unpacked


def test_a_float32_file_stays_as_it_is() -> None:
    content = swish_network()

    assert unpacked(content) is content


def test_a_file_without_signatures_gets_an_empty_list_of_them() -> None:
    file = Flatbuffer(swish_network())
    file.model.signatureDefs = None

    content = unpacked(file.packed())

    assert Flatbuffer(content).model.signatureDefs == []
    assert unpacked(content) is content


def test_a_float16_file_computes_the_same_without_its_dequantising() -> None:
    half = swish_network(half=True)

    wide = unpacked(half)

    file = Flatbuffer(wide)
    assert Counter(map(file.kind, file.graph.operators)) == {"CONV_2D": 2, "LOGISTIC": 2, "MUL": 1}
    assert "FLOAT16" not in {file.type(index) for index in range(len(file.graph.tensors))}
    np.testing.assert_array_equal(outputs(wide, pictures()), outputs(half, pictures()))


def test_operators_that_an_old_file_tells_by_another_field_are_those_that_they_were() -> None:
    file = Flatbuffer(swish_network())
    for code in file.model.operatorCodes:
        code.builtinCode = 0  # which is ADD's number
    old = file.packed()

    new = Flatbuffer(unpacked(old))

    assert {code.builtinCode for code in new.model.operatorCodes} == {3, 14, 18}
    np.testing.assert_array_equal(outputs(unpacked(old), pictures()), outputs(swish_network(), pictures()))


def test_names_that_come_twice_are_numbered_and_outputs_keep_theirs() -> None:
    net = Building()
    first = net.pointwise(net.image, "same", 2)
    content = net.file(net.pointwise(first, "same", 2))

    file = Flatbuffer(unpacked(content))

    names = [file.name(index) for index in range(len(file.graph.tensors))]
    assert len(set(names)) == len(names)
    assert file.name(file.graph.outputs[0]) == "same"
    assert {"same_2", "same/weights", "same/weights_2"} < set(names)


@pytest.mark.parametrize("content", [b"", b"\0" * 64, swish_network()[:200]], ids=["empty", "zeros", "cut short"])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="it is no LiteRT model, or damaged"):
        unpacked(content)
