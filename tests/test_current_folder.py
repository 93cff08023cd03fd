"""No file beside a model is imported in the place of a module, by no command and no process that one starts."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.cli.app import PAGE
from workbench.machine import ChildProcess, import_path

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
# Of Python's own library, of packages, of ours, and what Python and Jupyter look for by themselves.
HOSTILE = (
    *("json", "typing", "random", "numpy", "cv2", "psutil", "tensorflow", "keras", "ai_edge_litert", "workbench", "pip"),
    *("sitecustomize", "usercustomize", "jupyterlab", "jupyter_server", "ipykernel", "voila", "jupyter_server_config"),
)


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Path]:
    """A folder of modules that leave a mark and end the process that imports them."""
    folder, mark = tmp_path / "downloads", tmp_path / "imported"
    folder.mkdir()
    for name in HOSTILE:
        (folder / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write({name!r} + ' '); raise SystemExit('hostile')")
    yield folder
    assert not mark.exists(), f"imported from the current folder: {mark.read_text()}"


@pytest.mark.parametrize("words", [("-c", "import json, typing, numpy"), ("-m", "json.tool", "--help")], ids=["code", "module"])
@pytest.mark.parametrize("python_path", ["", ":", ".", f"relative:{os.sep}nowhere"])
def test_a_child_imports_nothing_from_where_it_runs(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], python_path: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path)

    with ChildProcess(words, silent_seconds=30, folder=hostile) as child:
        list(child.lines())


def test_what_is_on_the_path_by_its_whole_name_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", f"{os.sep}one", "two", f"{os.sep}three"]))

    assert import_path() == {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join([f"{os.sep}one", f"{os.sep}three"])}


def test_the_page_s_folder_holds_no_code() -> None:
    """The server and the kernels of `app` start in it."""
    assert not [path for path in PAGE.iterdir() if path.suffix not in {".ipynb", ".md", ".css"}]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("doctor",),
        ("run", "MODEL", "MEDIA", "--frames", "2"),
        ("run", "--frames", "2", "--preset", "litert-int8"),
        ("export", "MODEL", "MEDIA", "--out", "OUT"),
        ("sweep", "MODEL", "MEDIA", "--yes", "--frames", "2", "--grid", "GRID"),
        ("describe", "MODEL", "MEDIA"),
        ("lab", "--", "--version"),
        ("app", "--server", "--version"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_no_command_imports_from_the_current_folder(
    hostile: Path, small_tflite: Path, small_folder: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "grid.toml").write_text('"runtime.engine" = ["litert"]\n')
    named = {"MODEL": small_tflite, "MEDIA": small_folder, "OUT": tmp_path / "out", "GRID": tmp_path / "grid.toml"}
    command = [WORKBENCH, *(str(named.get(word, word)) for word in words)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}  # nothing was tried before

    done = subprocess.run(command, cwd=hostile, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("given", "stays"), [(None, True), ("", True), ("/elsewhere", True), (":/elsewhere", False), (".", False)])
def test_only_an_entry_that_somebody_gave_is_taken_from_the_path(
    monkeypatch: pytest.MonkeyPatch, given: str | None, stays: bool
) -> None:
    """A program that has its own folder there by another way, such as `python -m pytest`, keeps it."""
    monkeypatch.setattr(sys, "path", [str(Path.cwd()), *(one for one in sys.path if one != str(Path.cwd()))])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    if given is not None:
        monkeypatch.setenv("PYTHONPATH", given)

    importlib.reload(sys.modules["workbench.cli.import_path"])

    assert (str(Path.cwd()) in sys.path) == stays
