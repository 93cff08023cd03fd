"""The shipped detectors are what their cards say, on the shipped stills, through the project's own pipeline."""

import re
from functools import cache

import pytest

from workbench.detections import Accuracy
from workbench.measuring import Bench
from workbench.opening import open_data, variant
from workbench.samples import SAMPLE_ANCHORS, SAMPLE_DETECTORS, SAMPLE_STILLS, WEIGHTS, sample_detector

LARGEST_BYTES = 12_000_000  # of both weights together
LEAST = {"inspector-large": (0.85, 0.55), "inspector-mobile": (0.80, 0.48)}  # AP50 and AP at 512: what they are made for
COCO_SCORE = "nms.score=0.05"  # what the cards are evaluated at: a higher threshold costs recall, and so AP


@cache
def accuracy(name: str, side: int, preset: str = "litert") -> Accuracy:
    detector = sample_detector(name)
    bench = Bench(open_data(detector, str(SAMPLE_STILLS)), frames=1)
    found = bench.measure(variant(detector, f"{preset},input.size_hw={side},{COCO_SCORE}")).accuracy
    assert found is not None
    return found


def test_weights_are_small_enough_to_ship() -> None:
    assert sum((WEIGHTS / f"{name}.keras").stat().st_size for name in SAMPLE_DETECTORS) <= LARGEST_BYTES


def test_anchors_run_row_by_row_and_level_after_level() -> None:
    anchors = SAMPLE_ANCHORS((32, 64))
    assert anchors[:2].tolist() == [[4, 4, 24, 24], [12, 4, 24, 24]]
    assert anchors[8, :2].tolist() == [4, 12]  # 64 / 8 cells a row
    assert anchors[32].tolist() == [8, 8, 48, 48]  # 4 x 8 cells of stride 8, then stride 16
    assert len(anchors) == 32 + 8 + 2 + 1


def test_the_coarsest_level_covers_an_odd_rest() -> None:
    assert len(SAMPLE_ANCHORS.levels[-1].anchors_cxcywh_px((96, 160))) == 2 * 3


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE_DETECTORS)
def test_sample_detectors_are_as_accurate_as_their_cards_say(name: str) -> None:
    found = accuracy(name, 512)
    least_ap50, least_ap = LEAST[name]
    assert found.ap50 >= least_ap50
    assert found.ap >= least_ap
    (row,) = re.findall(r"^\| 512x512 \| ([.\d]+) \| ([.\d]+) ", (WEIGHTS / f"{name}.card.md").read_text(), re.MULTILINE)
    assert [float(figure) for figure in row] == pytest.approx([found.ap, found.ap50], abs=0.02), "JPEG and resizing differ a little"


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE_DETECTORS)
def test_low_resolution_costs_small_defects_most(name: str) -> None:
    high, low = accuracy(name, 512), accuracy(name, 160)
    assert low.ap < high.ap - 0.1
    assert low.ap_small / high.ap_small < low.ap_medium / high.ap_medium < low.ap_large / high.ap_large


@pytest.mark.slow
def test_the_integer_model_loses_at_most_two_hundredths_of_ap() -> None:
    full, integer = accuracy("inspector-mobile", 512), accuracy("inspector-mobile", 512, "litert-int8")
    assert integer.ap >= full.ap - 0.02
