"""What a `.tflite` file needs is LiteRT: no process that a command starts for one loads TensorFlow, which takes seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ABSENT = ("tensorflow", "keras")
LITERT = "litert,nms.method=numpy"


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which TensorFlow cannot be imported, by no process that is started there."""
    folder = tmp_path_factory.mktemp("absent")
    for name in ABSENT:
        (folder / f"{name}.py").write_text(f"raise ImportError('{name} is not wanted here')\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--preset", LITERT, "--frames", "3"),
        pytest.param(
            ("sweep", "--grid", "{tmp}/grid.toml", "--baseline", LITERT, "--frames", "3", "--yes"),
            marks=pytest.mark.slow,
            id="sweep",
        ),
        ("export", "--preset", "litert,nms.method=opencv", "--out", "{tmp}/out"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_on_a_litert_model_loads_litert_alone(
    small_tflite: Path, without: dict[str, str], small_folder: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """With a cache of its own, so that the model is tried in a child anew."""
    (tmp_path / "grid.toml").write_text('"runtime.engine" = ["litert"]\n"nms.method" = ["numpy"]\n"nms.score" = [0.2, 0.4]\n')
    command, *options = (word.replace("{tmp}", str(tmp_path)) for word in words)
    program = [sys.executable, "-c", "from workbench.cli import main; main()", command, str(small_tflite), str(small_folder)]
    environment = {**without, "XDG_CACHE_HOME": str(tmp_path / "cache")}

    done = subprocess.run(
        [*program, *options, "--history", str(tmp_path / "h.sqlite")], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "not wanted here" not in done.stdout + done.stderr
