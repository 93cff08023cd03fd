"""Nothing is claimed without its evidence."""

from typing import Any

import pytest

from tests.report.records import NOISY, SPLITS, accuracy, broken_record, comparison, full_set, record, timing
from workbench.record import EngineFacts, Record
from workbench.report import Summary, findings


def claims(*records: Record) -> str:
    return "\n".join(f"{finding.claim} | {finding.evidence} | {finding.basis}" for finding in findings(Summary.of(records)))


def variant(preset: str, name: str, **values: Any) -> Record:
    base = record(preset)
    return record(preset, name=name, settings=base.settings.with_values({"runtime.precision": values.pop("precision")}), **values)


def test_xla_slower_than_graph_is_told_with_its_ratio() -> None:
    assert "XLA is 7.05 times slower than a plain graph here" in claims(record("naive"), record("graph"), record("xla"))


def test_what_else_differs_is_told() -> None:
    assert "They differ in nms.method too." in claims(record("graph"), record("xla"))


def test_separate_runs_are_called_that() -> None:
    told = claims(record("graph", comparison=None), record("xla", comparison=None))
    assert "XLA is" in told
    assert "separate runs" in told


def test_dynamic_int8_slower_than_float32() -> None:
    dynamic = variant("litert", "dynamic", precision="dynamic-int8", comparison=comparison("naive", "dynamic", 9.5))
    assert "dynamic-int8 is 1.56 times slower than float32 here" in claims(record("naive"), record("litert"), dynamic)


def test_int8_loss_is_told_in_ap() -> None:
    assert "int8 costs .005 AP" in claims(record("naive"), record("litert"), record("litert-int8"))


def test_int8_without_loss_is_told_too() -> None:
    assert "int8 costs no accuracy that shows" in claims(record("litert"), record("litert-int8", accuracy=accuracy(0.616, 0.39)))


def test_stage_that_dominates_has_its_bound() -> None:
    told = claims(record("naive"))
    assert "In naive, infer takes 76 % of the frame" in told
    assert "times faster at most" in told


def test_first_call_is_told_against_steady_frames() -> None:
    assert "The first call of litert takes as long as 32 later frames" in claims(record("naive"), record("litert"))


def test_longer_start_is_paid_back_after_frames() -> None:
    slow_start = timing(SPLITS["graph"][0], compile_seconds=9.0)
    assert "graph pays back its longer start after 111 frames" in claims(record("naive"), record("graph", timing=slow_start))


def test_recompilations_are_told() -> None:
    again = EngineFacts(covers=("model",), compilations=4, recompilations=3)
    assert "graph (3 times)" in claims(record("naive"), record("graph", engine=again))


def test_small_objects_that_suffer_most_are_told() -> None:
    assert "litert-int8 pays with small objects: −.031 AP" in claims(record("naive"), record("litert-int8"))


def test_noise_is_told() -> None:
    assert "The machine was noisy during 1 of 2 runs" in claims(record("naive"), record("graph", noise=NOISY))


def test_broken_settings_come_first_and_are_evidence_of_nothing_else() -> None:
    told = claims(record("naive"), broken_record()).splitlines()
    assert told[0].startswith("litert-int8 bad breaks the detector, however fast")
    assert "litert-int8 bad" not in "\n".join(told[1:])


@pytest.mark.parametrize(
    "absent",
    [
        "XLA",
        "LiteRT",
        "int8",
        "model.predict",
        "small objects",
        "noisy",
        "compiled again",
        "breaks",
        "NMS",
        "pays back",
        "in no stage",
    ],
)
def test_one_quiet_record_supports_no_such_claim(absent: str) -> None:
    assert absent not in claims(record("graph", comparison=None))


def test_full_set_supports_many() -> None:
    assert len(findings(Summary.of(full_set()))) >= 10
