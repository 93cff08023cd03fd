"""The widget that people make: the view, and the session behind it."""

from collections.abc import Collection
from pathlib import Path
from typing import final

import ipywidgets

from workbench.measuring import DEFAULT_FRAMES
from workbench.media import MediaSource
from workbench.opening import refuse_function
from workbench.session import DEFAULT_BASELINE, DEFAULT_PRESET, Session
from workbench.view.widget import WorkbenchView


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
        baseline: What is pinned at the start, timed once in the background, of the same form; `None` for nothing.
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
        baseline: str | None = DEFAULT_BASELINE,
        history: Path | None = None,
        frames: int = DEFAULT_FRAMES,
        allow: Collection[str] = (),
        signature: str | None = None,
    ) -> None:
        super().__init__()  # first: a widget that was refused before it was made complains when it is let go
        refuse_function(detector)
        self.session = Session(
            detector,
            media,
            truth=truth,
            preset=preset,
            baseline=baseline,
            history=history,
            frames=frames,
            allow=allow,
            signature=signature,
        )
        self._view = WorkbenchView(self.session)
        self.children = (self._view,)

    def __repr__(self) -> str:
        """Say in a line what it plays: a page that was saved shows this in its place."""
        sources = self.session.sources.model_dump(include={"detector", "media"}, exclude_none=True)
        told = [str(one) for one in sources.values() if isinstance(one, str | Path)]
        return f"<Workbench: {' on '.join(told) or 'the samples'}>"

    def close(self) -> None:
        """End every thread, give back media and files, and take the widgets off the page."""
        self._view.end()
        for child in self.children:
            child.close()
        super().close()
