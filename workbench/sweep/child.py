"""The worker process: does one job and writes what it found, a line of JSON each, as it goes.

`python -m workbench.sweep.child JOB.json`; lines go to standard output, whatever else is printed to standard error. It ends when
its standard input does: with the process that started it.
"""

import json
import math
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, final

from workbench.detectors import Calibration, Detector
from workbench.errors import MediaError, ModelError, WorkbenchError
from workbench.machine import EnvironmentFacts, NoiseCertificate, environment, writing_to_parent
from workbench.opening import EvaluationData, Sources
from workbench.record import Problem, Record
from workbench.sweep.task import Job, Row, Task
from workbench.timing import Clock

if TYPE_CHECKING:  # it loads engines, which not every job wants
    from workbench.sweep.composed_records import ScreenedGroup

    MakeGroup = Callable[[Detector, EvaluationData, Task, Callable[[], None]], ScreenedGroup]

Open = Callable[[Sources], tuple[Detector, EvaluationData]]
UNTIMED = NoiseCertificate(verdict="unknown", reasons=("nothing was timed",))
UNTIMED_AT_ONCE = 2  # engines on labelled frames: some runtimes leave a core idle
ALIVE_SECONDS = 1.0  # between two signs of life: far less than the time limits of the process that watches
ROUNDS = 8  # in which groups have a slice of the loop each, and half of their rows a visit: `nms_timing.VISITS` for each row
HALVES = 2
COMPARISON_SECONDS = 3.0  # a row measured whole wants its own times first; how it compares is clear much sooner where it matters


@final
class Lines:
    """What the worker writes: `{"begins": id}`, `{"record": {...}}`, `{"alive": true}` and at the end `{"done": true}`.

    `{"begins": id, "preparing": true}` stands before a compilation or conversion, which may take minutes without a line; without it
    frames follow, which may not. Several threads write: those that keep outputs give signs of life.
    """

    def __init__(self, out: IO[str], clock: Clock = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._lock = threading.Lock()  # guards `_out` and `_written`: a line of one thread must not fall into that of another
        self._written = -math.inf

    def begins(self, row_id: str, *, preparing: bool = False) -> None:
        """Tell which row comes: if the process dies, it was that one."""
        self._write(json.dumps({"begins": row_id} | ({"preparing": True} if preparing else {})))

    def alive(self) -> None:
        """Give a sign of life, now and then: each wakes the process that reads them, and takes a core from what is timed."""
        with self._lock:
            if self._clock() < self._written + ALIVE_SECONDS:
                return
            self._written = self._clock()
        self._write('{"alive": true}')

    def record(self, record: Record) -> None:
        self._write(f'{{"record":{record.to_json()}}}')

    def done(self) -> None:
        self._write('{"done": true}')

    def _write(self, line: str) -> None:
        with self._lock:
            self._out.write(f"{line}\n")
            self._out.flush()


def work(job: Job, lines: Lines, open_them: Open = Sources.open) -> None:
    """Do a job; what a row raises becomes its record, and the next row has its turn."""
    try:
        detector, data = open_them(job.sources)
        _check_same(job.tasks[0], detector, data)
        for record in WAYS[job.tasks[0].kind](job, detector, data, lines):
            lines.record(record)
    except Exception as error:
        problem = Problem.caught(error)
        for task in job.tasks:
            lines.record(group_problem(task, problem))
    lines.done()


def row_problem(task: Task, row: Row, problem: Problem, where: EnvironmentFacts | None = None) -> Record:
    """Return the record of a row that could not be measured, here or on another machine."""
    return Record(
        id=row.id,
        name=row.name,
        command=row.command,
        settings=row.settings,
        detector=task.detector,
        media=task.media,
        environment=where or environment(),
        noise=UNTIMED,
        problem=problem,
    )


def group_problem(task: Task, problem: Problem, where: EnvironmentFacts | None = None) -> Record:
    """Return the one record that stands for all rows of a task, none of which could be measured."""
    first = task.rows[0]
    name = first.name if len(task.rows) == 1 else task.name.removeprefix(f"{task.detector.name}: ")
    return row_problem(task, first.model_copy(update={"id": task.id, "name": name}), problem, where)


def _check_same(task: Task, detector: Detector, data: EvaluationData) -> None:
    here, media = detector.facts, data.media.facts()
    if here.sha256 != task.detector.sha256:
        raise ModelError(f"{here.source} differs from the sweep's own; choose the same version of it on every machine")
    if (media.sha256, media.frames) != (task.media.sha256, task.media.frames):
        raise MediaError(f"{media.name} differs from the sweep's own; choose the same version of it on every machine")


def compose(
    job: Job, detector: Detector, data: EvaluationData, lines: Lines, make_group: "MakeGroup | None" = None
) -> Iterator[Record]:
    """Compose the rows of tasks in turns, so that a machine whose speed changes does so for all of them alike.

    What screens a task's rows is a `ScreenedGroup`, unless `make_group` makes another.
    """
    from workbench.sweep.composed_records import ScreenedGroup

    make = make_group or ScreenedGroup
    groups = yield from _opened(job.tasks, lambda task: make(detector, data, task, lines.alive), lines)
    failed = set[str]()
    for turn in range(ROUNDS):
        for group in tuple(groups):
            try:
                group.time_slice()
            except Exception as error:  # what was seen of it before may be of an engine about to fail: it costs this task
                groups.remove(group)
                yield group_problem(group.task, Problem.caught(error))
                continue
            for row in group.task.rows[turn % HALVES :: HALVES]:
                if row.id in failed:
                    continue
                lines.begins(row.id)
                try:
                    group.screen(row)
                except Exception as error:  # it costs this row
                    failed.add(row.id)
                    yield row_problem(group.task, row, Problem.caught(error))
    for group in groups:
        for row in group.task.rows:
            if row.id not in failed:
                try:
                    yield group.record(row)
                except WorkbenchError as error:  # its times cannot be
                    yield row_problem(group.task, row, Problem.caught(error))


def _opened(
    tasks: Sequence[Task], make_group: "Callable[[Task], ScreenedGroup]", lines: Lines
) -> "Generator[Record, None, list[ScreenedGroup]]":
    """Make the groups of tasks and run them over the labelled frames; give the problem of each with which that fails."""
    groups: list[ScreenedGroup] = []
    for task in tasks:
        try:
            groups.append(make_group(task))
        except Exception as error:  # the runtime raises what it likes; it costs this task
            yield group_problem(task, Problem.caught(error))
    with ThreadPoolExecutor(UNTIMED_AT_ONCE) as pool:
        kept = [(group, pool.submit(group.keep_outputs, lines.alive)) for group in groups]
    for group, future in kept:
        if failure := future.exception():
            groups.remove(group)
            yield group_problem(group.task, Problem.caught(failure))
    return groups


def _direct(job: Job, detector: Detector, data: EvaluationData, lines: Lines) -> Iterator[Record]:
    from workbench.measuring import Bench
    from workbench.opening import Variant

    (task,) = job.tasks
    rows = task.measured
    at, compiled = rows[0], set[str]()

    def turn(number: int) -> None:
        nonlocal at
        at = rows[number]
        lines.begins(at.id, preparing=at.id not in compiled)

    def progress(_: str, __: int, total: int) -> None:
        if total and at.id not in compiled:  # frames pass, so it is compiled
            compiled.add(at.id)
            lines.begins(at.id)
        lines.alive()

    bench = Bench(data, task.frames, task.baseline, progress, comparison_seconds=COMPARISON_SECONDS)

    def variant(row: Row) -> Variant:
        return Variant(name=row.name, detector=detector, settings=row.settings, command=row.command)

    if task.lead is not None and task.baseline is not None:
        lines.begins(task.lead.id, preparing=True)
        bench.compare_with(variant(task.lead))
    variants = list(map(variant, rows))
    for row, outcome in zip(rows, bench.measure_in_turns(variants, turn, [row.id for row in rows]), strict=True):
        if isinstance(outcome, Exception):
            yield row_problem(task, row, Problem.caught(outcome))
        else:
            yield outcome.model_copy(update={"detector": task.detector, "media": task.media})


def _convert(job: Job, detector: Detector, data: EvaluationData, lines: Lines) -> Iterator[Record]:
    (task,) = job.tasks
    calibration = Calibration(data.calibration.key, cache(data.calibration.frames))
    for row in task.rows:
        lines.alive()
        try:
            detector.litert_model(row.settings, calibration)
        except Exception as error:  # its own group will meet it again, and keep it
            Problem.caught(error)
    yield from ()


WAYS: dict[str, Callable[[Job, Detector, EvaluationData, Lines], Iterator[Record]]] = {
    "compose": compose,
    "direct": _direct,
    "convert": _convert,
}


def main(path: Path, open_them: Open = Sources.open) -> None:
    """Do the job in a file."""
    with writing_to_parent() as out:
        work(Job.model_validate_json(path.read_bytes()), Lines(out), open_them)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
