"""Print how far composed times are from whole ones: random combinations of the grid of `workbench sweep`, both ways in turns.

So a machine that changes its pace does so for both. Run it on a quiet one: `python -m tests.benchmarks.composing`.
"""

import argparse
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from statistics import median

from tests.benchmarks.direct import median_ms, say_errors, subject
from workbench.catalog import Footage
from workbench.measure import SHARED_TURN_FRAMES, Measured, measure_in_turns
from workbench.patience import Patience
from workbench.pipeline import Pipeline
from workbench.samples import SAMPLE_DETECTORS
from workbench.sweep import default_grid
from workbench.sweep.child import open_material
from workbench.sweep.composing import Composer
from workbench.sweep.plan import make_plan
from workbench.sweep.task import Task

ROWS_BESIDE = 11  # of its group that are screened with a row that is composed and measured whole in turns
WHOLE = 6  # measurements of the row, the frames of all of which count: one alone hits less of what a machine does than the composer
FRAMES_BESIDE = SHARED_TURN_FRAMES  # in a turn
TURNS_BESIDE = 4  # of them with each turn of the composer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", nargs="+", default=list(SAMPLE_DETECTORS))
    parser.add_argument("--sample", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    chosen = random.Random(options.seed)
    plans = [make_plan(one, default_grid(one.detector)) for one in map(subject, options.detectors)]
    rows = [(task, row) for plan in plans for task in plan.tasks for row in task.rows if task.kind == "compose"]
    errors, repeated = [], []
    print(f"{'composed':>9} {'whole':>8} {'error':>7}")
    for task, row in chosen.sample(rows, options.sample):
        others = chosen.sample([other for other in task.rows if other.id != row.id], ROWS_BESIDE)
        job = task.model_copy(update={"rows": (*others, row)})
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            composed, whole = pool.submit(in_turns, job.model_dump_json(), row.id).result()
        whole_ms = 1000 * median(chain.from_iterable(whole))
        errors.append(composed / whole_ms - 1)
        repeated.append(1000 * median(whole[0]) / whole_ms - 1)
        print(f"{composed:8.2f}  {whole_ms:8.2f} {errors[-1]:+7.1%}  {task.name}, {row.name}", flush=True)
    say_errors(errors)
    print(f"the first of the {WHOLE} whole measurements against all of them:")
    say_errors(repeated)


def in_turns(task_json: str, row_id: str) -> tuple[float, list[tuple[float, ...]]]:
    """Compose a task's rows, and in between time one of them whole; return its composed milliseconds, and whole seconds."""
    task = Task.model_validate_json(task_json)
    detector, footage = open_material(task.material)
    (row,) = [row for row in task.rows if row.id == row_id]
    whole: list[Measured] = []
    turns = whole_in_turns(Pipeline(detector, row.settings, footage.calibration), footage, task.frames, whole)
    take(turns, 2)  # the composer's first looks come with them
    composer = Composer(detector, footage, task, lambda: None)
    for rows in composer.turns:
        take(turns, TURNS_BESIDE)
        composer.begin_turn()
        for other in rows:
            composer.screen(other)
        composer.end_turn()
    take(turns)
    return median_ms(composer.record(row, composer.probe_ms)), [one.total_seconds for one in whole]


def take(turns: Iterator[None], count: int | None = None) -> None:
    for _ in islice(turns, count):
        pass


def whole_in_turns(pipeline: Pipeline, footage: Footage, frames: int, into: list[Measured]) -> Iterator[None]:
    """Measure a pipeline `WHOLE` times."""
    pipeline.compile(footage.media.facts().size_hw)
    timer = pipeline.block_timer(footage.media)
    first = list(islice(footage.media.frames(), 1))
    patience = Patience(lambda: pipeline.infer(first))

    def settle() -> None:
        timer(1)
        patience.wait()

    while len(into) < WHOLE:
        turns = measure_in_turns(lambda: pipeline.steps(footage.media), frames=frames, turn_frames=FRAMES_BESIDE, settle=settle)
        into.append((yield from turns))


if __name__ == "__main__":
    main()
