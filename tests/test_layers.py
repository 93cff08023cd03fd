"""Imports point down, the halves stay apart, and loading the package costs little."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "workbench"

# From the ground up; a part imports from lines above its own, or from itself.
LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(line.split())
    for line in (
        "errors values opencv_build counters threads buffers",
        "worker probe",
        "settings boxes latency palette media_facts",
        "realtime",
        "detections machine media timing",
        "datasets accuracy blocks live wording watch",
        "measure patience stages overlay limits",
        "record",
        "speed",
        "lineup telling",
        "advice",
        "pictures history report",
        "picking regression",
        "graph overlapped",
        "dataset",
        "detectors",
        "samples",
        "catalog engines",
        "availability feeding",
        "pipeline",
        "variants judge pacing player description takeaway found",
        "bench projector",
        "sweep",
        "searching",
        "lessons session",
        "view",
        "cli",
    )
)
SHOW = frozenset({"advice", "history", "picking", "regression", "report"})
PRODUCE = frozenset(
    (
        "graph",
        "dataset",
        "pacing",
        "detectors",
        "samples",
        "catalog",
        "engines",
        "availability",
        "pipeline",
        "variants",
        "judge",
        "player",
        "found",
        "bench",
        "sweep",
        "description",
        "takeaway",
    )
)
TENSORFLOW = frozenset({"graph", "detectors", "samples", "engines", "availability", "takeaway", "cli"})
MODULES = sorted(
    path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE
)


def part_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Every dotted name that a module imports, wherever in it."""
    tree = ast.parse((PACKAGE / path).read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


def parts_imported_by(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("workbench.")}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_down(path: Path) -> None:
    level = {part: n for n, layer in enumerate(LAYERS) for part in layer}
    own = part_of(path)
    for part in parts_imported_by(path):
        assert part == own or level[part] < level[own], f"{own} must not import {part}"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_producing_and_showing_do_not_import_each_other(path: Path) -> None:
    other = {**dict.fromkeys(SHOW, PRODUCE), **dict.fromkeys(PRODUCE, SHOW)}.get(part_of(path), frozenset())
    assert not parts_imported_by(path) & other


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_some_parts_import_tensorflow(path: Path) -> None:
    heavy = {name.split(".")[0] for name in imported(path)} & {"tensorflow", "keras", "ai_edge_litert"}
    assert not heavy or part_of(path) in TENSORFLOW


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_the_view_imports_widgets(path: Path) -> None:
    widgets = {name.split(".")[0] for name in imported(path)} & {"ipywidgets", "anywidget", "traitlets"}
    assert not widgets or part_of(path) == "view"


def test_every_part_has_its_layer() -> None:
    assert {part_of(path) for path in MODULES} == {part for layer in LAYERS for part in layer}


@pytest.mark.parametrize("code", ["import workbench", "import workbench.report, workbench.history", "from workbench import cli"])
def test_loading_reaches_no_tensorflow(code: str) -> None:
    check = f"{code}; import sys; print(sorted({{'tensorflow', 'keras', 'ai_edge_litert', 'cv2', 'plotly'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
