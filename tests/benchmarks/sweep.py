"""Print what a sweep costs, whether it decides rightly, and whether it survives being killed.

Run it on a quiet machine: `python -m tests.benchmarks.sweep --decision` (three sweeps of 96 settings, all of them measured whole as
well: 25 minutes or so), `--decision --busy` (all cores kept busy meanwhile: what must not happen then is checked), `--full` (the
grid of `workbench sweep`, about half an hour) or `--kills 50 --worker-kills 20`.
"""

import argparse
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil

from workbench.choosing import Budget, pick
from workbench.hardware import usable_cores
from workbench.history import History
from workbench.machine import environment
from workbench.measuring import DEFAULT_FRAMES
from workbench.opening import Sources
from workbench.record import Record
from workbench.report import Summary
from workbench.report.headline import headline
from workbench.samples import SAMPLE_DETECTORS
from workbench.sweep import Grid, Standing, Sweep, read_grid
from workbench.sweep.isolation import run_task
from workbench.sweep.loop_timing import BACK
from workbench.sweep.plan import Subject
from workbench.sweep.runner import CONFIRMED_AT_ONCE
from workbench.sweep.task import Row, Task
from workbench.timing import Ratio

KILLED_COMBINATIONS = 24  # of the sweep that is killed, in two jobs
KILLED_WITHIN_SECONDS = 30.0  # of its start: some are killed before anything is finished, some when all but confirming is
AP_LOSS = 0.02  # that the picked setting may have against the best AP
MOST_RATIO, MOST_UPPER = 1.05, 1.15  # of the picked setting's time over that of the fastest of all, and of its interval's upper end
MOST_SHARE = 0.25  # of the time of measuring all whole that a sweep may take
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
    parser.add_argument("--decision", action="store_true")
    parser.add_argument("--busy", action="store_true", help="keep all cores busy during the sweeps of --decision")
    parser.add_argument("--sweeps", type=int, default=3, help="of --decision")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--worker-kills", type=int, default=0)
    parser.add_argument("--grid", type=Path, help="instead of the default grid in --full, or of the 96 settings in --decision")
    parser.add_argument("--detectors", nargs="+", default=list(SAMPLE_DETECTORS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}")
    grid = read_grid(options.grid) if options.grid else None
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        if options.full:
            sweep(Path(folder) / "full.sqlite", options.detectors, grid)
        if options.decision and options.busy:
            busy(Path(folder), options, grid or SMALL)
        elif options.decision:
            decision(Path(folder), options, grid or SMALL)
        if options.kills or options.worker_kills:
            kill(Path(folder), options)


def sweep(path: Path, detectors: Sequence[str], grid: Grid | None) -> tuple[list[Record], float]:
    """Sweep, and say how long it took and how far composed times are from those measured whole; return records and seconds."""
    with History(path) as history:
        run = Sweep([Sources(detector=name) for name in detectors], history, grid=grid, progress=tell)
        estimate = run.estimate()
        print(f"{estimate.combinations} combinations, {estimate.tasks} runs, estimated {estimate.seconds / 60:.1f} minutes")
        began = time.monotonic()
        records = list(run.run())
        seconds = time.monotonic() - began
    composed = [record for record in records if record.composed]
    problems = [record for record in records if record.problem]
    whole = {key_of(record): median_ms(record) for record in records if not record.composed and not record.problem}
    print(
        f"\n{len(composed)} composed, {len(whole)} whole, {len(problems)} problems; the file has {path.stat().st_size / 1e6:.1f} MB"
    )
    print(f"{seconds / 60:.1f} minutes, conversions that were not cached included")
    for record in problems:
        print(f"  {record.detector.name} {record.name}: {record.problem.message if record.problem else ''}")
    errors = [median_ms(record) / whole[key] - 1 for record in composed if (key := key_of(record)) in whole]
    if errors:
        sizes = list(map(abs, errors))
        print(
            f"composed against whole, {len(errors)} settings: median error {median(sizes):.1%}, signed {median(errors):+.1%},"
            f" largest {max(sizes):.1%}"
        )
    for record in composed:
        check_possible(record)
    return records, seconds


def key_of(record: Record) -> tuple[str, str]:
    return record.detector.sha256, record.settings.model_dump_json()


def median_ms(record: Record) -> float:
    return (record.timing.median_ms if record.timing else None) or float("nan")


def check_possible(record: Record) -> None:
    """Refuse a composed frame that is shorter than its own measured front."""
    assert record.timing is not None, "composed records have times"
    front = [seconds for stage, seconds in record.timing.stage_seconds.items() if stage not in BACK]
    for total, *parts in zip(record.timing.total_seconds, *front, strict=True):
        assert total > sum(parts), f"{record.name}: a frame of {total} s has a front of {sum(parts)} s"


def tell(standing: Standing) -> None:
    left = f"{standing.seconds_left:.0f} s left"
    print(f"\r{standing.done}/{standing.total} {left} {standing.what:<60}", end="", flush=True)


def picked_of(path: Path) -> str | None:
    """Return the id of what a history's rows pick."""
    with History(path) as history:
        chosen = pick(history.summaries(), Budget(max_ap_loss=AP_LOSS)).chosen
    return chosen.summary.id if chosen else None


def decision(folder: Path, options: argparse.Namespace, grid: Grid) -> None:
    """Sweep, measure all settings whole, and set what each sweep picks against the fastest of these, in turns."""
    name = options.detectors[0]
    picked, swept, records = [], [], list[Record]()
    for number in range(options.sweeps):
        path = folder / f"{number}.sqlite"
        records, seconds = sweep(path, [name], grid)
        (one,) = [record for record in records if record.id == picked_of(path)]
        picked.append(one)
        swept.append(seconds)
    baseline = next(record for record in records if record.detections)
    composed = [record for record in records if record.composed]
    everything = list[Record]()
    began = time.monotonic()
    for start in range(0, len(composed), CONFIRMED_AT_ONCE):
        rows = [row_of(record) for record in composed[start : start + CONFIRMED_AT_ONCE]]
        everything += measured(whole_task(name, rows).model_copy(update={"baseline": baseline}))
        print(f"\r{len(everything)}/{len(composed)} measured whole", end="", flush=True)
    all_seconds = time.monotonic() - began
    rival = fastest(everything)
    print(f"\nmeasuring all {len(composed)} whole took {all_seconds:.0f} s; the fastest is {rival.name}, {median_ms(rival):.2f} ms")
    right = 0
    for one, seconds in zip(picked, swept, strict=True):
        ratio = against(name, one, rival)
        good = ratio.median <= MOST_RATIO and ratio.high <= MOST_UPPER and seconds <= MOST_SHARE * all_seconds
        right += good
        print(
            f"{'right' if good else 'wrong'}: a sweep of {seconds:.0f} s, {seconds / all_seconds:.1%} of that, picked {one.name};"
            f" its time over the fastest's {ratio.median:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]"
        )
    print(f"{right} of {options.sweeps} are right; two of three should be")


def fastest(records: Sequence[Record]) -> Record:
    """Return the fastest setting that loses at most `AP_LOSS` against the best, and does not break the detector."""
    sound = [(record, record.accuracy.ap or 0.0) for record in records if record.accuracy and not record.broken]
    best = max(ap for _, ap in sound)
    return min((record for record, ap in sound if ap >= best - AP_LOSS), key=median_ms)


def against(detector: str, picked: Record, rival: Record) -> Ratio:
    """Return the picked setting's time over a rival's, both measured whole in turns."""
    if picked.settings == rival.settings:
        return Ratio(median=1, low=1, high=1)
    task = whole_task(detector, [row_of(rival)]).model_copy(update={"lead": row_of(picked)})
    comparison = measured(task)[-1].comparison
    assert comparison is not None, "both ran"
    return comparison.ratio


def row_of(record: Record) -> Row:
    return Row(id=f"whole {record.id}", name=record.name, command=record.command, settings=record.settings)


def whole_task(name: str, rows: Sequence[Row]) -> Task:
    sources = Sources(detector=name)
    detector, data = sources.open()
    subject = Subject(
        detector=detector,
        sources=sources,
        media=data.media.facts(),
        truth=data.labelled_truth.name if data.labelled_truth else None,
        frames=DEFAULT_FRAMES,
        machine_id=environment().machine_id,
    )
    return subject.task("direct", "whole", rows)


def measured(task: Task) -> list[Record]:
    return [Record.from_json(found.text) for found in run_task(task)]


def busy(folder: Path, options: argparse.Namespace, grid: Grid) -> None:
    """Sweep while something else has all cores: rows are noisy, no frame is impossible, and composed rows decide nothing."""
    for number in range(options.sweeps):
        path = folder / f"busy{number}.sqlite"
        with others_at_work():
            records, _ = sweep(path, options.detectors[:1], grid)
        timed = [record for record in records if record.timing]
        noisy = sum(record.noise.verdict == "noisy" for record in timed)
        best = Summary.of(records).best
        print(headline(Summary.of(records)))
        print(f"{noisy} of {len(timed)} rows are noisy")
        assert noisy == len(timed), "a row that others disturbed passes for quiet"
        assert best is None or not best.composed, "the headline is of a composed row"
        composed = {record.id for record in records if record.composed}
        assert picked_of(path) not in composed, "a composed row was picked"


@contextmanager
def others_at_work() -> Iterator[None]:
    """Keep every core busy."""
    workers = [multiprocessing.Process(target=work, daemon=True) for _ in range(usable_cores())]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def work() -> None:
    while True:
        sum(range(10_000))


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
