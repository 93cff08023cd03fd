"""Exporting a setting: a folder with the network, its card, and a small program that runs it without the workbench."""

import json
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template

from workbench.catalogue import ENGINES
from workbench.detectors import ALLOWED_OPERATIONS, DECODING, OWN_NMS, SUFFIXES, Detector
from workbench.engines import properties_of
from workbench.errors import UnavailableError
from workbench.export.card import DECODE_FILE, own_card, reader_tree
from workbench.export.copying import copied_modules
from workbench.export.expected import (
    PIXEL_TOLERANCE,
    SCORE_TOLERANCE,
    choose_frames,
    engine_facts,
    expected_tree,
    write_frames,
)
from workbench.export.folder import whole_folder
from workbench.export.network_file import SAVED_MODEL, NetworkFile, write_network
from workbench.export.plan import check_exportable, notes_on, requirements_text, runtime_of, what_runs
from workbench.machine import ChildFailedError, ChildProcess
from workbench.media import Frame
from workbench.opening import EvaluationData
from workbench.pipeline import Pipeline
from workbench.settings import ClassScores, Settings, assignments
from workbench.stages import FunctionHead

CARD = f"model{SUFFIXES[0]}"
PROGRAM = "detect.py"
TIMEOUT_SECONDS = 300.0  # for the program's first run: loading TensorFlow and compiling by XLA can take a minute
README = Template("""\
# An exported detector

`$detector` with $runtime, without the workbench that wrote this: `$settings`.

    pip install -r requirements.txt
    python detect.py PICTURE --out annotated.jpg
    python detect.py VIDEO --out annotated.mp4
    python detect.py --self-test

It needs Python 3.11 or newer. Pictures and videos are read as the workbench reads them; animations (GIF, WebP, APNG), files that
are cut short and videos that are stored mirrored are refused. The self-test looks for the same detections in $frames frames
(scores within $score_tolerance, boxes within $pixel_tolerance pixel), measures the latency where it runs, and writes
`record.json`, which `workbench report record.json` shows. `parts/` is the workbench's own code that a frame passes. `$network`
is the network, `$card` says what its tensors mean: `workbench run $workbench_reads` reads both. On a server without libGL,
install `opencv-python-headless` of the same version in the place of `opencv-python`.
$notes""")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
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


def export_folder(
    detector: Detector,
    settings: Settings,
    data: EvaluationData,
    out: Path,
    *,
    replace: bool = False,
    progress: Progress = lambda _, __, ___: None,
) -> Exported:
    """Write a folder that runs a detector under one setting without the workbench, and try it.

    Args:
        detector: What to export.
        settings: How it runs; `availability.check` has passed them.
        data: Where the frames of the self-test come from, and those that an integer model is calibrated on.
        out: The folder: a new one, an empty one, or an earlier export where `replace` is set.
        replace: Whether an earlier export may be replaced: one whose manifest names all that lies there, unchanged.
        progress: Told what is going on.

    Raises:
        UnavailableError: No program is written for this detector or setting, or it does not find what the workbench finds.
        SaveError: The folder cannot be written; what was there before is still there.
    """
    check_exportable(detector, settings)
    runs = what_runs(settings)
    reader = reader_tree(detector.meaning, own_nms=runs.nms.method == OWN_NMS)
    steps = ("finding what the program has to find", "writing the network", "writing the program", "trying the program")
    with whole_folder(out, replace=replace) as folder:
        progress(steps[0], 0, len(steps))
        frames = choose_frames(data.media)
        pipeline = Pipeline(detector, settings, data.calibration)  # first: it sets TensorFlow's threads, once in a process
        found = [pipeline.detect([frame])[0] for frame in frames]
        progress(steps[1], 1, len(steps))
        network = write_network(detector, settings, data.calibration, folder)
        progress(steps[2], 2, len(steps))
        write_frames(frames, folder)
        engine = engine_facts(settings, runs, network)
        trees = {
            "settings.json": {
                "schema": 1,
                "chosen": settings.model_dump(mode="json"),
                "runs": runs.model_dump(mode="json"),
                "thresholds": thresholds_of(runs.nms.score, detector.facts.labels),
            },
            "network.json": {
                "schema": 1,
                **asdict(network),
                "input": asdict(detector.input_spec),
                "reader": reader,
                "openvino": properties_of(runs),
            },
            "expected.json": expected_tree(runs.runtime.engine, detector.facts, engine, data.media.facts(), frames, found),
        }
        _write_texts({name: json.dumps(tree, indent=1) + "\n" for name, tree in trees.items()}, folder)
        _write_texts(_texts(detector, settings, network, frames), folder)
        if (decoding := _decoding_file(detector)) is not None:
            shutil.copyfile(decoding, folder / DECODE_FILE)
        _write_texts({str(path): text for path, text in copied_modules(runtime_of(runs.runtime.engine)).items()}, folder)
        progress(steps[3], 3, len(steps))
        _try(folder)
    names = tuple(sorted(path.name for path in out.expanduser().iterdir()))
    progress(steps[3], 4, len(steps))
    notes = notes_on(settings, runs)
    return Exported(folder=out, files=names, frames=len(frames), detections=sum(map(len, found)), notes=notes)


def thresholds_of(score: float, labels: Sequence[str]) -> tuple[float, ...]:
    """Return the score threshold of each label, and of a class that has none; that alone where all have the same."""
    return score.thresholds(labels) if isinstance(score, ClassScores) else (score,)


def _decoding_file(detector: Detector) -> Path | None:
    """Return the Python file that decodes, where one does: its user has allowed it, or there were no detector."""
    head = detector.meaning.head
    if not isinstance(head, FunctionHead):
        return None
    assert detector.card_folder is not None, "a card names the function"
    return detector.card_folder / head.called.partition(":")[0]


def _allowances(detector: Detector, network: NetworkFile) -> list[str]:
    """Return the words without which the workbench would refuse what was exported, as it would have refused the model."""
    operations = detector.network.access.operations if network.file == SAVED_MODEL else ()
    allowed = ([DECODING] if detector.meaning.code else []) + ([ALLOWED_OPERATIONS + ",".join(operations)] if operations else [])
    return [word for one in allowed for word in ("--allow", one)]


def _texts(detector: Detector, chosen: Settings, network: NetworkFile, frames: Sequence[Frame]) -> dict[str, str]:
    """Return what people and the workbench read in the folder."""
    outputs = tuple(one.name for one in network.outputs)
    runs = what_runs(chosen)
    readme = README.substitute(
        detector=one_line(detector.facts.name).replace("`", "'"),
        runtime=ENGINES[runs.runtime.engine].runtime,
        settings=" ".join(assignments(chosen)),
        frames=len(frames),
        score_tolerance=SCORE_TOLERANCE,
        pixel_tolerance=f"{PIXEL_TOLERANCE:g}",
        network=network.file,
        workbench_reads=shlex.join([network.file.replace(".onnx", ".tflite"), *_allowances(detector, network)]),
        card=CARD,
        notes="".join(f"- {note}\n" for note in notes_on(chosen, runs)),
    )
    return {
        CARD: own_card(detector.facts.name, detector.meaning, outputs, own_nms=chosen.nms.method == OWN_NMS).to_toml(),
        "README.md": readme,
        "requirements.txt": requirements_text(runs),
        "labels.txt": "".join(f"{one_line(label)}\n" for label in detector.facts.labels),
    }


def _write_texts(texts: dict[str, str], folder: Path) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


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
    program = ("-B", PROGRAM, "--self-test", "--detections-only")
    said = ""
    own_parts = {"PYTHONPATH": str(folder.resolve())}  # whoever starts the program has its folder on the path by itself
    try:
        with ChildProcess(program, silent_seconds=TIMEOUT_SECONDS, folder=folder, variables=own_parts) as child:
            for line in child.lines():
                said = line.strip() or said
    except ChildFailedError as failed:
        if failed.reason == "silent":
            raise UnavailableError(f"the program did not end within {TIMEOUT_SECONDS:.0f} s; nothing was written") from None
        reason = (said if failed.code == 1 else "") or failed.printed or f"it {failed}"
        raise UnavailableError(
            f"the program does not find what the workbench finds, so nothing was written: {one_line(reason)}"
        ) from None
