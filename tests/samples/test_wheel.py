"""What people install: a wheel carries the samples and the notebooks, and works where no checkout is."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

REPOSITORY = Path(__file__).parents[2]
BUILT_FROM = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "workbench", "sample_media", "notebooks")
NOTEBOOKS = sorted(path.name for path in (REPOSITORY / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.slow


def carried_out(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    elsewhere = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # it could name the checkout
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=elsewhere)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built from a copy so that no build folder is left in it."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in BUILT_FROM:
        path = REPOSITORY / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source)
    done = carried_out([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", out, source], out)
    assert done.returncode == 0, done.stderr[-2000:]
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a fresh environment with the wheel; what it depends on is read from the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("fresh")
    carried_out([sys.executable, "-m", "venv", "--without-pip", folder], folder)
    python = folder / "bin" / "python"
    done = carried_out([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", wheel], folder)
    assert done.returncode == 0, done.stderr[-2000:]
    own = carried_out([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).stdout.strip()
    Path(own, "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


def test_a_wheel_carries_what_runs_and_nothing_of_what_made_it(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    media = {
        path.relative_to(REPOSITORY / "sample_media").as_posix()
        for path in (REPOSITORY / "sample_media").rglob("*")
        if path.is_file() and "making" not in path.parts
    }
    ours = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "workbench").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".jsonl"
    }
    carried = {f"workbench/samples/media/{name}" for name in media} | {f"workbench/notebooks/{name}" for name in NOTEBOOKS}

    assert len(media) > 80
    assert {name for name in names if ".dist-info/" not in name and ".data/data/" not in name} == ours | carried


def test_an_installed_workbench_has_its_tile_where_jupyterlab_looks(installed: Path) -> None:
    tile = installed.parent / "share/jupyter/labextensions/workbench-launcher"
    named = json.loads((tile / "package.json").read_text())

    assert (tile / named["jupyterlab"]["_build"]["load"]).is_file()


def test_an_installed_workbench_measures_the_samples(installed: Path, tmp_path: Path) -> None:
    command = [installed / "workbench", "run", "--frames", "8", "--preset", "litert-int8"]
    done = carried_out([*command, "--history", "history.sqlite", "--json", "records.json"], tmp_path)

    assert done.returncode == 0, done.stderr[-2000:]
    record = json.loads((tmp_path / "records.json").read_text())
    assert record["problem"] is None
    assert record["media"]["source"].startswith(str(installed.parent))
    assert record["accuracy"]["ap50"] > 0.4


def test_an_installed_lab_opens_copies_of_the_notebooks_and_keeps_what_somebody_wrote(installed: Path, tmp_path: Path) -> None:
    mine = tmp_path / "workbench-notebooks" / NOTEBOOKS[0]
    mine.parent.mkdir()
    mine.write_text("changed")

    done = carried_out([installed / "workbench", "lab", "--json", "lab.json", "--", "--version"], tmp_path)

    assert done.returncode == 0, done.stderr[-2000:]
    assert f"{len(NOTEBOOKS) - 1} notebooks copied to {mine.parent}" in done.stdout
    assert sorted(path.name for path in mine.parent.iterdir()) == NOTEBOOKS
    assert mine.read_text() == "changed"
    assert f"--ServerApp.root_dir={mine.parent}" in json.loads((tmp_path / "lab.json").read_text())["command"]


def test_an_installed_lab_says_where_it_cannot_copy(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "workbench-notebooks").write_text("a file, not a folder")

    done = carried_out([installed / "workbench", "lab"], tmp_path)

    assert done.returncode == 2
    assert "run `workbench lab` in a folder of yours" in done.stderr
