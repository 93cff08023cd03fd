"""Detect objects in a picture or a video: `python detect.py FILE [--out FILE] [--json]`, or `python detect.py --self-test`.

`workbench export` wrote this folder for one network and one setting. `settings.json` and `network.json` say which, and `parts/`
holds the code of the workbench that a frame passes here too.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import cv2

from workbench.detections import Detections, UInt8Array
from workbench.errors import SaveError, WorkbenchError
from workbench.export.program.frames import frames_of, open_video, read_picture
from workbench.export.program.pipeline import Pipeline
from workbench.export.program.self_test import check

HERE = Path(__file__).resolve().parent
MP4V = cv2.VideoWriter.fourcc(*"mp4v")
VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".avi")  # what holds MP4V
USUAL_FPS = 25.0  # of a video that does not say


def named(found: Detections, labels: list[str]) -> list[dict[str, Any]]:
    """Return detections as plain values, best first."""
    return [
        {"label": labels[n] if n < len(labels) else str(n), "class_id": n, "score": score, "box_xyxy_px": box}
        for box, score, n in zip(found.boxes_xyxy_px.tolist(), found.scores.tolist(), found.class_ids.tolist(), strict=True)
    ]


def run(file: Path, out: str, *, as_json: bool) -> None:
    """Detect, print, and draw where asked.

    Raises:
        WorkbenchError, OSError: Something cannot be read or written.
    """
    video = None if cv2.haveImageReader(str(file)) else open_video(file)
    frames = iter([read_picture(file)]) if video is None else frames_of(video, file)
    pipeline, film, count = Pipeline(HERE), None, 0
    for count, frame in enumerate(frames, 1):
        if out and video is not None and film is None:
            film = open_film(out, video.get(cv2.CAP_PROP_FPS) or USUAL_FPS, frame)
        found = pipeline.detect(frame)
        rows = named(found, pipeline.labels)
        words = ", ".join(f"{row['label']} {row['score']:.2f}" for row in rows)
        print(json.dumps({"frame": count - 1, "detections": rows}) if as_json else f"frame {count - 1}: {words}")
        if out:
            drawn = cv2.cvtColor(pipeline.draw(frame, found), cv2.COLOR_RGB2BGR)
            write_picture(out, drawn) if film is None else film.write(drawn)
    if film is not None:
        film.release()
        written = cv2.VideoCapture(out, cv2.CAP_FFMPEG).get(cv2.CAP_PROP_FRAME_COUNT)
        if written < count:  # the writer itself tells nothing
            raise SaveError(
                f"{out} cannot be written: {max(0, int(written))} of {count} frames are in it; choose a place with room"
            )


def write_picture(out: str, drawn_bgr: UInt8Array) -> None:
    """Write a picture in the format that its name says."""
    written, content = cv2.imencode(Path(out).suffix, drawn_bgr)
    if not written:
        raise SaveError(f"{out} cannot be written: no {Path(out).suffix} is so large as this picture; choose .png")
    try:
        Path(out).write_bytes(content.tobytes())
    except OSError as error:
        raise SaveError(f"{out} cannot be written: {error.strerror}; choose another place") from None


def open_film(out: str, fps: float, frame: UInt8Array) -> Any:
    """Open what writes a video of frames like this one."""
    film = cv2.VideoWriter(out, cv2.CAP_FFMPEG, MP4V, fps, frame.shape[1::-1])
    if not film.isOpened():
        size = f"{frame.shape[1]}x{frame.shape[0]}"
        raise SaveError(
            f"{out} cannot be written with frames of {size}, {fps:g} a second; choose another place, or convert the video"
        )
    return film


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Detect objects in a picture or a video.")
    parser.add_argument("file", nargs="?", default="", help="a picture or a video")
    parser.add_argument("--out", default="", help="where the annotated one goes: .jpg or .png for a picture, .mp4 for a video")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each frame")
    parser.add_argument("--self-test", action="store_true", help="check detections and latency on this machine; writes record.json")
    parser.add_argument("--detections-only", action="store_true", help="with --self-test: measure no latency and write nothing")
    asked = parser.parse_args()
    if asked.self_test:
        sys.exit(check(HERE, measure=not asked.detections_only))
    if not Path(asked.file).is_file():
        parser.error(f"there is no picture or video {asked.file}")
    file, out = Path(asked.file), Path(asked.out)
    if asked.out and out.exists() and out.samefile(file):
        parser.error(f"{out} is what is read; choose another place")
    if asked.out and cv2.haveImageReader(asked.file):
        if not cv2.haveImageWriter(asked.out):
            parser.error(f"a picture cannot be written as {out}; choose .jpg or .png")
    elif asked.out and out.suffix.lower() not in VIDEOS:
        parser.error(f"a video cannot be written as {out}, and {file} begins like no picture; choose .mp4")
    try:
        run(file, asked.out, as_json=asked.json)
    except (WorkbenchError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
