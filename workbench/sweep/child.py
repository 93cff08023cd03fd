"""The worker process: does one job and writes what it found, a line of JSON each, as it goes.

`python -m workbench.sweep.child JOB.json`; lines go to standard output, whatever else is printed to standard error. It ends when
its standard input does: with whoever started it.
"""

import json
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from statistics import mean
from typing import IO, Any, final

from workbench.detectors import Calibration, Detector
from workbench.errors import MediaError, ModelError, WorkbenchError
from workbench.machine import EnvironmentFacts, NoiseCertificate, environment, writing_to_parent
from workbench.media import as_media
from workbench.opening import Footage, open_detector, open_footage
from workbench.record import Problem, Record
from workbench.sweep.task import Job, Material, Row, Task
from workbench.timing import Clock

Open = Callable[[Material], tuple[Detector, Footage]]
UNTIMED = NoiseCertificate(verdict="unknown", reasons=("nothing was timed",))
UNTIMED_AT_ONCE = 2  # engines on labelled frames
ALIVE_SECONDS = 1.0  # between two signs of life: far less than the patience of whoever listens


@final
class Lines:
    """What the worker says: `{"begins": id}`, `{"record": {...}}`, `{"alive": true}` and at the end `{"done": true}`."""

    def __init__(self, out: IO[str], clock: Clock = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._said = -math.inf

    def say(self, name: str, value: Any) -> None:
        self._out.write(json.dumps({name: value}, ensure_ascii=False) + "\n")
        self._out.flush()

    def alive(self) -> None:
        """Say that it is getting on: now and then, for whoever listens wakes up, and takes a core from what is timed."""
        if self._clock() >= self._said + ALIVE_SECONDS:
            self._said = self._clock()
            self.say("alive", True)

    def record(self, record: Record) -> None:
        self._out.write(f'{{"record":{record.to_json()}}}\n')
        self._out.flush()


def open_material(material: Material) -> tuple[Detector, Footage]:
    """Open detector, frames and truth.

    Raises:
        WorkbenchError: One of them cannot be.
    """
    media = as_media(material.media) if material.media else None
    detector = open_detector(material.detector, media, material.allow)
    return detector, open_footage(detector, media, material.truth)


def work(job: Job, lines: Lines, open_them: Open = open_material) -> None:
    """Do a job; what a row raises becomes its record, and the next row has its turn."""
    try:
        detector, footage = open_them(job.material)
        _check_same(job.tasks[0], detector, footage)
        for record in WAYS[job.tasks[0].kind](job, detector, footage, lines):
            lines.record(record)
    except Exception as error:
        problem = problem_of(error)
        for task in job.tasks:
            lines.record(group_problem(task, problem))
    lines.say("done", True)


def problem_of(error: BaseException) -> Problem:
    """Return why a row has no figures. An error that is no user's keeps its traceback, on standard error."""
    if isinstance(error, WorkbenchError):
        return Problem.of(error)
    traceback.print_exception(error)
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "it gave no reason")
    return Problem(kind=type(error).__name__, message=f"the runtime raised {type(error).__name__}: {first}")


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


def _check_same(task: Task, detector: Detector, footage: Footage) -> None:
    here, media = detector.facts, footage.media.facts()
    if here.sha256 != task.detector.sha256:
        raise ModelError(f"{here.source} differs from the sweep's own; choose the same version of it on every machine")
    if (media.sha256, media.frames) != (task.media.sha256, task.media.frames):
        raise MediaError(f"{media.name} differs from the sweep's own; choose the same version of it on every machine")


def _compose(job: Job, detector: Detector, footage: Footage, lines: Lines) -> Iterator[Record]:
    """Compose the rows of tasks in turns, so that a machine that changes its pace does so for all of them alike."""
    from workbench.sweep.composing import TURNS, Composer

    composers, screened = [], []
    for task in job.tasks:
        try:
            composers.append(Composer(detector, footage, task, lines.alive))
        except Exception as error:  # the runtime raises what it likes; it costs this task
            yield group_problem(task, problem_of(error))
    with ThreadPoolExecutor(UNTIMED_AT_ONCE) as pool:  # some runtimes leave a core idle
        kept = [(composer, pool.submit(composer.keep_stills, lines.alive)) for composer in composers]
    for composer, future in kept:
        if failure := future.exception():
            composers.remove(composer)
            yield group_problem(composer.task, problem_of(failure))
    for turn in range(TURNS):
        for composer in tuple(composers):
            composer.begin_turn()
            for row in composer.turns[turn]:
                lines.say("begins", row.id)
                try:
                    composer.screen(row)
                except Exception as error:  # it costs this row
                    yield row_problem(composer.task, row, problem_of(error))
                else:
                    screened.append((composer, row))
            try:
                composer.end_turn()
            except Exception as error:  # what was seen of it before may be of an engine about to fail: it costs this task
                composers.remove(composer)
                yield group_problem(composer.task, problem_of(error))
    probes_ms = [composer.probe_ms for composer in composers if composer.probe_ms is not None]
    probe_ms = mean(probes_ms) if probes_ms else None
    for composer, row in screened:
        if composer in composers:
            yield composer.record(row, probe_ms)


def _direct(job: Job, detector: Detector, footage: Footage, lines: Lines) -> Iterator[Record]:
    from workbench.measuring import Bench
    from workbench.opening import Variant

    (task,) = job.tasks
    bench = Bench(footage, task.frames, task.baseline, lambda *_: lines.alive(), comparison_seconds=COMPARISON_SECONDS)
    rows = (*((task.lead,) if task.lead else ()), *task.rows)
    variants = [Variant(name=row.name, detector=detector, settings=row.settings, command=row.command) for row in rows]
    outcomes = bench.measure_in_turns(variants, lambda n: lines.say("begins", rows[n].id))
    for row, outcome in zip(rows, outcomes, strict=True):
        if isinstance(outcome, Exception):
            yield row_problem(task, row, problem_of(outcome))
        else:
            yield outcome.model_copy(update={"id": row.id})


def _convert(job: Job, detector: Detector, footage: Footage, lines: Lines) -> Iterator[Record]:
    (task,) = job.tasks
    calibration = Calibration(footage.calibration.key, cache(footage.calibration.frames))
    for row in task.rows:
        settings = row.settings
        size_hw = settings.input.size_hw
        assert size_hw is not None, "availability.check fills the size in"
        lines.alive()
        try:
            detector.litert_model(settings.runtime.stored_precision, size_hw, settings.runtime.batch, calibration, settings.nms)
        except Exception as error:  # its own group will meet it again, and keep it
            problem_of(error)
    yield from ()


COMPARISON_SECONDS = 3.0  # a confirmed row wants its own times first; how it compares is clear much sooner where it matters
WAYS: dict[str, Callable[[Job, Detector, Footage, Lines], Iterator[Record]]] = {
    "compose": _compose,
    "direct": _direct,
    "convert": _convert,
}


def main(path: Path, open_them: Open = open_material) -> None:
    """Do the job in a file, for whoever reads standard output."""
    with writing_to_parent() as out:
        work(Job.model_validate_json(path.read_bytes()), Lines(out), open_them)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
