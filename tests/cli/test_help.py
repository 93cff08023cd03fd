"""What the command line says of itself: its help, which loads nothing heavy, and `doctor`."""

import json
import os
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import pytest

from tests.command_line import Workbench
from workbench.cli.doctor import gpus_seen
from workbench.files import cache_file, cache_folder
from workbench.settings import PRESETS


def test_without_a_command_there_is_help(workbench: Workbench) -> None:
    done = workbench()

    assert done.status == 2
    assert "Usage: workbench" in done.err
    assert "doctor" in done.err


def test_doctor_says_what_is_here(workbench: Workbench) -> None:
    done = workbench("doctor", "--json", "-")

    assert done.status == 0
    tree = json.loads(done.out)
    assert set(tree) >= {"schema", "environment", "noise", "checks", "roof"}
    assert min(tree["roof"][figure] for figure in ("macs_per_second", "int8_macs_per_second", "bytes_per_second")) > 0
    assert all(check["remedy"] is None for check in tree["checks"].values()), tree["checks"]


def test_doctor_says_of_a_gpu_that_nothing_was_ever_run_on_one() -> None:
    assert gpus_seen(["/physical_device:GPU:0"]) == "/physical_device:GPU:0; not verified: nothing here was ever run on a GPU"
    assert "not verified" not in gpus_seen([])


def test_doctor_shows_the_caches_and_empties_them(workbench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache_file(cache_folder("tried") / "one.npz", bytes(2_000_000))

    assert json.loads(workbench("doctor", "--json", "-").out)["caches"] == {str(cache_folder("tried")): 2_000_000}
    done = workbench("doctor", "--empty-caches")

    assert "caches" in done.out
    assert not cache_folder("tried").exists()


def test_doctor_goes_on_where_tensorflow_does_not_load(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('half of it is missing')")
    code = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfrom workbench.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code, "doctor", "--json", "-"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["checks"]
    assert found["TensorFlow"]["found"] == "does not load (half of it is missing)"
    assert found["TensorFlow"]["remedy"] == "install it with `pip install tensorflow`"
    assert found["GPU"] == {"found": "not known (half of it is missing)", "remedy": None}


LOADED = """
import sys
from workbench.cli import main
try:
    main()
finally:
    print(sorted({'tensorflow', 'keras', 'ai_edge_litert', 'numpy', 'cv2', 'scipy', 'plotly'} & set(sys.modules)))
"""


def check_loads_none_but(allowed: set[str], *words: object) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, *map(str, words)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert set(literal_eval(done.stdout.splitlines()[-1])) <= allowed


@pytest.mark.parametrize(
    "words", ["--help", "run --help", "compare -h", "report --help", "doctor --help", "lab --help", "--version"]
)
def test_help_loads_neither_tensorflow_nor_opencv(words: str) -> None:
    check_loads_none_but({"numpy"}, *words.split())


@pytest.mark.parametrize("preset", PRESETS)
def test_help_names_every_preset(workbench: Workbench, preset: str) -> None:
    assert preset in workbench("run", "--help").out


def test_the_installed_program_is_this_one() -> None:
    found = Path(sys.executable).with_name("workbench")
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False, env=os.environ)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


@pytest.mark.parametrize("words", ["pick --help", "history --help", "history prune --help", "check --help"])
def test_help_loads_neither_tensorflow_nor_numpy(words: str) -> None:
    check_loads_none_but(set(), *words.split())


def test_picking_and_keeping_reach_no_tensorflow(path: Path) -> None:
    for words in (("pick",), ("history",), ("history", "trend"), ("compare", "history:aaa", "history:bbb")):
        check_loads_none_but({"numpy", "scipy"}, *words, "--history", path)
