"""What XLA's program says of its instructions: types, shapes, products, bytes, and what was fused into each."""

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

from workbench.profile.xplane import Key
from workbench.record import OperatorRow
from workbench.wording import listed

HOLDERS = frozenset({"while", "conditional", "call"})  # that run other instructions
BITS = {"PRED": 8, "BF16": 16, "TOKEN": 0, "TUPLE": 0}  # of the element types whose names do not end in theirs
TYPES_NAMED = 4  # of what was fused, that are written out


def instruction_rows(programs: Iterable[bytes]) -> dict[Key, OperatorRow]:
    """Return a row, without a time, for each instruction of XLA's modules, by its own name and the module's."""
    from tensorflow.compiler.xla.service.hlo_pb2 import HloProto

    rows = dict[Key, OperatorRow]()
    for program in programs:
        module = HloProto.FromString(program).hlo_module
        known = _Module(module)
        rows |= {(one.name, module.name): _row(one, known) for one in known.instructions.values()}
    return rows


class _Module:
    """A module's instructions and computations by their numbers."""

    def __init__(self, module: Any) -> None:
        self._computations = {one.id: one for one in module.computations}
        self.instructions = {one.id: one for computation in module.computations for one in computation.instructions}

    def operands(self, instruction: Any) -> list[Any]:
        return [self.instructions[number] for number in instruction.operand_ids]

    def fused(self, instruction: Any) -> Iterator[Any]:
        """Yield what an instruction is made of: itself, or what was fused into it."""
        if instruction.opcode != "fusion":
            yield instruction
            return
        for number in instruction.called_computation_ids:
            for one in self._computations[number].instructions:
                yield from self.fused(one)


def _row(instruction: Any, module: _Module) -> OperatorRow:
    parts = list(module.fused(instruction))
    types = list(dict.fromkeys(one.metadata.op_type for one in parts if one.metadata.op_type))
    fused = f"of {listed(types, most=TYPES_NAMED)}" if instruction.opcode == "fusion" and types else ""
    return OperatorRow(
        name=instruction.metadata.op_name or instruction.name,
        kind=_kind(instruction),
        kernel=fused or instruction.custom_call_target,
        shape=tuple(instruction.shape.dimensions),
        macs=sum(_macs(one, module) for one in parts),
        bytes_moved=sum(_bytes(one.shape) for one in (instruction, *module.operands(instruction))),
    )


def _kind(instruction: Any) -> str:
    """Return what an instruction does: of a fusion XLA's name, which says what of, without its number."""
    if instruction.opcode == "fusion":
        stem, _, number = instruction.name.rpartition(".")
        return str(stem if number.isdigit() else instruction.name)
    if instruction.opcode == "convolution" and instruction.feature_group_count > 1:
        return "grouped convolution"
    return str(instruction.opcode)


def _macs(instruction: Any, module: _Module) -> int:
    given = prod(instruction.shape.dimensions)
    if instruction.opcode == "convolution":
        kernel = module.operands(instruction)[1].shape.dimensions
        return int(given * prod(kernel) // kernel[instruction.convolution_dimension_numbers.kernel_output_feature_dimension])
    if instruction.opcode == "dot":
        left = module.operands(instruction)[0].shape.dimensions
        return int(given * prod(left[place] for place in instruction.dot_dimension_numbers.lhs_contracting_dimensions))
    return 0


def _bytes(shape: Any) -> int:
    if shape.tuple_shapes:
        return sum(map(_bytes, shape.tuple_shapes))
    return int(prod(shape.dimensions)) * _bits(shape.element_type) // 8


def _bits(number: int) -> int:
    """Return the bits of an element type.

    >>> _bits(11), _bits(16)
    (32, 16)
    """
    from tensorflow.compiler.xla.xla_data_pb2 import PrimitiveType

    name = PrimitiveType.Name(number)
    digits = "".join(filter(str.isdigit, name[:3]))
    return BITS.get(name, int(digits or 0))
