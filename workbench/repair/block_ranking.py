"""Which blocks of a detector's network hurt in integers, and why: on real frames, without labels."""

import re
from collections.abc import Callable, Iterable, Sequence
from glob import escape
from typing import final

from workbench.detectors import Detector, LiteRtModel, calibrating
from workbench.opening import EvaluationData
from workbench.quantising import (
    BITS,
    BLOCK,
    Flatbuffer,
    FloatNetwork,
    blocks_of,
    channels_of,
    faults,
    ranges_of,
    rank_blocks,
    shared,
    signal_to_noise_db,
    tensor_values,
    unpacked,
)
from workbench.record import BlockRow
from workbench.repair.quality import difference_of
from workbench.settings import Settings

FLOAT: dict[str, object] = {  # what only integers have is as usual
    "runtime.precision": "float32",
    "runtime.float_ops": "",
    "runtime.calibration_frames": None,
    "runtime.calibration_range": None,
}
LOOKED_AT = 4  # frames that blocks are ranked on, of those that calibrate: more change the order little
HARMLESS = 0.001  # of scores and boxes: what looks wrong in a block is no reason where nothing comes of it
KEPT_WHOLE = 2  # of those, frames of which every tensor of two networks is kept at a time


@final
class Ranking:
    """The blocks of a network, ranked by what each does to the answers when it alone is in integers, worst first.

    Args:
        detector: What to rank.
        data: Frames that calibrate.
        settings: Of the integer network.
        progress: Told the blocks done, and all of them.

    Attributes:
        errors: Of each block.
    """

    def __init__(
        self, detector: Detector, data: EvaluationData, settings: Settings, progress: Callable[[int, int], object]
    ) -> None:
        runtime, size_hw = settings.runtime, detector.input_spec.choose_size(settings.input.size_hw)
        model = detector.litert_model(settings.with_values(FLOAT), data.calibration)
        batches = calibrating(settings, data.calibration).batches(detector.input_spec, size_hw, runtime.batch)
        self._content, self._threads, self._precision = unpacked(model.content), runtime.threads, runtime.precision
        self._network = FloatNetwork(self._content)
        self._values = tensor_values(self._content, batches, runtime.threads)
        self._ranges = ranges_of(self._content, self._values, runtime.effective_range)
        self._batches = [batches[position * len(batches) // LOOKED_AT] for position in range(min(LOOKED_AT, len(batches)))]
        blocks = blocks_of(self._network.file)
        self._positions = {block.name: position for position, block in enumerate(blocks)}
        every = set(range(len(self._network.file.graph.operators)))
        self.errors = rank_blocks(
            self._content,
            blocks,
            self._batches,
            lambda positions: self._quantised(every - set(positions)),
            difference_of(detector, settings.nms, size_hw, _positions(self._network.file, model, detector.outputs(settings.nms))),
            runtime.threads,
            progress,
        )

    def _quantised(self, float_ops: Iterable[int] = ()) -> bytes:
        return self._network.quantised(self._precision, self._ranges, set(float_ops), integer_edges=False)

    def patterns(self, blocks: Iterable[int]) -> tuple[str, ...]:
        """Return what `runtime.float_ops` calls blocks, by rank."""
        return tuple(f"{_pattern(self.errors[rank].block.name, self._positions)}{BLOCK}" for rank in blocks)

    def rows(self, in_float: Iterable[int]) -> tuple[BlockRow, ...]:
        """Return what is known of each block, worst first."""
        file, integers, kept, some = self._network.file, self._quantised(), set(in_float), self._batches[:KEPT_WHOLE]
        noise = signal_to_noise_db(self._content, integers, some, self._threads)
        reasons: dict[str, str] = {}
        if bits := BITS.get(self._precision):  # else all that is computed is in float
            channels = channels_of(self._content, [one.block.name for one in self.errors], some, self._threads)
            tied = shared(file, self._ranges, (), bits)
            reasons = faults(file, Flatbuffer(integers), self._values, tied, channels, bits)
        return tuple(
            BlockRow(
                name=one.block.name,
                kind=one.block.kind,
                position=self._positions[one.block.name],
                score_error=one.score_error,
                box_error=one.box_error,
                snr_db=noise.get(one.block.names[-1]),
                reason=_listed(reasons[name] for name in one.block.names if name in reasons and one.error > HARMLESS),
                in_float=rank in kept,
            )
            for rank, one in enumerate(self.errors)
        )


def _listed(reasons: Iterable[str]) -> str | None:
    return "; ".join(dict.fromkeys(reasons)) or None


def _pattern(name: str, names: Iterable[str]) -> str:
    """Return the shortest beginning, of whole words, that is one block's alone: names of fused operators have hundreds of letters.

    >>> _pattern("stem/Relu;bias_1", ["stem/Relu;bias_1", "stem2/Relu", "head"]), _pattern("head", ["head", "head_2"])
    ('stem/*', 'head')
    """
    for end in re.finditer(r"\W", name):
        beginning = name[: end.end()]
        if sum(other.startswith(beginning) for other in names) == 1:
            return f"{escape(beginning)}*"
    return name


def _positions(file: Flatbuffer, model: LiteRtModel, names: Sequence[str]) -> list[int]:
    """Return where the outputs of these names stand among all that the file gives, which what is made of it keeps."""
    signed = (one for signature in file.model.signatureDefs or () for one in signature.outputs or ())
    by_name = {one.name.decode(): one.tensorIndex for one in signed} | {file.name(index): index for index in file.graph.outputs}
    return [file.graph.outputs.index(by_name[model.outputs[name]]) for name in names]
