"""One run of an engine, and a record for each NMS setting put together from it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import final

from workbench.detections import Accuracy, Agreement, Detections, agreement, judged, uncounted
from workbench.detectors import Detector
from workbench.machine import NoiseWatch, environment, with_pace
from workbench.opening import Footage
from workbench.pipeline import Pipeline
from workbench.record import EngineFacts, Record
from workbench.settings import Nms
from workbench.sweep.kept import KeptStills, content_key, keep_stills, with_nms
from workbench.sweep.looks import LOOKS
from workbench.sweep.stages import LoopTimes
from workbench.sweep.task import Row, Task
from workbench.timing import Timing

Tell = Callable[[], None]
TURNS = LOOKS - 1  # of a composer, each with a look at its end; one look comes with its making


def _middle_first(rows: Sequence[Row]) -> list[Row]:
    middle = median(row.settings.nms.score for row in rows)
    return sorted(rows, key=lambda row: abs(row.settings.nms.score - middle))


def _beside(rows: Sequence[Row]) -> list[Nms]:
    """Return of each NMS method the first of the rows, and the one that leaves most boxes."""
    by_method: dict[str, list[Nms]] = {}
    for row in rows:
        by_method.setdefault(row.settings.nms.method, []).append(row.settings.nms)
    most = (max(some, key=lambda nms: (-nms.score, nms.iou, nms.per_class)) for some in by_method.values())
    return list(dict.fromkeys([*(some[0] for some in by_method.values()), *most]))


@final
@dataclass(frozen=True, slots=True)
class _Judged:
    """How right what a row's NMS finds is."""

    accuracy: Accuracy | None
    agreement: Agreement | None
    uncounted: tuple[str, ...]


class Composer:
    """Runs the engine of a group when made, and on the labelled frames when told to; then each row costs its NMS alone.

    Rows are screened first, in turns at whose end the engine is looked at in the loop; other composers may have theirs in between,
    so that all of them see the same moods of the machine, and each sees more of them. Records, put together from all of that, come
    at the end.

    Attributes:
        task: What it composes.
        turns: Its rows, `TURNS` parts of them, those of middling thresholds first: what leaves much and what leaves little differs
            least from them.

    Args:
        detector: What runs.
        footage: Frames and truth.
        task: Of kind `compose`.
        tell: Called now and then, so that whoever watches sees it live.

    Raises:
        WorkbenchError: The engine cannot be made ready, or the media cannot be read.
    """

    def __init__(self, detector: Detector, footage: Footage, task: Task, tell: Tell) -> None:
        rows = _middle_first(task.rows)
        settings = rows[0].settings
        self.task = task
        self.turns = [rows[len(rows) * n // TURNS : len(rows) * (n + 1) // TURNS] for n in range(TURNS)]
        self._footage = footage
        self._least_score = min(row.settings.nms.score for row in task.rows)
        self._watch = NoiseWatch(settings.runtime.threads)
        with self._watch:
            before = time.perf_counter()
            self._pipeline = Pipeline(detector, settings, footage.calibration)
            self._pipeline.compile(footage.media.facts().size_hw)
            self._compile_seconds = time.perf_counter() - before
            tell()
            self._loop = LoopTimes(self._pipeline, _beside(rows), footage, task.frames, tell)
        self._stills: KeptStills | None = None
        self._agreements: dict[bytes, Agreement | None] = {}
        self._judged: dict[str, _Judged] = {}

    def keep_stills(self, tell: Tell) -> None:
        """Run the engine over the labelled frames, on which rows are judged: nothing is timed, so others may do so beside it."""
        self._stills = keep_stills(self._pipeline, self._footage, self._least_score, tell)

    def begin_turn(self) -> None:
        """Take the process's threads back from whoever had the turn before."""
        self._pipeline.take_threads()

    def end_turn(self) -> None:
        """Look at the engine in the loop."""
        self._loop.look_again()
        self._watch.sample()

    def screen(self, row: Row) -> None:
        """Time and judge the NMS of one row."""
        nms = row.settings.nms
        left = self._loop.screen(nms)
        found = self._stills.found(self._pipeline, nms, self._least_score) if self._stills else None
        accuracy = self._stills.accuracy(found, nms.score) if self._stills and found is not None else None
        agreed = self._agreement(left, accuracy)
        self._judged[row.id] = _Judged(accuracy, agreed, tuple(uncounted(found or ())))

    @property
    def probe_ms(self) -> float | None:
        """What work that is always the same took meanwhile."""
        return self._watch.certificate.probe_ms

    def record(self, row: Row, probe_ms: float | None) -> Record:
        """Return the record of a row that was screened, its times composed.

        Args:
            row: Which.
            probe_ms: What work that is always the same took in the whole process: what its composers saw together is surer.
        """
        judged_row = self._judged[row.id]
        stages, totals = self._loop.times(row.settings.nms)
        return Record(
            id=row.id,
            name=row.name,
            command=row.command,
            settings=row.settings,
            detector=self._pipeline.detector.facts,
            media=self._footage.media.facts(),
            environment=environment(),
            engine=self._engine_facts(row.settings.nms),
            timing=Timing(
                compile_seconds=self._compile_seconds,
                first_call_seconds=self._loop.warmed_up.first_call_seconds,
                total_seconds=totals,
                stage_seconds=stages,
            ),
            composed=True,
            accuracy=judged_row.accuracy,
            agreement=judged_row.agreement,
            noise=with_pace(self._watch.certificate, self._loop.infer_seconds).model_copy(update={"probe_ms": probe_ms}),
            warnings=tuple(self._warnings(judged_row)),
        )

    def _agreement(self, found: Sequence[Detections], accuracy: Accuracy | None) -> Agreement | None:
        baseline = self.task.baseline
        if baseline is None or baseline.detector.labels != self._pipeline.detector.facts.labels:
            return None
        key = content_key(found)
        if key not in self._agreements:
            known = {row.frame: row for row in baseline.detections}
            pairs = [
                (one, known[frame.name].detections())
                for one, frame in zip(found, self._loop.frames, strict=False)
                if frame.name in known
            ]
            self._agreements[key] = (
                agreement([one for one, _ in pairs], [other for _, other in pairs], baseline_name=baseline.name) if pairs else None
            )
        agreed = self._agreements[key]
        return judged(agreed, accuracy, baseline.accuracy) if agreed is not None else None

    def _engine_facts(self, nms: Nms) -> EngineFacts:
        engine = self._pipeline.engine
        return EngineFacts(
            covers=engine.covers,
            left_out=engine.left_out,
            compilations=engine.compilations,
            threads=self._pipeline.settings.runtime.threads,
            model_bytes=engine.model_bytes,
            notes=(*engine.notes, *with_nms(self._pipeline, nms).nms_notes),
        )

    def _warnings(self, row: _Judged) -> Iterator[str]:
        yield from self._loop.warmed_up.warnings
        yield from row.uncounted
        if row.agreement and row.agreement.broken:
            yield f"this setting breaks the detector: {'; '.join(row.agreement.reasons)}"
