"""The package asks for nothing that only Linux has: it was written and run there, and is meant for other systems too."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assets.scenes import SHAPES
from tests.elsewhere.not_everywhere import MODULES, OS_NAMES, SIGNALS

PACKAGE = Path(__file__).parents[1] / "workbench"
ELSEWHERE = Path(__file__).parent / "elsewhere"
NOT_EVERYWHERE = {
    *(f"os.{name}" for name in OS_NAMES),
    *(f"signal.{name}" for name in SIGNALS),
    *("multiprocessing", "select", "selectors", *MODULES),  # the first forks by default; on Windows one cannot `select` pipes
}

# What is asked for only after a look at the system, and has another answer on the others.
GUARDED = {"measuring/weighing_child.py": {"resource"}}


def used(path: Path) -> set[str]:
    """Every module that a module imports and every `module.name` in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names.add(f"{node.value.id}.{node.attr}")
    return names


def test_no_module_uses_what_other_systems_lack() -> None:
    found = {path.relative_to(PACKAGE).as_posix(): used(path) & NOT_EVERYWHERE for path in PACKAGE.rglob("*.py")}
    assert {name: lacking for name, lacking in found.items() if lacking} == GUARDED


@pytest.mark.slow
def test_a_trial_a_sweep_and_the_live_view_run_where_that_is_gone(small_folder: Path, tmp_path: Path) -> None:
    words = [SHAPES, small_folder / "scene_0[013].png", small_folder.with_suffix(".json"), tmp_path]
    path = os.pathsep.join(map(str, (ELSEWHERE, PACKAGE.parent)))
    environment = {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}  # an empty one: the trial is run
    command = [sys.executable, str(ELSEWHERE / "tour.py"), *map(str, words)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["labels"] == ["disc", "square", "cross"]
    assert list((tmp_path / "cache").rglob("tried/*.npz")), "the model was tried"
    assert len(told["rows"]) >= 2
    assert set(told["rows"]) == {"fine"}
    assert told["frames"] > 20
    assert told["message"] is None
    assert told["cpu"]
    assert told["cores"][0] == told["cores"][1]
    assert {"/proc/cpuinfo", "/proc/self/cgroup"} <= set(told["refused"]), "it was gone"
