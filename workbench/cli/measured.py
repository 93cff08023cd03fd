"""Variants as `run` and `compare` read and measure them, each record kept in the history."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from workbench.cli.screen import Tell
from workbench.detectors import Detector
from workbench.errors import UnavailableError, WorkbenchError
from workbench.history import History, fast_values
from workbench.measuring import Bench, Row, explain, weigh
from workbench.opening import EvaluationData, Sources, Variant, variant
from workbench.record import Record


def read_variant(detector: Detector, text: str, sources: Sources, frames: int, history: Path | None) -> Variant:
    """Read a variant; `fast` is what the history knows.

    Raises:
        WorkbenchError: There is no such variant, or the detector or this machine cannot take it.
    """
    fast = fast_values(text, detector.facts.sha256, history)
    return variant(detector, text, fast=fast, options=sources.options(frames))


def measured(bench: Bench, row: Row, history: History, *, alone: bool) -> Record:
    """Measure a variant and keep its record; of one that stops on its way, what was measured until there.

    What stops it is raised where it is `alone`: there is nothing else to go on with.
    """
    try:
        record = bench.measure(row)
    except Exception as error:
        record = bench.problem_record(row, error)
        if alone or not isinstance(error, WorkbenchError):
            if record.timing is not None:
                history.append(record)
            raise
    history.append(record)
    return record


def weighed(record: Record, detector: Detector, data: EvaluationData, history: History, tell: Tell) -> Record:
    """Return a record of the history with what its setting weighs, which is kept there too, or with a warning that says why not."""
    if record.problem is not None:
        return record
    tell(f"{record.name}: weighing", 0, 0)
    try:
        found = weigh(detector, data, record)
    except UnavailableError as error:
        return record.model_copy(update={"warnings": (*record.warnings, f"not weighed: {error}")})
    assert found.weight is not None, "that is what it was asked for"
    history.set_weight(found.id, found.weight)
    return found


def weigh_left(records: Iterable[Record], sources: Iterable[Sources], history: History, tell: Tell) -> None:
    """Weigh what a sweep has measured, as far as it was not weighed before."""
    left = [record for record in records if record.weight is None]
    for source in sources:
        detector, data = source.open()
        for record in left:
            if record.detector.sha256 == detector.facts.sha256:
                weighed(record, detector, data, history, tell)


def explained(detector: Detector, data: EvaluationData, base: Record, chosen: Record, history: History, tell: Tell) -> Record:
    """Return the chosen record with its waterfall from the other, which is kept in the history too. Raises like `explain`."""
    record = explain(detector, data, base, chosen, progress=tell)
    assert record.waterfall is not None, "that is what it was asked for"
    history.set_waterfall(record.id, record.waterfall)
    return record


def profiled(
    sources: Sources, rows: Sequence[Variant], records: Sequence[Record], history: History, tell: Tell
) -> tuple[list[Record], list[str]]:
    """Return the records with what is inside their networks, which the history keeps too, and why some have none."""
    from workbench.profile import Job, run_profile, why_not_profiled

    found, reasons = list[Record](), list[str]()
    for row, record in zip(rows, records, strict=True):
        try:
            if reason := "it did not run" if record.problem else why_not_profiled(row.settings):
                raise UnavailableError(reason)
            job = Job(sources=sources.model_copy(update={"detector": row.detector.facts.source}).in_words(), settings=row.settings)
            inside = run_profile(job, lambda step, name=row.name: tell(f"profile of {name}: {step}", 0, 0))  # type: ignore[misc]
            found.append(history.set_inside(record.id, inside))
        except WorkbenchError as error:
            found.append(record)
            reasons.append(f"{record.name}: {error}")
    return found, reasons
