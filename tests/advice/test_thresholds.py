"""The card about score thresholds: what it proposes, on which figures, and when it says nothing."""

import shlex

import pytest

from tests.report.records import agreement, by_class, record
from workbench.advice import Card, advise
from workbench.detections import Interval, ScoreGain
from workbench.record import Record


def gain(
    before: float = 0.61, after: float = 0.68, low: float = 0.03, score: float = 0.2, class_id: int | None = None
) -> ScoreGain:
    interval = Interval(low=low, high=2 * (after - before) - low)
    return ScoreGain(class_id=class_id, score=score, before=before, after=after, interval=interval)


def int8(*gains: ScoreGain, drift: float = -0.08) -> Record:
    accuracy = by_class().model_copy(update={"score_gains": gains})
    return record("litert-int8", accuracy=accuracy, agreement=agreement(0.95).model_copy(update={"score_drift": drift}))


def cards(*records: Record) -> list[Card]:
    return [card for card in advise((record("naive"), *records)) if card.key == "score-misplaced"]


def test_scores_that_fell_ask_for_a_lower_threshold() -> None:
    (card,) = cards(int8(gain()))

    assert card.finding == "In litert-int8, lower nms.score to 0.2: F1 .610 to .680."
    assert card.evidence.startswith("F1 at IoU .50, on images that had no part in choosing the threshold: +.070 [.030, .110], mean")
    assert card.evidence.endswith("nms.score is 0.3. Of boxes that both find, its scores are .080 lower than those of naive.")
    assert card.changes == ("nms.score=0.2",)
    assert card.command is not None
    assert "nms.score=0.2" in card.command


def test_a_higher_threshold_is_raised_and_a_small_drift_not_told() -> None:
    (card,) = cards(int8(gain(score=0.45), drift=0.001))

    assert "raise nms.score to 0.45" in card.finding
    assert card.evidence.endswith("nms.score is 0.3.")


@pytest.mark.parametrize(
    "gains",
    [(), (gain(after=0.62, low=0.005),), (gain(low=-0.01),), (gain(class_id=1),)],
    ids=["none", "little", "unsure", "a class"],
)
def test_what_brings_little_or_nothing_for_sure_is_no_advice(gains: tuple[ScoreGain, ...]) -> None:
    assert not cards(int8(*gains))


def test_classes_that_gain_by_a_threshold_of_their_own_are_named() -> None:
    rows = (record("naive"), int8(gain(class_id=1), gain(class_id=0, after=0.8, score=0.45), gain(class_id=2, low=-0.01)))
    (card,) = [card for card in advise(rows) if card.key == "class-scores-misplaced"]

    assert card.finding == "In litert-int8, nms.score of scratch from 0.3 to 0.45: F1 .610 to .800."
    assert card.evidence.endswith("threshold: scratch at 0.45: +.190 [.030, .350]; dent at 0.2: +.070 [.030, .110].")
    assert card.changes == ("nms.score=0.3;dent=0.2;scratch=0.45",)
    assert card.command is not None
    assert shlex.split(card.command)[-1].endswith("nms.score=0.3;dent=0.2;scratch=0.45")


def test_thresholds_that_a_setting_has_for_other_classes_stay() -> None:
    row = int8(gain(class_id=1), gain())
    row = row.model_copy(update={"settings": row.settings.with_values({"nms.score": "0.4;chip=0.1"})})

    (card,) = [card for card in advise((record("naive"), row)) if card.key.endswith("misplaced")]

    assert card.change == {"nms.score": "0.4;chip=0.1;dent=0.2"}


def test_records_without_these_figures_have_no_such_card() -> None:
    assert not cards(record("litert-int8"))
