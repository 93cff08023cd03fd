"""What tuning decides between its steps."""

import pytest

from tests.saved_records import record
from tests.tuning.scripted_steps import BASELINE, SCREENED
from workbench.choosing import Budget, Choice, choices_of
from workbench.history import Summary
from workbench.record import Record
from workbench.tuning.choices import kept_budget, to_confirm, to_repair

ROWS = [Summary.of(one) for one in (BASELINE, *SCREENED)]
QUALITY = Budget(max_ap_loss=0.02)


def kept(*records: Record, budget: Budget = QUALITY) -> list[Choice]:
    rows = [Summary.of(one) for one in (BASELINE, *records)]
    return [choice for choice in choices_of(rows, budget, baseline=rows[0]) if not choice.missed]


@pytest.mark.parametrize(
    ("asked", "labelled", "loss", "agreement"),
    [
        pytest.param(Budget(), True, 0.02, None, id="nothing asked"),
        pytest.param(Budget(max_ap_loss=0.01), True, 0.01, None, id="AP asked"),
        pytest.param(Budget(min_agreement=0.97), True, None, 0.97, id="agreement asked"),
        pytest.param(Budget(), False, None, 0.9, id="nothing asked, no truth"),
        pytest.param(Budget(max_ap_loss=0.01), False, None, 0.95, id="AP asked, no truth"),
        pytest.param(Budget(max_ap_loss=0.5), False, None, 0.0, id="much AP asked, no truth"),
        pytest.param(Budget(max_ap_loss=0.01, min_agreement=0.8), False, None, 0.8, id="both asked, no truth"),
    ],
)
def test_without_truth_agreement_stands_for_ap(asked: Budget, labelled: bool, loss: float | None, agreement: float | None) -> None:
    budget, said = kept_budget(asked, "" if labelled else "no truth is known of these frames")

    assert (budget.max_ap_loss, budget.min_agreement) == (loss, agreement)
    assert bool(said) == (not labelled)


def test_integers_that_lose_too_much_are_repaired_where_their_network_in_float_loses_little() -> None:
    found = to_repair(ROWS, kept(*SCREENED))

    assert found is not None
    assert found.row.id == "s-int8"
    assert found.most_loss == pytest.approx(0.005)  # half of the .01 that the float network leaves


def test_where_agreement_decides_a_fifth_of_it_stands_for_ap() -> None:
    rows = [record(id=one.id, composed=True, seconds=one.timing.total_seconds[0], agreement=0.95, **flat(one)) for one in SCREENED]
    broken = [one.model_copy(update={"agreement": None}) if one.id == "s-int8" else one for one in rows]
    found = to_repair(map(Summary.of, broken), kept(*broken, budget=Budget(min_agreement=0.9)))

    assert found is not None
    assert found.most_loss == pytest.approx(0.05 / 2 / 5)


def flat(one: Record) -> dict[str, object]:
    settings = one.settings
    return {"runtime.engine": settings.runtime.engine, "runtime.precision": settings.runtime.precision, "nms.method": "opencv"}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ap": 0.595}, id="they lose little: nothing to repair"),
        pytest.param({"seconds": 0.0095}, id="they are hardly faster"),
        pytest.param({"problem": {"kind": "UnavailableError", "message": "no"}}, id="they did not run"),
        pytest.param({"input.size_hw": (160, 160)}, id="no network in float of that size is right"),
    ],
)
def test_nothing_else_is_repaired(changes: dict[str, object]) -> None:
    float_row, _, *others = SCREENED
    int8 = {"runtime.engine": "litert", "input.resize": "opencv", "nms.method": "opencv", "runtime.precision": "int8"}
    row = record(**{"id": "s-int8", "seconds": 0.004, "ap": 0.4, "composed": True, **int8, **changes})
    rows = (float_row, row, *others)

    assert to_repair(map(Summary.of, rows), kept(*rows)) is None


def test_what_may_be_the_fastest_is_confirmed_each_kind_once_before_the_second_of_any() -> None:
    second = record(id="s-float-2", seconds=0.01001, ap=0.6, composed=True, **flat(SCREENED[0]), **{"nms.iou": 0.6})
    found = to_confirm(kept(*SCREENED, second)[:-1], 100.0, None)

    assert found == [SCREENED[0].settings, SCREENED[2].settings, second.settings]


def test_what_is_slower_than_what_runs_now_is_not_confirmed() -> None:
    assert not to_confirm(kept(*SCREENED), 5.0, None)


def test_a_repaired_setting_comes_first_and_once() -> None:
    litert, _, graph, _ = (one.settings for one in SCREENED)

    assert to_confirm(kept(*SCREENED), 100.0, graph) == [graph, litert]
