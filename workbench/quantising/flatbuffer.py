"""A `.tflite` file as objects that can be looked at, changed and written again.

They are those of flatbuffers' object API for LiteRT's schema (tensorflow/lite/schema/schema.fbs). It checks nothing, so what a
damaged file would make it do is bounded here.
"""

import io
import struct
import zipfile
from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ModelError, UnavailableError

IDENTIFIER = b"TFL3"  # at byte 4 of every LiteRT flatbuffer (schema.fbs: file_identifier)
ALIGNMENT = 16  # of a constant's data, in bytes (schema.fbs: Buffer.data)
LAST_OLD_KIND = 127  # what stands in the older, shorter field of an operator's kind where that has no room for it
ENTRY_BYTES = 4  # that each table takes in the list it is in: no file holds more tables than that
DTYPES: dict[str, type[np.generic]] = {
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "FLOAT64": np.float64,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "BOOL": np.bool_,
}
PACKED_BITS = {"INT4": 4, "INT2": 2}  # of elements of which a byte holds several
Operator: TypeAlias = Any  # the schema's OperatorT, which has no types


@final
class Flatbuffer:
    """A file, unpacked.

    Args:
        content: The file; it is not changed.

    Attributes:
        schema: LiteRT's, the classes and numbers that files are made of; loaded with the first file.
        model: Its ModelT.
        graph: The one that runs; others belong to its loops and branches.

    Raises:
        ModelError: It is no LiteRT model, or damaged.
    """

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.schema = schema
        self._archive = archive_behind(content)
        self._kinds = _names(schema.BuiltinOperator)
        self._types = _names(schema.TensorType)
        try:
            _check_bounds(schema.Model.GetRootAs(content, 0), content)
            self.model = schema.ModelT.InitFromPackedBuf(content, 0)
            self.graph = self.model.subgraphs[0]
            for graph in self.model.subgraphs:
                _settle(graph)
                self._check_numbers(graph)
            for buffer in self.model.buffers:
                if buffer.size and buffer.data is None:  # behind the flatbuffer, as files of over 2 GB have them
                    buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
                    buffer.offset = buffer.size = 0
        except (struct.error, ValueError, TypeError, IndexError, AttributeError, KeyError, OverflowError, MemoryError) as error:
            raise ModelError(f"it is no LiteRT model, or damaged ({error}); copy or convert the model again") from None

    def _check_numbers(self, graph: Any) -> None:
        numbers = [index for operator in graph.operators for index in (*operator.inputs, *operator.outputs)]
        signed = [one.tensorIndex for one in self._signed()] if graph is self.graph else []
        if not all(-1 <= index < len(graph.tensors) for index in (*numbers, *graph.inputs, *graph.outputs, *signed)):
            raise IndexError("an operator takes a tensor that there is not")
        if not all(0 <= operator.opcodeIndex < len(self.model.operatorCodes) for operator in graph.operators):
            raise IndexError("an operator is of a kind that there is not")
        if not all(0 <= one.buffer < len(self.model.buffers) for one in (*graph.tensors, *(self.model.metadata or ()))):
            raise IndexError("a tensor has data that there is not")

    def kind(self, operator: Operator) -> str:
        """Return an operator's type as the schema names it, such as `CONV_2D`; a custom operator's own name, untrusted."""
        code = self.model.operatorCodes[operator.opcodeIndex]
        name = self._kinds.get(max(code.builtinCode, code.deprecatedBuiltinCode), "unknown")
        return (code.customCode or b"").decode(errors="replace") if name == "CUSTOM" else name

    def name(self, index: int) -> str:
        """Return a tensor's name; untrusted."""
        return (self.graph.tensors[index].name or b"").decode(errors="replace")

    def shape(self, index: int) -> tuple[int, ...]:
        """Return a tensor's sides."""
        return tuple(self.graph.tensors[index].shape)

    def type(self, index: int) -> str:
        """Return what a tensor's elements are as the schema names it, such as `FLOAT32`."""
        return self._types.get(self.graph.tensors[index].type, "unknown")

    def bytes_of(self, index: int) -> int:
        """Return what a tensor's elements take; 0 where they are of no fixed size."""
        kind, count = self.type(index), prod(self.shape(index))
        if kind in PACKED_BITS:
            return -(-count * PACKED_BITS[kind] // 8)
        return count * np.dtype(DTYPES[kind]).itemsize if kind in DTYPES else 0

    def is_constant(self, index: int) -> bool:
        """Whether a tensor is in the file; an input that is left out, numbered -1, is not."""
        if index < 0:
            return False
        data = self.model.buffers[self.graph.tensors[index].buffer].data
        return data is not None and len(data) > 0

    def constant(self, index: int) -> NDArray[Any] | None:
        """Return a constant's values, not to be written to; `None` for what is computed, or stored in another way.

        Raises:
            ModelError: The file is damaged: there are more or fewer than the tensor's shape has.
        """
        if not self.is_constant(index):
            return None
        tensor, dtype = self.graph.tensors[index], DTYPES.get(self.type(index))
        if dtype is None or tensor.sparsity is not None:
            return None
        try:
            return np.asarray(self.model.buffers[tensor.buffer].data, np.uint8).view(dtype).reshape(tensor.shape)
        except ValueError:
            raise ModelError(f"the constant {self.name(index)!r} has not the shape that the file says; copy the model") from None

    def add_constant(self, name: str, values: NDArray[Any]) -> int:
        """Add a tensor with these values, and return its number."""
        kind = getattr(self.schema.TensorType, next(name for name, dtype in DTYPES.items() if values.dtype == dtype))
        tensor = self.schema.TensorT(shape=list(values.shape), type=kind, buffer=len(self.model.buffers), name=name.encode())
        self.model.buffers.append(self.schema.BufferT(np.frombuffer(values.tobytes(), np.uint8)))
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def add_tensor(self, name: str, like: int, shape: Sequence[int]) -> int:
        """Add a tensor of another's type, to be computed, and return its number; it has open sides where `shape` has -1."""
        kind = self.graph.tensors[like].type
        tensor = self.schema.TensorT(shape=[max(side, 1) for side in shape], type=kind, name=name.encode())
        if -1 in shape:
            tensor.shapeSignature = list(shape)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def open_shape(self, index: int) -> tuple[int, ...]:
        """Return a tensor's sides, -1 where one is open."""
        signature = self.graph.tensors[index].shapeSignature
        return self.shape(index) if signature is None or len(signature) == 0 else tuple(int(side) for side in signature)

    def operator(self, kind: str, inputs: Sequence[int], outputs: Sequence[int]) -> Operator:
        """Return a new operator without options, which is not in the graph yet."""
        wanted = getattr(self.schema.BuiltinOperator, kind)
        codes = [max(one.builtinCode, one.deprecatedBuiltinCode) for one in self.model.operatorCodes]
        if wanted not in codes:
            self.model.operatorCodes.append(self.schema.OperatorCodeT(min(wanted, LAST_OLD_KIND), version=1, builtinCode=wanted))
            codes.append(wanted)
        return self.schema.OperatorT(codes.index(wanted), list(inputs), list(outputs))

    def drop_unused(self) -> None:
        """Forget operators that nothing wants, then tensors and data that nothing reads; tensors are numbered anew."""
        graph, wanted, kept = self.graph, set(self.graph.outputs), []
        for operator in reversed(graph.operators):  # they stand in the order in which they run
            if not operator.outputs or wanted & set(operator.outputs):
                wanted |= set(operator.inputs)
                kept.append(operator)
        graph.operators = kept[::-1]
        used = {*graph.inputs, *wanted, *(one.tensorIndex for one in self._signed())}
        used |= {index for operator in kept for index in (*operator.outputs, *(operator.intermediates or ()))}
        old = sorted(used - {-1})
        new = {-1: -1, **{index: number for number, index in enumerate(old)}}
        graph.tensors = [graph.tensors[index] for index in old]
        graph.inputs, graph.outputs = ([new[index] for index in some] for some in (graph.inputs, graph.outputs))
        for operator in graph.operators:
            operator.inputs, operator.outputs = ([new[index] for index in some] for some in (operator.inputs, operator.outputs))
            if operator.intermediates is not None:
                operator.intermediates = [new[index] for index in operator.intermediates]
        for one in self._signed():
            one.tensorIndex = new[one.tensorIndex]
        owners = [*(one for each in self.model.subgraphs for one in each.tensors), *(self.model.metadata or ())]
        buffers = {number: position for position, number in enumerate(sorted({0, *(one.buffer for one in owners)}))}
        self.model.buffers = [self.model.buffers[number] for number in buffers]  # the first is the empty one by the schema
        for one in owners:
            one.buffer = buffers[one.buffer]

    def _signed(self) -> list[Any]:
        """Return what the signatures call the graph's tensors."""
        signatures = [one for one in self.model.signatureDefs or () if one.subgraphIndex == 0]
        return [one for signature in signatures for one in (*(signature.inputs or ()), *(signature.outputs or ()))]

    def packed(self) -> bytes:
        """Return a file of what is here now, with the archive of labels and the like that the file had.

        Raises:
            UnavailableError: It is too large for one.
        """
        import flatbuffers

        class Builder(flatbuffers.Builder):  # type: ignore[misc]  # it has no types
            def CreateNumpyVector(self, values: NDArray[Any]) -> int:  # noqa: N802 - its name there
                if values.dtype == np.uint8:  # data of constants
                    self.Prep(ALIGNMENT, values.nbytes)
                return int(super().CreateNumpyVector(values))

        builder = Builder(1 << 20)
        try:
            builder.Finish(self.model.Pack(builder), IDENTIFIER)
        except flatbuffers.builder.BuilderSizeError:
            raise UnavailableError("a .tflite file of over 2 GB cannot be written; choose a smaller model") from None
        return bytes(builder.Output()) + self._archive


def archive_behind(content: bytes) -> bytes:
    """Return the zip archive behind a flatbuffer, in which files have their labels; nothing where there is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return content[min((one.header_offset for one in archive.infolist()), default=len(content)) :]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return b""


def _names(enumeration: Any) -> dict[int, str]:
    return {number: name for name, number in vars(enumeration).items() if isinstance(number, int)}


def _check_bounds(model: Any, content: bytes) -> None:
    """Refuse lists that overlap: a small file could claim any number of tables."""
    graphs = model.SubgraphsLength()
    tables = graphs + model.BuffersLength() + model.OperatorCodesLength() + model.MetadataLength() + model.SignatureDefsLength()
    for position in range(min(graphs, len(content))):
        graph = model.Subgraphs(position)
        tables += graph.TensorsLength() + graph.OperatorsLength()
        if tables * ENTRY_BYTES > len(content):
            break
    if content[4:8] != IDENTIFIER or not graphs or tables * ENTRY_BYTES > len(content):
        raise ValueError("it is not laid out as one")


def _settle(graph: Any) -> None:
    """Make lists of what the object API leaves out where it is empty, and else gives as arrays."""
    graph.tensors, graph.operators = graph.tensors or [], graph.operators or []
    for one, names in (
        (graph, ("inputs", "outputs")),
        *((operator, ("inputs", "outputs")) for operator in graph.operators),
        *((tensor, ("shape",)) for tensor in graph.tensors),
    ):
        for name in names:
            values = getattr(one, name)
            setattr(one, name, [] if values is None else [int(value) for value in values])
