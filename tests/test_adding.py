"""An engine, an NMS, a kind of output and a rule of advice are one file and one line of a table each, and then are everywhere.

Those of `tests/added` are added to the tables as any program may, and go once through run, live view, sweep, report, advice and
doctor.
"""

import io
import json
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.added import advice_rule, engine, nms, output_kind
from tests.assets.scenes import SHAPES
from tests.session.sessions import player_of, until
from tests.view.opening_and_closing import ours
from workbench.advice import RULES, advise
from workbench.catalogue import ENGINES, NMS_METHODS
from workbench.choosing import setting_words
from workbench.cli.entry import main
from workbench.detectors import Card, LoadedModel, as_detector, write_card
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.output_kinds import OUTPUT_KINDS
from workbench.detectors.trial_here import try_here
from workbench.history import History
from workbench.machine import environment
from workbench.opening import Sources
from workbench.opening.opening import frames_to_look_at
from workbench.record import Record, read_records
from workbench.report import write_report
from workbench.session import Session
from workbench.settings import Settings
from workbench.sweep import Executor, Grid, Sweep
from workbench.sweep.child import Lines, work
from workbench.sweep.task import Job
from workbench.view.panel import describe

pytestmark = pytest.mark.slow

HOST = "input.size_hw=64x96,input.resize=opencv"
RUNS = {
    "baseline": f"graph,{HOST},nms.method=numpy",
    "engine": f"runtime.engine=plain,{HOST},nms.method=numpy",
    "nms": f"graph,{HOST},nms.method=best-one",
}
LABELS = ("disc", "square", "cross")


@dataclass(frozen=True)
class Seen:
    """What came out of each room."""

    recognised: str
    run: dict[str, Record]
    advised: list[str]
    """On the record of the engine, as long as nothing was measured beside it."""
    played: list[Settings]
    panel: str
    swept: list[Record]
    page: str
    cards: list[dict[str, Any]]
    doctor: dict[str, Any]


class InThisProcess(Executor):
    """Does each job of a sweep in this process, which knows what was added."""

    slots = 1

    def __init__(self) -> None:
        self.environment = environment()

    def submit(self, job: Job) -> "Future[list[str]]":
        written, future = io.StringIO(), Future[list[str]]()
        work(job, Lines(written))
        told = map(json.loads, written.getvalue().splitlines())
        future.set_result([json.dumps(one["record"]) for one in told if "record" in one])
        return future

    def stop(self) -> None: ...

    def close(self) -> None: ...


@contextmanager
def added() -> Iterator[None]:
    ENGINES[engine.ROW.name] = engine.ROW
    NMS_METHODS[nms.ROW.name] = nms.ROW
    OUTPUT_KINDS[output_kind.NAME] = output_kind.ROW
    RULES.append(advice_rule.RULE)
    try:
        yield
    finally:
        del ENGINES[engine.ROW.name], NMS_METHODS[nms.ROW.name], OUTPUT_KINDS[output_kind.NAME]
        RULES.remove(advice_rule.RULE)


def command(*words: str | Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["workbench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code


def played(model: Path, media: Path, history: Path) -> tuple[list[Settings], str]:
    session = Session(str(model), str(media), preset=RUNS["baseline"], history=history, frames=3, comparison_seconds=0.0)
    try:
        ran = []
        until(session, lambda: session.opened and session.opened.player.shown)
        for name, value in (("runtime.engine", "plain"), ("nms.method", "best-one")):
            session.set(name, value)
            until(session, lambda: session.running == session.settings and player_of(session).shown)
            assert session.running is not None
            ran.append(session.running)
        return ran, json.dumps(describe(session))
    finally:
        session.close()
        until(session, lambda: not ours(), errors=True)  # a compiler that was not waited for traces the same model


def swept(model: Path, media: Path, history: Path) -> list[Record]:
    axes = (
        ({"input.size_hw": (64, 96), "input.resize": "opencv"},),
        ({"runtime.engine": "plain"}, {"runtime.engine": "graph"}),
        ({"nms.method": "best-one"}, {"nms.method": "numpy"}),
    )
    with History(history) as opened:
        sources = Sources(detector=str(model), media=str(media))
        here = [InThisProcess()]
        return list(Sweep([sources], opened, grid=Grid(axes), frames=4, baseline=RUNS["baseline"], executors=here).run())


@pytest.fixture(scope="module")
def seen(small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    with added():
        return everywhere(small_folder, tmp_path_factory.mktemp("added"))


def everywhere(media: Path, folder: Path) -> Seen:
    model, history, page = folder / "squares.keras", folder / "h.sqlite", folder / "report.html"
    run, advice, doctor = folder / "run.json", folder / "advice.json", folder / "doctor.json"
    shutil.copy(SHAPES, model)
    network = FILE_KINDS[model.suffix].open(model)
    trial = try_here(network, frames_to_look_at(str(media)))  # in this process, which knows what was added
    recognised = as_detector(LoadedModel(network, trial, None, None), trial.proposals[0].card, model.name).meaning.kind
    write_card(Card(name="squares", labels=LABELS, candidates=output_kind.SquaresCard(tensors=("offsets", "scores"))), model)

    presets = [word for text in RUNS.values() for word in ("--preset", text)]
    command("run", model, media, *presets, "--frames", "6", "--history", history, "--report", page, "--json", run)
    command("advise", run, "--json", advice)
    command("doctor", "--json", doctor)
    live, panel = played(model, media, history)
    records = dict(zip(RUNS, read_records(run), strict=True))
    return Seen(
        recognised=recognised,
        run=records,
        advised=[card.title for card in advise([records["engine"]])],
        played=live,
        panel=panel,
        swept=swept(model, media, history),
        page=page.read_text(encoding="utf-8"),
        cards=json.loads(advice.read_text())["cards"],
        doctor=json.loads(doctor.read_text())["checks"],
    )


def test_an_engine_that_was_added_is_everywhere(seen: Seen) -> None:
    record = seen.run["engine"]

    assert record.problem is None
    assert record.agreement is not None
    assert record.agreement.ratio == 1.0
    assert seen.played[0].runtime.engine == "plain"
    assert '"value": "plain"' in seen.panel
    assert not [one.problem for one in seen.swept if one.problem]
    assert [one for one in seen.swept if one.settings.runtime.engine == "plain" and one.composed]
    assert '"bowtie"' in seen.page
    assert "The habit costs: calling it plainly" in seen.advised
    assert seen.doctor["Plain Runtime"]["remedy"] is None


def test_an_nms_that_was_added_is_everywhere(seen: Seen) -> None:
    assert all(len(row.scores) <= 1 for row in seen.run["nms"].detections)
    assert any(len(row.scores) > 1 for row in seen.run["baseline"].detections)
    assert seen.played[1].nms.method == "best-one"
    assert '"value": "best-one"' in seen.panel
    assert [one for one in seen.swept if one.settings.nms.method == "best-one" and one.timing]
    assert "nms best-one" in seen.page


def test_a_kind_of_output_that_was_added_is_everywhere(seen: Seen) -> None:
    assert seen.recognised == "offsets from squares"
    for record in (*seen.run.values(), *seen.swept):
        assert record.detector.kind == "Keras, offsets from squares"
    accuracy = seen.run["baseline"].accuracy
    assert accuracy is not None
    assert accuracy.ap is not None
    assert accuracy.ap > 0.5
    assert "squares" in seen.page


def test_a_rule_of_advice_that_was_added_speaks_in_advice_and_report(seen: Seen) -> None:
    assert [card for card in seen.cards if card["key"] == "frames-counted"]
    assert "Frames were counted" in seen.page


def test_a_saved_record_of_an_engine_that_is_gone_is_shown_as_others_are(seen: Seen, tmp_path: Path) -> None:
    assert "plain" not in ENGINES
    with History(tmp_path / "h.sqlite") as history:
        history.append_many(seen.run.values())
        records = tuple(history.records())
        rows = history.summaries()

    assert [record.settings for record in records] == [record.settings for record in seen.run.values()]
    assert any("with plain" in setting_words(row) for row in rows)
    assert advise(records)
    write_report(records, tmp_path / "report.html")
    assert '"hexagon"' in (tmp_path / "report.html").read_text(encoding="utf-8")
