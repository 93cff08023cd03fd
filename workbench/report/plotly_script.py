"""Plotly's script, plain and packed. It is read past plotly's Python package, which takes a third of a second to load."""

from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from workbench.errors import SaveError
from workbench.record import write_whole
from workbench.report.cache import cache_folder
from workbench.report.raw import packed


def _path() -> Path:
    package = find_spec("plotly")
    assert package is not None, "we require it"
    assert package.origin is not None, "it has an `__init__.py`"
    return Path(package.origin).parent / "package_data" / "plotly.min.js"


@cache
def script() -> str:
    """Return what `plotly.offline.get_plotlyjs` returns."""
    return _path().read_text(encoding="utf-8")


@cache
def packed_script() -> str:
    """Return it packed, from the user's cache if it is there: packing five megabytes takes a fifth of a second."""
    folder, facts = cache_folder(), _path().stat()
    if folder is None:
        return packed(script())
    kept = folder / f"plotly-{facts.st_size}-{facts.st_mtime_ns}"
    with suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="ascii")
    text = packed(script())
    with suppress(OSError, SaveError):  # without it the next page takes a little longer
        for older in folder.glob("plotly-*"):
            older.unlink()
        write_whole(kept, text)
    return text
