"""Steps that measure nothing: made records, kept in a real history, and an interruption where a test wants one."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.saved_records import record
from workbench.errors import UnavailableError
from workbench.history import History
from workbench.record import Record
from workbench.settings import Settings
from workbench.tuning.choices import Repairable
from workbench.tuning.steps import Repaired

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
WHOLE_SECONDS = {"litert": 0.0101, "graph": 0.0103, "repaired": 0.006}


class ScriptedSteps:
    """Keeps what it "measures" in a history, as the real steps do; `measured` counts it, whichever start it was."""

    def __init__(self, history: History, folder: Path, measured: Counter[str], stop_after: str = "", fails: str = "") -> None:
        self.history, self.folder, self.measured = history, folder, measured
        self._stop_after, self._fails = stop_after, fails

    @property
    def labelled(self) -> int:
        return 5

    def _keep(self, step: str, records: Sequence[Record]) -> Sequence[Record]:
        if step == self._fails:
            raise UnavailableError(f"{step} cannot be done")
        new = [one for one in records if not self.history.has([one.id])]
        self.measured.update(one.id for one in new)
        self.history.append_many(new)
        self._end(step)
        return self.history.records_by_id([one.id for one in records])

    def _end(self, step: str) -> None:
        if step == self._stop_after:
            self._stop_after = ""  # who presses Ctrl-C twice gets no report
            raise KeyboardInterrupt

    def measure(self) -> Record:
        return self._keep("measure", [BASELINE])[0]

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
        return self._keep("confirm", [BASELINE, *map(whole, settings)])

    def explain(self, _: Record, chosen: Record, *__: object) -> Record:
        self._keep("explain", [])
        return chosen

    def report(self, records: Sequence[Record], _: Record | None, said: str) -> Path:
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
