"""The widget that people make: the view, the plot beside it, and the session behind both."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

import ipywidgets

from workbench.errors import RecordError
from workbench.measuring import DEFAULT_FRAMES
from workbench.media import MediaSource
from workbench.record import Record
from workbench.session import DEFAULT_PRESET, Session
from workbench.view.widget import WorkbenchView

if TYPE_CHECKING:
    from workbench.view.plot import Plot


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
        self._plot: Plot | None = None
        self._view = WorkbenchView(self.session, self._draw)
        super().__init__([self._view])

    def close(self) -> None:
        """End every thread, give back media and files, and take the widgets off the page."""
        self._view.end()
        for child in self.children:
            child.close()
        super().close()

    def _draw(self, records: Sequence[Record]) -> None:
        """Draw all that was measured; a click on a point goes to its settings."""
        from workbench.view.plot import Plot

        before = self._plot
        try:
            self._plot = Plot(records, self.session.choose)
        except RecordError:
            self._plot = None
        self.children = (self._view, *((self._plot,) if self._plot is not None else ()))
        if before is not None:
            before.close()
