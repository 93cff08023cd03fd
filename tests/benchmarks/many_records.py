"""Print how long a history of 100,000 records takes to list, filter and choose from, and the report of its best 500.

The records are one real run's, told again with other settings, machines and days; its raw times and stages come along, its
pictures do not. Run it as `python -m tests.benchmarks.many_records [RECORD.json]`; without a record one is measured.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from pathlib import Path

import numpy as np

from workbench.choosing import Budget, pick
from workbench.cli.saved import newest
from workbench.history import History, fast_values, trends
from workbench.machine import environment
from workbench.record import Record, read_records
from workbench.report import render_report

SIZES = ((160, 160), (224, 224), (320, 320), (416, 416), (512, 512))
ENGINES = (("graph", "float32"), ("litert", "float32"), ("litert", "dynamic-int8"), ("litert", "int8"), ("openvino", "float32"))
METHODS = ("numpy", "opencv", "tensorflow", "padded")
SCORES, IOUS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (0.3, 0.4, 0.5, 0.6, 0.7)
MACHINES = 3
AT_ONCE = 1000
PRESET = "litert,input.size_hw=320"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", nargs="?", type=Path)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="leave the history there; use the one that is there already")
    options = parser.parse_args()

    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}")
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "history.sqlite"
        if not path.exists():
            fill(path, seed_record(options.record, Path(folder)), options.records)
        in_process(path, facts.machine_id)
        commands(path, Path(folder))


def seed_record(given: Path | None, folder: Path) -> Record:
    if given is not None:
        return read_records(given)[0]
    out = folder / "record.json"
    run("run", "--preset", PRESET, "--history", folder / "own.sqlite", "--json", out)
    return read_records(out)[0]


def fill(path: Path, seed: Record, count: int) -> None:
    text = len(seed.model_copy(update={"detections": (), "pictures": ()}).to_json())
    print(f"{count:,} records of {text / 1000:.1f} kB", end=" ", flush=True)
    with timed("written, a thousand at a time"), History(path) as history:
        rows = islice(records(seed), count)
        while batch := list(islice(rows, AT_ONCE)):
            history.append_many(batch)
    print(f"{path.stat().st_size / 1e6:,.0f} MB")


def records(seed: Record) -> Iterator[Record]:
    """Yield the same run as it might have been under other settings, elsewhere and on other days; no two alike."""
    rng = np.random.default_rng(0)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    assert seed.timing is not None
    grid = tuple(product(SIZES, ENGINES, METHODS, SCORES, IOUS))
    number = 0
    while True:
        for (size_hw, (engine, precision), method, score, iou), machine in product(grid, range(MACHINES)):
            values = {
                "input.size_hw": size_hw,
                "runtime.engine": engine,
                "runtime.precision": precision,
                "nms.method": method,
                "nms.score": score,
                "nms.iou": iou,
            }
            slower = float(rng.lognormal(0, 0.6))
            own = seed.environment if machine == 0 else seed.environment.model_copy(update={"machine_id": f"other{machine}"})
            accuracy = seed.accuracy and seed.accuracy.model_copy(update={"ap": float(rng.uniform(0.3, 0.6))})
            yield seed.model_copy(
                update={
                    "id": f"{number:032x}",
                    "created": (began + timedelta(minutes=number)).isoformat(timespec="seconds"),
                    "name": f"{engine} {precision} {size_hw[0]} {method} {score} {iou}",
                    "settings": seed.settings.with_values(values),
                    "environment": own,
                    "accuracy": accuracy,
                    "timing": seed.timing.model_copy(
                        update={"total_seconds": tuple(slower * seconds for seconds in seed.timing.total_seconds)}
                    ),
                    "composed": number % 20 != 0,
                    "detections": (),
                    "pictures": (),
                }
            )
            number += 1


def in_process(path: Path, machine_id: str) -> None:
    with timed("opened"):
        history = History(path)
    with timed("listed, all of them"):
        rows = history.summaries()
    with timed("listed, the newest 50"):
        history.summaries(newest=50)
    with timed("filtered by engine and machine"):
        found = history.summaries(engine="litert", machine_id=machine_id)
    print(f"  {len(found):,} of {len(rows):,}")
    with timed("one record by the beginning of its id"):
        history.get(rows[len(rows) // 2].id)
    with timed("the ids that a sweep asks for, 5,000 of them"):
        history.has(row.id for row in rows[:5000])
    with timed("picked, from what was listed"):
        pick(rows, Budget(min_fps=30, max_ap_loss=0.02))
    with timed("trends, from what was listed"):
        trends(rows)
    with timed("the preset `fast`"):
        fast_values("fast", rows[0].detector_sha256, path)
    history.close()
    with timed("the records of the report, its best 500"):
        best = newest(path, 500)
    with timed("the report of them"):
        render_report(best)


def commands(path: Path, folder: Path) -> None:
    """As people wait for it: with the start of Python."""
    report = folder / "report.html"
    for words in (
        ("history", "list"),
        ("history", "list", "--engine", "litert", "--machine", "here", "--limit", "1000"),
        ("pick", "--min-fps", "30", "--max-ap-loss", "0.02"),
        ("history", "trend"),
        ("report", "--top", "500", "--out", report),
    ):
        with timed(f"workbench {shlex.join(map(str, words))}"):
            run(*words, "--history", path)
    print(f"  the report has {report.stat().st_size / 1e6:.1f} MB")


def run(*words: object) -> None:
    code = "from workbench.cli import main; main()"
    subprocess.run([sys.executable, "-c", code, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    print(f"{time.perf_counter() - began:8.3f} s  {what}", flush=True)


if __name__ == "__main__":
    main()
