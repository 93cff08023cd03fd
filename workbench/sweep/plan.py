"""The plan: all combinations of a sweep as rows, sorted into tasks by what they have in common."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import final

from workbench.catalogue import ENGINES
from workbench.detectors import OWN_NMS, Detector
from workbench.graph import GRAPH_NMS
from workbench.opening import Sources, Variant
from workbench.quantising import CALIBRATED
from workbench.record import MediaFacts
from workbench.settings import Nms, Settings
from workbench.sweep.grid import Grid
from workbench.sweep.task import Kind, Row, Task

PROTOCOL = 5  # raised when what is measured, or how, changes: then records of before do not stand for those of now


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A detector on its frames, as the sweep knows them.

    Attributes:
        detector: What runs.
        sources: Where it and the frames come from.
        media: Of the frames.
        truth: Key of the truth that accuracy is computed with; `None` without one.
        frames: To time where rows are measured whole.
        machine_id: Where.
    """

    detector: Detector
    sources: Sources
    media: MediaFacts
    truth: str | None
    frames: int
    machine_id: str

    def row(self, settings: Settings, kind: str, name: str | None = None) -> Row:
        """Return a combination, with an id that is the same whenever the same is to be measured."""
        variant = Variant.of(self.detector, settings, name=name, options=self.sources.options(self.frames))
        return Row(id=self._identity(settings, kind), name=variant.name, command=variant.command, settings=settings)

    def _identity(self, settings: Settings, kind: str) -> str:
        facts = self.detector.facts
        code = (one.sha256 for one in facts.code)
        words = {
            "protocol": PROTOCOL,
            "kind": kind,
            "detector": [facts.sha256, facts.kind, facts.labels, repr(self.detector.meaning.input_spec), *code],
            "media": [self.media.key, self.media.frames],
            "truth": self.truth,
            "machine": self.machine_id,
            "settings": json.loads(settings.key_json()),
            "frames": self.frames,
        }
        return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:32]

    def _group_identity(self, kind: str, first: Row) -> str:
        """Return the id of a group's own record: in `compose` whatever NMS its rows have, so that a longer grid knows it too."""
        nms = Nms(method=first.settings.nms.method) if first.settings.nms.method == OWN_NMS else Nms()
        settings = first.settings.model_copy(update={"nms": nms}) if kind == "compose" else first.settings
        return self._identity(settings, f"{kind} group")

    def task(self, kind: Kind, name: str, rows: Iterable[Row]) -> Task:
        """Return the task that measures rows."""
        members = tuple(rows)
        return Task(
            id=self._group_identity(kind, members[0]),
            kind=kind,
            name=f"{self.detector.facts.name}: {name}",
            sources=self.sources,
            detector=self.detector.facts,
            media=self.media,
            rows=members,
            frames=self.frames,
        )


@final
@dataclass(slots=True)
class Plan:
    """What there is to do for one detector on one kind of machine.

    Attributes:
        subject: Whose.
        tasks: What to measure.
        refused: A row and the reason for each group that cannot run, known before anything does.
        combinations: How many there are, those that cannot run included.
        cannot_run: How many that are.
    """

    subject: Subject
    tasks: list[Task] = field(default_factory=list)
    refused: list[tuple[Row, str]] = field(default_factory=list)
    combinations: int = 0
    cannot_run: int = 0


def make_plan(subject: Subject, grid: Grid) -> Plan:
    """Sort the combinations of a grid into tasks.

    Raises:
        SettingsError: The grid holds a value that cannot be, or too many combinations.
    """
    plan = Plan(subject)
    groups: dict[tuple[Kind, str], dict[str, Settings]] = {}
    refused: dict[tuple[str, str], Settings] = {}
    for settings, reason in grid.settings(subject.detector):
        plan.combinations += 1
        if reason is not None:
            plan.cannot_run += 1
            refused.setdefault((_shared(settings), reason), settings)
            continue
        kind: Kind = "compose" if composes(settings) else "direct"
        shared = _shared(settings) if kind == "compose" else settings.model_dump_json()
        groups.setdefault((kind, shared), {})[settings.model_dump_json()] = settings
    for (kind, _), members in groups.items():
        rows = [subject.row(settings, kind) for settings in members.values()]
        plan.tasks.append(subject.task(kind, group_name(rows[0].settings), rows))
    plan.refused = [(subject.row(settings, "refused"), reason) for (_, reason), settings in refused.items()]
    return plan


def composes(settings: Settings) -> bool:
    """Say whether a frame's time is the sum of its stages, and NMS is one of them that can be run again alone."""
    method = GRAPH_NMS.get(settings.nms.method)
    fused = ENGINES[settings.runtime.engine].fuses_nms and method is not None and method.xla_refusal is None
    return settings.feed.mode == "loop" and not fused


def _shared(settings: Settings) -> str:
    """Name what one run of an engine answers for: everything but the NMS, and whether that is the network's own."""
    own = settings.nms.method == OWN_NMS
    return f"{settings.input.model_dump_json()}{settings.runtime.model_dump_json()}{settings.feed.model_dump_json()}{own}"


def group_name(settings: Settings) -> str:
    """Call a group by what people would.

    >>> group_name(Settings().with_values({"input.size_hw": 320}))
    'graph float32 320x320'
    """
    runtime, feed = settings.runtime, settings.feed
    height, width = settings.input.size_hw or (0, 0)
    more = f" {feed.mode}" if feed.mode != "loop" else ""
    return f"{runtime.engine} {runtime.precision} {height}x{width}{more}"


def conversions(subject: Subject, tasks: Iterable[Task], parts: int) -> Iterator[Task]:
    """Give tasks that convert what the others will want; the groups find the files in the cache.

    Files of one size follow each other, for they share an export. Where there may be two tasks, one has all that is calibrated: the
    frames for that are read, or rendered, once.

    There may be so many `parts` as may run side by side, since nothing is timed; more than two are no help.
    """
    wanted: dict[tuple[object, ...], Row] = {}
    for task in tasks:
        settings = task.rows[0].settings
        if ENGINES[settings.runtime.engine].runs_tflite and subject.detector.is_converted(settings):
            taken, runtime = settings.input, settings.runtime
            made = runtime.batch, runtime.stored_precision, runtime.float_ops, runtime.layout, settings.nms.method == OWN_NMS
            ranges = (taken.effective_filter, runtime.effective_frames, runtime.effective_range)
            key = taken.size_hw or (0, 0), *made, *(ranges if runtime.precision in CALIBRATED else ())
            wanted.setdefault(key, task.rows[0])
    rows = [wanted[key] for key in sorted(wanted)]
    calibrated = [row for row in rows if row.settings.runtime.precision in CALIBRATED]
    others = [row for row in rows if row not in calibrated]
    if len(rows) > 1:
        yield from (subject.task("convert", "converting", some) for some in ([rows] if parts < 2 else [calibrated, others]) if some)
