"""Which record is the baseline, which is the best, and how fast each is against another."""

import pytest

from tests.report.records import (
    MACHINE,
    OTHER_MACHINE,
    SPLITS,
    accuracy,
    agreement,
    broken_record,
    comparison,
    full_set,
    problem_record,
    record,
    timing,
)
from workbench.record import Record, speed_against
from workbench.report import Summary
from workbench.report.table import rows
from workbench.timing import Ratio


def test_baseline_is_the_record_that_the_others_were_compared_with() -> None:
    rows = (record("litert"), record("graph"), record("naive"))
    assert Summary.of(rows).baseline.name == "naive"


def test_baseline_named_by_id_is_found() -> None:
    naive = record("naive")
    other = record("graph", comparison=comparison("what it was called", "graph", 6.0, naive.id), agreement=None)
    assert Summary.of((other, naive)).baseline is naive


def test_without_comparisons_the_first_that_ran_is_the_baseline() -> None:
    rows = (problem_record(), record("graph", comparison=None, agreement=None), record("litert", comparison=None, agreement=None))
    assert Summary.of(rows).baseline.name == "graph"


def test_of_baselines_with_one_name_the_newest_that_ran_is_taken() -> None:
    old, new = record("naive", created="2026-01-01T00:00:00+00:00"), record("naive", created="2026-02-01T00:00:00+00:00")
    assert Summary.of((old, new, record("graph"))).baseline is new


def test_best_is_the_fastest_that_does_not_break_the_detector() -> None:
    best = Summary.of(full_set()).best
    assert best is not None
    assert best.name == "litert-int8"


@pytest.mark.parametrize(
    "other",
    [
        broken_record(),
        problem_record(),
        record("xla"),
        record("graph", comparison=comparison("naive", "graph", 1.01)),
        record("graph", environment=OTHER_MACHINE),
        record("graph", media=record().media.model_copy(update={"sha256": "ef" * 32})),
    ],
    ids=["broken", "did not run", "slower", "no measurable difference", "other machine", "other frames"],
)
def test_nothing_is_best(other: object) -> None:
    assert Summary.of((record("naive"), other)).best is None  # type: ignore[arg-type]


def test_fastest_within_the_loss_is_named_when_the_best_loses_more() -> None:
    summary = Summary.of((record("naive"), record("graph"), record("litert-int8", accuracy=accuracy(0.55, 0.2))))
    assert summary.best is not None
    assert summary.within_loss is not None
    assert (summary.best.name, summary.within_loss.name) == ("litert-int8", "graph")


def test_interleaved_comparison_counts_more_than_medians() -> None:
    speed = speed_against(record("graph", comparison=comparison("naive", "graph", 3.0)), record("naive"))
    assert speed is not None
    assert (speed.ratio, speed.basis) == (3.0, "interleaved")


def test_comparison_is_read_from_either_side() -> None:
    speed = speed_against(record("naive"), record("graph", comparison=comparison("naive", "graph", 4.0)))
    assert speed is not None
    assert speed.ratio == pytest.approx(0.25)
    assert speed.verdict == "slower"


def test_two_comparisons_with_one_baseline_give_a_wider_interval() -> None:
    speed = speed_against(
        record("litert", comparison=comparison("naive", "litert", 12.0)),
        record("graph", comparison=comparison("naive", "graph", 6.0)),
    )
    assert speed is not None
    assert speed.basis == "both against the baseline"
    assert speed.interval == Ratio(median=2.0, low=12.0 * 0.985 / (6.0 * 1.015), high=12.0 * 1.015 / (6.0 * 0.985))


def test_separate_runs_have_no_interval() -> None:
    speed = speed_against(record("graph", comparison=None), record("naive"))
    assert speed is not None
    assert (speed.basis, speed.interval, speed.verdict) == ("separate runs", None, "faster")


def test_separate_runs_that_differ_by_little_do_not_differ() -> None:
    twin = record("naive", name="twin", timing=timing(SPLITS["naive"][0], seed=1))
    speed = speed_against(twin, record("naive"))
    assert speed is not None
    assert speed.verdict == "cannot tell"


@pytest.mark.parametrize(("probe_ms", "verdict"), [(1.0, "faster"), (100.0, "cannot tell"), (None, "faster")])
def test_separate_runs_differ_by_more_than_the_machine_itself_did(probe_ms: float | None, verdict: str) -> None:
    def probed(name: str, probe_ms: float | None) -> Record:
        one = record(name, comparison=None)
        return one.model_copy(update={"noise": one.noise.model_copy(update={"probe_ms": probe_ms})})

    speed = speed_against(probed("graph", 1.0), probed("naive", probe_ms))
    assert speed is not None
    assert speed.verdict == verdict


def test_times_of_different_machines_are_not_compared() -> None:
    assert speed_against(record("graph", environment=OTHER_MACHINE), record("naive", environment=MACHINE)) is None


def test_record_given_twice_counts_once() -> None:
    naive = record("naive")
    assert len(Summary.of((naive, naive)).records) == 1


def test_no_two_labels_are_equal() -> None:
    summary = Summary.of((record("naive"), record("graph"), record("graph"), record("graph", agreement=agreement(0.9))))
    assert sorted(summary.labels.values()) == ["graph (1)", "graph (2)", "graph (3)", "naive"]


def test_a_long_name_gives_way_to_what_differs_from_the_baseline_and_stays_whole_beside_it() -> None:
    values = {"runtime.engine": "openvino", "runtime.precision": "bfloat16", "nms.method": "numpy", "nms.score": 0.31}
    naive = record("naive")
    long = "resize=opencv engine=openvino precision=bfloat16 method=numpy score=0.31"
    swept = record("naive", name=long, settings=naive.settings.with_values(values), comparison=comparison("naive", long, 3.0))
    same = record("naive", name="the very same setting under a name of many letters")

    summary = Summary.of((naive, swept, same, record("graph")))

    assert summary.label(swept) == "openvino bfloat16 method=numpy score=0.31"
    assert [row.name for row in rows(summary)][1] == long
    assert summary.label(same) == same.name
    assert summary.label(naive) == "naive"


def test_what_was_chosen_for_a_budget_is_headed_in_the_place_of_the_fastest() -> None:
    naive, graph, litert = record("naive"), record("graph"), record("litert")

    assert Summary.of((naive, graph, litert), graph.id).best is graph
    assert Summary.of((naive, graph, litert), "nobody's").best == Summary.of((naive, graph, litert)).best
