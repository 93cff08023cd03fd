"""Raw outputs that are kept: every NMS setting is judged on them, and no engine runs again."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import SCREENING_DRAWS, Accuracy, Detections, ImageTruth, average_precision
from workbench.engines import Candidates
from workbench.media import Frame
from workbench.opening import EvaluationData
from workbench.pipeline import Pipeline
from workbench.settings import ClassScores, Nms
from workbench.stages import HOST_NMS

Raw = Candidates | Detections


def content_key(found: Sequence[Detections]) -> bytes:
    """Return what is equal exactly where two lists hold the same detections."""
    digest = hashlib.blake2b(digest_size=16)
    for one in found:
        digest.update(len(one).to_bytes(4, "little"))
        digest.update(one.boxes_xyxy_px.tobytes() + one.scores.tobytes() + one.class_ids.tobytes())
    return digest.digest()


def thinned(raw: Raw, score: float) -> Raw:
    """Return the candidates of one image that some class scores above a threshold: what NMS does at it, or above, is the same.

    Order and so the rank of equal scores stay; a box is left out whole, so its best class stays its best.
    """
    if not isinstance(raw, Candidates):
        return raw
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero((raw.scores[0] > np.float32(score)).any(axis=1))
    return Candidates(raw.boxes_xyxy[:, rows], raw.scores[:, rows])


def with_nms(pipeline: Pipeline, nms: Nms) -> Pipeline:
    """Return a pipeline of the same engine under another NMS."""
    other = pipeline.with_nms(nms)
    assert other is not None, "the plan has put together only what one engine serves"
    return other


@final
@dataclass(slots=True)
class KeptOutputs:
    """An engine's outputs on labelled frames.

    Attributes:
        raws: One per frame, thinned out to what any of the sweep's settings may keep.
        frames: Without their pictures.
        truth: One per frame.
        labels: How many classes there are.
        truth_name: Whose truth it is.
        truth_key: Of its content.
        groups: Which frames are neighbours in a video.
    """

    raws: list[Raw]
    frames: list[Frame]
    truth: list[ImageTruth]
    labels: int
    truth_name: str
    truth_key: str | None = None
    groups: NDArray[np.int64] | None = None
    _lowest: dict[str, tuple[Detections, ...]] = field(default_factory=dict, init=False)
    _figures: dict[bytes, Accuracy] = field(default_factory=dict, init=False)

    def found(self, pipeline: Pipeline, nms: Nms, least_score: float) -> tuple[Detections, ...]:
        """Return what an NMS leaves in each frame.

        A hard NMS goes by falling score, and what scores less never touches what scores more; so what it keeps at a threshold is
        what it keeps at a lower one, cut there (`top_k` and `max_detections` take the best first, and cut the same). That
        holds to the bit for the host's methods. Those of the graph move the classes apart by what the candidates span, which rounds
        otherwise with other candidates; and soft NMS changes scores. They are run, and so is what has a threshold for each class:
        without `per_class`, a box that its own class's leaves out suppresses no other.
        """
        if nms.method not in HOST_NMS or isinstance(nms.score, ClassScores):
            return tuple(with_nms(pipeline, nms).suppress(self.raws, self.frames))
        lowest = nms.model_copy(update={"score": least_score})
        key = lowest.model_dump_json()
        if key not in self._lowest:
            self._lowest[key] = tuple(with_nms(pipeline, lowest).suppress(self.raws, self.frames))
        return tuple(one.where(one.scores > np.float32(nms.score)) for one in self._lowest[key])

    def accuracy(self, found: tuple[Detections, ...], score: float) -> Accuracy:
        """Return the average precision; that of equal detections is computed once."""
        key = content_key(found)
        if key not in self._figures:
            self._figures[key] = average_precision(
                found,
                self.truth,
                classes=self.labels,
                truth_name=self.truth_name,
                truth_key=self.truth_key,
                score_threshold=score,
                groups=self.groups,
                draws=SCREENING_DRAWS,
            )
        return self._figures[key].model_copy(update={"score_threshold": score})


def keep_outputs(pipeline: Pipeline, data: EvaluationData, least_score: float, tell: Callable[[], None]) -> KeptOutputs | None:
    """Run the engine over the labelled frames; `None` where there is no truth for this detector's classes."""
    media, truth = data.labelled, data.labelled_truth
    if media is None or truth is None or truth.labels != pipeline.detector.facts.labels:
        return None
    kept: dict[str, tuple[Raw, Frame]] = {}
    frames = (frame for frame in media.frames() if frame.name in truth.images)
    while batch := list(islice(frames, pipeline.engine.batch)):
        for frame, raw in zip(batch, pipeline.infer(batch), strict=True):
            kept[frame.name] = (thinned(raw, least_score), frame.blank())
        tell()
    raws, blanks = [raw for raw, _ in kept.values()], [frame for _, frame in kept.values()]
    known = [truth.images[name] for name in kept]
    return KeptOutputs(raws, blanks, known, len(truth.labels), truth.name, truth.key, data.groups(len(kept)))
