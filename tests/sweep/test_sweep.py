"""A sweep from a grid to records: composed as measured whole, resumed after anything, and broken by nothing."""

import hashlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.detectors.decoded import write_model
from tests.fuzzing.moments import why_not_whole
from workbench.detectors import Detector
from workbench.errors import SettingsError
from workbench.history import History
from workbench.measuring import Bench
from workbench.opening import Sources, open_data, open_detector, variant
from workbench.record import Record, place
from workbench.sweep import Grid, Standing, Sweep, ThisMachine
from workbench.sweep.composed_records import FRAMES_KEPT, why_impossible
from workbench.sweep.frontier import contenders
from workbench.sweep.isolation import Isolation
from workbench.sweep.runner import LEAST_CONFIRMED
from workbench.timing import Timing

HERE = Path(__file__).parent
WORKBENCH = str(Path(sys.executable).with_name("workbench"))
BASELINE = "litert,input.size_hw=192x320"
NMS = (
    tuple({"nms.method": method} for method in ("opencv", "numpy", "tensorflow")),
    tuple({"nms.score": score} for score in (0.1, 0.3)),
    tuple({"nms.per_class": per_class} for per_class in (True, False)),
)
FRAMES = 4
ROUNDED = 1e-6  # seconds: a record keeps each stage to a tenth of a microsecond


def grid_of(*engines: str, sizes: tuple[str, ...] = ("192x320",), nms=NMS) -> Grid:
    return Grid((tuple({"input.size_hw": size} for size in sizes), tuple({"runtime.engine": engine} for engine in engines), *nms))


FEW = grid_of(
    "litert", sizes=("192x320", "64x64"), nms=(tuple({"nms.score": score} for score in (0.1, 0.3)), ({"nms.method": "opencv"},))
)


@pytest.fixture
def open_history(tmp_path: Path):
    opened: list[History] = []

    def make() -> History:
        opened.append(History(tmp_path / "history.sqlite"))
        return opened[-1]

    yield make
    for history in opened:
        history.close()


def sweep(sources: Sources, history: History, grid: Grid, **more) -> Sweep:
    return Sweep([sources], history, grid=grid, frames=FRAMES, baseline=BASELINE, **more)


@pytest.mark.slow
def test_a_sweep_composes_what_a_bench_measures(sources: Sources, open_history: Callable[[], History]) -> None:
    standings: list[Standing] = []
    history = open_history()
    run = sweep(sources, history, grid_of("graph", "litert"), progress=standings.append)
    estimate = run.estimate()
    records = list(run.run())
    composed = [record for record in records if record.composed]

    assert (estimate.combinations, estimate.known, estimate.cannot_run, estimate.tasks) == (24, 0, 0, 2)
    assert estimate.seconds > 0
    assert len(composed) == 24
    assert not [record for record in records if record.problem]
    assert {record.id for record in composed} == run.ids & {row.id for row in history.summaries()}
    assert [record.id for record in history.records(pictures=False)] == [record.id for record in records]
    assert standings[-1].done == standings[-1].total >= 4
    assert standings[-1].records == len(records)

    check_composed(composed)
    check_equal_to_direct(composed, sources)
    check_confirmed(records)

    again = sweep(sources, open_history(), grid_of("graph", "litert"))
    assert again.estimate().tasks == 0
    assert list(again.run()) == []


@pytest.mark.slow
def test_a_function_that_decodes_goes_along_to_worker_processes(
    small_folder: Path, tmp_path: Path, open_history: Callable[[], History]
) -> None:
    sources = Sources(detector=str(write_model(tmp_path)), media=str(small_folder), allow=("code",))
    base = "runtime.engine=graph,input.resize=opencv,input.size_hw=64x64,nms.method=opencv"
    grid = Grid((({"runtime.engine": "graph"},), ({"nms.score": 0.3}, {"nms.score": 0.5})))

    records = list(Sweep([sources], open_history(), grid=grid, frames=FRAMES, baseline=base).run())

    composed = [record for record in records if record.composed]
    assert [record.problem for record in records] == [None] * len(records)
    assert len(composed) == 2
    sha256 = hashlib.sha256((tmp_path / "mine.py").read_bytes()).hexdigest()
    assert {one.sha256 for record in records for one in record.detector.code} == {sha256}
    assert all("--allow code" in record.command for record in records)


def check_composed(composed: list[Record]) -> None:
    for record in composed:
        timing = record.timing
        assert timing is not None
        assert {len(seconds) for seconds in timing.stage_seconds.values()} == {len(timing.total_seconds)}
        assert FRAMES <= len(timing.total_seconds) <= FRAMES_KEPT
        assert why_impossible(*(seconds_of(timing))) is None
        assert list(timing.stage_seconds)[-3:] == ["infer", "nms", "draw"]
        assert record.agreement is not None
        assert record.agreement.frames == FRAMES
        assert not record.pictures


def seconds_of(timing: Timing) -> tuple[dict[str, np.ndarray], np.ndarray]:
    return {stage: np.array(seconds) for stage, seconds in timing.stage_seconds.items()}, np.array(timing.total_seconds) + ROUNDED


def check_equal_to_direct(composed: list[Record], sources: Sources) -> None:
    detector = open_detector(sources.detector)
    bench = Bench(open_data(detector, sources.media), FRAMES, comparison_seconds=0.1)
    for record in random.Random(3).sample(composed, 5):
        words = record.command.split("--preset ")[1].split(" ")[0]
        direct = bench.measure(variant(detector, words))
        assert direct.settings == record.settings
        assert direct.accuracy is not None
        assert record.accuracy is not None
        for figure in ("ap", "ap50", "ap_small", "ap_medium", "ap_large"):
            assert getattr(record.accuracy, figure) == pytest.approx(getattr(direct.accuracy, figure), abs=1e-4)
        assert record.accuracy.score_threshold == record.settings.nms.score


def check_confirmed(records: list[Record]) -> None:
    whole = [record for record in records if not record.composed]
    baseline, confirmed = whole[0], whole[1:]
    assert baseline.name == BASELINE
    assert confirmed
    for record in confirmed:
        assert record.comparison is not None
        assert record.comparison.a == BASELINE
    composed = [record for record in records if record.composed]
    chosen = contenders(composed, place, lambda record: record.settings.runtime.engine, LEAST_CONFIRMED)
    others = [record.settings for record in chosen if record.settings != baseline.settings]  # it is measured whole anyway
    assert [record.settings for record in confirmed] == others


def test_what_cannot_run_is_one_row_with_its_reason(sources: Sources, open_history: Callable[[], History]) -> None:
    grid = Grid(
        (
            ({"runtime.engine": "graph"},),
            ({"runtime.precision": "int8"},),
            tuple({"nms.score": score} for score in (0.1, 0.3)),
        )
    )
    history = open_history()
    run = sweep(sources, history, grid)
    estimate = run.estimate()
    record = next(run.run())

    assert (estimate.combinations, estimate.known, estimate.cannot_run, estimate.tasks) == (2, 0, 2, 0)
    assert record.problem is not None
    assert "graph engine runs the network as it was saved" in record.problem.message
    assert [row.id for row in history.records()] == [record.id]


@pytest.mark.slow
@pytest.mark.parametrize(("deed", "said"), [("crash", "crashes the runtime (SIGSEGV)"), ("hang", "does not return")])
def test_a_model_that_breaks_the_runtime_costs_one_row(
    sources: Sources, open_history: Callable[[], History], deed: str, said: str
) -> None:
    isolation = Isolation(command=(str(HERE / "breaking_child.py"), deed), opening_seconds=20)
    executor = ThisMachine(isolation)
    try:
        records = list(sweep(sources, open_history(), FEW, executors=[executor]).run())
    finally:
        executor.close()
    (problem,) = [record for record in records if record.problem]

    assert problem.settings.input.size_hw == (64, 64)
    assert problem.problem is not None
    assert said in problem.problem.message
    assert len([record for record in records if record.composed]) == 2
    assert list(sweep(sources, open_history(), FEW).run()) == [], "it is not tried again"


@pytest.mark.slow
def test_what_is_cancelled_goes_on_later(sources: Sources, open_history: Callable[[], History]) -> None:
    history = open_history()
    run = sweep(sources, history, FEW, together=1)
    seen = []
    for record in run.run():
        seen.append(record)
        if record.composed:
            run.cancel()
    stored = {row.id for row in history.summaries()}
    rest = list(sweep(sources, history, FEW).run())

    assert {record.id for record in seen} == stored
    assert len([record for record in seen if record.composed]) == 2
    assert not stored & {record.id for record in rest}
    assert len([record for record in (*seen, *rest) if record.composed]) == 4


def test_a_baseline_that_cannot_be_is_said_at_once(sources: Sources, open_history: Callable[[], History]) -> None:
    with pytest.raises(SettingsError, match="there is no preset 'fastest'"):
        Sweep([sources], open_history(), grid=FEW, baseline="fastest")


def test_by_a_truth_that_was_corrected_all_is_measured_again(
    small: Detector, small_folder: Path, open_history: Callable[[], History], tmp_path: Path
) -> None:
    history, truth = open_history(), tmp_path / "truth.json"

    def ids(text: str) -> frozenset[str]:
        truth.write_text(text)
        sources = Sources(detector=small.facts.source, media=str(small_folder), truth=str(truth))
        run = Sweep([sources], history, grid=grid_of("litert"), detector=small)
        return run.ids | run.confirmed_ids

    text = small_folder.with_suffix(".json").read_text()
    tree = json.loads(text)
    right = ids(text)
    assert ids(json.dumps(tree, indent=2)) == right
    assert not ids(json.dumps(tree | {"annotations": tree["annotations"][1:]})) & right


# Killing; `tests.fuzzing.moments` kills the command too


@pytest.fixture
def command(tmp_path: Path, stills_folder: Path) -> list[str]:
    """A small sweep as people start it."""
    grid = tmp_path / "grid.toml"
    grid.write_text(
        '"input.size_hw" = ["192x320", "64x64"]\n"runtime.engine" = ["litert"]\n"nms.method" = ["opencv", "numpy"]\n'
        '"nms.score" = [0.1, 0.3]\n'
    )
    words = ["sweep", "inspector-mobile", str(stills_folder), "--grid", str(grid), "--history", str(tmp_path / "history.sqlite")]
    return [WORKBENCH, *words, "--yes", "--frames", str(FRAMES), "--baseline", BASELINE]


def stored(tmp_path: Path) -> list[str]:
    path = tmp_path / "history.sqlite"
    if not path.exists():
        return []
    with History(path) as history:
        return [record.id for record in history.records(pictures=False)]


def finish(command: list[str], tmp_path: Path) -> list[Record]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with History(tmp_path / "history.sqlite") as history:
        return list(history.records(pictures=False))


def workers_of(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    try:
        children = psutil.Process(process.pid).children(recursive=True)
        return [child for child in children if "workbench.sweep.child" in child.cmdline()]
    except psutil.Error:
        return []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_workers_that_are_killed_lose_and_double_nothing(command: list[str], tmp_path: Path) -> None:
    moments = random.Random(5)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        killed: set[int] = set()
        while len(killed) < 4 and process.poll() is None:
            for worker in islice(workers_of(process), 1):
                time.sleep(moments.uniform(0.2, 3.0))
                if worker.is_running() and worker.pid not in killed:
                    worker.kill()
                    killed.add(worker.pid)
                    time.sleep(6.0)  # one may be forgiven in each row, not two
            time.sleep(0.1)
        assert process.wait() == 0
    assert killed

    before = stored(tmp_path)
    records = finish(command, tmp_path)
    assert [record.id for record in records[: len(before)]] == before
    broken = [record for record in records if record.problem]
    assert len(broken) <= 1, "the same row may have been hit twice"
    assert broken or why_not_whole(records, before) is None
