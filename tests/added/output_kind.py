"""A kind of output as somebody would add it: offsets from one square a cell, recognised by the outputs' names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

from workbench.detectors.network import TensorSpec
from workbench.detectors.output_cards import CandidatesCard
from workbench.detectors.output_kinds import OutputKind
from workbench.detectors.output_reading import OutputReading, Outputs
from workbench.stages import NUMPY_OPS, AnchorGrid, AnchorGrids, Array, Head, SsdHead
from workbench.stages.heads import ArrayOps


@final
@dataclass(frozen=True, slots=True)
class SquaresHead(Head):
    """Offsets `(n, A, 4)` from squares of one size, a cell each, and scores `(n, A, C)`."""

    stride: int
    side: float

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        squares = AnchorGrid(boxes_wh=((self.side, self.side),), stride_px=self.stride, units="pixels")
        return SsdHead(anchors_cxcywh_px=AnchorGrids((squares,))).candidates(raw, size_hw, ops)


class SquaresCard(CandidatesCard):
    """Offsets from squares, and scores."""

    spoken = "offsets from squares"
    kind: Literal["squares"] = "squares"
    tensors: tuple[str, str]
    stride: int = 8
    side: float = 20.0

    def head(self) -> Head:
        return SquaresHead(self.stride, self.side)

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        return tensors[self.tensors[1]].shape[-1]


def recognise(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
    """Recognise them by the names of the outputs."""
    if outputs.keys() == {"offsets", "scores"}:
        yield OutputReading(candidates=SquaresCard(tensors=("offsets", "scores")), sure=("the outputs are called so",))


NAME, ROW = "squares", OutputKind(recognise, SquaresCard)
