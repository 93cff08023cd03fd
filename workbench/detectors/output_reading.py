"""What raw outputs may mean, as those who recognise it write it down."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.detections import FloatArray
from workbench.detectors.output_cards import CandidatesCard, DetectionsCard
from workbench.stages import Align, Colour, Fit

Outputs = Mapping[str, FloatArray]

BOX = 4
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
    """

    candidates: CandidatesCard | None = None
    detections: DetectionsCard | None = None
    fit: Fit = "stretch"
    align: Align = "centre"
    colour: Colour = "RGB"
    values: str = "0..1"
    sure: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    labels: tuple[str, ...] = field(default=())
