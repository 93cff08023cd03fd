"""Operators that only move values have one scale for what goes in and comes out; so ranges are shared across them."""

from collections.abc import Container

from workbench.quantising.flatbuffer import Flatbuffer
from workbench.quantising.ranges import Ranges

# Integer kernels take no other scale at one side than at the other (https://ai.google.dev/edge/litert/models/quantization_spec).
MOVES = frozenset(
    {
        *("AVERAGE_POOL_2D", "BROADCAST_TO", "CONCATENATION", "DYNAMIC_UPDATE_SLICE", "GATHER", "GATHER_ND"),
        *("MAXIMUM", "MAX_POOL_2D", "MIRROR_PAD", "PACK", "PAD", "PADV2"),
        *("REDUCE_MIN", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "SELECT", "SELECT_V2"),
        *("SLICE", "SPACE_TO_DEPTH", "SPLIT", "STRIDED_SLICE", "TRANSPOSE", "UNPACK"),
    }
)
UNSEEN = (-1.0, 1.0)  # of what no run showed: nothing reads it, or no value of it was finite


def fixed_ranges(bits: int) -> dict[str, tuple[float, float]]:
    """Return the range of what operators give whose kernels know but one, by their kind: 0 to 1 or -1 to 1, less one step."""
    steps = 2**bits
    whole = (0.0, (steps - 1) / steps) if bits == 8 else (0.0, 1 - 2 / steps)  # int16 has no zero point
    return {"LOGISTIC": whole, "SOFTMAX": whole, "TANH": (-1.0, 1 - 2 / steps)}


def shared(file: Flatbuffer, ranges: Ranges, in_float: Container[int], bits: int = 8) -> dict[str, tuple[float, float]]:
    """Return a range for each float tensor, one and the same for all that operators in integers tie together.

    Args:
        file: The network.
        ranges: As `ranges_of` chose them.
        in_float: Positions of operators that stay in float, and tie nothing.
        bits: Of the integers.
    """
    floats = [index for index in range(len(file.graph.tensors)) if file.type(index) == "FLOAT32"]
    found = {index: ranges.get(file.name(index), UNSEEN) for index in floats if not file.is_constant(index)}
    group = {index: {index} for index in found}
    fixed = fixed_ranges(bits)
    for position, operator in enumerate(file.graph.operators):
        kind = file.kind(operator)
        if position in in_float:
            continue
        if kind in fixed:
            found |= dict.fromkeys(operator.outputs, fixed[kind])
        if kind in MOVES:
            tied = set().union(*(group[index] for index in (*operator.inputs, *operator.outputs) if index in group))
            for index in tied:
                group[index] = tied
    return {
        file.name(index): (min(found[one][0] for one in tied), max(found[one][1] for one in tied)) for index, tied in group.items()
    }
