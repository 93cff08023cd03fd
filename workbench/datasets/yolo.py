"""YOLO's txt as truth: a file for each picture, `class cx cy width height` a line, in fractions of the picture.

supervision makes boxes of the lines. Its `DetectionDataset.from_yolo` around that is passed by: it knows no names but those of a
`data.yaml`, draws a mask of the picture's size for each outline, and lets pass class numbers without a name and boxes outside the
picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.class_names import NAME_FILES, ClassNames, find_names, read_names
from workbench.datasets.reach import Reach
from workbench.datasets.sizes import picture_size
from workbench.datasets.truth import Truth, listed, named, shortened, told_problems
from workbench.datasets.yolo_layout import IMAGES, LABELS, YAML_SUFFIXES, folders_of, label_folder, mirrored
from workbench.detections import FloatArray, ImageTruth, areas_px
from workbench.errors import TruthError
from workbench.files import read_text
from workbench.media import Media, is_picture, natural_order

ROUNDING = 0.01  # how far outside 0..1 a value may lie, as Ultralytics has it: boxes at the border are cut and rounded
HEAD_CHARACTERS = 4096
MOST_CLASSES = 1_000_000  # above it lies no data set, and `1e999999999` would be written out in full


def may_be_yolo(path: Path) -> bool:
    """Tell whether txt is there and its first line is mostly numbers, or missing; a caption is something else."""
    if not path.is_file() or path.name in NAME_FILES:
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        tokens = next((line for line in file.read(HEAD_CHARACTERS).splitlines() if line.strip()), "").split()
    return 2 * sum(map(_is_number, tokens)) >= len(tokens)


def is_yolo(path: Path) -> bool:
    """Tell whether this is a txt file, a data set's yaml, or a folder with labels, directly in it or as data sets have them."""
    if path.is_file():
        return path.suffix.lower() in {".txt", *YAML_SUFFIXES}
    return any(map(may_be_yolo, _label_files(path))) or label_folder(path, None, Reach()) is not None


def read_yolo(path: Path, media: Media | None, reach: Reach) -> Truth:
    """Read one txt file, a folder of them, or the part of a data set that the media are of; see `read_truth`.

    Pictures, whose headers tell their sizes, are looked for in `images` where the labels are in `labels`, beside the labels, and
    where the media are. One without a txt file holds nothing, as YOLO has it; a note tells. Outlines become the boxes around them.
    """
    is_yaml = path.suffix.lower() in YAML_SUFFIXES and path.is_file()
    names = read_names(path) if is_yaml else None
    if is_yaml or not _label_files(path):
        place = label_folder(path, media, reach)
        if place is None:
            raise TruthError(f"{path} names no folder of labels that is there; choose the folder of the txt files")
        path = place
    files = {file.stem: file for file in _label_files(path)}
    folder = next(iter(files.values())).parent
    names = names or find_names(folder, reach)
    if names is None:
        raise TruthError(
            f"{path} numbers its classes and no file names them; write one name a line into {folder / 'classes.txt'}"
            f" (or have {', '.join(NAME_FILES)} there or up to two folders above)"
        )
    pictures = _pictures(files, folder, media)
    if path.is_file():
        pictures = [picture for picture in pictures if picture.stem in files]
    if not pictures:
        raise TruthError(
            f"{path} has no picture of its name beside it, whose size its fractions need;"
            f" put the pictures beside the txt files, or into {IMAGES} beside {LABELS}"
        )
    images: dict[str, ImageTruth] = {}
    problems: list[str] = []
    for picture in pictures:
        image, wrong = _image(files.get(picture.stem), picture_size(picture).upright_hw, names, reach)
        images |= {picture.name: image} if image is not None else {}
        problems += wrong
    notes = (*told_problems(named(path), problems, sum(map(len, images.values()))), *_notes(named(path), files, pictures))
    return Truth(named(path), tuple(names.by_number.values()), images, notes)


def _label_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    folder = path / LABELS if (path / LABELS).is_dir() else path
    texts = (file for file in folder.iterdir() if file.suffix.lower() == ".txt" and not file.name.startswith("."))
    return sorted((file for file in texts if file.name not in NAME_FILES), key=natural_order)


def _pictures(files: Mapping[str, Path], folder: Path, media: Media | None) -> list[Path]:
    """Return all pictures of the first folder that has one of a label's name."""
    for place in (*mirrored(folder, LABELS, IMAGES), folder, *folders_of(media)):
        pictures = [file for file in place.iterdir() if is_picture(file)] if place.is_dir() else []
        if any(picture.stem in files for picture in pictures):
            return sorted(pictures, key=natural_order)
    return []


def _image(file: Path | None, size_hw: tuple[int, int], names: ClassNames, reach: Reach) -> tuple[ImageTruth | None, list[str]]:
    """Return what the lines say that are right, and what is wrong with the others; `None` where none can be read."""
    problems: list[str] = []
    try:
        lines = _lines(reach.check(file)) if file else []
    except TruthError as error:
        return None, [str(error)]
    if file is None or not lines:
        return ImageTruth.empty(size_hw), []
    try:
        return _annotations(lines, file, size_hw, names), []
    except TruthError:
        pass
    good: list[str] = []
    for line in lines:
        try:
            _annotations([line], file, size_hw, names)
            good.append(line)
        except TruthError as error:
            problems.append(str(error))
    return _annotations(good, file, size_hw, names) if good else None, problems


def _annotations(lines: Sequence[str], file: Path, size_hw: tuple[int, int], names: ClassNames) -> ImageTruth:
    from supervision.dataset.formats.yolo import yolo_annotations_to_detections

    tokens = [line.split() for line in lines]
    if any(_is_number(one[0]) and not abs(float(one[0])) < MOST_CLASSES for one in tokens):
        raise TruthError(f"{file} has class numbers that cannot be; YOLO's lines are `class cx cy width height`")
    pose = 5 + names.keypoint_values if names.keypoint_values else None
    boxed = [" ".join(one[:5] if len(one) == pose else one) for one in tokens]  # of a pose, what stands before its keypoints
    height, width = size_hw
    try:
        with np.errstate(over="ignore"):  # a box too large for 32 bits is refused as infinite
            found = yolo_annotations_to_detections(boxed, (width, height), with_masks=False)
    except ValueError as error:
        raise TruthError(f"{file} is wrong: {shortened(error)}; YOLO's lines are `class cx cy width height`") from None
    boxes: FloatArray = found.xyxy.astype(np.float32)
    scale: FloatArray = np.array([width, height, width, height], np.float32)
    _check_fractions(np.divide(boxes, scale), boxed, file)
    class_ids = _class_ids(found.class_id.tolist(), names, file)
    return ImageTruth(boxes, class_ids, np.zeros(len(boxes), np.bool_), areas_px(boxes), size_hw)


def _lines(file: Path) -> list[str]:
    """Return the lines that say something."""
    try:
        return [line for line in read_text(file).splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise TruthError(f"{file} is not text ({shortened(error)}); YOLO's lines are `class cx cy width height`") from None


def _check_fractions(boxes: FloatArray, lines: Sequence[str], file: Path) -> None:
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    values = np.hstack([centres, sizes])
    wrong = ~((values >= -ROUNDING) & (values <= 1 + ROUNDING)).all(axis=1)
    if wrong.any():
        line = lines[int(np.argmax(wrong))]
        raise TruthError(f"{file} has values outside 0..1: {shortened(line)}; YOLO's boxes are in fractions of the picture")


def _class_ids(numbers: Sequence[int], names: ClassNames, file: Path) -> NDArray[np.int64]:
    positions = {number: position for position, number in enumerate(names.by_number)}
    unknown = sorted(set(numbers) - positions.keys())
    if unknown:
        raise TruthError(
            f"{file} has class {unknown[0]}, and {names.file} names {len(positions)} classes, {min(positions)} to {max(positions)};"
            " choose the names that belong to it"
        )
    return np.array([positions[number] for number in numbers], np.int64)


def _notes(name: str, files: Mapping[str, Path], pictures: Sequence[Path]) -> Iterator[str]:
    bare = [picture.name for picture in pictures if picture.stem not in files]
    lonely = sorted(files.keys() - {picture.stem for picture in pictures})
    if bare:
        yield f"{name} has no txt for {len(bare)} of {len(pictures)} pictures ({listed(bare)}): nothing is in them, as YOLO has it"
    if lonely:
        yield f"{name} has {len(lonely)} txt files without a picture ({listed(lonely)}): they are left out"


def _is_number(token: str) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True
