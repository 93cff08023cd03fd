"""The plot beside the view; plotly, which takes a second to load, is loaded with this module."""

from collections.abc import Callable, Sequence
from typing import Any, final

import plotly.graph_objects as go

from workbench.record import Record
from workbench.report import quality_figure

HEIGHT_PX = 380


@final
class Plot(go.FigureWidget):  # type: ignore[misc]  # plotly has no types
    """Latency against accuracy of all that was measured.

    Args:
        records: What was measured.
        choose: Called with a record's id when its point is clicked.

    Raises:
        RecordError: Nothing of it can be drawn.
    """

    _esm = str(go.FigureWidget._esm)  # the text: where plotly names its file, anywidget connects each figure to it for good

    def __init__(self, records: Sequence[Record], choose: Callable[[str], None]) -> None:
        def chosen(trace: Any, points: Any, _: object) -> None:
            for number in points.point_inds:
                choose(str(trace.customdata[number]))

        super().__init__(quality_figure(records))
        self.update_layout(height=HEIGHT_PX)
        for trace in self.data:
            trace.on_click(chosen)
