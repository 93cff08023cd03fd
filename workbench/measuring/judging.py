"""How right a pipeline is on the labelled frames."""

from collections.abc import Callable, Sequence
from itertools import islice

from workbench.detections import CURVE_SCORE, Accuracy, average_precision
from workbench.measuring.kept_detections import KeptDetections
from workbench.media import frames_at
from workbench.opening import EvaluationData
from workbench.pipeline import FunctionPipeline, Pipeline, class_thresholds


def judge(
    data: EvaluationData,
    pipeline: Pipeline | FunctionPipeline,
    found: KeptDetections,
    tell: Callable[[int, int], object],
    positions: Sequence[int] | None = None,
) -> Accuracy | None:
    """Return how right a pipeline is; `None` where no truth is known, or one of other classes.

    Args:
        data: The labelled frames and what is in them.
        pipeline: Made ready.
        found: Keeps what is found.
        tell: Told the frames done and the frames in all.
        positions: Of the labelled frames, those to judge on; all of them by default.
    """
    media, truth = data.labelled, data.labelled_truth
    if media is None or truth is None or truth.labels != pipeline.detector.facts.labels:
        return None
    total = media.facts().frames if positions is None else len(positions)
    frames = media.frames() if positions is None else frames_at(media, positions)
    nms, below = pipeline.settings.nms, KeptDetections(frozenset())
    lower = pipeline.with_nms(nms.model_copy(update={"score": min(float(nms.score), CURVE_SCORE)})) or pipeline
    while batch := list(islice(frames, pipeline.engine.batch)):
        raw = pipeline.infer(batch)
        found.listen(batch, pipeline.suppress(raw, batch))
        below.listen(batch, lower.suppress(raw, batch))
        tell(len(found.by_name), total)
    known = [name for name in found.by_name if name in truth.images]
    return average_precision(
        [found.by_name[name] for name in known],
        [truth.images[name] for name in known],
        classes=len(truth.labels),
        truth_name=truth.name,
        truth_key=truth.key,
        score_threshold=float(nms.score),
        class_thresholds=class_thresholds(nms, truth.labels),
        groups=data.groups(len(known)),
        lower=[below.by_name[name] for name in known],
    )
