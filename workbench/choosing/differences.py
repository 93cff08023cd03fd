"""Two saved records side by side: settings, times, accuracy, detections."""

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.choosing.speeds import Speeds, compare_times
from workbench.detections import Agreement
from workbench.errors import MachinesDifferError, RecordError
from workbench.record import Record, agreement_with, ap_change, same_classes
from workbench.settings import describe_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What sets record B apart from record A.

    Attributes:
        changes: Settings that differ, `group.field: old -> new`.
        speeds: `None` where the times may not be compared.
        ap_change: B's AP less A's; `None` where one has none, or the truth is another.
        agreement: Of B's detections with A's on the frames that both kept; `None` where there are none, or the classes differ.
        notes: What else differs: the machine, the model's file, versions; and what is not compared, with why.
    """

    changes: tuple[str, ...]
    speeds: Speeds | None
    ap_change: float | None
    agreement: Agreement | None
    notes: tuple[str, ...]


def compare_records(a: Record, b: Record, *, different_machines: bool = False) -> Differences:
    """Compare record B with A, of the same frames; times of different machines, where those are allowed, are not compared.

    Raises:
        MachinesDifferError: They come from different machines, and that was not allowed.
        RecordError: One of them did not run, or they were measured on different frames.
    """
    for record in (a, b):
        if record.problem is not None or record.timing is None:
            reason = record.problem.message if record.problem else "nothing was timed"
            raise RecordError(f"{record.name} [{record.id[:8]}] did not run ({reason}); choose a record with figures")
    if a.media.key != b.media.key:
        other = "other frames of that name" if a.media.name == b.media.name else b.media.name
        raise RecordError(f"{a.name} was measured on {a.media.name}, {b.name} on {other}; choose records of the same frames")
    same_machine = a.environment.machine_id == b.environment.machine_id
    if not same_machine and not different_machines:
        raise MachinesDifferError(
            f"these records come from two machines ({a.environment.cpu} [{a.environment.machine_id[:8]}],"
            f" {b.environment.cpu} [{b.environment.machine_id[:8]}]); choose records of one, or allow it with --different-machines"
        )
    same = same_classes(a.detector.labels, b.detector.labels)
    return Differences(
        changes=describe_changes(a.settings, b.settings),
        speeds=compare_times(a, b) if same_machine else None,
        ap_change=ap_change(b, a),
        agreement=agreement_with(a, {row.frame: row.detections() for row in b.detections}) if same else None,
        notes=tuple(_notes(a, b)),
    )


def _notes(a: Record, b: Record) -> Iterator[str]:
    if a.environment.machine_id != b.environment.machine_id:
        yield "they come from different machines: their times tell nothing about the settings and are not compared"
    if a.detector.sha256 != b.detector.sha256:
        what = "the function's source" if a.settings.are_a_function and b.settings.are_a_function else "the model's file"
        yield f"{what} differs: {_model(a)}, {_model(b)}"
    old, new = a.environment.versions, b.environment.versions
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name}: {old.get(name, 'absent')} -> {new.get(name, 'absent')}"


def _model(record: Record) -> str:
    return f"{record.detector.name} [{record.detector.sha256[:8]}]"
