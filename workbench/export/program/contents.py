"""What lies beside the program: which network it is, what its tensors mean, the setting, and a function that decodes."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from workbench.detections import FloatArray
from workbench.stages import (
    AnchorGrid,
    AnchorGrids,
    BoxesHead,
    ClassIdsHead,
    DetectionRows,
    DetectionTensors,
    DetrHead,
    DistancesHead,
    FunctionHead,
    RowsHead,
    SsdHead,
    YoloMapsHead,
    YoloxHead,
)

Tree = Mapping[str, Any]
Infer = Callable[[NDArray[Any]], Sequence[FloatArray]]
"""From a batch of one to the network's outputs, float32, in the order in which they are read."""
OpenNetwork = Callable[[Path, Tree, Tree], Infer]
"""From the folder, `network.json` and the settings to what runs the network."""

READERS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(SsdHead, YoloMapsHead, DistancesHead, BoxesHead, RowsHead, YoloxHead, DetrHead, ClassIdsHead, FunctionHead),
        *(DetectionTensors, DetectionRows),
    )
}
"""What turns outputs into candidates (the heads), or reads the detections of a network's own NMS."""


def read_tree(file: Path) -> Any:
    """Read JSON, with tuples in the place of lists."""
    return _frozen(json.loads(file.read_text(encoding="utf-8")))


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _frozen(part) for name, part in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def reader_of(tree: Tree, folder: Path) -> Any:
    """Return what reads the network's outputs: one of `READERS` with the values that it was exported with.

    Args:
        tree: Of `network.json`.
        folder: Where the Python file lies that decodes, if one does.
    """
    values = dict(tree["values"])
    if "called" in values:
        values["decode"] = _function(folder, *values["called"].split(":"))
    if "anchors_cxcywh_px" in values:
        values["anchors_cxcywh_px"] = AnchorGrids(tuple(AnchorGrid(**level) for level in values["anchors_cxcywh_px"]["levels"]))
    return READERS[tree["kind"]](**values)


def _function(folder: Path, file: str, name: str) -> Any:
    spec = spec_from_file_location(Path(file).stem, folder / file)
    assert spec is not None, "it is a .py"
    assert spec.loader is not None, "as above"
    module = module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses look there for what a class belongs to
    spec.loader.exec_module(module)
    return getattr(module, name)
