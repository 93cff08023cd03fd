"""How right a pipeline is on the labelled frames."""

from collections.abc import Callable
from itertools import islice

from workbench.detections import Accuracy, average_precision
from workbench.measuring.kept_detections import KeptDetections
from workbench.opening import EvaluationData
from workbench.pipeline import Pipeline


def judge(data: EvaluationData, pipeline: Pipeline, found: KeptDetections, tell: Callable[[int, int], object]) -> Accuracy | None:
    """Return how right a pipeline is; `None` where no truth is known, or one of other classes.

    Args:
        data: The labelled frames and what is in them.
        pipeline: Made ready.
        found: Keeps what is found.
        tell: Told the frames done and the frames in all.
    """
    media, truth = data.labelled, data.labelled_truth
    if media is None or truth is None or truth.labels != pipeline.detector.facts.labels:
        return None
    total, frames = media.facts().frames, media.frames()
    while batch := list(islice(frames, pipeline.engine.batch)):
        found.listen(batch, pipeline.detect(batch))
        tell(len(found.by_name), total)
    known = [(one, truth.images[name]) for name, one in found.by_name.items() if name in truth.images]
    return average_precision(
        [one for one, _ in known],
        [image for _, image in known],
        classes=len(truth.labels),
        truth_name=truth.name,
        score_threshold=pipeline.settings.nms.score,
        groups=data.groups(len(known)),
    )
