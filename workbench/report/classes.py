"""How right each class is found, settings side by side: the rows of a table, and what the charts of curves and confusions show."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.detections import Accuracy, ClassAccuracy
from workbench.record import Record, label_of, ran
from workbench.report.summary import Summary
from workbench.report.table import Cell
from workbench.wording import MISSING, counted, format_between, format_change, format_fraction

CURVES = 7  # classes with a line of their own: as many as there are colours
MATRIX = 12  # classes with a row of their own in a matrix of confusions; the others are one row together


@dataclass(frozen=True, slots=True)
class Judged:
    """One setting whose accuracy is shown class by class.

    Attributes:
        label: What the setting is called.
        accuracy: Holds figures of classes.
        labels: The detector's, by class id.
        score: `nms.score` in words.
    """

    label: str
    accuracy: Accuracy
    labels: tuple[str, ...]
    score: str


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class: how many the truth holds of it, and for each setting its cells."""

    name: str
    known: int
    cells: tuple[Cell, ...]


HEADINGS = (
    ("AP", "average precision over IoU .50 to .95, with its 95 % interval"),
    ("AP50", "average precision at IoU .50"),
    ("recall", "share of what is there that is found, at the setting’s nms.score and IoU .50"),
    ("precision", "share of what is found that is right, at the setting’s nms.score and IoU .50"),
    ("best F1", "largest harmonic mean of both over all score thresholds, and at which score that is"),
)


def judged_of(summary: Summary) -> tuple[Judged, ...]:
    """Return the baseline and the setting beside it, those of them whose record holds figures of classes, of one truth."""
    rows = [summary.baseline, *([] if summary.right is None else [summary.right])]
    return tuple(
        Judged(summary.label(record), record.accuracy, record.detector.labels, _score(record))
        for record in rows
        if ran(record) and record.accuracy is not None and record.accuracy.classes and summary.ap(record) is not None
    )


def _score(record: Record) -> str:
    return "its own" if record.settings.are_a_function else f"{record.settings.nms.score:g}"


def class_rows(judged: Sequence[Judged]) -> tuple[ClassRow, ...]:
    """Return a row for each class that the first setting's truth holds, in the order of the detector's labels."""
    by_id = [{one.class_id: one for one in setting.accuracy.classes} for setting in judged]
    before = by_id[0] if by_id else {}
    return tuple(
        ClassRow(
            label_of(judged[0].labels, class_id),
            one.known,
            tuple(cell for figures in by_id for cell in _cells(figures.get(class_id), one)),
        )
        for class_id, one in before.items()
    )


def _cells(one: ClassAccuracy | None, baseline: ClassAccuracy) -> tuple[Cell, ...]:
    if one is None:
        return (Cell(text=MISSING),) * len(HEADINGS)
    change = "" if one is baseline else f"{format_change(one.ap - baseline.ap)} "
    between = format_between(one.ap_interval) if one.ap_interval else ""
    best, at = (one.best.f1, f"at {format_fraction(one.best.score)}") if one.best else (None, "")
    return (
        Cell(text=format_fraction(one.ap), sort=one.ap, more=f"{change}{between}".strip()),
        Cell(text=format_fraction(one.ap50), sort=one.ap50),
        Cell(text=format_fraction(one.recall), sort=one.recall),
        Cell(text=format_fraction(one.precision), sort=one.precision),
        Cell(text=format_fraction(best), sort=best, more=at),
    )


def drawn_classes(judged: Sequence[Judged]) -> tuple[int, ...]:
    """Return the classes that charts show as lines: those of which the truth holds most."""
    return _fullest(judged[0], CURVES) if judged else ()


def _fullest(one: Judged, most: int) -> tuple[int, ...]:
    rows = sorted(one.accuracy.classes, key=lambda row: -row.known)[:most]
    return tuple(sorted(row.class_id for row in rows))


@dataclass(frozen=True, slots=True)
class Confusions:
    """A matrix of counts: rows are what is there, columns what is found; the last row is nothing, the last column missed."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def confusions_of(one: Judged) -> Confusions | None:
    """Return a setting's matrix, classes beyond `MATRIX` as one; `None` where a record holds none."""
    if not one.accuracy.confusions:
        return None
    own = _fullest(one, MATRIX)
    seen = {number for row in one.accuracy.confusions for number in (row.truth, row.found) if number is not None}
    names = [label_of(one.labels, class_id) for class_id in own]
    names += ["other classes"] if seen - set(own) else []
    place = {class_id: n for n, class_id in enumerate(own)}
    last = len(names)
    counts = [[0] * (last + 1) for _ in range(last + 1)]
    for row in one.accuracy.confusions:
        truth, found = (last if number is None else place.get(number, len(own)) for number in (row.truth, row.found))
        counts[truth][found] += row.count
    return Confusions((*names, "nothing: false"), (*names, "missed"), tuple(map(tuple, counts)))


def class_notes(judged: Sequence[Judged]) -> tuple[str, ...]:
    """Say which classes have no line or row of their own, and what few images mean."""
    if not judged:
        return ()
    accuracy = judged[0].accuracy
    told = []
    if len(accuracy.classes) > CURVES:
        told.append(f"The curves show the {CURVES} of {len(accuracy.classes)} classes of which the truth holds most.")
    if accuracy.few_images:
        told.append(
            f"{counted(accuracy.images, 'image')} are few: AP reads high, and its intervals are narrower than they should be."
        )
    return tuple(told)
