"""The two sample detectors, and the frames that their integer models are calibrated on."""

from pathlib import Path

from workbench.detections import UInt8Array
from workbench.detectors import Calibration, Detector, KerasNetwork, Meaning
from workbench.errors import ModelError
from workbench.samples.media import SEEDS
from workbench.samples.networks import ANCHOR_LEVELS, CENTER_VARIANCE, SIZE_STEP, SIZE_VARIANCE
from workbench.samples.scenes.defects import LABELS
from workbench.samples.scenes.still import render_still
from workbench.stages import AnchorGrid, AnchorGrids, InputSpec, SsdHead

WEIGHTS = Path(__file__).parent / "weights"
SAMPLE_DETECTORS = ("inspector-mobile", "inspector-large")
DEFAULT_HW = (320, 320)
CALIBRATION_STILLS = 100
SAMPLE_ANCHORS = AnchorGrids(
    tuple(
        AnchorGrid(stride_px=level.stride_px, boxes_wh=((level.side_px, level.side_px),), normalised=False)
        for level in ANCHOR_LEVELS
    )
)


def sample_detector(name: str) -> Detector:
    """Load a sample detector.

    Raises:
        ModelError: There is no such sample, or its weights are not there.
    """
    if name not in SAMPLE_DETECTORS:
        raise ModelError(f"there is no sample detector {name!r}; choose one of {', '.join(SAMPLE_DETECTORS)}")
    path = WEIGHTS / f"{name}.keras"
    if not path.exists():
        raise ModelError(f"the weights of {name} are not at {path}; make them with `workbench train {name}`")
    meaning = Meaning(
        kind="",
        input_spec=InputSpec(size_hw=None, default_hw=DEFAULT_HW, multiple_of=SIZE_STEP),
        labels=LABELS,
        head=SsdHead(anchors_cxcywh_px=SAMPLE_ANCHORS, center_variance=CENTER_VARIANCE, size_variance=SIZE_VARIANCE),
        head_outputs=("offsets", "scores"),
    )
    return Detector(KerasNetwork(path), meaning, name=name, source=name)


def sample_calibration() -> Calibration:
    """Return stills of the sample line that no training and no test has seen."""
    seeds = SEEDS["calibration"][:CALIBRATION_STILLS]

    def frames() -> list[UInt8Array]:
        return [render_still(seed).image_rgb for seed in seeds]

    return Calibration(f"{len(seeds)} stills of the sample line, seeds {seeds[0]} to {seeds[-1]}", frames)
