"""What raw outputs may mean, as those who recognise it write it down."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from workbench.detections import FloatArray
from workbench.detectors.output_cards import CandidatesCard, DetectionsCard
from workbench.stages import Align, BoxOrder, Colour, Fit

Outputs = Mapping[str, FloatArray]

BOX = 4
ORDER_WORDS: Mapping[BoxOrder, str] = {
    "xyxy": "xmin, ymin, xmax, ymax",
    "yxyx": "ymin, xmin, ymax, xmax",
    "cxcywh": "centre and size",
}
LOGITS = "scores leave 0..1: they pass a sigmoid"
MOST_DETECTIONS = 1000  # rows of an output after NMS; candidates before it are more


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputReading:
    """One thing that outputs may mean.

    Attributes:
        candidates: Outputs that want an NMS.
        detections: Outputs that have had one.
        fit: How such detectors are usually fed.
        align: Where a letterboxed frame usually lies.
        colour: The usual order of colours.
        values: The usual range of pixel values.
        sure: What names, shapes or values show.
        guessed: What is merely usual.
        labels: Class names that follow.
        open: What is taken though neither names nor values show it in this frame, since nothing is found there.
    """

    candidates: CandidatesCard | None = None
    detections: DetectionsCard | None = None
    fit: Fit = "stretch"
    align: Align = "centre"
    colour: Colour = "RGB"
    values: str = "0..1"
    sure: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


def called(outputs: Outputs, wanted: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Find outputs by what they are called, whatever stands before a slash or behind a colon.

    Args:
        outputs: By name.
        wanted: For each part the names that it has in the world.

    Returns:
        The outputs' own names by part, of those that are there.
    """
    plain = {name.rpartition("/")[2].partition(":")[0].lower(): name for name in outputs}
    found = {part: next((plain[name] for name in plain if name in names), None) for part, names in wanted.items()}
    return {part: name for part, name in found.items() if name is not None}


def flat_outputs(outputs: Outputs) -> tuple[str, list[str]] | None:
    """Return the one output of boxes `(…, K, 4)`, and those with a number for each of them `(…, K)`."""
    boxes = [name for name, one in outputs.items() if one.ndim in (2, 3) and one.shape[-1] == BOX]
    flat = [name for name, one in outputs.items() if len(boxes) == 1 and one.shape == outputs[boxes[0]].shape[:-1]]
    return (boxes[0], flat) if len(flat) == 2 else None


def is_map(output: FloatArray, size_hw: tuple[int, int]) -> bool:
    """Whether an output `(1, h, w)`, or with a channel of one, is a picture of the input's shape, perhaps smaller."""
    sides = [side for side in output.shape[1:] if side != 1]
    return len(sides) == 2 and (cells := size_hw[0] // sides[0]) > 0 and (sides[0] * cells, sides[1] * cells) == size_hw
