"""What reads the truth, and where it lies."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.datasets.bounds import within_bounds
from workbench.datasets.class_names import find_names
from workbench.datasets.classes import are_strangers, no_name_in_common, with_labels
from workbench.datasets.coco import is_coco, is_coco_root, may_be_coco, read_coco, read_coco_root
from workbench.datasets.reach import Reach
from workbench.datasets.sizes import fitted_to_frames
from workbench.datasets.truth import Truth, content_key, match, named, told_once
from workbench.datasets.voc import FOLDERS, is_voc, may_be_voc, read_voc
from workbench.datasets.yolo import is_yolo, may_be_yolo, read_yolo
from workbench.datasets.yolo_layout import IMAGES, LABELS, folders_of, mirrored
from workbench.errors import TruthError
from workbench.media import Media

CHOICES = "choose a COCO json file, a file or folder of Pascal VOC xml or YOLO txt, or a data set's data.yaml or root"
ONE_FILE = frozenset({"video", "animation", "picture"})  # kinds of media
COCO_BOXES = "COCO's boxes are [x, y, width, height] in pixels of the upright picture"


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write truth down.

    Attributes:
        claims: Whether a file or folder is in it, by its name, and what is in a folder.
        read: Reads it, with class names of its own, and nothing that lies out of reach.
        boxes: What its boxes are, in words.
    """

    claims: Callable[[Path], bool]
    read: Callable[[Path, Media | None, Reach], Truth]
    boxes: str


FORMATS: tuple[Format, ...] = (  # the first that claims; a new format is a new row
    Format(is_coco, read_coco, COCO_BOXES),
    Format(is_voc, read_voc, "Pascal VOC's boxes are corners in pixels of the upright picture, counted from 1"),
    Format(is_yolo, read_yolo, "YOLO's boxes are in fractions of the upright picture"),
    Format(is_coco_root, read_coco_root, COCO_BOXES),
)


def read_truth(
    path: str | Path, labels: Sequence[str] | None = None, media: Media | None = None, *, outside: bool = False
) -> Truth:
    """Read ground truth.

    Args:
        path: A COCO json file; Pascal VOC xml or YOLO txt, one file or the folder of them; or a data set's `data.yaml` or root, of
            which that part is read that the media are of.
        labels: The detector's; classes are found in them by name, whatever their case, spaces, hyphens and underscores. Boxes of
            classes that it does not know are left out, with a note. `None` takes the classes as they are.
        media: Whose truth it is: YOLO's txt counts in fractions of pictures, and here they are where they are not beside it.
        outside: Whether it may name files out of its folder and of the one above.

    Raises:
        TruthError: It is missing, damaged or no such truth, it has impossible boxes, or it shares no class with the labels.
    """
    return _fitted(*_own(Path(path), media, outside=outside), Path(path), labels)


def truth_of(media: Media, labels: Sequence[str] | None, path: str | Path | None = None, *, outside: bool = False) -> Truth | None:
    """Read the truth that is named, or else the one that lies beside the media, and match it with the frames.

    Boxes are brought to the frames' size where only that differs, with a note. Truth that merely lies there and cannot be used
    stops nobody from measuring times: it comes without images, and its note says why. `None` where no truth is named and none
    lies there.

    `labels` and `outside` are as in `read_truth`.

    Raises:
        TruthError: As `read_truth`, or it belongs to other media; only of truth that is named.
    """
    if path:
        return _matched(*_own(Path(path), media, outside=outside), media, labels, Path(path))
    place = None
    try:
        place = truth_for(media)
        if place is None:
            return None
        own, form = _own(place, media, outside=outside)
        if labels is None or not are_strangers(own, labels):
            return _matched(own, form, media, labels, place)
        why = no_name_in_common(own, labels)
    except (TruthError, OSError) as error:
        why = str(error)
    return Truth(named(place) if place else "truth", tuple(labels or ()), {}, (f"there is no accuracy: {why}",))


def _matched(own: Truth, form: Format, media: Media, labels: Sequence[str] | None, path: Path) -> Truth:
    names = media.frame_names()
    truth = match(_fitted(own, form, path, labels), names)
    truth = fitted_to_frames(truth, media, next(iter(folders_of(media)), None))
    truth = replace(truth, key=content_key(told_once(match(own, names)), names))
    if truth.has_ap:
        return truth
    no_other = "no box in these frames: there is no AP without any"
    if any(map(len, truth.images.values())):
        no_other = "no box in these frames but those of crowds or difficult objects: there is no AP without any other"
    return replace(truth, notes=(*truth.notes, f"{truth.name} has {no_other}"))


def _own(path: Path, media: Media | None, *, outside: bool) -> tuple[Truth, Format]:
    """Read truth with the classes as the file has them."""
    try:
        path.stat()
        form = next((form for form in FORMATS if form.claims(path)), None)
        if form is None:
            what = "is a folder without annotations" if path.is_dir() else "is not ground truth"
            raise TruthError(f"{path} {what} that can be read; {CHOICES}")
        return form.read(path, media, Reach.of(path, outside=outside)), form
    except OSError as error:
        raise TruthError(f"cannot read {error.filename or path}: {error.strerror}; {CHOICES}") from None


def _fitted(own: Truth, form: Format, path: Path, labels: Sequence[str] | None) -> Truth:
    truth = told_once(with_labels(own, labels))
    return within_bounds(truth, path, form.boxes)  # after boxes without a size are gone, which lie nowhere


def truth_for(media: Media) -> Path | None:
    """Find the truth that lies beside media.

    COCO's json comes first: `stills.json` beside the folder `stills`, `line.json` beside `line.webm`. Then, for pictures, Pascal
    VOC's xml in `Annotations` beside their folder, or beside the pictures; then YOLO's txt in `labels` for `images`, or beside the
    pictures where a file names its classes.

    Files there that are plainly something else, such as a camera's notes or captions, are passed over; damaged ones are found.
    """
    coco = (path for path in _json_beside(media) if path.is_file() and may_be_coco(path))
    annotations = (found for folder in folders_of(media) for found in _annotations(folder, media))
    return next(coco, None) or next(annotations, None)


def _json_beside(media: Media) -> Iterable[Path]:
    """Go through the places where COCO's json may lie: beside the media's file, and beside the folder that pictures lie in."""
    facts = media.facts()
    if facts.kind in ONE_FILE:
        yield Path(facts.source).with_suffix(".json")
    for folder in folders_of(media):
        whole = folder.resolve()  # `.` has a name too
        yield whole.with_name(f"{whole.name}.json")


def _annotations(folder: Path, media: Media) -> Iterable[Path]:
    """Go through the places that hold annotations of the pictures in a folder: of a single picture its file, else the folder."""
    stems = [Path(name).stem for name in media.frame_names()]
    for place, suffix, may_be in _places(folder):
        first = next((file for file in (place / f"{stem}{suffix}" for stem in stems) if may_be(file)), None)
        if first:
            yield first if media.facts().kind == "picture" else place


def _places(folder: Path) -> Iterable[tuple[Path, str, Callable[[Path], bool]]]:
    above = folder.absolute().parent
    yield from ((above / name, ".xml", may_be_voc) for name in FOLDERS)
    yield folder, ".xml", may_be_voc
    yield from ((labels, ".txt", may_be_yolo) for labels in mirrored(folder, IMAGES, LABELS))
    yield folder, ".txt", lambda file: may_be_yolo(file) and find_names(folder, Reach()) is not None
