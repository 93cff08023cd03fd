"""Print what a sweep costs, how far its composed times are from measured ones, and whether it finds the fastest setting.

Run it on a quiet machine: `python -m tests.benchmarks.sweep --full` (the grid of `workbench sweep`, about half an hour),
`--exhaustive` (a small grid, every combination measured whole as well) or `--kills 50 --worker-kills 20`.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import final

import psutil

from tests.benchmarks.direct import Pausing, compare, median_ms, middle, say_errors, subject, whole
from workbench.history import History
from workbench.machine import environment
from workbench.picking import Budget, pick
from workbench.record import Record
from workbench.samples import SAMPLE_DETECTORS
from workbench.sweep import Grid, Material, Standing, Sweep, default_grid, read_grid
from workbench.sweep.isolation import run_task
from workbench.sweep.plan import make_plan
from workbench.sweep.runner import CONFIRMED_AT_ONCE
from workbench.sweep.task import Row

KILLED_COMBINATIONS = 24  # of the sweep that is killed, in two jobs
KILLED_WITHIN_SECONDS = 30.0  # of its start: some are killed before anything is finished, some when all but confirming is
AP_LOSS = 0.02  # that the picked setting may have against the best AP
RIVALS = 3  # fastest of the exhaustive measurement that the picked setting is set against: the first of them was lucky as well
SMALL = Grid(
    (
        tuple({"input.size_hw": size} for size in (320, 416)),
        ({"runtime.engine": "graph"}, {"runtime.engine": "litert"}, {"runtime.engine": "openvino"}),
        tuple({"nms.method": method} for method in ("opencv", "numpy")),
        tuple({"nms.score": score} for score in (0.05, 0.1, 0.2, 0.3)),
        tuple({"nms.iou": iou} for iou in (0.45, 0.6)),
    )
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--exhaustive", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--worker-kills", type=int, default=0)
    parser.add_argument("--grid", type=Path, help="instead of the default grid in --full")
    parser.add_argument("--detectors", nargs="+", default=list(SAMPLE_DETECTORS))
    parser.add_argument("--sample", type=int, default=25, help="combinations of --full that are measured directly as well")
    parser.add_argument(
        "--rounds", type=int, default=3, help="direct measurements of each of them, between the sweep's jobs; the middle counts"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}")
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        if options.full:
            full(Path(folder), options)
        if options.exhaustive:
            exhaustive(Path(folder))
        if options.kills or options.worker_kills:
            kill(Path(folder), options)


def full(folder: Path, options: argparse.Namespace) -> None:
    grid = read_grid(options.grid) if options.grid else None
    with History(folder / "full.sqlite") as history:
        direct = Direct(history, options, grid)
        site = Pausing(direct.measure_some)
        materials = [Material(detector=name) for name in options.detectors]
        run = Sweep(materials, history, grid=grid, sites=[site], progress=tell)
        estimate = run.estimate()
        print(f"{estimate.combinations} combinations, {estimate.tasks} runs, estimated {estimate.seconds / 60:.1f} minutes")
        began = time.monotonic()
        yielded = list(run.run())
        spent = time.monotonic() - began - direct.seconds
        site.close()
        assert direct.ready, "a baseline did not run"
        while direct.left:
            direct.measure_some()
        records = {record.id: record for record in yielded}  # the last of each: at the usual pace
        composed = [record for record in records.values() if record.composed]
        problems = [record for record in records.values() if record.problem]
        print(f"\n{len(composed)} composed, {len(records) - len(composed) - len(problems)} whole, {len(problems)} problems")
        print(f"{len(yielded) - len(records)} set to the usual pace")
        print(f"{spent / 60:.1f} minutes, conversions that were not cached included; the file has {size_mb(history.path):.1f} MB")
        for record in problems:
            print(f"  {record.detector.name} {record.name}: {record.problem.message if record.problem else ''}")
        compare([records[row_id] for row_id in direct.found], list(map(middle, direct.found.values())))
        if options.rounds > 1:
            print("one direct measurement against another, minutes later:")
            say_errors(median_ms(again) / median_ms(first) - 1 for first, again, *_ in direct.found.values())


@final
class Direct:
    """Random combinations of a grid, measured whole between the jobs of its sweep, and again minutes later.

    Attributes:
        found: Measurements of each, by its id in the sweep.
        seconds: That they took.
        left: What is to be measured, some rows of a detector at a time.
    """

    def __init__(self, history: History, options: argparse.Namespace, grid: Grid | None) -> None:
        self.found: dict[str, list[Record]] = {}
        self.seconds = 0.0
        self.left: deque[tuple[str, Sequence[Row]]] = deque()
        self._history = history
        self._names: Sequence[str] = options.detectors
        self._baselines: dict[str, Record] = {}
        subjects = {name: subject(name) for name in self._names}
        plans = {name: make_plan(one, grid or default_grid(one.detector)) for name, one in subjects.items()}
        rows = [(name, row) for name, plan in plans.items() for task in plan.tasks for row in task.rows if task.kind == "compose"]
        chosen = random.Random(options.seed).sample(rows, min(options.sample, len(rows)))
        for _ in range(options.rounds):
            for name in self._names:
                own = [row for other, row in chosen if other == name]
                self.left.extend((name, own[start : start + CONFIRMED_AT_ONCE]) for start in range(0, len(own), CONFIRMED_AT_ONCE))

    @property
    def ready(self) -> bool:
        """Whether every detector has its baseline; conversions are then next, and what was converted is not paid for here."""
        return len(self._baselines) == len(self._names)

    def measure_some(self) -> None:
        """Measure the next rows, once the sweep has its baselines."""
        began = time.monotonic()
        if not self.ready:
            self._baselines = {record.detector.source: record for record in self._history.records() if record.detections}
        if not self.left or not self.ready:
            return
        name, rows = self.left.popleft()
        for row, record in zip(rows, whole(name, rows, self._baselines[name]), strict=True):
            self.found.setdefault(row.id, []).append(record)
        self.seconds += time.monotonic() - began


def size_mb(path: Path) -> float:
    return path.stat().st_size / 1e6


def tell(standing: Standing) -> None:
    left = f"{standing.seconds_left:.0f} s left"
    print(f"\r{standing.done}/{standing.total} {left} {standing.what:<60}", end="", flush=True)


def exhaustive(folder: Path) -> None:
    name = SAMPLE_DETECTORS[0]
    with History(folder / "small.sqlite") as history:
        run = Sweep([Material(detector=name)], history, grid=SMALL, progress=tell)
        began = time.monotonic()
        records = list({record.id: record for record in run.run()}.values())
        swept = time.monotonic() - began
    composed = [record for record in records if record.composed]
    baseline = next(record for record in records if record.detections)
    began = time.monotonic()
    everything = []
    for start in range(0, len(composed), 12):
        everything += whole(name, composed[start : start + 12], baseline)
        print(f"\r{len(everything)}/{len(composed)} measured whole", end="", flush=True)
    measured = time.monotonic() - began
    with History(folder / "small.sqlite") as history:
        chosen = pick(history.summaries(), Budget(max_ap_loss=AP_LOSS)).chosen
    assert chosen is not None, "the most accurate setting loses nothing"
    (picked,) = [record for record in records if record.id == chosen.summary.id]
    print(f"\nthe sweep took {swept:.0f} s, measuring all {len(composed)} whole {measured:.0f} s: {swept / measured:.1%} of it")
    print(f"picked {picked.name}; in blocks that take turns with the fastest of all that were measured whole:")
    for rival in fastest(everything)[:RIVALS]:
        print(f"  {rival.name}: {against(name, picked, rival)}")
    compare(composed, everything)


def fastest(records: Sequence[Record]) -> list[Record]:
    """Return the settings that lose at most `AP_LOSS` against the best, the fastest first."""
    best = max(record.accuracy.ap or 0 for record in records if record.accuracy)
    feasible = [record for record in records if record.accuracy and (record.accuracy.ap or 0) >= best - AP_LOSS]
    return sorted(feasible, key=median_ms)


def against(detector: str, picked: Record, rival: Record) -> str:
    if picked.settings == rival.settings:
        return "the picked one"
    lead, row = (Row(id=f"head {one.id}", name=one.name, command=one.command, settings=one.settings) for one in (picked, rival))
    comparison = list(run_task(subject(detector).task("direct", "head to head", [row], lead=lead)))[-1].comparison
    if comparison is None:
        return "not compared"
    ratio = comparison.ratio
    return (
        f"the picked one takes {ratio.median - 1:+.1%} longer [{ratio.low - 1:+.1%}, {ratio.high - 1:+.1%}], {comparison.verdict}"
    )


def kill(folder: Path, options: argparse.Namespace) -> None:
    """Kill sweeps, and workers of sweeps that go on, at random moments: nothing may be lost or there twice, the rest be done."""
    grid = folder / "grid.toml"
    grid.write_text(
        '"input.size_hw" = [64, 128]\n"runtime.threads" = [1, 2]\n"runtime.engine" = ["litert"]\n'
        '"nms.method" = ["opencv", "numpy"]\n"nms.score" = [0.1, 0.2, 0.3]\n'
    )
    path = folder / "kills.sqlite"
    command = [str(Path(sys.executable).with_name("workbench")), "sweep", SAMPLE_DETECTORS[0], "--grid", str(grid), "--yes"]
    command += ["--history", str(path), "--frames", "8", "--baseline", "litert,input.size_hw=64"]
    moments = random.Random(options.seed)
    for kill_some, wanted in ((kill_sweep, options.kills), (kill_workers, options.worker_kills)):
        kills = 0
        while kills < wanted:
            before = ids(path)
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                kills += kill_some(process, moments, wanted - kills)
            check_kept(before, path)
            print(f"\r{kill_some.__name__}: {kills} kills, {len(ids(path))} records", end="", flush=True)
            if process.returncode == 0 or kills == wanted:
                finish(command, path, may_cost_rows=kill_some is kill_workers)


def kill_sweep(process: "subprocess.Popen[bytes]", moments: random.Random, _: int) -> int:
    time.sleep(moments.uniform(0.5, KILLED_WITHIN_SECONDS))
    alive = process.poll() is None
    process.kill()
    return int(alive)


def kill_workers(process: "subprocess.Popen[bytes]", moments: random.Random, most: int) -> int:
    """Kill what measures, again and again, while the sweep goes on; return how many were killed."""
    kills = 0
    while process.poll() is None:
        time.sleep(moments.uniform(0.5, KILLED_WITHIN_SECONDS / 2))
        for worker in workers_of(process) if kills < most else ():
            worker.kill()
            kills += 1
    return kills


def workers_of(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    try:
        return [
            child for child in psutil.Process(process.pid).children(recursive=True) if "workbench.sweep.child" in child.cmdline()
        ]
    except psutil.NoSuchProcess:
        return []


def check_kept(before: Sequence[str], path: Path) -> None:
    after = ids(path)
    assert after[: len(before)] == before, "a record was lost"
    assert len(set(after)) == len(after), "a record is there twice"


def finish(command: Sequence[str], path: Path, *, may_cost_rows: bool) -> None:
    """Let a sweep finish, say what it found, and clear it away. A worker killed twice at one row costs that row."""
    before = ids(path)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    check_kept(before, path)
    with History(path) as history:
        records = history.records(pictures=False)
    composed, problems = sum(record.composed for record in records), sum(bool(record.problem) for record in records)
    assert composed == KILLED_COMBINATIONS or (may_cost_rows and problems), "not all that was left was done"
    print(f"  {len(records)} records, {composed} composed, {problems} problems")
    path.unlink()


def ids(path: Path) -> list[str]:
    if not path.exists():
        return []
    with History(path) as history:
        return [record.id for record in history.records(pictures=False)]


if __name__ == "__main__":
    main()
