"""Print how far composed times are from whole ones: random combinations of the grid of `workbench sweep`, both ways in turns.

So a machine that changes its pace does so for both. Run it on a quiet one: `python -m tests.benchmarks.composing`.
"""

import argparse
import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.benchmarks.sweep import median_ms, say_errors, subject
from workbench.catalog import SAMPLE_DETECTORS
from workbench.measure import Measured, Timing, Turns, measure_in_turns
from workbench.pipeline import Pipeline
from workbench.sweep import default_grid
from workbench.sweep.composing import Composer
from workbench.sweep.plan import make_plan
from workbench.sweep.runner import open_material
from workbench.sweep.task import Task

ROWS_BESIDE = 11  # of its group that are screened with a row that is composed and measured whole in turns
FRAMES_BESIDE = 12  # in a turn: the last one comes with the last row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", nargs="+", default=list(SAMPLE_DETECTORS))
    parser.add_argument("--sample", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    chosen = random.Random(options.seed)
    plans = [make_plan(one, default_grid(one.detector)) for one in map(subject, options.detectors)]
    rows = [(task, row) for plan in plans for task in plan.tasks for row in task.rows if task.kind == "compose"]
    errors = []
    print(f"{'composed':>9} {'whole':>8} {'error':>7}")
    for task, row in chosen.sample(rows, options.sample):
        others = chosen.sample([other for other in task.rows if other.id != row.id], ROWS_BESIDE)
        job = task.model_copy(update={"rows": (*others, row)})
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            composed, whole_ms = pool.submit(in_turns, job.model_dump_json(), row.id).result()
        errors.append(composed / whole_ms - 1)
        print(f"{composed:8.2f}  {whole_ms:8.2f} {errors[-1]:+7.1%}  {task.name}, {row.name}", flush=True)
    say_errors(errors)


def in_turns(task_json: str, row_id: str) -> tuple[float, float]:
    """Compose a task's rows, and time one of them whole before and after each; return the median milliseconds of both."""
    task = Task.model_validate_json(task_json)
    detector, footage = open_material(task.material)
    (row,) = [row for row in task.rows if row.id == row_id]
    pipeline = Pipeline(detector, row.settings, footage.calibration)
    pipeline.compile(footage.media.facts().size_hw)
    timer = pipeline.block_timer(footage.media)
    turns = measure_in_turns(
        lambda: pipeline.steps(footage.media), frames=task.frames, turn_frames=FRAMES_BESIDE, settle=lambda: timer(1)
    )
    timing = next_turn(turns) or next_turn(turns)  # the composer's first looks come with it
    composer = Composer(detector, footage, task, lambda: None)
    for other in composer.rows:
        timing = timing or next_turn(turns)
        composer.screen(other)
    while timing is None:
        timing = next_turn(turns)
    return median_ms(composer.record(row)), timing.median_ms or float("nan")


def next_turn(turns: Turns[Measured]) -> Timing | None:
    try:
        next(turns)
    except StopIteration as end:
        measured: Measured = end.value
        return measured.timing(compile_seconds=0.0)
    return None


if __name__ == "__main__":
    main()
