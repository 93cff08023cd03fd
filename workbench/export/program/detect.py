"""Detect objects in a picture or a video: `python detect.py FILE [--out FILE] [--json]`, or `python detect.py --self-test`.

`workbench export` wrote this folder for one network and one setting. `settings.json` and `network.json` say which, and `parts/`
holds the code of the workbench that a frame passes here too.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from workbench.detections import Detections, UInt8Array
from workbench.export.program.pipeline import Pipeline
from workbench.export.program.self_test import check

HERE = Path(__file__).resolve().parent
MP4V = cv2.VideoWriter.fourcc(*"mp4v")
USUAL_FPS = 25.0  # of a video that does not say


def frames_of(video: Any) -> Iterator[UInt8Array]:
    """Iterate over a video's frames, RGB."""
    while (read := video.read())[0]:
        yield cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)


def named(found: Detections, labels: list[str]) -> list[dict[str, Any]]:
    """Return detections as plain values, best first."""
    return [
        {"label": labels[n] if n < len(labels) else str(n), "class_id": n, "score": score, "box_xyxy_px": box}
        for box, score, n in zip(found.boxes_xyxy_px.tolist(), found.scores.tolist(), found.class_ids.tolist(), strict=True)
    ]


def run(file: str, out: str, *, as_json: bool) -> int:
    """Detect, print, and draw where asked; return how many frames there were."""
    is_picture = cv2.haveImageReader(file)
    picture = cv2.imread(file, cv2.IMREAD_COLOR_RGB) if is_picture else None
    video = None if is_picture else cv2.VideoCapture(file)
    frames = frames_of(video) if video is not None else iter(() if picture is None else (picture,))
    pipeline, film, count = Pipeline(HERE), None, 0
    for number, frame in enumerate(frames):
        found = pipeline.detect(frame)
        rows = named(found, pipeline.labels)
        words = ", ".join(f"{row['label']} {row['score']:.2f}" for row in rows)
        print(json.dumps({"frame": number, "detections": rows}) if as_json else f"frame {number}: {words}")
        if out:
            drawn = cv2.cvtColor(pipeline.draw(frame, found), cv2.COLOR_RGB2BGR)
            if video is None:
                cv2.imwrite(out, drawn)
            else:
                film = film or cv2.VideoWriter(out, MP4V, video.get(cv2.CAP_PROP_FPS) or USUAL_FPS, frame.shape[1::-1])
                film.write(drawn)
        count = number + 1
    if film is not None:
        film.release()
    return count


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Detect objects in a picture or a video.")
    parser.add_argument("file", nargs="?", default="", help="a picture or a video")
    parser.add_argument("--out", default="", help="where the annotated picture or video goes: .jpg, .png or .mp4")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each frame")
    parser.add_argument("--self-test", action="store_true", help="check detections and latency on this machine; writes record.json")
    parser.add_argument("--detections-only", action="store_true", help="with --self-test: measure no latency and write nothing")
    asked = parser.parse_args()
    if asked.self_test:
        sys.exit(check(HERE, measure=not asked.detections_only))
    if not Path(asked.file).is_file():
        parser.error(f"there is no picture or video {asked.file}")
    if asked.out and Path(asked.out).resolve() == Path(asked.file).resolve():
        parser.error(f"{asked.out} is what is read; choose another place")
    if asked.out and cv2.haveImageReader(asked.file) and not cv2.haveImageWriter(asked.out):
        parser.error(f"a picture cannot be written as {asked.out}; choose .jpg or .png")
    count = run(asked.file, asked.out, as_json=asked.json)
    if not count:
        sys.exit(f"{asked.file} is no picture or video, or a damaged one")
    if asked.out and not Path(asked.out).is_file():
        sys.exit(f"{asked.out} cannot be written")


if __name__ == "__main__":
    main()
