"""Steps that measure nothing: made records, kept in a real history, and an interruption where a test wants one."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.record.test_weight import WEIGHT
from tests.saved_records import record
from tests.scripted_machine import Machine
from workbench.errors import UnavailableError, WorkbenchError
from workbench.export import Target
from workbench.history import History
from workbench.record import Record
from workbench.settings import Settings, describe_changes
from workbench.tuning.choices import Repairable
from workbench.tuning.steps import Repaired
from workbench.tuning.time_asked import Way

NAIVE = {"input.size_hw": (512, 512), "runtime.engine": "keras", "nms.method": "python"}
LITERT = {"runtime.engine": "litert", "input.resize": "opencv", "nms.method": "opencv"}
INT8 = {**LITERT, "runtime.precision": "int8"}
BASELINE = record(id="naive", name="naive", seconds=0.100, ap=0.60, **NAIVE)
SCREENED = (
    record(id="s-float", name="litert", seconds=0.010, ap=0.59, composed=True, **LITERT),
    record(id="s-int8", name="litert-int8", seconds=0.004, ap=0.40, composed=True, **INT8),
    record(id="s-graph", name="graph", seconds=0.0105, ap=0.60, composed=True),
    record(id="s-slow", name="xla", seconds=0.050, ap=0.60, composed=True, **{"runtime.engine": "xla"}),
)
REPAIRED = SCREENED[1].settings.with_values({"runtime.float_ops": ("stem",)})
HEAVY = WEIGHT.model_copy(update={"running_bytes": 800_000_000})
WHOLE_SECONDS = {"litert": 0.0101, "graph": 0.0103, "repaired": 0.006}
THERE_SECONDS = {"litert": 0.050, "graph": 0.200, "repaired": 0.125}  # on a machine that is slow at integers


class ScriptedSteps:
    """Keeps what it "measures" in a history, as the real steps do; `measured` counts it, whichever start it was."""

    def __init__(
        self,
        history: History,
        folder: Path,
        measured: Counter[str],
        stop_after: str = "",
        fails: str = "",
        error: type[WorkbenchError] = UnavailableError,
        baseline: Record = BASELINE,
        target: Target | None = None,
    ) -> None:
        self.target = target
        self.history, self.folder, self.measured = history, folder, measured
        self._stop_after, self._fails, self._error, self._baseline = stop_after, fails, error, baseline

    @property
    def labelled(self) -> int:
        return 5

    def _keep(self, step: str, records: Sequence[Record]) -> Sequence[Record]:
        self._fail(step)
        new = [one for one in records if not self.history.has([one.id])]
        self.measured.update(one.id for one in new)
        self.history.append_many(new)
        self._end(step)
        return self.history.records_by_id([one.id for one in records])

    def _fail(self, step: str) -> None:
        if step in self._fails.split(", "):
            raise self._error(f"{step} cannot be done")

    def _end(self, step: str) -> None:
        if step == self._stop_after:
            self._stop_after = ""  # who presses Ctrl-C twice gets no report
            raise KeyboardInterrupt

    def measure(self) -> Record:
        return self._keep("measure", [self._baseline])[0]

    def screen(self, *_: object) -> str:
        self._keep("screen", SCREENED)
        return "a note"

    def screened(self) -> Sequence[Record]:
        return self.history.records_by_id([one.id for one in SCREENED])

    def repair(self, broken: Repairable, *_: object) -> Repaired:
        assert broken.row.id == "s-int8"
        self._keep("repair", [record(id="r-int8", name="int8 repaired", **INT8)])
        return Repaired(REPAIRED, None)

    def confirm(self, settings: Sequence[Settings], _: float) -> Sequence[Record]:
        return self._keep("confirm", [self._baseline, *map(whole, settings)])

    def measure_there(self, here: Record) -> Record:
        assert self.target is not None
        self._fail(f"there {here.name}")
        there = record(id=f"t-{here.id}", name=f"{here.name} on {self.target}", seconds=THERE_SECONDS[here.name])
        return self._keep("there", [there.model_copy(update={"settings": here.settings})])[0]

    def weigh(self, record: Record) -> Record:
        self._keep(f"weigh {record.name}", [])
        return self.history.set_weight(record.id, WEIGHT if record.name == "graph" else HEAVY)

    def explain(self, _: Record, chosen: Record, *__: object) -> Record:
        self._keep("explain", [])
        return chosen

    def report(self, records: Sequence[Record], _: Record | None, said: str) -> Path:
        self._fail("report")
        path = self.folder / "report.html"
        path.write_text(f"{said} {len(records)}")
        self._end("report")
        return path

    def export(self, _: Record) -> Path:
        self._keep("export", [])
        return self.folder / "exported"


def whole(settings: Settings) -> Record:
    name = "repaired" if settings.runtime.float_ops else settings.runtime.engine
    plain = record(id=f"w-{name}", name=name, seconds=WHOLE_SECONDS[name], ap=0.59)
    return plain.model_copy(update={"settings": settings})


class PacedSteps(ScriptedSteps):
    """The same on a machine whose clock goes forward by what each step takes on the samples, from `naive` at 512.

    As the real steps do, they end where their time is up: a sweep once its job has, an explanation with nothing.
    """

    PROCESS, ENGINE, WHOLE = 8.0, 6.0, 13.0
    ENGINES = 36  # with each size and precision
    SLOW_STEP, STEP, SLOW_JUDGED, JUDGED = 14.0, 9.0, 20.0, 4.0  # of a waterfall; judged on all labelled frames
    REPAIR, REPORT, EXPORT = 100.0, 1.0, 3.0

    def __init__(self, machine: Machine, history: History, folder: Path, **how: str) -> None:
        super().__init__(history, folder, Counter(), **how)
        self._machine = machine
        self.engines = 0  # that were screened
        self.way: Way | None = None

    @property
    def labelled(self) -> int:
        return 200

    def measure(self) -> Record:
        self._machine.work(46)
        return super().measure()

    def screen(self, _: Record, planned_seconds: float, seconds: float) -> str:
        ends = self._machine.now + seconds
        self._machine.work(self.PROCESS)
        wanted = min(self.ENGINES, max(1, int((planned_seconds - self.PROCESS) // self.ENGINE)))
        while self.engines < wanted and self._machine.now <= ends:
            self._machine.work(self.ENGINE)
            self.engines += 1
        super().screen()
        return "a note" if self.engines < self.ENGINES else ""

    def repair(self, broken: Repairable, seconds: float) -> Repaired:
        took = self.REPAIR * self._machine.slower(self._machine.now)
        self._machine.sleep(min(took, seconds))
        return super().repair(broken)

    def confirm(self, settings: Sequence[Settings], seconds: float) -> Sequence[Record]:
        ends = self._machine.now + seconds
        self._machine.work(self.PROCESS)
        for done, _ in enumerate(settings):
            if self._machine.now > ends:
                return super().confirm(settings[:done], seconds)
            self._machine.work(self.WHOLE)
        return super().confirm(settings, seconds)

    def explain(self, baseline: Record, chosen: Record, way: Way, seconds: float) -> Record:
        changes = len(describe_changes(baseline.settings, chosen.settings))
        share = way.judged / self.labelled
        took = self.SLOW_STEP + (changes - 1) * (self.STEP + share * self.JUDGED)
        if share < 1:
            took += share * self.SLOW_JUDGED
        back = changes * self.SLOW_STEP + (changes - 1) * share * self.SLOW_JUDGED
        took, back = (one * self._machine.slower(self._machine.now) for one in (took, back))
        self.way = way._replace(both_orders=way.both_orders and took + back <= seconds)
        self._machine.sleep(min(took + back * way.both_orders, seconds))
        if took > seconds:
            raise UnavailableError("its time was up")
        return super().explain(baseline, chosen)

    def report(self, records: Sequence[Record], chosen: Record | None, said: str) -> Path:
        self._machine.work(self.REPORT)
        return super().report(records, chosen, said)

    def export(self, chosen: Record) -> Path:
        self._machine.work(self.EXPORT)
        return super().export(chosen)
