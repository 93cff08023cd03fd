"""The bytes of a model file, refused where they plainly are no model."""

from pathlib import Path

from workbench.errors import ModelError

LFS_POINTER = b"version https://git-lfs"


def read_model(path: Path) -> bytes:
    """Read a file.

    Raises:
        ModelError: It is missing, empty, or stands for a file that Git has not fetched.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror}; choose a file that exists") from None
    if not content:
        raise ModelError(f"{path} is empty (0 bytes); copy the model again")
    if content.startswith(LFS_POINTER):
        raise ModelError(f"{path} is a Git LFS pointer, not the model; run `git lfs pull` where it comes from")
    return content
