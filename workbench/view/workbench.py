"""The widget that people make: the view, the plot beside it, and the session behind both."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, final

import ipywidgets

from workbench.errors import RecordError
from workbench.measuring import DEFAULT_FRAMES
from workbench.media import MediaSource
from workbench.record import Record
from workbench.session import DEFAULT_PRESET, Session
from workbench.view.widget import WorkbenchView

PLOT_HEIGHT_PX = 380


@final
class Workbench(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Play with a detector: its frames annotated, where each millisecond goes, and what each setting does to both.

    It runs on threads of its own; the cell returns at once. When its last view is gone (the cell was run again, the notebook was
    closed), it ends by itself; `close()` does that at once.

    Args:
        detector: A sample's name or a model file.
        media: A picture, folder, glob, video, `camera:0` or the URL of a stream; an array of frames, or a function that gives
            them; the sample clip by default.
        truth: Ground truth of the media: COCO json, or a file or folder of Pascal VOC xml or YOLO txt.
        preset: What to begin with: a preset, or a preset and changes to it.
        history: The SQLite file that measurements are kept in; the user's own by default.
        frames: How many frames a measurement times.
        allow: What may happen that else is refused: `lambda` and `python-functions`, code in it; `code=FILE`, a Python file of its
            layers; `operations=NAME,…`, operations that reach files or the network; only where you trust who made it.
        signature: The signature of a SavedModel to call; its card's, or the usual one, by default.
    """

    def __init__(
        self,
        detector: str | None = None,
        media: MediaSource | None = None,
        *,
        truth: str | None = None,
        preset: str = DEFAULT_PRESET,
        history: Path | None = None,
        frames: int = DEFAULT_FRAMES,
        allow: Collection[str] = (),
        signature: str | None = None,
    ) -> None:
        self.session = Session(
            detector, media, truth=truth, preset=preset, history=history, frames=frames, allow=allow, signature=signature
        )
        self._figure: Any = None
        self._view = WorkbenchView(self.session, self._plot)
        super().__init__([self._view])

    def close(self) -> None:
        """End every thread, give back media and files, and take the widgets off the page."""
        self._view.end()
        for child in self.children:
            child.close()
        super().close()

    def _plot(self, records: Sequence[Record]) -> None:
        """Draw latency against accuracy of all that was measured; a click on a point goes to its settings."""
        import plotly.graph_objects as go

        from workbench.report import quality_figure

        before = self._figure
        try:
            self._figure = go.FigureWidget(quality_figure(records))
        except RecordError:
            self._figure = None
        if self._figure is not None:
            self._figure.update_layout(height=PLOT_HEIGHT_PX)
            for trace in self._figure.data:
                trace.on_click(self._choose)
        self.children = (self._view, *((self._figure,) if self._figure is not None else ()))
        if before is not None:
            before.close()

    def _choose(self, trace: Any, points: Any, _: object) -> None:
        for number in points.point_inds:
            self.session.choose(str(trace.customdata[number]))
