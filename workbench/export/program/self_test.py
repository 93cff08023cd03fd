"""Whether the program finds here what was found where it was exported, how fast it is, and a record of that for the workbench."""

import json
import os
import platform
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from workbench.detections import Detections, FloatArray, UInt8Array
from workbench.export.program.pipeline import Pipeline
from workbench.hardware import gpu_names, machine_id, package_names, stated_cpu_name, usable_cores, versions
from workbench.stages import of_label

WARMUP_FRAMES, WARMUP_SECONDS = 10, 1.0  # both: caches, clocks and compilers need time as well as frames
TIMED_FRAMES, MOST_SECONDS = 150, 20.0  # of each of the two passes; a slow network ends them after so long


def check(folder: Path, *, measure: bool) -> int:
    """Run the self-test; return the exit status: 1 where something else is found than `expected.json` says."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    frames: list[Any] = [cv2.imread(str(folder / one["file"]), cv2.IMREAD_COLOR_RGB) for one in expected["frames"]]
    began = time.perf_counter()
    pipeline = Pipeline(folder)
    opened = time.perf_counter()
    pipeline.detect(frames[0])
    first = time.perf_counter()
    found = [pipeline.detect(frame) for frame in frames]
    edges = pipeline.thresholds + expected["tolerance"]["score"]  # what scores so little may be found or not
    differences = [
        words
        for one, wanted in zip(found, expected["frames"], strict=True)
        for words in compare(one, wanted, expected["tolerance"], edges)
    ]
    print("\n".join(differences) or f"detections: as expected in {len(frames)} frames, {sum(map(len, found))} in all")
    if measure:
        total, stages = time_frames(pipeline, frames)
        median = sorted(total)[len(total) // 2]
        print(f"latency: median {1000 * median:.2f} ms of {len(total)} frames, {len(total) / sum(total):.1f} frames a second")
        timing = {
            "compile_seconds": opened - began,
            "first_call_seconds": first - opened,
            "total_seconds": total,
            "stage_seconds": {name: stages[name] for name in stages if name != "all"},
            "split_total_seconds": stages["all"],
        }
        write_record(folder, expected, timing, found, differences)
    return int(bool(differences))


def compare(found: Detections, wanted: Mapping[str, Any], tolerance: Mapping[str, float], edges: FloatArray) -> list[str]:
    """List in words how detections differ from those that are wanted; nothing where each has its partner.

    Args:
        found: In one frame.
        wanted: A row of `expected.json`.
        tolerance: How far scores and boxes may be apart.
        edges: Of each label, and of classes without one; what scores no more is not missed.
    """
    left = list(zip(found.boxes_xyxy_px, found.scores.tolist(), found.class_ids.tolist(), strict=True))
    missing = []
    for box, score, number in zip(wanted["boxes_xyxy_px"], wanted["scores"], wanted["class_ids"], strict=True):
        fits = [
            n
            for n, (other, other_score, other_number) in enumerate(left)
            if number == other_number
            and abs(score - other_score) <= tolerance["score"]
            and np.abs(other - box).max() <= tolerance["pixels"]
        ]
        if fits:
            del left[fits[0]]
        else:
            missing.append((box, score, number))

    def counts(score: float, number: int) -> bool:
        return bool(score > edges[of_label(number, len(edges))])

    lost = [f"{wanted['file']}: not found: class {n}, score {s:.4f}, box {box}" for box, s, n in missing if counts(s, n)]
    return lost + [
        f"{wanted['file']}: not expected: class {n}, score {s:.4f}, box {box.tolist()}" for box, s, n in left if counts(s, n)
    ]


class Laps:
    """The seconds of one frame's stages, each told when it ends."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._at = time.perf_counter()

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage], self._at = now - self._at, now


def time_frames(pipeline: Pipeline, frames: Sequence[UInt8Array]) -> tuple[list[float], dict[str, list[float]]]:
    """Return the seconds of whole frames, and of the stages of as many others; frames are read from memory and come in turns."""
    began, count = time.perf_counter(), 0
    while count < WARMUP_FRAMES or time.perf_counter() - began < WARMUP_SECONDS:
        pass_frame(pipeline, frames[count % len(frames)])
        count += 1
    total: list[float] = []
    stages: dict[str, list[float]] = {}
    began = time.perf_counter()
    for turn in range(TIMED_FRAMES):
        frame = frames[turn % len(frames)]
        # In turns with and without stage timers, so that a machine that changes its pace does so for both.
        start = time.perf_counter()
        pass_frame(pipeline, frame)
        total.append(time.perf_counter() - start)
        start, laps = time.perf_counter(), Laps()
        pass_frame(pipeline, frame, laps)
        for name, seconds in {"all": time.perf_counter() - start, **laps.seconds}.items():
            stages.setdefault(name, []).append(seconds)
        if time.perf_counter() - began > 2 * MOST_SECONDS and turn >= len(frames):
            break
    return total, stages


def pass_frame(pipeline: Pipeline, frame: UInt8Array, lap: Callable[[str], object] = lambda _: None) -> None:
    """Take one frame through all stages; `lap` is told the end of each."""
    lap("decode")
    batch = pipeline.prepare(frame)
    if pipeline.resize != "graph":
        lap("preprocess")
    raw = pipeline.infer(batch)
    lap("infer")
    found = pipeline.detections(raw, frame)
    lap("nms")
    pipeline.draw(frame, found)
    lap("draw")


def write_record(
    folder: Path, expected: Mapping[str, Any], timing: Mapping[str, Any], found: Sequence[Detections], differences: Sequence[str]
) -> None:
    """Write what was measured as a record of the workbench."""
    rows = [
        {
            "frame": wanted["frame"],
            "boxes_xyxy_px": one.boxes_xyxy_px.astype(float).round(1).tolist(),
            "scores": one.scores.astype(float).round(4).tolist(),
            "class_ids": one.class_ids.tolist(),
        }
        for wanted, one in zip(expected["frames"], found, strict=True)
    ]
    record = {
        "schema": 1,
        "id": uuid.uuid4().hex,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **expected["record"],
        "settings": json.loads((folder / "settings.json").read_text(encoding="utf-8"))["runs"],
        "environment": environment(),
        "timing": timing,
        "noise": {"verdict": "unknown", "reasons": ["the self-test does not watch what else the machine does"]},
        "warnings": differences,
        "detections": rows,
    }
    (folder / "record.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    print(f"record: {folder / 'record.json'}")


def environment() -> dict[str, Any]:
    """Describe this machine as the workbench does, so that records of one machine compare."""
    cpu = stated_cpu_name() or platform.processor() or platform.machine()
    cores, gpus, memory_bytes = usable_cores(), gpu_names(), memory()
    return {
        "machine_id": machine_id(cpu, cores, memory_bytes, gpus),
        "cpu": cpu,
        "cores": cores,
        "memory_bytes": memory_bytes,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "gpus": gpus,
        "versions": versions(package_names()),
    }


def memory() -> int:
    """Return the machine's bytes of memory, 0 where the system does not tell."""
    ask = getattr(os, "sysconf", None)
    try:
        return ask("SC_PHYS_PAGES") * ask("SC_PAGE_SIZE") if ask else 0
    except (OSError, ValueError):
        return 0
