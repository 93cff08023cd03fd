"""Average precision of what plays, answered again in a moment where only the NMS changed."""

from collections.abc import Iterator
from itertools import islice
from typing import final

from workbench.detections import SCREENING_DRAWS, Accuracy, Detections, ImageTruth, average_precision
from workbench.engines import Candidates
from workbench.media import Frame
from workbench.opening import EvaluationData
from workbench.pipeline import Pipeline

MOST_IMAGES = 64  # whose raw outputs are kept: up to 20 MB for the sample detectors, and the answer comes within seconds


@final
class LiveAccuracy:
    """Runs a pipeline over the first labelled frames, keeps the engine's outputs, and computes average precision from them."""

    def __init__(self, data: EvaluationData) -> None:
        self._data = data
        self._engine: object = None
        self._kept: list[tuple[Candidates | Detections, Frame, ImageTruth]] = []
        self.total = min(MOST_IMAGES, len(data.labelled_truth)) if data.labelled_truth else 0
        """How many images are looked at."""
        self.accuracy: Accuracy | None = None
        """Of the pipeline that ran last; `None` while it runs, and without truth."""

    def run(self, pipeline: Pipeline) -> Iterator[int]:
        """Run a pipeline batch by batch; yields the images done. `accuracy` is there at the end."""
        self.accuracy = None
        if not self._answers(pipeline):
            kept: list[tuple[Candidates | Detections, Frame, ImageTruth]] = []
            for batch in self._batches(pipeline):
                kept += batch
                yield len(kept)
            self._engine, self._kept = pipeline.engine, kept  # whole: what is given up half way leaves nothing behind
        self.accuracy = self._average_precision(pipeline) if self._kept else None

    def _answers(self, pipeline: Pipeline) -> bool:
        """Whether the kept outputs are all there, come from the same engine, and still have their NMS before them."""
        whole = self._engine is pipeline.engine and len(self._kept) == self.total
        return whole and all(isinstance(raw, Candidates) for raw, _, _ in self._kept)

    def _batches(self, pipeline: Pipeline) -> Iterator[list[tuple[Candidates | Detections, Frame, ImageTruth]]]:
        media, truth = self._data.labelled, self._data.labelled_truth
        if media is None or truth is None or truth.labels != pipeline.detector.facts.labels:
            return
        known = (frame for frame in media.frames() if frame.name in truth.images)
        wanted = islice(known, self.total)
        while batch := list(islice(wanted, pipeline.engine.batch)):
            raws = pipeline.infer(batch)
            yield [(raw, frame.blank(), truth.images[frame.name]) for raw, frame in zip(raws, batch, strict=True)]

    def _average_precision(self, pipeline: Pipeline) -> Accuracy:
        truth = self._data.labelled_truth
        assert truth is not None, "something was kept"
        raws, frames, known = zip(*self._kept, strict=True)
        return average_precision(
            pipeline.suppress(raws, frames),
            known,
            classes=len(truth.labels),
            truth_name=truth.name,
            truth_key=truth.key,
            score_threshold=float(pipeline.settings.nms.score),
            groups=self._data.groups(len(known)),
            draws=SCREENING_DRAWS,
        )
