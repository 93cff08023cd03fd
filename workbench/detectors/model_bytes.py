"""The bytes of a model file, refused where they plainly are no model."""

from pathlib import Path

from workbench.errors import ModelError
from workbench.files import open_file, read_file

LFS_POINTER = b"version https://git-lfs"


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


PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".joblib")


def check_no_pickle(path: Path) -> None:
    """Refuse Python pickles, which run code of whoever made them while they load.

    Raises:
        ModelError: It is named like one, or begins like one.
    """
    try:
        with open_file(path) as file:
            start = file.read(2)
    except OSError as error:
        raise _unreadable(path, error) from None
    if path.suffix.lower() in PICKLES or (start[:1] == b"\x80" and start[1:] in {b"\2", b"\3", b"\4", b"\5"}):
        raise ModelError(
            f"{path} is, or holds, a Python pickle: code of whoever made it, which is never loaded here;"
            " export the model as a SavedModel, .keras or .tflite"
        )
