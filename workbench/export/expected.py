"""What the program has to find again: a few frames of the media, and what the workbench finds in them."""

import hashlib
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from workbench.detections import Detections
from workbench.detectors import OWN_NMS
from workbench.export.network_file import NetworkFile
from workbench.export.plan import notes_on
from workbench.media import Frame, Media, frames_at
from workbench.record import DetectorFacts, EngineFacts, MediaFacts
from workbench.settings import Settings

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
    positions = (int((n + 0.5) * facts.frames / count) for n in range(count))
    return list(frames_at(media, positions)) or list(islice(media.frames(), 1))


def frame_file(number: int) -> str:
    """Return where one of the frames lies in the folder."""
    return f"{FRAMES_FOLDER}/{number}.png"


def write_frames(frames: Sequence[Frame], folder: Path) -> None:
    """Write frames without loss."""
    import cv2

    (folder / FRAMES_FOLDER).mkdir()
    for number, frame in enumerate(frames):
        encoded = cv2.imencode(".png", cv2.cvtColor(frame.image_rgb, cv2.COLOR_RGB2BGR))[1]
        (folder / frame_file(number)).write_bytes(encoded.tobytes())


def expected_tree(
    name: str, facts: DetectorFacts, engine: EngineFacts, media: MediaFacts, frames: Sequence[Frame], found: Sequence[Detections]
) -> dict[str, Any]:
    """Return what the self-test compares with, and the parts of its record that are known already.

    Args:
        name: Of the engine that the program runs.
        facts: Of the detector.
        engine: What the program does with it.
        media: Where the frames come from.
        frames: What was written.
        found: What the workbench finds in them, under the chosen settings.
    """
    rows = [
        {
            "file": frame_file(number),
            "frame": frame.name,
            "boxes_xyxy_px": one.boxes_xyxy_px.astype(float).round(3).tolist(),
            "scores": one.scores.astype(float).round(6).tolist(),
            "class_ids": one.class_ids.tolist(),
        }
        for number, (frame, one) in enumerate(zip(frames, found, strict=True))
    ]
    return {
        "schema": 1,
        "tolerance": {"score": SCORE_TOLERANCE, "pixels": PIXEL_TOLERANCE},
        "frames": rows,
        "record": {
            "name": f"{name} exported",
            "command": COMMAND,
            "detector": facts.model_dump(mode="json"),
            "media": _media(media, frames).model_dump(mode="json"),
            "engine": engine.model_dump(mode="json"),
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


def engine_facts(chosen: Settings, runs: Settings, network: NetworkFile) -> EngineFacts:
    """Say what a program that runs some settings in the place of the chosen ones does with its network."""
    resize = ("resize",) if runs.input.resize == "graph" else ()
    nms = ("nms",) if runs.nms.method == OWN_NMS else ()
    return EngineFacts(
        covers=(*resize, "model", *nms),
        threads=runs.runtime.threads,
        model_bytes=network.size_bytes,
        notes=("a program without the workbench, its boxes decoded by NumPy", *notes_on(chosen, runs)),
    )
