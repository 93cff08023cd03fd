"""Blocks of a float network: an operator with weights, and what follows until the next."""

from dataclasses import dataclass
from typing import final

from workbench.quantising.flatbuffer import Flatbuffer

BLOCK = ".."  # behind a name: the whole block that is called so
WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "CONV_3D_TRANSPOSE", "FULLY_CONNECTED"})


@final
@dataclass(frozen=True, slots=True)
class Block:
    """An operator with weights and what follows until the next; the first block is what comes before any.

    Attributes:
        positions: Of its operators.
        names: Of what they give, one each; untrusted. The block is called by the first.
        kinds: Their types.
    """

    positions: tuple[int, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def kind(self) -> str:
        return self.kinds[0]


def blocks_of(file: Flatbuffer) -> tuple[Block, ...]:
    """Return the blocks of a network, of operators that give real numbers, in the order in which they run."""
    parts: list[list[tuple[int, str, str]]] = [[]]
    for position, operator in enumerate(file.graph.operators):
        kind = file.kind(operator)
        if kind in WEIGHTED and parts[-1]:
            parts.append([])
        floats = [file.name(index) for index in operator.outputs if file.type(index) == "FLOAT32"]
        parts[-1].extend((position, name, kind) for name in floats[:1])
    return tuple(Block(*zip(*part, strict=True)) for part in parts if part)
