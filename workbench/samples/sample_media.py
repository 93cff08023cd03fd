"""Where the sample clip and stills are, and what the sample detectors' integer models are calibrated on."""

from pathlib import Path

from workbench.detections import UInt8Array
from workbench.detectors import Calibration
from workbench.media import open_media

INSTALLED = Path(__file__).parent / "media"  # where an installed package carries what in a checkout is `sample_media/`
SAMPLE_MEDIA = INSTALLED if INSTALLED.is_dir() else Path(__file__).parents[2] / "sample_media"
SAMPLE_CLIP = SAMPLE_MEDIA / "line.webm"
SAMPLE_STILLS = SAMPLE_MEDIA / "stills"
SAMPLE_CALIBRATION = SAMPLE_MEDIA / "calibration"


def sample_calibration() -> Calibration:
    """Return stills of the sample line that no training and no test has seen.

    Raises:
        MediaError: They are not there.
    """
    media = open_media(SAMPLE_CALIBRATION)
    facts = media.facts()

    def frames() -> list[UInt8Array]:
        return [frame.image_rgb for frame in media.frames()]

    return Calibration(f"{facts.frames} stills of the sample line [{(facts.sha256 or '')[:8]}]", frames)
