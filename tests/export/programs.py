"""Programs for made-up networks: written by the package, loaded as a module that no network stands behind."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from workbench.detectors import Meaning
from workbench.export.network_file import NetworkFile, OutputTensor
from workbench.export.plan import Plan, what_runs
from workbench.export.program import ANCHORS_FILE, anchors_of, program_text
from workbench.settings import Settings
from workbench.stages import Head, InputSpec, OwnNms

SIZE_HW = (96, 128)
SPEC = InputSpec(size_hw=SIZE_HW, default_hw=SIZE_HW)
LABELS = ("nut", "bolt", "screw")


def plan(
    *,
    spec: InputSpec = SPEC,
    head: Head | None = None,
    own_nms: OwnNms | None = None,
    outputs: int = 2,
    dtype: str | None = None,
    quantization: tuple[float, int] | None = None,
    **values: object,
) -> Plan:
    """Plan a program; `nms_score=0.4` sets `nms.score`."""
    named = {"runtime.engine": "litert", "input.resize": "opencv", "input.size_hw": SIZE_HW, "nms.method": "opencv"}
    chosen = Settings().with_values(named | {name.replace("_", ".", 1): value for name, value in values.items()})
    shape = (1, 3, *SIZE_HW) if spec.layout == "NCHW" else (1, *SIZE_HW, 3)
    network = NetworkFile(
        name="model.tflite",
        size_bytes=1,
        shape=shape,
        input_shape=shape,
        input_dtype=dtype or spec.dtype,
        input_quantization=quantization,
        outputs=tuple(OutputTensor(name=f"out {n}", position=n) for n in range(outputs)),
    )
    meaning = Meaning(kind="", input_spec=spec, labels=LABELS, head=head, own_nms=own_nms)
    return Plan(chosen=chosen, runs=what_runs(chosen), meaning=meaning, network=network)


def load(made: Plan, folder: Path) -> Any:
    """Write a plan's program and import it."""
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    anchors = anchors_of(made)
    if anchors is not None:
        np.save(folder / ANCHORS_FILE, anchors)
    path = folder / "detect.py"
    path.write_text(program_text(made))
    spec = importlib.util.spec_from_file_location("detect_made_up", path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
