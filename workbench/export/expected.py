"""What the program has to find again: a few frames of the media, and what the workbench finds in them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.detections import Detections
from workbench.export.plan import OWN, Plan
from workbench.media import Frame, Media
from workbench.record import DetectorFacts, EngineFacts, MediaFacts

MOST_FRAMES = 8
MOST_PIXELS = 8 * 1280 * 720  # of all frames together: a folder that is carried around stays small
LEAST_FRAMES = 2
SCORE_TOLERANCE = 1e-4
PIXEL_TOLERANCE = 1.0
FRAMES_FOLDER = "frames"
COMMAND = "python detect.py --self-test"


def choose_frames(media: Media) -> list[Frame]:
    """Take frames that are spread evenly over media; fewer of large ones."""
    facts = media.facts()
    height, width = facts.size_hw
    count = min(facts.frames, max(LEAST_FRAMES, min(MOST_FRAMES, MOST_PIXELS // (height * width))))
    step = facts.frames / count
    taken = [next(media.frames(int((n + 0.5) * step)), None) for n in range(count)]
    return [frame for frame in taken if frame is not None] or list(media.frames())[:1]


def write_frames(frames: Sequence[Frame], folder: Path) -> list[str]:
    """Write frames without loss; return their files' names."""
    import cv2

    (folder / FRAMES_FOLDER).mkdir()
    names = [f"{FRAMES_FOLDER}/{number}.png" for number in range(len(frames))]
    for frame, name in zip(frames, names, strict=True):
        encoded = cv2.imencode(".png", cv2.cvtColor(frame.image_rgb, cv2.COLOR_RGB2BGR))[1]
        (folder / name).write_bytes(encoded.tobytes())
    return names


def expected_tree(
    plan: Plan, facts: DetectorFacts, media: MediaFacts, frames: Sequence[Frame], found: Sequence[Detections], files: Sequence[str]
) -> dict[str, Any]:
    """Return what the self-test compares with, and the parts of its record that are known already.

    Args:
        plan: What the program does.
        facts: Of the detector.
        media: Where the frames come from.
        frames: What was written.
        found: What the workbench finds in them, under the chosen settings.
        files: Their names in the folder.
    """
    rows = [
        {
            "file": file,
            "frame": frame.name,
            "boxes_xyxy_px": one.boxes_xyxy_px.astype(float).round(3).tolist(),
            "scores": one.scores.astype(float).round(6).tolist(),
            "class_ids": one.class_ids.tolist(),
        }
        for file, frame, one in zip(files, frames, found, strict=True)
    ]
    return {
        "schema": 1,
        "tolerance": {"score": SCORE_TOLERANCE, "pixels": PIXEL_TOLERANCE},
        "frames": rows,
        "record": {
            "name": f"{plan.runs.runtime.engine} taken home",
            "command": COMMAND,
            "detector": facts.model_dump(mode="json"),
            "media": _media(media, frames).model_dump(mode="json"),
            "engine": _engine(plan).model_dump(mode="json"),
        },
    }


def _media(media: MediaFacts, frames: Sequence[Frame]) -> MediaFacts:
    content = hashlib.sha256()
    for frame in frames:
        content.update(frame.image_rgb.tobytes())
    return MediaFacts(
        name=f"{len(frames)} frames of {media.name}",
        source=FRAMES_FOLDER,
        kind="pictures",
        frames=len(frames),
        size_hw=frames[0].size_hw,
        sha256=content.hexdigest(),
        notes=("frames are read from memory: decoding takes no time",),
    )


def _engine(plan: Plan) -> EngineFacts:
    return EngineFacts(
        covers=(*(("resize",) if plan.in_graph else ()), "model", *(("nms",) if plan.suppressor == OWN else ())),
        threads=plan.runs.runtime.threads,
        model_bytes=plan.network.size_bytes,
        notes=("a program without the workbench, its boxes decoded by NumPy where they score enough", *plan.notes),
    )
