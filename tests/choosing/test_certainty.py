"""Where the images are too few to tell what became of accuracy, every place that names it says so."""

from collections.abc import Sequence

import numpy as np
import pytest
from rich.console import Console

from tests.saved_records import record
from workbench.choosing import Budget, accuracy_of_choice, check, pick, sentence
from workbench.cli.screen import print_records
from workbench.detections import Accuracy, Interval
from workbench.detections.certainty import packed
from workbench.history import Summary
from workbench.record import Record, accuracy_against
from workbench.report import Summary as ReportSummary
from workbench.report.headline import headline, key_figures
from workbench.report.table import columns
from workbench.report.table import rows as report_rows
from workbench.wording import accuracy_words


def judged(ap: float, deviation: float, name: str, ms: float, images: int = 200, seed: int = 1) -> Record:
    """A record whose AP deviates so much over draws of its images."""
    away = np.random.default_rng(seed).normal(0, deviation, 1000).astype(np.float32)
    draws = np.concatenate([[ap], ap + away]).astype(np.float32)
    made = Accuracy(
        ap=ap,
        ap50=ap,
        ap_small=None,
        ap_medium=None,
        ap_large=None,
        images=images,
        truth="truth.json",
        score_threshold=0.05,
        intervals={"ap": Interval(low=ap - 1.96 * deviation, high=ap + 1.96 * deviation)},
        judged_on="these",
        draws=packed(draws),
    )
    return record(name=name, seconds=[ms / 1000] * 150, **{"nms.iou": ms / 100}).model_copy(update={"accuracy": made})


@pytest.fixture
def rows() -> list[Record]:
    """What is there today, and what is faster and perhaps worse: their draws differ by .01 in standard deviation."""
    return [judged(0.540, 0.02, "naive", 40.0), judged(0.527, 0.02, "int8", 10.0, seed=2)]


def picked_from(rows: Sequence[Record], limit: float | None) -> str:
    known = {one.id: one for one in rows}
    picked = pick(map(Summary.of, rows), Budget(max_ap_loss=limit), baseline=Summary.of(rows[0]))
    return sentence(picked, accuracy=accuracy_of_choice(picked, known.__getitem__))


def test_a_budget_that_the_images_cannot_settle_says_so_with_how_many_would(rows: list[Record]) -> None:
    said = picked_from(rows, 0.02)

    assert ".013 AP below naive (limit .020)" in said
    assert "That it loses no more than .020 AP is not settled by 200 images: it loses .013, perhaps .0" in said
    assert said.endswith("labelled images would settle it.")


@pytest.mark.parametrize("limit", [None, 0.1])
def test_a_budget_that_is_settled_or_asks_for_no_ap_says_nothing_more(rows: list[Record], limit: float | None) -> None:
    assert "settle" not in picked_from(rows, limit)


def test_records_without_draws_are_picked_as_they_were(rows: list[Record]) -> None:
    old = [
        one.model_copy(update={"accuracy": one.accuracy.model_copy(update={"draws": "", "judged_on": None, "intervals": {}})})
        for one in rows
        if one.accuracy is not None
    ]

    assert "settle" not in picked_from(old, 0.02)
    assert check(old[0], old[1]).worse == ("AP 0.540 -> 0.527",)


def test_a_check_says_how_sure_a_loss_is(rows: list[Record]) -> None:
    (worse,) = check(rows[0], rows[1]).worse

    assert worse.startswith("AP 0.540 -> 0.527 (\u2212.013 [\u2212.0")
    assert worse.endswith("] cannot tell)")


def test_a_run_prints_each_interval_and_what_became_of_accuracy(rows: list[Record], capsys: pytest.CaptureFixture[str]) -> None:
    print_records(Console(width=200, markup=False), rows)
    printed = capsys.readouterr().out

    assert ".540 [.501, .579]" in printed
    assert "int8 against naive: AP \u2212.013 [" in printed
    assert "labelled images would settle it" in printed


def test_few_images_are_always_told() -> None:
    few = [judged(0.5, 0.02, "naive", 40.0, images=50), judged(0.4, 0.02, "int8", 10.0, images=50, seed=2)]

    assert accuracy_words(accuracy_against(few[1], few[0])).startswith("AP \u2212.100 [")
    assert "(few images), 50 images" in accuracy_words(accuracy_against(few[1], few[0]))


def test_a_report_says_in_headline_key_figure_and_table_how_sure_its_ap_is(rows: list[Record]) -> None:
    summary = ReportSummary.of(rows)

    assert ", AP .540 to .527 ([\u2212.0" in headline(summary)
    assert "] cannot tell)" in headline(summary)
    (figure,) = (one for one in key_figures(summary) if one.name == "Average precision")
    assert figure.note.startswith("\u2212.013 [")
    (cell,) = (cell for column, cell in zip(columns(summary), report_rows(summary)[1].cells, strict=True) if column.title == "AP")
    assert cell.more.endswith("] cannot tell")
    assert "labelled images would settle it" in cell.title
