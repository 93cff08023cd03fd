"""Raw outputs that are kept answer for every NMS as the engine itself would."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.detections import SCREENING_DRAWS, average_precision
from workbench.engines import Candidates
from workbench.opening import EvaluationData
from workbench.pipeline import Pipeline
from workbench.settings import ClassScores, Nms
from workbench.stages import HOST_NMS, suppress
from workbench.sweep.kept_outputs import content_key, keep_outputs, thinned, with_nms

LOWEST = 0.05
SCORES = (0.05, 0.2, 0.5)


def equal(one, other) -> bool:
    return content_key([one]) == content_key([other])


@st.composite
def crowds(draw):
    """Boxes that overlap, with scores of which many are equal."""
    count, classes = draw(st.integers(0, 25)), draw(st.integers(1, 3))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    corners = random.integers(0, 12, (count, 2)).astype(np.float32)
    boxes = np.concatenate([corners, corners + random.integers(0, 9, (count, 2))], axis=1).astype(np.float32)
    scores = (random.integers(0, 8, (count, classes)) / 8).astype(np.float32)
    return boxes, scores


@pytest.mark.parametrize("method", HOST_NMS)
@given(
    crowds(),
    st.sampled_from(SCORES),
    st.sampled_from((0.0, 0.3, 0.5, 1.0)),
    st.booleans(),
    st.sampled_from((1, 3, 1000)),
    st.sampled_from((1, 4, 100)),
)
def test_what_is_kept_at_a_threshold_is_what_is_kept_at_a_lower_one_cut_there(
    method: str, crowd, score: float, iou: float, per_class: bool, top_k: int, most: int
) -> None:
    boxes, scores = crowd
    nms = Nms(method=method, score=score, iou=iou, per_class=per_class, top_k=top_k, max_detections=most)
    lowest = suppress(boxes, scores, nms.model_copy(update={"score": LOWEST}))

    assert equal(lowest.where(lowest.scores > np.float32(score)), suppress(boxes, scores, nms))


@pytest.mark.parametrize("method", HOST_NMS)
@given(crowds(), st.sampled_from(SCORES), st.booleans(), st.sampled_from((1, 3, 1000)))
def test_candidates_that_no_threshold_lets_through_are_not_missed(
    method: str, crowd, score: float, per_class: bool, top_k: int
) -> None:
    boxes, scores = crowd
    nms = Nms(method=method, score=score, per_class=per_class, top_k=top_k)
    few = thinned(Candidates(boxes[None], scores[None]), LOWEST)

    assert equal(suppress(few.boxes_xyxy[0], few.scores[0], nms), suppress(boxes, scores, nms))


def test_scores_that_are_no_numbers_are_left_out_without_a_warning() -> None:
    scores = np.array([[[np.nan, 0.9], [np.nan, np.nan], [np.inf, 0.0], [0.01, 0.02]]], np.float32)
    few = thinned(Candidates(np.zeros((1, 4, 4), np.float32), scores), LOWEST)
    assert few.scores.shape == (1, 2, 2)


@pytest.mark.parametrize("method", ["numpy", "opencv", "tensorflow", "combined", "padded", "soft"])
def test_average_precision_from_kept_outputs_is_that_of_a_direct_run(
    method: str, data: EvaluationData, pipeline: Callable[[str], Pipeline]
) -> None:
    opened = pipeline("graph,input.size_hw=192x320")
    kept = keep_outputs(opened, data, LOWEST, lambda: None)
    assert kept is not None
    assert data.labelled is not None
    assert data.labelled_truth is not None
    frames = list(data.labelled.frames())
    by_class = ClassScores(0.3, {"dent": 0.1, "scratch": 0.5})
    for score, iou, per_class in ((0.05, 0.5, True), (0.3, 0.45, False), (0.5, 0.7, True), (by_class, 0.5, False)):
        nms = Nms(method=method, score=score, iou=iou, per_class=per_class)
        direct = [found for frame in frames for found in with_nms(opened, nms).detect([frame])]
        wanted = average_precision(
            direct,
            [data.labelled_truth.images[frame.name] for frame in frames],
            classes=len(data.labelled_truth.labels),
            truth_name=data.labelled_truth.name,
            score_threshold=float(score),
            draws=SCREENING_DRAWS,
        )

        assert kept.accuracy(kept.found(opened, nms, LOWEST), float(score)) == wanted
