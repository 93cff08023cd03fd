"""The frames that a setting gets most wrong, as a record keeps them: small pictures, with what is missed and what is false."""

from collections.abc import Mapping

import numpy as np

from workbench.datasets import Truth
from workbench.detections import Detections, FrameErrors, frame_errors, neighbours, worst_frames
from workbench.media import Media, frames_at
from workbench.record import FrameDetections, WorstFrame
from workbench.stages import picture, truth_as_detections

SIDE_PX = 480  # of the longer side: a dozen of them side by side
QUALITY = 70


def worst_against_truth(
    media: Media, found: Mapping[str, Detections], truth: Truth, before: Mapping[str, Detections]
) -> tuple[WorstFrame, ...]:
    """Return the frames with most errors against truth.

    Args:
        media: The labelled frames.
        found: What the setting found, by the frame's name.
        truth: What there is to be found.
        before: What the baseline found in the same frames, where it was run on them.
    """
    judged = {name: truth.images[name] for name in found if name in truth.images}
    known = {name: truth_as_detections(one.where(~one.iscrowd)) for name, one in judged.items()}
    crowds = {name: truth_as_detections(one.where(one.iscrowd)) for name, one in judged.items()}
    errors = {name: frame_errors(found[name], known[name], before.get(name), crowds[name]) for name in judged}
    return _pictured(media, found, known, errors, truth.name)


def worst_against_baseline(
    media: Media, found: Mapping[str, Detections], before: Mapping[str, Detections], name: str
) -> tuple[WorstFrame, ...]:
    """Return the frames that differ most from the baseline's, where no truth is known."""
    shared = {frame: one for frame, one in found.items() if frame in before}
    errors = {frame: frame_errors(one, before[frame], before[frame]) for frame, one in shared.items()}
    return _pictured(media, found, before, errors, name)


def _pictured(
    media: Media,
    found: Mapping[str, Detections],
    known: Mapping[str, Detections],
    errors: Mapping[str, FrameErrors],
    against: str,
) -> tuple[WorstFrame, ...]:
    places = {name: position for position, name in enumerate(media.frame_names())}
    fps = media.facts().fps
    seconds = np.arange(len(places)) / (fps or 1.0)
    alike = dict(zip(places, neighbours(seconds).tolist(), strict=True)) if fps else None
    names = worst_frames(errors, known, alike)
    frames = {frame.name: frame for frame in frames_at(media, [places[name] for name in names if name in places])}
    return tuple(
        WorstFrame(
            picture=picture(frames[name], found[name], max_side=SIDE_PX, quality=QUALITY),
            against=against,
            known=FrameDetections.of(name, known[name]),
            missed=tuple(errors[name].missed.tolist()),
            lost=tuple(errors[name].lost.tolist()),
            false=tuple(errors[name].false.tolist()),
        )
        for name in names
        if name in frames
    )
