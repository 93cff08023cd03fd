"""A file is read, changed and written again, and damaged ones are refused within bounds."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.quantising.networks import Network, allocated, batches_for, kinds_in, options_of
from workbench.detectors.tflite_metadata import read_metadata
from workbench.errors import ModelError
from workbench.quantising import TOLERANCE, Flatbuffer, largest_difference
from workbench.quantising.flatbuffer import ALIGNMENT, archive_behind


def plain() -> bytes:
    net = Network()
    x = net.convolution(net.input((1, 6, 8, 3)), 4)
    net.add("TANH", [x], net.shape(x))  # which nothing reads
    return net.file(net.add("LOGISTIC", [net.add("ADD", [x, x], net.shape(x), options_of("Add"))], net.shape(x)))


CONTENT = plain()


def test_a_file_that_is_written_again_computes_the_same() -> None:
    again = Flatbuffer(CONTENT).packed()

    assert kinds_in(again) == ["CONV_2D", "TANH", "ADD", "LOGISTIC"]
    assert allocated(again).get_signature_list() == allocated(CONTENT).get_signature_list()
    assert largest_difference(CONTENT, again, batches_for(CONTENT)) == 0


def test_outputs_that_are_no_numbers_are_not_alike() -> None:
    (batch, *_) = batches_for(CONTENT)

    assert not largest_difference(CONTENT, CONTENT, [np.full_like(batch, np.nan), batch]) <= TOLERANCE


def test_constants_are_aligned_as_the_schema_wants_them() -> None:
    file = Flatbuffer(CONTENT)
    wanted = [bytes(one.data) for one in file.model.buffers if one.data is not None]

    content = file.packed()

    assert wanted
    assert all(content.index(data) % ALIGNMENT == 0 for data in wanted)


def test_what_nothing_reads_is_dropped_with_its_data() -> None:
    file = Flatbuffer(CONTENT)
    file.add_constant("unread", np.zeros((100, 100), np.float32))
    tensors, buffers = len(file.graph.tensors), len(file.model.buffers)

    file.drop_unused()

    assert (len(file.graph.tensors), len(file.model.buffers)) == (tensors - 2, buffers - 1)
    assert kinds_in(file.packed()) == ["CONV_2D", "ADD", "LOGISTIC"]
    assert largest_difference(CONTENT, file.packed(), batches_for(CONTENT)) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8, np.int32])
def test_constants_come_back_as_they_were_added(dtype: type[np.generic]) -> None:
    file, values = Flatbuffer(CONTENT), np.arange(6).reshape(2, 3).astype(dtype)

    index = file.add_constant("values", values)

    again = file.constant(index)
    assert again is not None
    assert (again.dtype, file.name(index), file.shape(index)) == (values.dtype, "values", (2, 3))
    np.testing.assert_array_equal(again, values)


def test_what_is_computed_or_left_out_is_no_constant() -> None:
    file = Flatbuffer(CONTENT)

    assert file.constant(file.graph.outputs[0]) is None
    assert file.constant(-1) is None
    assert not file.is_constant(-1)


def test_data_behind_the_flatbuffer_is_read_and_written_into_it() -> None:
    """As files of over 2 GB have it."""
    file = Flatbuffer(CONTENT)
    weights = file.graph.operators[0].inputs[1]
    values, buffer = file.constant(weights), file.model.buffers[file.graph.tensors[weights].buffer]
    assert values is not None
    data, buffer.data, buffer.offset, buffer.size = values.tobytes(), None, 1, values.nbytes
    short = file.packed()
    buffer.offset = len(short)
    content = file.packed() + data

    read = Flatbuffer(content)

    np.testing.assert_array_equal(read.constant(weights), values)
    assert largest_difference(CONTENT, read.packed(), batches_for(CONTENT)) == 0


def test_labels_in_an_archive_behind_a_file_stay_behind_it() -> None:
    file = io.BytesIO(CONTENT)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
    assert archive_behind(file.getvalue()) == file.getvalue()[len(CONTENT) :]

    changed = Flatbuffer(file.getvalue())
    changed.add_constant("more", np.zeros(1000, np.float32))
    again = changed.packed()

    assert read_metadata(again).labels == ("cat", "dog")
    assert largest_difference(CONTENT, again, batches_for(CONTENT)) == 0
    assert archive_behind(CONTENT) == b""


def test_a_constant_that_is_cut_short_is_refused_by_its_name() -> None:
    file = Flatbuffer(CONTENT)
    index = file.add_constant("weights", np.zeros(6, np.float32))
    file.graph.tensors[index].shape = [7]

    with pytest.raises(ModelError, match="the constant 'weights' has not the shape that the file says"):
        file.constant(index)


def test_lists_that_overlap_are_refused_before_they_are_read() -> None:
    """A few bytes claim a million operators."""
    content = bytearray(CONTENT)
    root = struct.unpack_from("<I", content)[0]
    vtable = root - struct.unpack_from("<i", content, root)[0]
    place = root + struct.unpack_from("<H", content, vtable + 8)[0]  # the third field: subgraphs
    graphs = place + struct.unpack_from("<I", content, place)[0]
    struct.pack_into("<I", content, graphs, 2**20)

    with pytest.raises(ModelError, match="it is not laid out as one"):
        Flatbuffer(bytes(content))


@pytest.mark.parametrize("number", [99, -2])
def test_a_number_of_a_tensor_that_there_is_not_is_refused(number: int) -> None:
    file = Flatbuffer(CONTENT)
    file.graph.operators[1].inputs = [number]

    with pytest.raises(ModelError, match="takes a tensor that there is not"):
        Flatbuffer(file.packed())


def test_published_files_are_written_again(assets: Path) -> None:
    for path in (assets / "models").glob("*.tflite"):
        content = path.read_bytes()
        file = Flatbuffer(content)
        kinds = kinds_in(content)
        file.drop_unused()
        assert kinds_in(file.packed()) == kinds
