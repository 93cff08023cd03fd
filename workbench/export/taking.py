"""Taking a setting home: a folder with the network, its card, and a small program that runs it without the workbench."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.detectors import SUFFIXES, Detector
from workbench.errors import UnavailableError
from workbench.export.expected import FRAMES_FOLDER, PIXEL_TOLERANCE, SCORE_TOLERANCE, choose_frames, expected_tree, write_frames
from workbench.export.folder import whole_folder
from workbench.export.machine_functions import machine_functions, packages
from workbench.export.network_file import write_network
from workbench.export.own_card import own_card
from workbench.export.plan import OWN, Plan, check_exportable, what_runs
from workbench.export.program import ANCHORS_FILE, RUNTIME_NAMES, anchors_of, environment, program_text, requirements_text
from workbench.machine import ChildFailedError, ChildProcess
from workbench.media import Frame
from workbench.opening import Footage
from workbench.pipeline import Pipeline
from workbench.settings import Settings, assignments

CARD = f"model{SUFFIXES[0]}"
PROGRAM, SELF_TEST = "detect.py", "self_test.py"
FILES = (
    PROGRAM,
    SELF_TEST,
    "model",
    "model.tflite",
    "model.onnx",
    CARD,
    ANCHORS_FILE,
    "labels.txt",
    "settings.json",
    "expected.json",
    FRAMES_FOLDER,
    "requirements.txt",
    "README.md",
    "record.json",
    "__pycache__",
)
"""All that a folder can hold which was taken home, once its self-test has run."""
PATIENCE_SECONDS = 300.0  # for the program's first run: loading TensorFlow and compiling by XLA can take a minute

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenHome:
    """What was written.

    Attributes:
        folder: Where it is.
        files: Names in it.
        frames: How many the program was tried on.
        detections: How many it found there, all as the workbench does.
        notes: Where the program goes another way to the same detections.
    """

    folder: Path
    files: tuple[str, ...]
    frames: int
    detections: int
    notes: tuple[str, ...]


def take_home(
    detector: Detector,
    settings: Settings,
    footage: Footage,
    out: Path,
    *,
    replace: bool = False,
    progress: Progress = lambda _, __, ___: None,
) -> TakenHome:
    """Write a folder that runs a detector under one setting without the workbench, and try it.

    Args:
        detector: What to take home.
        settings: How it runs; `availability.check` has passed them.
        footage: Where the frames of the self-test come from, and those that an integer model is calibrated on.
        out: The folder: a new one, an empty one, or an earlier export where `replace` is set.
        replace: Whether an earlier export may be replaced.
        progress: Told what is going on.

    Raises:
        UnavailableError: No program is written for this detector or setting, or it does not find what the workbench finds.
        SaveError: The folder cannot be written; what was there before is still there.
    """
    check_exportable(detector, settings)
    steps = ("finding what the program has to find", "writing the network", "writing the program", "trying the program")
    with whole_folder(out, FILES, replace=replace) as folder:
        progress(steps[0], 0, len(steps))
        frames = choose_frames(footage.media)
        pipeline = Pipeline(detector, settings, footage.calibration)  # first: it sets TensorFlow's threads, once in a process
        found = [pipeline.detect([frame])[0] for frame in frames]
        progress(steps[1], 1, len(steps))
        network = write_network(detector, settings, footage.calibration, folder)
        plan = Plan(chosen=settings, runs=what_runs(settings), meaning=detector.meaning, network=network)
        progress(steps[2], 2, len(steps))
        files = write_frames(frames, folder)
        expected = expected_tree(plan, detector.facts, footage.media.facts(), frames, found, files)
        _write_texts(plan, detector, frames, expected, folder)
        progress(steps[3], 3, len(steps))
        _try(folder)
        names = tuple(sorted(path.name for path in folder.iterdir()))
    progress(steps[3], 4, len(steps))
    return TakenHome(folder=out, files=names, frames=len(frames), detections=sum(map(len, found)), notes=plan.notes)


def _write_texts(plan: Plan, detector: Detector, frames: Sequence[Frame], expected: dict[str, Any], folder: Path) -> None:
    card = own_card(
        detector.facts.name, plan.meaning, tuple(one.name for one in plan.network.outputs), own_nms=plan.suppressor == OWN
    )
    anchors = anchors_of(plan)
    if anchors is not None:
        np.save(folder / ANCHORS_FILE, anchors)
    texts = {
        PROGRAM: program_text(plan),
        SELF_TEST: _rendered(
            "self_test.py.jinja",
            prepares="graph" if plan.in_graph else "host",
            packages=packages(),
            machine_functions=machine_functions(),
        ),
        CARD: card.to_toml(),
        "README.md": _readme(plan, detector, len(frames)),
        "requirements.txt": requirements_text(plan),
        "labels.txt": "".join(f"{one_line(label)}\n" for label in detector.facts.labels),
        "settings.json": _json(
            {"schema": 1, "chosen": plan.chosen.model_dump(mode="json"), "runs": plan.runs.model_dump(mode="json")}
        ),
        "expected.json": _json(expected),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _readme(plan: Plan, detector: Detector, frames: int) -> str:
    return _rendered(
        "readme.md.jinja",
        detector=one_line(detector.facts.name).replace("`", "'"),
        runtime_name=RUNTIME_NAMES[plan.runtime],
        settings=" ".join(assignments(plan.chosen)),
        frames=frames,
        score_tolerance=SCORE_TOLERANCE,
        pixel_tolerance=f"{PIXEL_TOLERANCE:g}",
        network=plan.network.name,
        workbench_reads=plan.network.name.replace(".onnx", ".tflite"),
        card=CARD,
        notes=plan.notes,
    )


def _rendered(template: str, **words: object) -> str:
    return environment().get_template(template).render(words)


def _json(tree: dict[str, Any]) -> str:
    return json.dumps(tree, indent=1) + "\n"


def one_line(text: str) -> str:
    r"""Return text, untrusted, as one printable line.

    >>> one_line("two\nlines\x1b[31m")
    'two lines [31m'
    """
    return "".join(character if character.isprintable() else " " for character in text)


def _try(folder: Path) -> None:
    """Run the program once, in a process of its own, on the frames that it comes with.

    Raises:
        UnavailableError: It does not run, or finds something else; says what it said.
    """
    program = ("-B", SELF_TEST, "--detections-only")
    said = ""
    try:
        with ChildProcess(program, silent_seconds=PATIENCE_SECONDS, folder=folder, variables={"PYTHONPATH": ""}) as child:
            for line in child.lines():
                said = line.strip() or said
    except ChildFailedError as failed:
        if failed.reason == "silent":
            raise UnavailableError(f"the program did not end within {PATIENCE_SECONDS:.0f} s; nothing was written") from None
        reason = (said if failed.code == 1 else "") or failed.printed or f"it {failed}"
        raise UnavailableError(
            f"the program does not find what the workbench finds, so nothing was written: {one_line(reason)}"
        ) from None
