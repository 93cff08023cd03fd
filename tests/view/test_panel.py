"""The sliders of scores: one, or one for each class that has its own; moving one leaves the others."""

import pytest

from workbench.settings import Settings
from workbench.view.panel import MOST_CLASSES, SCORE_OF, _scores, changed_score

BOTH = Settings().with_values({"nms.score": "0.3;dent=0.2"})


def test_each_class_with_a_score_of_its_own_has_a_slider() -> None:
    others, dent = _scores(BOTH.nms.score)

    assert (others["name"], others["label"], others["value"]) == ("nms.score", "score", 0.3)
    assert (dent["name"], dent["label"], dent["value"]) == (f"{SCORE_OF}dent", "score dent", 0.2)
    assert [one["value"] for one in _scores(0.4)] == [0.4]
    many = Settings().with_values({"nms.score": ";".join(f"class {number}=0.1" for number in range(30))})
    assert len(list(_scores(many.nms.score))) == 1 + MOST_CLASSES


@pytest.mark.parametrize(
    ("name", "value", "becomes"),
    [
        (f"{SCORE_OF}dent", 0.25, "0.3;dent=0.25"),
        ("nms.score", 0.5, "0.5;dent=0.2"),
        (f"{SCORE_OF}dent", 0.3, "0.3"),
        ("nms.score", "0.4;chip=0.1", "0.4;chip=0.1"),
    ],
)
def test_a_slider_moves_its_own_score(name: str, value: object, becomes: str) -> None:
    assert f"{BOTH.with_values({'nms.score': changed_score(BOTH, name, value)}).nms.score:g}" == becomes


def test_one_score_for_all_is_what_its_slider_says() -> None:
    assert changed_score(Settings(), "nms.score", 0.9) == 0.9
