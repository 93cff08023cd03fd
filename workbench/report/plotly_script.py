"""Plotly's script. It is read past plotly's Python package, which takes a third of a second to load."""

from importlib.util import find_spec
from pathlib import Path


def script() -> str:
    """Return what `plotly.offline.get_plotlyjs` returns."""
    package = find_spec("plotly")
    assert package is not None, "we require it"
    assert package.origin is not None, "it has an `__init__.py`"
    return (Path(package.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
