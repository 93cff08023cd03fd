"""Charts as notebooks show them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

PLOTLY_MIME = "application/vnd.plotly.v1+json"
# JupyterLab itself lets a chart follow its width; what `responsive` adds is a height of 100 % of a cell that has none.
CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": False, "scrollZoom": False}


@dataclass(frozen=True, slots=True, repr=False)
class Chart:
    """A figure as data that JupyterLab's plotly draws; plotly's own way puts five megabytes of script into the notebook."""

    figure: go.Figure

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002 - IPython's
        return {PLOTLY_MIME: json.loads(self.figure.to_json()) | {"config": CONFIG}, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"a chart of {', '.join(str(trace.name) for trace in self.figure.data)}"


def chart(figure: go.Figure) -> Chart:
    """Return a figure of the report as a notebook shows it."""
    return Chart(figure)
