"""Imports point down and go through front doors, the halves stay apart, and loading the package costs little."""

import ast
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "workbench"

# From the ground up; a room imports from lines above its own, or from itself.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "version", "catalogue"),
    ("hardware", "files"),
    ("settings", "timing"),
    ("detections", "machine"),
    ("wording",),
    ("record",),
    ("media", "history"),
    ("datasets", "advice", "choosing"),
    ("stages", "quantising", "report"),
    ("graph", "detectors", "lessons"),
    ("engines", "samples"),
    ("pipeline", "opening"),
    ("measuring", "profile", "export", "live"),
    ("sweep", "repair"),
    ("tuning",),
    ("session",),
    ("view",),
    ("cli",),
)
SHOW = frozenset({"history", "choosing", "advice", "report", "lessons"})
PRODUCE = frozenset(
    {
        *("media", "datasets", "stages", "quantising", "graph", "detectors", "engines", "samples", "pipeline", "opening"),
        *("measuring", "profile", "export", "live", "sweep", "repair"),
    }
)
TENSORFLOW = frozenset({"quantising", "graph", "detectors", "engines", "opening", "profile", "export", "lessons", "cli"})
HEAVY = frozenset({"tensorflow", "keras", "ai_edge_litert"})
WIDGETS = frozenset({"ipywidgets", "anywidget", "traitlets"})
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


@cache
def parsed(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))))


@cache
def imported(path: Path) -> frozenset[str]:
    """Every dotted name that a module imports, wherever in it."""
    names = {alias.name for node in parsed(path) if isinstance(node, ast.Import) for alias in node.names}
    return frozenset(names | {node.module for node in parsed(path) if isinstance(node, ast.ImportFrom) and node.module})


def imported_from_others(path: Path) -> set[str]:
    return {name for name in imported(path) if name.startswith("workbench.") and name.split(".")[1] != room_of(path)}


def offenders(wrong: Callable[[Path], set[str]]) -> dict[str, set[str]]:
    """What is wrong with modules, by module."""
    return {str(path): found for path in MODULES if (found := wrong(path))}


def test_imports_point_down() -> None:
    level = {room: n for n, layer in enumerate(LAYERS) for room in layer}

    def upwards(path: Path) -> set[str]:
        return {name for name in imported_from_others(path) if level[name.split(".")[1]] >= level[room_of(path)]}

    assert not offenders(upwards)


def test_rooms_are_entered_by_their_front_door() -> None:
    round_it = offenders(lambda path: {name for name in imported_from_others(path) if name.count(".") > 1})
    assert not round_it, "what others may use, a package's __init__ hands on; the rest is its own business"


def test_no_module_is_imported_by_what_it_imports() -> None:
    """Within rooms too, and wherever in a module the import stands."""
    names = {".".join(("workbench", *path.with_suffix("").parts)).removesuffix(".__init__"): path for path in MODULES}
    graph = {name: modules_imported(path) & set(names) - {name} for name, path in names.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def modules_imported(path: Path) -> set[str]:
    """As `imported`, but `from room import module` is of the module alone."""
    nodes = parsed(path)
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = PACKAGE.joinpath(*node.module.split(".")[1:])
            names |= {f"{node.module}.{one.name}" if (inside / f"{one.name}.py").exists() else node.module for one in node.names}
    return names


def test_producing_and_showing_do_not_import_each_other() -> None:
    others = {**dict.fromkeys(SHOW, PRODUCE), **dict.fromkeys(PRODUCE, SHOW)}
    assert not offenders(
        lambda path: {name for name in imported_from_others(path) if name.split(".")[1] in others.get(room_of(path), ())}
    )


def test_only_some_rooms_import_tensorflow() -> None:
    heavy = offenders(lambda path: {name for name in imported(path) if name.split(".")[0] in HEAVY})
    assert heavy, "some do"
    assert {room_of(Path(path)) for path in heavy} <= TENSORFLOW


def test_only_the_view_and_predictions_import_widgets() -> None:
    widgets = offenders(lambda path: {name for name in imported(path) if name.split(".")[0] in WIDGETS})
    assert {room_of(Path(path)) for path in widgets} == {"lessons", "view"}


def test_every_room_has_its_layer_and_no_module_lies_loose() -> None:
    assert {room_of(path) for path in MODULES} == {room for layer in LAYERS for room in layer}
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "errors.py", "settings.py", "version.py"}


def test_a_front_door_only_hands_on() -> None:
    for path in PACKAGE.glob("*/__init__.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert isinstance(tree.body[0], ast.Expr), f"{path} says what the room is"
        assert all(isinstance(node, ast.ImportFrom | ast.Assign | ast.Expr) for node in tree.body), path


@pytest.mark.parametrize("code", ["import workbench", "import workbench.report, workbench.history", "from workbench import cli"])
def test_loading_reaches_no_tensorflow(code: str) -> None:
    check = f"{code}; import sys; print(sorted({{'tensorflow', 'keras', 'ai_edge_litert', 'cv2', 'plotly'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
