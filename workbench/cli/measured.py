"""Variants as `run` and `compare` read and measure them, each record kept in the history."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from workbench.detectors import Detector
from workbench.errors import UnavailableError, WorkbenchError
from workbench.history import History, fast_values
from workbench.measuring import Bench, explain, weigh, weight_of
from workbench.opening import EvaluationData, Sources, Variant, variant
from workbench.record import Record


def read_variant(detector: Detector, text: str, sources: Sources, frames: int, history: Path | None) -> Variant:
    """Read a variant; `fast` is what the history knows.

    Raises:
        WorkbenchError: There is no such variant, or the detector or this machine cannot take it.
    """
    fast = fast_values(text, detector.facts.sha256, history)
    return variant(detector, text, fast=fast, options=sources.options(frames))


def measured(
    bench: Bench, row: Variant, history: History, *, alone: bool, also: Callable[[Record], Record] | None = None
) -> Record:
    """Measure a variant and keep its record; of one that stops on its way, what was measured until there.

    What stops it is raised where it is `alone`: there is nothing else to go on with. One that runs is kept as `also` returns it.
    """
    try:
        record = bench.measure(row)
    except Exception as error:
        record = bench.problem_record(row, error)
        if alone or not isinstance(error, WorkbenchError):
            if record.timing is not None:
                history.append(record)
            raise
    if also is not None and record.problem is None:
        record = also(record)
    history.append(record)
    return record


def weighed(row: Variant, data: EvaluationData, tell: Callable[[str, int, int], None], record: Record) -> Record:
    """Return a record with what its setting weighs, or with a warning that says why that is not known."""
    tell(f"{row.name}: weighing", 0, 0)
    try:
        return weigh(row.detector, data, record)
    except UnavailableError as error:
        return record.model_copy(update={"warnings": (*record.warnings, f"not weighed: {error}")})


def weighed_whole(
    records: Iterable[Record], sources: Iterable[Sources], history: History, tell: Callable[[str, int, int], None]
) -> None:
    """Weigh what a sweep has measured whole, as far as it was not weighed, and keep that in the history.

    What cannot be weighed stays as it is: a sweep is of many settings.
    """
    left = [record for record in records if record.problem is None and record.weight is None]
    done = 0
    for source in sources:
        detector, data = source.open()
        for record in left:
            if record.detector.sha256 != detector.facts.sha256:
                continue
            tell(f"weighing {record.name}", done, len(left))
            done += 1
            with suppress(UnavailableError):
                history.set_weight(record.id, weight_of(detector, data, record.settings))


def explained(
    detector: Detector, data: EvaluationData, base: Record, chosen: Record, history: History, tell: Callable[[str, int, int], None]
) -> Record:
    """Return the chosen record with its waterfall from the other, which is kept in the history too. Raises like `explain`."""
    record = explain(detector, data, base, chosen, progress=tell)
    assert record.waterfall is not None, "that is what it was asked for"
    history.set_waterfall(record.id, record.waterfall)
    return record
