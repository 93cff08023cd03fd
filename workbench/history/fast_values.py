"""The values of the preset `fast`, for whoever reads a variant's text."""

from pathlib import Path

from workbench.history.store import History, default_path
from workbench.machine import environment
from workbench.settings import FAST


def fast_values(text: str, detector_sha256: str, path: Path | None = None) -> dict[str, object] | None:
    """Return what the preset `fast` means for a detector on this machine, by `group.field`.

    Args:
        text: A variant as people write it.
        detector_sha256: Of the detector's file.
        path: Another history than the user's own.

    Returns:
        `None` where the text names another preset, or the history knows no such setting.

    Raises:
        RecordError: The history cannot be read.
    """
    if text.partition(",")[0].strip() != FAST:
        return None
    with History(path or default_path()) as history:
        best = history.fastest(detector_sha256, environment().machine_id)
    return best.settings.flat() if best else None
