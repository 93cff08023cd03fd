"""The report that tuning leaves, of the small detector: all that proves the choice stands before anything else."""

from html import unescape
from pathlib import Path

import pytest

from workbench.choosing import Budget
from workbench.detectors import Detector
from workbench.history import History
from workbench.measuring import Bench, explain
from workbench.opening import EvaluationData, Sources, variant
from workbench.record import Record
from workbench.tuning.steps import MeasuringSteps
from workbench.tuning.time_asked import TimeAsked
from workbench.tuning.tuning import Tuning

NOW, FASTER = "graph,input.size_hw=64x96,input.resize=graph,nms.method=python", "litert,input.size_hw=64x96"
SECONDS = 0.2  # what it says about time is not the subject here


def silent(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def pair(small: Detector, small_data: EvaluationData) -> tuple[Record, Record]:
    bench = Bench(small_data, 6, progress=silent, comparison_seconds=SECONDS)
    now, chosen = (bench.measure(variant(small, text)) for text in (NOW, FASTER))
    return now, explain(small, small_data, now, chosen, progress=silent, step_seconds=SECONDS, enough=lambda: True)


@pytest.mark.slow
def test_sentence_before_and_after_waterfall_and_frames_come_first_in_that_order(
    pair: tuple[Record, Record], small: Detector, small_data: EvaluationData, small_folder: Path, tmp_path: Path
) -> None:
    with History(tmp_path / "history.sqlite") as history:
        sources = Sources(detector=small.facts.source, media=str(small_folder))
        steps = MeasuringSteps(small, small_data, sources, history, tmp_path, 6, silent)
        tuning = Tuning(steps, Budget(max_ap_loss=1), TimeAsked(600), frames=6)
        tuning.whole = list(pair)
        tuning._report()
    text = unescape((tmp_path / "report.html").read_text()).replace("\N{NO-BREAK SPACE}", " ")
    main = text[text.index('<main id="main">') :]
    now, chosen = pair

    assert tuning.chosen in pair
    places = [
        main.index(words)
        for words in (
            tuning.sentence,
            "Median ms a frame",
            "What brought it",
            f"From {now.name} to {chosen.name} in 3 steps",
            "Before and after",
            '<div class="pair"',
            'id="settings"',
        )
    ]
    assert places == sorted(places)
    for change in ("input.resize", "runtime.engine", "nms.method"):
        assert f"<code>{change}</code>" in main
