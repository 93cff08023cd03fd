"""Pairs of frames of the same moment: what the baseline found, and what another setting kept, lost and found anew."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workbench.detections import match
from workbench.record import FrameDetections, Picture, Record, WorstFrame, label_of
from workbench.wording import class_colour, format_fraction

# How each kind of mark is called; report.css gives each its own line as well, so that colour alone tells nothing.
KINDS = {
    "found": "found",
    "kept": "kept: both found it",
    "flip": "kept, but called something else",
    "lost": "lost: only the baseline found it",
    "new": "new: only this setting found it",
    "truth": "truth",
}
ERROR_KINDS = {
    "kept": "right",
    "lost": "lost: the baseline finds it",
    "missed": "missed",
    "false": "false: nothing is known to be there",
}
SAID = frozenset({"lost", "new", "missed", "false"})  # before the class, so that a line alone need not tell it
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
LABEL_SHARE = 1 / 48  # of the longer side: twelve pixels in a picture as wide as half a page
LABELLED = 40  # marks of a picture; more labels hide it
LETTER_SHARE = 0.6  # of its height is a letter wide, in most sans-serif faces


@dataclass(frozen=True, slots=True)
class Mark:
    """One box to draw, in pixels of the original picture."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    colour: str
    text: str


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """Where a label's baseline begins, or ends."""

    x: float
    y: float
    end: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """One annotated picture."""

    name: str
    key: str
    """Which embedded picture."""
    width: int
    height: int
    marks: tuple[Mark, ...]
    counts: dict[str, int]

    @property
    def label_px(self) -> float:
        """Height of the labels, in pixels of the original."""
        return max(self.width, self.height) * LABEL_SHARE

    @property
    def label_places(self) -> tuple[LabelPlace | None, ...]:
        """Return where the label of each mark stands, always inside the picture; none where it would lie on another."""
        taken: list[tuple[float, float, float]] = []  # left, top and length
        found: dict[int, LabelPlace] = {}
        for at in sorted(range(len(self.marks)), key=lambda at: self.marks[at].kind == "truth")[:LABELLED]:
            for place in self._places(self.marks[at]):
                length = len(self.marks[at].text) * self.label_px * LETTER_SHARE
                left, top = place.x - length * place.end, place.y - self.label_px
                if any(left < x + far and x < left + length and abs(top - y) < self.label_px for x, y, far in taken):
                    continue
                taken.append((left, top, length))
                found[at] = place
                break
        return tuple(found.get(at) for at in range(len(self.marks)))

    def _places(self, mark: Mark) -> Iterator[LabelPlace]:
        """Give places for a label, best first: above its box, the truth's below it, from its left edge or to its right one."""
        above = mark.y - self.label_px * 0.4
        below = min(mark.y + mark.height + self.label_px * 1.1, self.height - self.label_px * 0.3)
        inside = mark.y + self.label_px
        rows = [row for row in ((below, above) if mark.kind == "truth" else (above, below, inside)) if row >= self.label_px]
        length = len(mark.text) * self.label_px * LETTER_SHARE
        right = min(mark.x + mark.width, self.width - self.label_px * 0.3)
        for y in rows or [inside]:
            if mark.x + length <= self.width:
                yield LabelPlace(round(max(mark.x, self.label_px * 0.3), 1), round(y, 1), end=False)
            if right >= length or mark.x + length > self.width:
                yield LabelPlace(round(right, 1), round(y, 1), end=True)

    @property
    def words(self) -> str:
        """What a reader who sees no picture is told."""
        told = [f"{count} {kind}" for kind, count in self.counts.items() if kind != "truth" and count]
        return f"{self.name}: {', '.join(told) or 'nothing found'}"


def picture_key(picture: Picture) -> str:
    """Return a name by the picture's content, so that equal ones are embedded once."""
    height, width = picture.size_hw
    return f"p{hashlib.sha256(picture.jpeg_base64.encode()).hexdigest()[:16]}-{width}x{height}"


def showable(picture: Picture) -> bool:
    """Tell whether a picture's text is base64 at all; a file may claim anything."""
    return bool(BASE64.fullmatch(picture.jpeg_base64)) and min(picture.size_hw) > 0


def pictures_by_key(records: Iterable[Record]) -> dict[str, Picture]:
    """Return every different picture of the records once."""
    pictures = (one for record in records for one in (*record.pictures, *(frame.picture for frame in record.worst)))
    return {picture_key(picture): picture for picture in pictures if showable(picture)}


def frames_of(record: Record, baseline: Record | None = None) -> dict[str, Frame]:
    """Return a record's frames by name; its boxes are told apart by what a baseline found in the same frame, where it kept that."""
    labels = record.detector.labels
    before = {picture.name: picture.found for picture in baseline.pictures} if baseline is not None else {}
    frames = {}
    for picture in filter(showable, record.pictures):
        if baseline is not None and picture.name in before:
            marks = _compared(picture.found, before[picture.name], labels, baseline.detector.labels)
        else:
            marks = _marks("found", picture.found, labels)
        frames[picture.name] = _frame(picture, marks, labels)
    return frames


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """One of the frames that a setting gets most wrong."""

    frame: Frame
    words: str
    """What is wrong in it."""
    classes: tuple[int, ...]
    """Numbers of the classes that something is wrong with."""


def error_frames(record: Record) -> tuple[ErrorFrame, ...]:
    """Return the frames that a record gets most wrong, every box marked as right, missed, lost or false."""
    return tuple(_error_frame(one, record.detector.labels) for one in record.worst if showable(one.picture))


def _error_frame(worst: WorstFrame, labels: tuple[str, ...]) -> ErrorFrame:
    found, known = worst.picture.found, worst.known
    false = [index for index in worst.false if index < len(found.scores)]
    missed = [index for index in worst.missed if index < len(known.scores)]
    kinds = {index: "lost" if index in worst.lost else "missed" for index in missed}
    marks = [_mark("false" if index in false else "kept", found, index, labels) for index in range(len(found.scores))]
    marks += [_mark(kind, known, index, labels, known=True) for index, kind in kinds.items()]
    height, width = worst.picture.size_hw
    counts = {kind: sum(mark.kind == kind for mark in marks) for kind in ERROR_KINDS}
    counted = [f"{counts[kind]} {kind}" for kind in ERROR_KINDS if kind != "kept" and counts[kind]]
    classes = sorted({*(found.class_ids[index] for index in false), *(known.class_ids[index] for index in missed)})
    frame = Frame(worst.picture.name, picture_key(worst.picture), width, height, tuple(marks), counts)
    return ErrorFrame(frame, ", ".join(counted), tuple(classes))


def _compared(
    found: FrameDetections, before: FrameDetections, labels: tuple[str, ...], labels_before: tuple[str, ...]
) -> tuple[Mark, ...]:
    partners = {int(own): int(old) for own, old, _ in match(found.detections(), before.detections())}
    marks = []
    for index in range(len(found.scores)):
        old = partners.get(index)
        if old is None:
            marks.append(_mark("new", found, index, labels))
            continue
        name, name_before = label_of(labels, found.class_ids[index]), label_of(labels_before, before.class_ids[old])
        marks.append(_mark("kept" if name == name_before else "flip", found, index, labels, before=name_before))
    taken = set(partners.values())
    lost = (index for index in range(len(before.scores)) if index not in taken)
    return (*marks, *(_mark("lost", before, index, labels_before) for index in lost))


def _marks(kind: str, found: FrameDetections, labels: tuple[str, ...]) -> tuple[Mark, ...]:
    return tuple(_mark(kind, found, index, labels) for index in range(len(found.scores)))


def _mark(kind: str, found: FrameDetections, index: int, labels: tuple[str, ...], before: str = "", *, known: bool = False) -> Mark:
    x_low, y_low, x_high, y_high = found.boxes_xyxy_px[index]
    class_id = found.class_ids[index]
    name = label_of(labels, class_id)
    words = f"{before} → {name}" if kind == "flip" else f"{kind} {name}" if kind in SAID else name
    score = "" if known or kind == "truth" else f" {format_fraction(found.scores[index])[:-1]}"
    return Mark(kind, x_low, y_low, max(0.0, x_high - x_low), max(0.0, y_high - y_low), class_colour(class_id), f"{words}{score}")


def _frame(picture: Picture, marks: tuple[Mark, ...], labels: tuple[str, ...]) -> Frame:
    truth = _marks("truth", picture.truth, labels) if picture.truth is not None else ()
    height, width = picture.size_hw
    every = (*truth, *marks)
    counts = {kind: sum(mark.kind == kind for mark in every) for kind in KINDS}
    return Frame(picture.name, picture_key(picture), width, height, every, counts)
