"""What the names on the command line and in notebooks mean: detectors, and frames with their truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from workbench.boxes import UInt8Array
from workbench.datasets import Truth, match, read_truth, truth_for
from workbench.detectors import Detector, load_detector
from workbench.detectors.detector import Calibration
from workbench.errors import MediaError
from workbench.media import Media, open_media
from workbench.samples.sample_detectors import SAMPLE_DETECTORS, sample_calibration, sample_detector

SAMPLE_MEDIA = Path(__file__).parent.parent / "sample_media"
SAMPLE_CLIP = SAMPLE_MEDIA / "line.webm"
SAMPLE_STILLS = SAMPLE_MEDIA / "stills"
DEFAULT_DETECTOR = SAMPLE_DETECTORS[0]
CALIBRATION_FRAMES = 100


@dataclass(frozen=True, slots=True)
class Footage:
    """The frames that settings are measured on.

    Attributes:
        media: Frames to time.
        truth: What is in them, where that is known.
        labelled: Frames to compute accuracy on; often the same media.
        labelled_truth: What is in those.
        calibration: Frames that integer models take their ranges from.
    """

    media: Media
    truth: Truth | None
    labelled: Media | None
    labelled_truth: Truth | None
    calibration: Calibration


def open_detector(source: str | None = None) -> Detector:
    """Open a sample detector by name, or the detector in a file.

    Raises:
        ModelError: There is no such sample or file, or it holds no detector.
    """
    name = source or DEFAULT_DETECTOR
    return sample_detector(name) if name in SAMPLE_DETECTORS else load_detector(name)


def open_footage(detector: Detector, source: str | None = None, truth: str | None = None) -> Footage:
    """Open media and the truth that belongs to them.

    Without a source, the sample clip is timed, and accuracy comes from the sample stills unless a truth of the clip is named.
    Otherwise the truth is the file named, or one that lies beside the media and has its name.

    Args:
        detector: Whose labels the truth's classes are matched with.
        source: A path, folder or glob.
        truth: A file of ground truth.

    Raises:
        MediaError: The media cannot be read.
        TruthError: The truth cannot be read, or belongs to other media.
    """
    labels = detector.facts.labels
    if source is None and truth is None:
        return _sample_footage(labels)
    media = open_media(source or SAMPLE_CLIP)
    known = _truth(media, labels, Path(truth) if truth else truth_for(media))
    calibration = sample_calibration() if detector.facts.name in SAMPLE_DETECTORS else _calibration_from(media)
    return Footage(media, known, media if known else None, known, calibration)


def _sample_footage(labels: Sequence[str]) -> Footage:
    if not SAMPLE_CLIP.exists():
        raise MediaError(f"the sample clip is not at {SAMPLE_CLIP}; make it with `workbench samples`, or name media of your own")
    clip, stills = open_media(SAMPLE_CLIP), open_media(SAMPLE_STILLS)
    known, labelled = (_truth(media, labels, truth_for(media)) for media in (clip, stills))
    return Footage(clip, known, stills, labelled, sample_calibration())


def _truth(media: Media, labels: Sequence[str], path: Path | None) -> Truth | None:
    return match(read_truth(path, labels), media.frame_names()) if path else None


def _calibration_from(media: Media) -> Calibration:
    facts = media.facts()

    def frames() -> list[UInt8Array]:
        step = max(1, facts.frames // CALIBRATION_FRAMES)
        return [frame.image_rgb for frame in islice(media.frames(), 0, step * CALIBRATION_FRAMES, step)]

    return Calibration(f"{min(facts.frames, CALIBRATION_FRAMES)} frames of {facts.name} [{(facts.sha256 or '')[:8]}]", frames)
