"""Matches kept once give COCO's figures, and draws of images say how sure these are."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.detections.test_accuracy import found, truth
from workbench.detections import Accuracy, ApChange, Detections, ImageTruth, Interval, average_precision, compare_ap
from workbench.detections.certainty import unpacked
from workbench.detections.matches import match_classes
from workbench.detections.resampling import SEED, Draws, draw

CLASSES = 3


def crowded_images(seed: int, images: int, noise: float = 4.0) -> tuple[list[Detections], list[ImageTruth]]:
    """Images with objects of all sizes, some of them crowds; many equal scores, wrong classes, boxes found twice and not at all."""
    random = np.random.default_rng(seed)
    known, detections = [], []
    for _ in range(images):
        rows = [
            (*random.uniform(0, 500, 2), *np.exp(random.uniform(2, 5.5, 2)), random.integers(0, CLASSES))
            for _ in range(random.integers(0, 9))
        ]
        known.append(truth(*rows, crowd=np.flatnonzero(random.random(len(rows)) < 0.15)))
        again = [rows[n] for n in random.integers(0, max(len(rows), 1), random.integers(0, 12)) if rows]
        moved = [
            (*(np.array(row[:4]) + random.normal(0, noise, 4)), round(random.random(), 1), random.choice([row[4], 0]))
            for row in again
        ]
        sound = [row for row in moved if row[2] > 1 and row[3] > 1]
        detections.append(found(*sorted(sound, key=lambda row: -row[4])))
    return detections, known


def drawn(detections: list[Detections], known: list[ImageTruth], draws: int = 0, **more: object) -> Draws:
    return draw(match_classes(detections, known, CLASSES), len(known), draws=draws, **more)


@settings(max_examples=25, deadline=None)
@example(103, 8, 0.0)  # a recall of 35 %
@given(st.integers(0, 10**6), st.integers(1, 8), st.sampled_from([0.0, 2.0, 15.0]))
def test_all_images_once_give_cocos_figures(seed: int, images: int, noise: float) -> None:
    detections, known = crowded_images(seed, images, noise)

    first = drawn(detections, known)
    exact = average_precision(detections, known, classes=CLASSES, truth_name="t", score_threshold=0.0)

    mine = [*first.ap[:, 0], first.ap50[0]]
    for own, theirs in zip(mine, (exact.ap, exact.ap_small, exact.ap_medium, exact.ap_large, exact.ap50), strict=True):
        assert (None if np.isnan(own) else own) == (None if theirs is None else pytest.approx(theirs, abs=1e-6))


def test_the_same_images_are_drawn_for_all_settings_and_more_draws_begin_with_fewer() -> None:
    detections, known = crowded_images(3, 30)

    few, many = drawn(detections, known, draws=20), drawn(detections, known, draws=40)

    np.testing.assert_array_equal(few.ap, many.ap[:, :21])


def test_a_draw_is_what_evaluating_its_images_gives() -> None:
    detections, known = crowded_images(4, 12)
    distinct = np.random.default_rng(1)
    detections = [
        Detections(one.boxes_xyxy_px, np.sort(distinct.random(len(one)).astype(np.float32))[::-1], one.class_ids)
        for one in detections
    ]

    figures = drawn(detections, known, draws=5)

    weights = np.random.default_rng(SEED).multinomial(12, np.full(12, 1 / 12), size=5)
    for own, weight in zip(figures.ap[0, 1:], weights, strict=True):
        numbers = np.repeat(np.arange(12), weight)
        exact = average_precision(
            [detections[n] for n in numbers], [known[n] for n in numbers], classes=CLASSES, truth_name="t", score_threshold=0.0
        )
        assert own == pytest.approx(
            exact.ap, abs=0.01
        )  # those of one image drawn twice come one after the other there, at once here


def test_images_of_a_group_are_drawn_together() -> None:
    detections, known = crowded_images(5, 40)
    groups = np.arange(40) // 10

    alone, together = drawn(detections, known, draws=300), drawn(detections, known, draws=300, groups=groups)

    assert together.ap[0, 0] == alone.ap[0, 0]
    assert len(set(np.round(together.ap[0, 1:], 6))) <= 35  # of four groups there are no more than 35 ways to draw four


@pytest.mark.parametrize("images", [[], [truth()]], ids=["no image", "nothing to find"])
def test_without_anything_to_find_nothing_is_sure(images: list[ImageTruth]) -> None:
    judged = average_precision([Detections.empty() for _ in images], images, classes=CLASSES, truth_name="t", score_threshold=0.0)

    assert (judged.ap, judged.intervals, judged.draws) == (None, {}, "")


def test_a_record_holds_what_makes_the_interval_of_a_change() -> None:
    detections, known = crowded_images(6, 60)
    worse = [one.where(one.scores > 0.3) for one in detections]

    def judged(found: list[Detections], truth: list[ImageTruth] = known, name: str = "t") -> Accuracy:
        return Accuracy.model_validate_json(
            average_precision(found, truth, classes=CLASSES, truth_name=name, score_threshold=0.0).model_dump_json()
        )

    a, b = judged(detections), judged(worse)
    change = compare_ap(b, a)
    assert change is not None
    assert change.interval is not None
    assert a.ap is not None
    assert change.change == pytest.approx((b.ap or 0) - a.ap)
    single = a.intervals["ap"]
    assert change.interval.half < 0.6 * single.half  # what both share cancels out
    assert (change.few_images, change.images) == (True, 60)
    exact = draw(match_classes(detections, known, CLASSES), 60).ap[0] - draw(match_classes(worse, known, CLASSES), 60).ap[0]
    assert change.interval.half == pytest.approx(1.96 * np.std(exact[1:], ddof=1), rel=0.01)

    same = compare_ap(a, a)
    assert same is not None
    assert (same.verdict, same.interval.half if same.interval else None) == ("no change", 0.0)
    other = compare_ap(judged(detections[:-1], known[:-1]), a)
    assert other is not None
    assert (other.interval, other.verdict) == (None, "cannot tell")  # other images: nothing is paired
    assert compare_ap(judged(detections, name="another"), a) is None


@pytest.mark.parametrize("text", ["?", "abc", "AAAA", "A" * 9])
def test_damaged_draws_leave_the_figure_and_break_nothing(text: str) -> None:
    assert unpacked(text, 0.5)[0] == 0.5


@pytest.mark.parametrize(
    ("change", "low", "high", "wanted"),
    [
        (-0.015, -0.045, 0.015, 410),  # .03 has to become .0105: the loss itself, in 80 % of tries
        (0.001, -0.029, 0.031, 125),  # .03 has to become .019: within the tolerance
        (-0.01, -0.015, -0.005, None),
        (0.0, -9.0, 9.0, None),  # more than anybody labels
    ],
)
def test_the_images_that_would_settle_a_change(change: float, low: float, high: float, wanted: int | None) -> None:
    settled = ApChange(change=change, interval=Interval(low=low, high=high), images=50).images_to_settle

    assert settled == (None if wanted is None else pytest.approx(wanted, rel=0.02))
