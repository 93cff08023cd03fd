"""The two sample detectors: single-shot detectors of defects on an inspection line."""

from pathlib import Path

from workbench.detectors import Detector, KerasNetwork, Meaning
from workbench.errors import ModelError
from workbench.stages import AnchorGrid, AnchorGrids, InputSpec, SsdHead

WEIGHTS = Path(__file__).parent / "weights"
SAMPLE_DETECTORS = ("inspector-mobile", "inspector-large")
LABELS: tuple[str, ...] = ("scratch", "dent", "stain", "chip", "missing screw")
SIZE_STEP = 32  # sides are multiples of this: the pyramid doubles 32 -> 16 -> 8, which is exact only on whole cells
DEFAULT_HW = (512, 512)
ANCHOR_STRIDES = 3  # an anchor's side, in strides of its level
SAMPLE_ANCHORS = AnchorGrids(
    tuple(
        AnchorGrid(stride_px=stride_px, boxes_wh=((ANCHOR_STRIDES * stride_px,) * 2,), units="pixels")
        for stride_px in (8, 16, 32, 64)
    )
)
# SSD's variances: they bring offsets of a well placed anchor to about the same spread.
SAMPLE_HEAD = SsdHead(anchors_cxcywh_px=SAMPLE_ANCHORS, center_variance=0.1, size_variance=0.2)


def sample_detector(name: str) -> Detector:
    """Load a sample detector.

    Raises:
        ModelError: There is no such sample, or its weights are not there.
    """
    if name not in SAMPLE_DETECTORS:
        raise ModelError(f"there is no sample detector {name!r}; choose one of {', '.join(SAMPLE_DETECTORS)}")
    path = WEIGHTS / f"{name}.keras"
    if not path.exists():
        raise ModelError(
            f"the weights of {name} are not at {path}; install the workbench again,"
            f" or train them in a checkout with `python -m sample_media.making train {name}`"
        )
    meaning = Meaning(
        kind="",
        input_spec=InputSpec(size_hw=None, default_hw=DEFAULT_HW, multiple_of=SIZE_STEP),
        labels=LABELS,
        head=SAMPLE_HEAD,
        head_outputs=("offsets", "scores"),
    )
    return Detector(KerasNetwork(path), meaning, name=name, source=name, opener=f"{__name__}:sample_detector")
