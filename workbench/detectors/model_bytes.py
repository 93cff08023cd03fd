"""The bytes of a model file, refused where they plainly are no model."""

import os
from pathlib import Path

from workbench.errors import ModelError
from workbench.files import open_file, read_file

LFS_POINTER = b"version https://git-lfs"
MODEL_SUFFIXES = (".tflite", ".keras", ".h5", ".hdf5", ".pb")


def read_model(path: Path) -> bytes:
    """Read a file.

    Raises:
        ModelError: It is missing, empty, or stands for a file that Git has not fetched.
    """
    try:
        content = read_file(path)
    except OSError as error:
        raise _unreadable(path, error) from None
    if not content:
        raise ModelError(f"{path} is empty (0 bytes); copy the model again")
    if content.startswith(LFS_POINTER):
        raise ModelError(f"{path} is a Git LFS pointer, not the model; run `git lfs pull` where it comes from")
    return content


def _unreadable(path: Path, error: OSError) -> ModelError:
    return ModelError(f"cannot read the model {path}: {error.strerror}; choose a model that can be read")


def names_a_model(name: str) -> bool:
    """Say whether what somebody names is meant as a model: by its suffix, also of a kind that is not read here, or a SavedModel."""
    suffix = Path(name).suffix.lower()
    return suffix in {*MODEL_SUFFIXES, *OTHER_KINDS, *PICKLES} or os.path.isfile(os.path.join(name, "saved_model.pb"))  # noqa: PTH113, PTH118 - Path.is_file raises where a name is too long to be one


def is_saved_model(folder: Path) -> bool:
    """Whether a folder holds a SavedModel."""
    return (folder / "saved_model.pb").is_file()


ORIGINAL = "give the model that it was made of"
CHECKPOINT = (
    "a training checkpoint, not a model that runs; export it with the Object Detection API's exporter_main_v2.py (of TensorFlow 1:"
    " export_inference_graph.py), which writes a SavedModel or a frozen graph"
)
PICKLE = (
    "is, or holds, a Python pickle: code of whoever made it, which is never loaded here; export the model where it was trained:"
    " Ultralytics' with `yolo export format=tflite`, others of PyTorch with litert-torch"
)
OTHER_KINDS = {
    ".onnx": "an ONNX model; convert it with `onnx2tf -i MODEL.onnx`, which writes a SavedModel and .tflite files",
    ".xml": f"OpenVINO's own format; {ORIGINAL}: a SavedModel, .keras or .tflite runs on OpenVINO here (runtime.engine=openvino)",
    ".engine": f"a TensorRT engine; {ORIGINAL}",
    ".mlmodel": f"a Core ML model; {ORIGINAL}",
    ".safetensors": "weights without a network; export the model where it was trained, from PyTorch with litert-torch",
    ".weights": "darknet's weights; convert them to a SavedModel, .keras or .tflite",
    ".ckpt": CHECKPOINT,
    ".index": CHECKPOINT,
    ".meta": CHECKPOINT,
    ".config": CHECKPOINT,
}
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".joblib")


def check_kind(path: Path, readable: str) -> None:
    """Refuse a file or folder that is no model of TensorFlow's kinds, with the way to make one of it.

    Raises:
        ModelError: It is one of another kind: a pickle, which runs code of whoever made it while it loads, or what cannot be run.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        if not is_saved_model(path) and ((path / "pipeline.config").is_file() or any(path.glob("*.ckpt*"))):
            raise ModelError(f"{path} holds {CHECKPOINT}")
        return
    if suffix in MODEL_SUFFIXES:
        return
    try:
        with open_file(path) as file:
            start = file.read(2)
    except OSError as error:
        raise _unreadable(path, error) from None
    if suffix in PICKLES or (start[:1] == b"\x80" and start[1:] in {b"\2", b"\3", b"\4", b"\5"}):
        raise ModelError(f"{path} {PICKLE}")
    if suffix in OTHER_KINDS:
        raise ModelError(f"{path} is {OTHER_KINDS[suffix]}")
    raise ModelError(f"{path} is of no kind of model that is read here; choose {readable}")
