"""What the names on the command line and in notebooks mean: detectors, and frames with their truth."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workbench.datasets import Truth, truth_of
from workbench.detections import UInt8Array, neighbours
from workbench.detectors import OUTSIDE, Calibration, Detector, check_allowed, load_detector
from workbench.errors import MediaError, ModelError
from workbench.media import Media, MediaSource, as_media, frames_at, open_media
from workbench.samples import SAMPLE_CLIP, SAMPLE_DETECTORS, SAMPLE_STILLS, sample_calibration, sample_detector
from workbench.stages import fitted

DEFAULT_DETECTOR = SAMPLE_DETECTORS[0]
CALIBRATION_FRAMES = 100
NO_FUNCTION = "a function of your own has no settings to change and no file to quantise or export: this needs a model"
LOOKED_AT = 25  # frames that show how a model is to be read: in almost empty media a few of them show something
LOOKED_AT_SIDE_PX = 1280  # more than networks take


@dataclass(frozen=True, slots=True)
class EvaluationData:
    """The frames that settings are measured on.

    Attributes:
        media: Frames to time.
        truth: What is in them, where that is known.
        labelled: Frames to compute accuracy on; often the same media.
        labelled_truth: What is in those.
        calibration: Frames that integer models take their ranges from.
        labels: Names of the classes that the truth counts, and a function of the user's; none where nobody said them.
    """

    media: Media
    truth: Truth | None
    labelled: Media | None
    labelled_truth: Truth | None
    calibration: Calibration
    labels: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Say in a line what it is: all of it holds each known box."""
        facts = self.media.facts()
        frames = f"{facts.frames} frames" if facts.frames else "live"
        labelled = f", {len(self.labelled_truth)} labelled images" if self.labelled_truth else ", none labelled"
        return f"<EvaluationData: {facts.name}, {frames} of {facts.size_hw[1]} x {facts.size_hw[0]}{labelled}>"

    @property
    def has_ap(self) -> bool:
        """Whether average precision can be computed: some frame is known to hold an object that is to be found."""
        return self.labelled is not None and self.labelled_truth is not None and self.labelled_truth.has_ap

    @property
    def truth_key(self) -> str | None:
        """Return what is equal for equal truth of the labelled frames; `None` where none is known."""
        truth = self.labelled_truth
        return (truth.key or truth.name) if truth else None

    def groups(self, judged: int) -> NDArray[np.int64] | None:
        """Return a number for each of so many labelled frames, the same for neighbours in a video; `None` for pictures.

        Neighbours show the same objects: they are alike, and no evidence of their own.
        """
        facts = self.labelled.facts() if self.labelled is not None else None
        if facts is None or not facts.fps:
            return None
        seconds = np.arange(judged) * (max(facts.frames, judged) / max(judged, 1) / facts.fps)
        return neighbours(seconds)


def open_detector(
    source: str | None = None, media: MediaSource | None = None, allow: Collection[str] = (), *, signature: str | None = None
) -> Detector:
    """Open a sample detector by name, or the detector in a file.

    Args:
        source: A sample's name or a path; the small sample by default.
        media: What it will be run on. Where no card says what a model's tensors mean, frames of these show it; without media
            stills of the sample line, which have few of the things that detectors find.
        allow: What may happen that else is refused: `lambda` and `python-functions`, code in it; `code=FILE`, a Python file of its
            layers; `code`, the one that its card names; `operations=NAME,…`, operations that reach files or the network.
        signature: The signature of a SavedModel to call.

    Raises:
        ModelError: There is no such sample or file, it holds no detector, or is a function.
        SettingsError: What is allowed is nothing that there is.
        MediaError: The media cannot be read.
    """
    check_allowed(allow)
    refuse_function(source)
    name = source or DEFAULT_DETECTOR
    if name in SAMPLE_DETECTORS:
        return sample_detector(name)
    return load_detector(name, lambda: frames_to_look_at(media), allow, signature=signature)


def refuse_function(model: object) -> None:
    """Say what a function can be used for, where somebody gives one in the place of a model.

    Raises:
        ModelError: It is one.
    """
    if callable(model):
        raise ModelError(f"{NO_FUNCTION}; measure it with Bench(…).measure, or in a cell with %%workbench")


def frames_to_look_at(media: MediaSource | None = None) -> list[UInt8Array]:
    """Return frames spread over media, of the sample stills by default: every third of them first, then those between.

    Raises:
        MediaError: They cannot be read.
    """
    opened = as_media(SAMPLE_STILLS if media is None else media)
    frames = [fitted(one, LOOKED_AT_SIDE_PX) for one in _spread(opened, LOOKED_AT)]
    if not frames:
        raise MediaError(f"{opened.facts().name} holds no frame; choose media with at least one")
    return [frame for first in (1, 0, 2) for frame in frames[first::3]]


def _spread(media: Media, count: int) -> list[UInt8Array]:
    """Return so many frames at equal distances, fewer where there are fewer."""
    step = max(1, media.facts().frames // count)
    return [frame.image_rgb for frame in frames_at(media, range(0, step * count, step))]


def open_data(
    detector: Detector | Sequence[str], source: MediaSource | None = None, truth: str | None = None, allow: Collection[str] = ()
) -> EvaluationData:
    """Open media and the truth that belongs to them.

    Without a source, the sample clip is timed, and accuracy comes from the sample stills unless a truth of the clip is named.
    Otherwise the truth is the file named, or one that lies beside the media and has its name.

    Args:
        detector: Whose labels the truth's classes are matched with. Where a function of your own is measured, these labels; none
            of them (`()`) are the truth's own.
        source: Media, or whatever stands for some: a path, folder, glob or URL, an array, a function that gives frames.
        truth: A file or folder of ground truth.
        allow: `outside`, where the truth may name files out of its folder and of the one above.

    Raises:
        ModelError: A text is given in the place of a detector or labels.
        MediaError: The media cannot be read.
        TruthError: The truth cannot be read, or belongs to other media.
    """
    if isinstance(detector, str):  # a sequence too, of its letters
        raise ModelError(f"{detector!r} is a text; give open_detector({detector!r}), or the names of classes: ({detector!r},)")
    labels = detector.facts.labels if isinstance(detector, Detector) else tuple(detector)
    if source is None and truth is None:
        return _sample_data(labels)
    media = as_media(SAMPLE_CLIP if source is None else source)
    known = truth_of(media, labels or None, truth, outside=OUTSIDE in allow)
    labels = labels or (known.labels if known else ())
    sample = isinstance(detector, Detector) and detector.facts.name in SAMPLE_DETECTORS
    calibration = sample_calibration() if sample else _calibration_from(media)
    return EvaluationData(media, known, media if known else None, known, calibration, labels)


def _sample_data(labels: Sequence[str]) -> EvaluationData:
    if not SAMPLE_CLIP.exists():
        raise MediaError(
            f"the sample clip is not at {SAMPLE_CLIP}; make it in a checkout with `python -m sample_media.making media`,"
            " or name media of your own"
        )
    clip, stills = open_media(SAMPLE_CLIP), open_media(SAMPLE_STILLS)
    known, labelled = (truth_of(media, labels) for media in (clip, stills))
    return EvaluationData(clip, known, stills, labelled, sample_calibration(), tuple(labels))


def _calibration_from(media: Media) -> Calibration:
    facts = media.facts()
    frames = partial(_spread, media, CALIBRATION_FRAMES)
    return Calibration(f"{min(facts.frames, CALIBRATION_FRAMES)} frames of {facts.name} [{(facts.sha256 or '')[:8]}]", frames)
