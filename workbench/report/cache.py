"""Where reports keep what is the same for each of them, so that not every process has to make it again."""

from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path | None:
    """Return a folder in the user's cache; `None` where there can be none."""
    folder = user_cache_path("workbench") / "report"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder
