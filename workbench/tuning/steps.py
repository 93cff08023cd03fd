"""What tuning does, step by step: each keeps what it finds in the history, and measures nothing that is there already."""

import hashlib
import math
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, final

from workbench.detectors import Detector
from workbench.errors import MediaError, UnavailableError
from workbench.export import Target, export_folder
from workbench.files import temporary_folder
from workbench.history import History
from workbench.machine import environment
from workbench.measuring import explain, weight_of
from workbench.opening import EvaluationData, Sources, can_be_taken, check, wished
from workbench.record import Quantising, Record
from workbench.repair import Job, run_repair
from workbench.report import write_report
from workbench.settings import Settings
from workbench.sweep import Grid, Sweep
from workbench.tuning.choices import Repairable
from workbench.tuning.grid import NOTHING, fitted_grid
from workbench.tuning.time_asked import Way
from workbench.wording import counted

BASELINE = "naive"  # how the code looks that people come with
REPORT, EXPORTED = "report.html", "exported"
TOGETHER = 4  # runs of an engine in one process: so many are lost where the time is up

Tell = Callable[[str], None]


class Repaired(NamedTuple):
    """What a repair came to."""

    settings: Settings
    found: Quantising | None
    """What was tried; `None` where it was cut short."""


@final
class MeasuringSteps:
    """The steps on a detector and frames. Each raises `WorkbenchError` where it cannot be done.

    Args:
        detector: What is tuned.
        data: Frames, and what is known to be in them.
        sources: Both in words, for other processes.
        history: Where records are kept.
        out: Where report and folder go.
        frames: To time where a setting is measured whole.
        tell: Told what is going on.
        baseline: What runs now: a preset or changes; `naive` by default, where the detector can.
        target: Another machine, whose times decide.
    """

    def __init__(
        self,
        detector: Detector,
        data: EvaluationData,
        sources: Sources,
        history: History,
        out: Path,
        frames: int,
        tell: Tell,
        baseline: str | None = None,
        target: Target | None = None,
    ) -> None:
        self.target = target
        self._detector, self._data, self._sources = detector, data, sources
        self._history, self._out, self._frames, self._tell = history, out, frames, tell
        self._screened = frozenset[str]()
        self._cancelled = threading.Event()
        self._sweep: Sweep | None = None  # that runs
        self._baseline = usual_baseline(detector) if baseline is None else baseline

    def cancel(self) -> None:
        """End what goes on, and all that would follow, as Ctrl-C does; from any thread."""
        self._cancelled.set()
        if (sweep := self._sweep) is not None:
            sweep.cancel()

    @property
    def labelled(self) -> int:
        """How many frames AP is computed on."""
        return len(self._data.labelled_truth or ()) if self._data.labelled else 0

    def measure(self) -> Record:
        """Measure what runs now.

        Raises:
            UnavailableError: It does not run.
            MediaError: It finds nothing, so nothing can be told to be as right.
        """
        sweep, new = self._swept(NOTHING, ())
        found = self._history.records_by_id(sweep.confirmed_ids)
        if problem := next((record.problem for record in (*found, *new) if record.problem is not None), None):
            self._history.remove_many(sweep.confirmed_ids)  # started again, it is tried again
            raise UnavailableError(f"what you have now does not run: {problem.message}")
        (record,) = found
        if not any(row.scores for row in record.detections) and not (record.accuracy and record.accuracy.ap):
            raise MediaError(
                f"{record.name} finds nothing in {record.media.name}, so no setting can be told to be as right;"
                " choose frames that show something, and see with `workbench describe` how the model is read"
            )
        return record

    def screen(self, baseline: Record, planned_seconds: float, seconds: float) -> str:
        """Sweep as much as fits the planned seconds; say what was left out. What takes longer than it may is cut short."""
        fitted = fitted_grid(self._detector, baseline, self.labelled, planned_seconds)
        sweep, _ = self._swept(fitted.grid, (), seconds)
        left = fitted.left_out + sweep.estimate().tasks
        return f"{counted(left, 'combination')} of size, engine and precision did not fit the time" if left else ""

    def screened(self) -> Sequence[Record]:
        """Return what has been screened by now."""
        return self._history.records_by_id(self._screened, pictures=False)

    def repair(self, broken: Repairable, seconds: float) -> Repaired:
        """Repair what integers broke; of a repair that is cut short, the best so far is taken.

        Raises:
            UnavailableError: It found nothing, or the network cannot be quantised.
        """
        job = Job(
            sources=self._sources.in_words(),
            settings=check(self._detector, broken.row.settings),
            max_ap_loss=broken.most_loss,
            frames=self._frames,
            repair=True,
            options=self._sources.options(self._frames),
        )
        ids = self._repair_ids(job)
        for record in self._history.records_by_id(ids, pictures=False):
            if record.quantising is not None:
                return Repaired(record.settings, record.quantising)
        stop = threading.Event()
        outcome = run_repair(job, self._until(seconds, stop.set), stop)
        if outcome.settings is None:
            raise UnavailableError("its time was up before anything was tried")
        if not outcome.finished:
            return Repaired(outcome.settings, None)
        kept = [record.model_copy(update={"id": key}) for record, key in zip(outcome.records, ids, strict=False)]
        self._history.append_many(kept)
        return Repaired(outcome.settings, next(record.quantising for record in kept if record.quantising is not None))

    def _repair_ids(self, job: Job) -> list[str]:
        """Return the ids of a repair's records, the same whenever the same is to be repaired."""
        facts, media = self._detector.facts, self._data.media.facts()
        words = (job.model_dump_json(), facts.sha256, media.key, self._data.truth_key or "", environment().machine_id)
        return [hashlib.sha256("\0".join((*words, part)).encode()).hexdigest()[:32] for part in ("float", "plain", "repaired")]

    def confirm(self, settings: Sequence[Settings], seconds: float) -> Sequence[Record]:
        """Measure settings whole, and in turns with what runs now; return their records."""
        sweep, _ = self._swept(NOTHING, [check(self._detector, one) for one in settings], seconds)
        return self._history.records_by_id(sweep.confirmed_ids)

    def measure_there(self, record: Record) -> Record:
        """Return what a setting does on the target: exported, copied there, tried and timed, once.

        Raises:
            UnavailableError: It cannot be exported, or does not run there.
        """
        assert self.target is not None, "one was named"
        key = hashlib.sha256(f"{record.id}\0{self.target}".encode()).hexdigest()[:32]
        if known := self._history.records_by_id([key]):
            return known[0]
        watch = self._until(math.inf, lambda: None)
        with temporary_folder("export") as folder:
            settings = check(self._detector, record.settings)
            exported = export_folder(self._detector, settings, self._data, Path(folder) / EXPORTED, progress=watch)
            found = self.target.measure(exported.folder, watch)
        found = found.model_copy(update={"id": key, "name": f"{record.name} on {self.target}"})
        self._history.append(found)
        return found

    def weigh(self, record: Record) -> Record:
        """Return a record with what its setting weighs, which is not found out twice.

        Raises:
            UnavailableError: It does not run in a process of its own.
        """
        if record.weight is not None:
            return record
        self._tell(record.name)
        weight = weight_of(self._detector, self._data, check(self._detector, record.settings))
        self._history.set_weight(record.id, weight)
        return record.model_copy(update={"weight": weight})

    def explain(self, baseline: Record, chosen: Record, way: Way, seconds: float) -> Record:
        """Return the chosen record with its waterfall, as much of it as is asked for."""

        def give_up() -> None:
            raise UnavailableError("its time was up")

        began = last = time.monotonic()
        longest = 0.0

        def enough() -> bool:
            nonlocal last, longest
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            return not way.both_orders or now - began + longest > seconds

        found = explain(
            self._detector,
            self._data,
            baseline,
            chosen,
            progress=self._until(seconds, give_up),
            step_seconds=way.seconds,
            enough=enough,
            judged=way.judged if way.judged < self.labelled else None,  # all: media may hold frames that the truth does not
        )
        assert found.waterfall is not None, "that is what it was asked for"
        self._history.set_waterfall(found.id, found.waterfall)
        return found

    def report(self, records: Sequence[Record], chosen: Record | None, said: str) -> Path:
        """Write the report."""
        chosen_id, several = chosen.id if chosen else None, self.target is not None
        write_report(records, self._out / REPORT, chosen=chosen_id, said=said, allow_different_machines=several)
        return self._out / REPORT

    def export(self, chosen: Record) -> Path:
        """Write the folder, and run its self-test."""
        return export_folder(
            self._detector,
            check(self._detector, chosen.settings),
            self._data,
            self._out / EXPORTED,
            replace=True,
            progress=self._until(math.inf, lambda: None),
        ).folder

    def _swept(self, grid: Grid, confirm: Sequence[Settings], seconds: float = math.inf) -> tuple[Sweep, list[Record]]:
        """Run a sweep, which ends once the seconds are gone; return it and what is new."""

        def end() -> None:
            sweep.cancel()

        until = self._until(seconds, end)
        sweep = self._sweep = Sweep(
            [self._sources],
            self._history,
            grid=grid,
            frames=self._frames,
            baseline=self._baseline,
            together=TOGETHER,
            confirm=confirm,
            detector=self._detector,
            progress=lambda standing: until(standing.what),
        )
        if grid is not NOTHING:
            self._screened = sweep.ids  # before it runs: interrupted, what is known by then counts too
        try:
            new = list(sweep.run())
        finally:
            self._sweep = None
        self._check_wanted()
        return sweep, new

    def _until(self, seconds: float, late: Callable[[], object]) -> Callable[..., None]:
        """Return what is told of progress, and calls `late` where that comes after so many seconds."""
        ends = time.monotonic() + seconds

        def watch(what: str, *_: int) -> None:
            self._check_wanted()
            self._tell(what)
            if time.monotonic() > ends:
                late()

        return watch

    def _check_wanted(self) -> None:
        if self._cancelled.is_set():
            raise KeyboardInterrupt  # whoever cancels wants what Ctrl-C gives


def usual_baseline(detector: Detector) -> str:
    """Return what people have who changed nothing: `naive`, or what `run` starts from where that is no Keras model."""
    return BASELINE if can_be_taken(detector, wished(detector, BASELINE)) else ""
