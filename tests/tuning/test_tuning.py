"""The steps in their order: stopped after any of them and started again, they measure nothing twice."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_machine import Machine
from tests.tuning.scripted_steps import BASELINE, REPAIRED, SCREENED, ScriptedSteps
from workbench.choosing import Budget
from workbench.errors import SaveError, SettingsError, UnavailableError
from workbench.export import Target
from workbench.history import History
from workbench.record import Record
from workbench.settings import Settings
from workbench.tuning import tune
from workbench.tuning.time_asked import TimeAsked
from workbench.tuning.tuning import Tuning

NOTHING_ASKED = Budget()
STEPS = ("screen", "repair", "confirm", "explain", "report", "export")


def tuning(folder: Path, measured: Counter[str], *, seconds: float = 600, asked: Budget = NOTHING_ASKED, **how: Any) -> Tuning:
    steps = ScriptedSteps(History(folder / "history.sqlite"), folder, measured, **how)
    return Tuning(steps, asked, TimeAsked(seconds, lambda: 0.0), frames=3)


def test_the_repaired_one_is_chosen_where_it_is_the_fastest_that_keeps_the_limit(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter())

    done.run()
    assert not done.stopped
    assert done.chosen is not None
    assert done.chosen.settings == REPAIRED
    assert [record.name for record in done.whole] == ["naive", "repaired", "litert", "graph"]
    assert done.sentence.startswith("Run inspector-mobile at 320x320 with LiteRT int8: 167 frames a second on this machine")
    assert "Against naive, what you have now: 16.7 times faster (separate runs)." in done.sentence
    assert (done.report, done.exported) == (tmp_path / "report.html", tmp_path / "exported")


@pytest.mark.parametrize("step", STEPS)
def test_stopped_after_any_step_it_goes_on_where_it_was(step: str, tmp_path: Path) -> None:
    measured: Counter[str] = Counter()
    stopped = tuning(tmp_path, measured, stop_after=step)

    stopped.run()
    assert stopped.stopped
    assert stopped.report is not None
    assert stopped.report.read_text().startswith(stopped.sentence)
    again = tuning(tmp_path, measured)
    again.run()
    assert again.chosen is not None
    assert again.chosen.settings == REPAIRED
    assert set(measured.values()) == {1}
    assert set(measured) == {*("naive", "s-float", "s-int8", "s-graph", "s-slow"), *("r-int8", "w-litert", "w-graph", "w-repaired")}


def test_stopped_while_screening_what_is_screened_is_told(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), stop_after="screen")
    done.run()

    assert "By composed times, about 10% off, inspector-mobile at 320x320 with LiteRT may be faster" in done.sentence


def test_stopped_before_anything_is_known_there_is_nothing_to_return(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        tuning(tmp_path, Counter(), stop_after="measure").run()


def test_what_runs_now_has_to_run(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="measure cannot be done"):
        tuning(tmp_path, Counter(), fails="measure").run()


@pytest.mark.parametrize("step", ["repair", "explain", "export"])
def test_a_step_that_fails_costs_a_line(step: str, tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), fails=step)

    done.run()
    assert not done.stopped
    assert done.chosen is not None
    assert done.report is not None
    assert [note for note in done.notes if f"{step} cannot be done" in note]


@pytest.mark.parametrize(("step", "known"), [("screen", 1), ("confirm", 1), ("explain", 4), ("report", 4), ("export", 4)])
def test_where_nothing_can_be_kept_any_more_it_ends_with_what_it_has(step: str, known: int, tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), fails=step, error=SaveError)
    done.run()
    tuned = done.tuned()

    assert tuned.problem == f"{step} cannot be done"
    assert tuned.next_step.startswith(f"Stopped at {tuned.stopped}: {step} cannot be done. The same again goes on from here")
    assert (len(tuned.records), tuned.exported) == (known, None)
    assert (tuned.report is None) == (step == "report")
    assert not [note for note in tuned.notes if "left out" in note]


def test_where_not_even_the_report_can_be_written_the_sentence_stands_alone(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), fails="confirm, report", error=SaveError)
    done.run()

    assert done.report is None
    assert done.problem == "confirm cannot be done"
    assert done.sentence.startswith("Run inspector-mobile")


def test_a_truth_that_holds_nothing_to_be_found_leaves_it_to_agreement(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), baseline=BASELINE.model_copy(update={"accuracy": None}))
    done.run()

    assert (done.budget.max_ap_loss, done.budget.min_agreement) == (None, 0.9)
    assert done.notes[0].startswith("the truth of these frames holds no object of the detector's classes, so an agreement of")
    assert done.report is not None


def test_without_ap_too_what_runs_now_stays_where_nothing_else_was_measured(tmp_path: Path) -> None:
    alone = BASELINE.model_copy(update={"accuracy": None, "agreement": None})
    done = tuning(tmp_path, Counter(), baseline=alone, fails="screen")
    done.run()

    assert done.chosen is done.baseline
    assert done.sentence.endswith("That is what you have now.")


def test_where_nothing_could_be_screened_what_runs_now_stays(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), fails="screen")

    done.run()
    assert not done.stopped
    assert done.chosen is done.whole[0]
    assert done.sentence.endswith("That is what you have now.")
    assert done.exported is None


def test_where_nothing_keeps_the_budget_it_says_what_would(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), asked=Budget(min_fps=1000))

    done.run()
    assert not done.stopped
    assert done.chosen is None
    assert "Ask for 166 frames a second" in done.sentence
    assert done.report is not None
    assert done.exported is None


def test_without_time_what_does_not_fit_is_left_out_and_said(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), seconds=30)

    done.run()
    assert not done.stopped
    assert [record.name for record in done.whole] == ["naive", "litert"]
    assert any("once it is repaired" in note for note in done.notes)
    assert any("1 of 2 contenders" in note for note in done.notes)
    assert any("left out for want of time" in note for note in done.notes)


def test_where_what_was_screened_is_not_right_enough_more_is_screened_as_long_as_there_is_time(tmp_path: Path) -> None:
    planned: list[float] = []

    class Steps(ScriptedSteps):
        def screen(self, _: Record, seconds: float, __: float) -> str:
            planned.append(seconds)
            return "3 combinations were left out"

        def screened(self) -> list[Record]:
            return [SCREENED[1], *([SCREENED[0]] if len(planned) >= 2 else [])]  # integers that lose too much, then floats

    done = Tuning(Steps(History(tmp_path / "h.sqlite"), tmp_path, Counter()), NOTHING_ASKED, TimeAsked(600, lambda: 0.0), frames=3)
    done.run()

    assert len(planned) == 3  # the last one shows nothing new
    assert planned == sorted(set(planned))
    assert done.notes.count("3 combinations were left out") == 1
    assert done.chosen is not None
    assert done.chosen.settings == REPAIRED


def test_what_is_measured_further_stands_beside_what_was_measured_before(tmp_path: Path) -> None:
    clock = Machine(lambda _: 1.0)

    class Steps(ScriptedSteps):
        def confirm(self, settings: Sequence[Settings], seconds: float) -> Sequence[Record]:
            clock.sleep(30 if self.measured["w-litert"] + self.measured["w-graph"] else 0)
            return super().confirm(settings[:1], seconds)  # as one whose time is up

    measured: Counter[str] = Counter()
    done = Tuning(
        Steps(History(tmp_path / "h.sqlite"), tmp_path, measured), NOTHING_ASKED, TimeAsked(600, lambda: clock.now), frames=3
    )
    done.run()

    assert [record.name for record in done.whole] == ["naive", "repaired", "litert", "graph"]
    assert set(measured.values()) == {1}
    assert not any("contender" in note for note in done.notes)


def test_where_what_runs_now_takes_all_the_time_that_is_said(tmp_path: Path) -> None:
    seconds = iter((0.0, *[600.0] * 20))
    steps = ScriptedSteps(History(tmp_path / "history.sqlite"), tmp_path, Counter())
    done = Tuning(steps, NOTHING_ASKED, TimeAsked(500, lambda: next(seconds)), frames=3)

    done.run()
    assert not done.stopped
    assert [record.name for record in done.whole] == ["naive"]
    assert "the time was gone before anything else was tried" in done.notes[0]


@pytest.mark.parametrize("seconds", [0, 29.9, float("nan"), float("inf")])
def test_a_time_in_which_nothing_can_be_done_is_refused(seconds: float) -> None:
    with pytest.raises(SettingsError, match="choose 30 or more"):
        tune(seconds=seconds)


def test_the_baseline_is_kept_as_it_was(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter())
    done.run()

    assert done.whole[0].id == BASELINE.id


def test_where_the_budget_asks_for_it_what_was_measured_whole_is_weighed_before_it_is_chosen(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), asked=Budget(max_memory=200e6))

    done.run()
    assert not done.stopped
    assert done.chosen is not None
    assert done.chosen.name == "graph"
    assert "150 MB of memory (75 % of your limit of 200 MB)" in done.sentence
    assert all(record.weight is not None for record in done.whole)


def test_nothing_is_weighed_where_nobody_asks(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter())

    done.run()
    assert not done.stopped
    assert all(record.weight is None for record in done.whole)


def test_what_cannot_be_weighed_costs_a_line(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), asked=Budget(max_memory=200e6), fails="weigh graph")

    done.run()
    assert not done.stopped
    assert done.chosen is None
    assert "graph was not weighed: weigh graph cannot be done" in done.notes


CAMERA = Target("pi@camera-3")


def test_where_another_machine_is_named_its_times_decide(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), asked=Budget(min_fps=15), target=CAMERA)

    done.run()
    assert not done.stopped
    assert done.chosen is not None
    assert done.chosen.name == "litert"  # here the repaired one is faster
    assert "20.0 frames a second on pi@camera-3 (your limit: 15)" in done.sentence
    assert "Against naive, what you have now, on this machine: 9.90 times faster" in done.sentence
    times = "repaired 125 ms, litert 50.0 ms and graph 200 ms a frame"
    assert f"on pi@camera-3 ({BASELINE.environment.cpu}), whose times decide: {times}" in done.notes
    assert "what each setting brought was measured on this machine, not on pi@camera-3" in done.notes
    assert done.report is not None
    assert done.report.read_text().endswith(" 9")  # 4 whole, 3 of there, and 2 that were screened alone


def test_the_limit_is_that_machine_s_too(tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), asked=Budget(min_fps=30), target=CAMERA)

    done.run()
    assert done.chosen is None
    assert "Ask for 20 frames a second" in done.sentence


@pytest.mark.parametrize("step", ["there", "explain"])
def test_stopped_it_measures_nothing_twice_there(step: str, tmp_path: Path) -> None:
    measured: Counter[str] = Counter()
    tuning(tmp_path, measured, target=CAMERA, stop_after=step).run()
    again = tuning(tmp_path, measured, target=CAMERA)

    again.run()
    assert again.chosen is not None
    assert again.chosen.name == "litert"
    assert set(measured.values()) == {1}


@pytest.mark.parametrize("fails", ["there litert", "there litert, there graph, there repaired"])
def test_what_does_not_run_there_costs_a_line(fails: str, tmp_path: Path) -> None:
    done = tuning(tmp_path, Counter(), target=CAMERA, fails=fails)

    done.run()
    assert not done.stopped
    assert done.chosen is not None
    assert done.chosen.name == "repaired"
    assert "litert was not measured on pi@camera-3: there litert cannot be done" in done.notes
    assert ("on this machine" if "repaired" in fails else "on pi@camera-3") in done.sentence.split(" Against ")[0]


def test_what_that_takes_comes_on_top(tmp_path: Path) -> None:
    clock = Machine(lambda _: 1.0)

    class Steps(ScriptedSteps):
        def measure_there(self, here: Record) -> Record:
            clock.sleep(400)
            return super().measure_there(here)

    steps = Steps(History(tmp_path / "h.sqlite"), tmp_path, Counter(), target=CAMERA)
    done = Tuning(steps, NOTHING_ASKED, TimeAsked(600, lambda: clock.now), frames=3)
    done.run()

    assert clock.now >= 1200
    assert done.exported is not None
    assert not any("want of time" in note for note in done.notes)


def test_an_address_of_another_form_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="choose ssh://user@host"):
        tune(run_on="camera-3", out=tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_read_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(SaveError, match="which is read here"):
        tune(str(tmp_path), out=tmp_path / "tuned")
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(SaveError, match="report.html: what is there is not an HTML page"):
        tune(out=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"saved_model.pb", "report.html"}


def test_a_machine_to_which_there_is_no_way_is_told_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(UnavailableError, match="no program `ssh` here"):
        tune(run_on="ssh://camera-3", out=tmp_path / "out")

    assert not (tmp_path / "out").exists()
