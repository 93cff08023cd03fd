"""How fast one record is against another: found by the record's id, said by its interval, and AP only of one truth."""

import json
from pathlib import Path

import pytest

from tests.report.records import SPLITS, accuracy, comparison, record, timing
from workbench.record import Record, ap_change, choose_baseline, read_records, speed_against
from workbench.timing import Ratio

TO_TELL: dict[str, tuple[Ratio, str]] = {
    "clearly faster": (Ratio(median=2.0, low=1.9, high=2.1), "faster"),
    "faster by anything": (Ratio(median=3.38, low=1.39, high=52.04), "faster"),
    "clearly slower": (Ratio(median=0.5, low=0.4, high=0.6), "slower"),
    "as fast": (Ratio(median=1.0, low=0.98, high=1.03), "no measurable difference"),
    "much either way": (Ratio(median=1.4, low=0.85, high=2.18), "cannot tell"),
    "as fast or much faster": (Ratio(median=1.1, low=0.99, high=1.2), "cannot tell"),
}


@pytest.mark.parametrize(("ratio", "verdict"), TO_TELL.values(), ids=TO_TELL.keys())
def test_a_records_verdict_is_that_of_its_interval(ratio: Ratio, verdict: str) -> None:
    found = record("graph", comparison=comparison("naive", "graph", ratio))
    speed = speed_against(found, record("naive"))

    assert speed is not None
    assert (speed.verdict, speed.basis) == (verdict, "interleaved")
    assert json.loads(found.to_json())["comparison"]["verdict"] == verdict


def test_a_saved_verdict_that_claims_more_than_its_interval_is_read_anew(tmp_path: Path) -> None:
    wide = comparison("naive", "graph", Ratio(median=1.4, low=0.85, high=2.18))
    tree = json.loads(record("graph", comparison=wide).to_json())
    tree["comparison"]["verdict"] = "no measurable difference"  # as 0.1.0 wrote it
    path = tmp_path / "old.json"
    path.write_text(json.dumps(tree), encoding="utf-8")

    (read,) = read_records(path)

    assert read.comparison is not None
    assert read.comparison.verdict == "cannot tell"


def session(factor: float, created: str = "2026-11-20T10:00:00+00:00") -> tuple[Record, Record]:
    """Return a baseline and what was compared with it in turns, called the same in every session."""
    naive = record("naive", created=created)
    turns = comparison("naive", "graph", factor, naive.id)
    return naive, record("graph", created=created, comparison=turns, timing=timing(SPLITS["graph"][0], seed=int(factor)))


def test_within_a_session_the_turns_count() -> None:
    naive, graph = session(3.0)
    there, back = speed_against(graph, naive), speed_against(naive, graph)

    assert there is not None
    assert back is not None
    assert (there.basis, there.ratio, back.basis) == ("interleaved", 3.0, "interleaved")
    assert back.ratio == pytest.approx(1 / 3)


def test_what_another_session_called_the_same_was_not_in_turns_with_it() -> None:
    (first, _), (_, graph) = session(3.0), session(5.0)

    for speed in (speed_against(graph, first), speed_against(first, graph)):
        assert speed is not None
        assert (speed.basis, speed.interval) == ("separate runs", None)


def test_baselines_of_two_sessions_that_share_a_name_are_not_one_baseline() -> None:
    (_, one), (_, other) = session(3.0), session(5.0)
    speed = speed_against(one, other)

    assert speed is not None
    assert (speed.basis, speed.verdict) == ("separate runs", "cannot tell")


def test_two_of_one_session_have_their_baseline_between_them() -> None:
    naive, graph = session(3.0)
    litert = record("litert", comparison=comparison("naive", "litert", 12.0, naive.id))
    speed = speed_against(litert, graph)

    assert speed is not None
    assert (speed.basis, speed.ratio) == ("both against the baseline", 4.0)


def test_the_baseline_is_the_one_that_most_were_compared_with_by_id() -> None:
    naive, graph = session(3.0)
    namesake, _ = session(3.0, "2026-11-21T10:00:00+00:00")

    assert choose_baseline([namesake, graph, naive]) is naive


def test_a_record_without_ids_finds_its_evidence_by_name() -> None:
    naive, graph = record("naive"), record("graph", comparison=comparison("naive", "graph", 3.0))
    speed = speed_against(graph, naive)

    assert speed is not None
    assert speed.basis == "interleaved"
    assert choose_baseline([graph, naive]) is naive


@pytest.mark.parametrize("name", ["ap", "ap50", "ap_small", "ap_medium", "ap_large"])
def test_ap_of_another_truth_is_never_subtracted(name: str) -> None:
    naive, graph = record("naive"), record("graph")
    other = record("graph", accuracy=accuracy(0.618, 0.399).model_copy(update={"truth": "others.json"}))
    change = ap_change(graph, naive, name)

    assert change is not None
    assert change < 0
    assert ap_change(other, naive, name) is None
    assert ap_change(record("graph", accuracy=None), naive, name) is None
