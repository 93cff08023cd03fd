"""What is no detector is refused in one line that says what it is."""

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.errors import ModelError
from workbench.opening import open_detector

FLATBUFFER_START = b"\x1c\0\0\0TFL3"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.tflite", b"", "is empty (0 bytes); copy the model again"),
        (
            "pointer.tflite",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            "is a Git LFS pointer, not the model; run `git lfs pull` where it comes from",
        ),
        ("text.tflite", b"hello, world", "is no LiteRT model: its first bytes are not those of one; choose a .tflite file"),
        ("short.tflite", b"TF", "is no LiteRT model: its first bytes are not those of one; choose a .tflite file"),
        ("start.tflite", FLATBUFFER_START + b"\0" * 64, "is damaged or of another version: LiteRT says"),
        ("model.zip", b"\x08\x01", "is of no kind of model that is read here; choose a SavedModel's folder, .keras, .h5, .pb"),
        ("model", b"\x08\x01", "is of no kind of model that is read here; choose a SavedModel's folder, .keras, .h5, .pb"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ModelError) as refused:
        open_detector(str(path))

    assert str(refused.value).startswith(f"{path} {reason}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["nowhere.tflite", "no/such/folder/model.tflite", "x" * 300], ids=["file", "folder", "long name"])
def test_a_missing_model_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="there is no model .*; choose a file that exists, or the name of a sample detector"):
        open_detector(str(tmp_path / name))


@pytest.mark.parametrize("name", ["folder", "folder.tflite"])
def test_a_folder_is_no_model(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    with pytest.raises(
        ModelError, match="is no SavedModel: it has no saved_model.pb; choose the folder that the export wrote, whole"
    ):
        open_detector(str(tmp_path / name))


def test_a_wrong_sample_name_says_that_samples_exist() -> None:
    with pytest.raises(ModelError, match="there is no model 'inspector-huge'; choose a file that exists, or the name of a sample"):
        open_detector("inspector-huge")


def test_without_a_name_the_small_sample_is_opened() -> None:
    assert open_detector().facts.name == "inspector-mobile"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "coral_mobilenet_v1_0.25_128_quant_classifier.tflite",
            "is a classifier, no detector: it gives 1001 scores and no boxes; choose a detector",
        ),
        (
            "coral_ssd_mnv2_segment_1_of_2_edgetpu.tflite",
            "is compiled for the Edge TPU and runs nowhere else (edgetpu-custom-op); choose the model it was compiled from",
        ),
        (
            "coral_model_invoking_error.tflite",
            "needs the custom operation 'fake-op-double', which LiteRT here lacks; convert the model with built-in operations only",
        ),
    ],
    ids=["classifier", "Edge TPU", "custom operation"],
)
def test_real_models_that_are_no_detectors_here_are_refused(assets: Path, name: str, reason: str) -> None:
    path = assets / "negative" / name

    with pytest.raises(ModelError) as refused:
        open_detector(str(path))

    assert str(refused.value) == f"{path} {reason}"


LOAD = """
import sys
from workbench.opening import open_detector
from workbench.errors import ModelError

for path in sys.argv[1:]:
    try:
        open_detector(path)
    except ModelError as error:
        print(error)
"""


def test_a_model_that_is_cut_short_crashes_nothing(assets: Path, tmp_path: Path) -> None:
    """In a process of its own: a native runtime may crash on a bad file."""
    content = (assets / "models" / "yolox_nano_416_float16_quantize.tflite").read_bytes()
    cuts = []
    for share in (0.00002, 0.001, 0.1, 0.5, 0.99, 0.99999):
        cuts.append(tmp_path / f"cut_{share}.tflite")
        cuts[-1].write_bytes(content[: int(share * len(content))])

    done = subprocess.run([sys.executable, "-c", LOAD, *cuts], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == len(cuts)
    assert all(f"{cut} is damaged or of another version" in line for cut, line in zip(cuts, lines, strict=True))
