"""COCO's json as truth (https://cocodataset.org/#format-data)."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.datasets.reach import Reach
from workbench.datasets.truth import Truth, listed, told_problems
from workbench.detections import ImageTruth
from workbench.errors import TruthError
from workbench.files import read_file
from workbench.media import Media

KEYS = ("images", "annotations", "categories")
IN_ROOT = ("annotations/*.json", "*.json", "*/_annotations.coco.json")  # COCO's own, others', Roboflow's
OTHER_TASKS = re.compile("captions_|person_keypoints_|panoptic_|stuff_|image_info_")
OVER_BORDER = 0.02  # of a side: so far boxes reach over it by rounding
CORNERS = ": its boxes are read as corners [x1, y1, x2, y2]; as COCO's [x, y, width, height] they would leave their pictures"


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _CocoImage(_Lenient):
    id: int | str
    file_name: str
    width: int | None = None
    height: int | None = None

    @property
    def size_hw(self) -> tuple[int, int] | None:
        height, width = self.height or 0, self.width or 0  # as many tools leave them
        return (height, width) if min(height, width) > 0 else None


class _CocoAnnotation(_Lenient):
    id: int | str | None = None
    image_id: int | str
    category_id: int
    bbox: tuple[float, float, float, float]
    area: float | None = Field(None, ge=0)
    iscrowd: bool | None = None


class _CocoCategory(_Lenient):
    id: int
    name: str


class _Coco(_Lenient):
    """The parts of COCO's format that boxes need."""

    images: list[_CocoImage]
    annotations: list[Any]
    categories: list[_CocoCategory] = Field(min_length=1)


def is_coco(path: Path) -> bool:
    """Tell whether this is a json file."""
    return path.suffix.lower() == ".json" and path.is_file()


def is_coco_root(path: Path) -> bool:
    """Tell whether this is the root of a data set that has such files where data sets have them."""
    return path.is_dir() and any(map(may_be_coco, _in_root(path)))


def read_coco_root(path: Path, media: Media | None, reach: Reach) -> Truth:
    """Read the file of a data set that the media are of, as its name tells: `annotations/instances_val2017.json` for `val2017`.

    Where no name tells, it is the one that knows most of the media's pictures.

    Raises:
        TruthError: As `read_coco`; or no name tells, and several files know the same of the media's pictures.
    """
    of = Path(media.facts().source).absolute() if media else path
    folders = {of.name, of.stem, of.parent.name} - {path.absolute().name}
    told = (file for file in _in_root(path) if folders & {file.parent.name, *file.stem.split("_")})
    found = next(filter(may_be_coco, told), None) or _most_known(path, media)
    return read_coco(reach.check(found), media, reach)


def _in_root(root: Path) -> Iterator[Path]:
    return (file for pattern in IN_ROOT for file in sorted(root.glob(pattern)) if not OTHER_TASKS.match(file.name))


def _most_known(root: Path, media: Media | None) -> Path:
    best, *others = filter(may_be_coco, _in_root(root))
    names = {_file_name(name) for name in media.frame_names()} if media else set()
    if not others or not names:
        return best
    known = {file: names & _pictures_of(file) for file in (best, *others)}
    best = max(known, key=lambda file: len(known[file]))
    for other, pictures in known.items():
        if other != best and len(pictures) == len(known[best]) and pictures & known[best]:
            both = " and in ".join(str(file.relative_to(root)) for file in (best, other))
            raise TruthError(
                f"{root} has {min(pictures & known[best])} in {both}, and neither is named after the media's folder;"
                " choose one of these files"
            )
    return best


def _pictures_of(file: Path) -> set[str]:
    try:
        return {_file_name(image.file_name) for image in _parsed_coco(file).images}
    except TruthError:
        return set()  # it is told where this one is read


def _file_name(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def may_be_coco(path: Path) -> bool:
    """Tell whether json is not plainly something else; a damaged truth is to be heard of."""
    try:
        tree: Any = json.loads(read_file(path))
    except (OSError, ValueError, RecursionError):
        return True
    return isinstance(tree, dict) and any(key in tree for key in KEYS[:2])


def read_coco(path: Path, _: Media | None, __: Reach) -> Truth:
    """Read COCO json; its classes are the categories by id. See `read_truth`."""
    coco = _parsed_coco(path)
    _check_identities(coco, path)
    names = dict(sorted((category.id, category.name) for category in coco.categories))
    class_of = {number: position for position, number in enumerate(names)}
    sizes = {str(image.id): image.size_hw for image in coco.images}
    annotations, problems = _good_annotations(coco, path)
    corners = _are_corners(annotations, sizes)
    if not corners:
        problems += [_inside_out(annotation, path) for annotation in annotations if min(annotation.bbox[2:]) < 0]
        annotations = [annotation for annotation in annotations if min(annotation.bbox[2:]) >= 0]
    rows: dict[str, list[_CocoAnnotation]] = defaultdict(list)
    for annotation in annotations:
        rows[str(annotation.image_id)].append(annotation)
    images = {image.file_name: _image_truth(rows[str(image.id)], class_of, image.size_hw, corners=corners) for image in coco.images}
    notes = told_problems(path.name, problems, len(annotations)) + ((f"{path.name}{CORNERS}",) if corners else ())
    return Truth(path.name, tuple(names.values()), images, notes)


def _parsed_coco(path: Path) -> _Coco:
    try:
        tree = json.loads(read_file(path))
    except OSError as error:
        raise TruthError(f"cannot read {path}: {error.strerror}; choose a COCO json file") from None
    except (ValueError, RecursionError) as error:
        raise TruthError(f"{path} is not JSON, or cut short ({error}); choose a COCO json file") from None
    missing = [key for key in KEYS if not isinstance(tree, dict) or not isinstance(tree.get(key), list)]
    if missing:
        raise TruthError(f"{path} has no list of {' and of '.join(missing)}; choose a COCO json file with {', '.join(KEYS)}")
    try:
        return _Coco.model_validate(tree)
    except ValidationError as error:
        raise TruthError(_wrong(path, error)) from None


def _wrong(path: Path, error: ValidationError, place: tuple[str | int, ...] = ()) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in (*place, *first["loc"])[:3])
    return f"{path} is wrong at {where}: {first['msg']}; correct it, or choose another COCO json file"


def _check_identities(coco: _Coco, path: Path) -> None:
    """Check that a file name is one image's, and an id one image's or category's; tools that merge files forget to renumber."""
    names = Counter(image.file_name for image in coco.images)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise TruthError(f"{path} describes {listed(twice)} more than once; merge its images of one name")
    called: dict[str, dict[str, None]] = defaultdict(dict)
    for what, identity, name in (
        *(("image", image.id, image.file_name) for image in coco.images),
        *(("category", category.id, category.name) for category in coco.categories),
    ):
        called[f"{what} id {identity}"][name] = None
    for which, names_of_it in called.items():
        if len(names_of_it) > 1:
            raise TruthError(f"{path} has the {which} for {listed(names_of_it)}; give each its own, in annotations too")


def _good_annotations(coco: _Coco, path: Path) -> tuple[list[_CocoAnnotation], list[str]]:
    """Return the annotations that can be read, and what is wrong with the others. Tools write an id as a number or as text."""
    images, categories = {str(image.id) for image in coco.images}, {category.id for category in coco.categories}
    good: list[_CocoAnnotation] = []
    problems: list[str] = []
    for number, tree in enumerate(coco.annotations):
        try:
            one = _CocoAnnotation.model_validate(tree)
        except ValidationError as error:
            problems.append(_wrong(path, error, ("annotations", number)))
            continue
        if str(one.image_id) not in images:
            problems.append(f"{path}: {_called(one)} is of image {one.image_id}, which is not in its images")
        elif one.category_id not in categories:
            problems.append(f"{path}: {_called(one)} is of category {one.category_id}, which is not in its categories")
        else:
            good.append(one)
    return good, problems


def _inside_out(annotation: _CocoAnnotation, path: Path) -> str:
    return (
        f"{path}: {_called(annotation)} has the box {list(annotation.bbox)}; COCO's are [x, y, width, height] in pixels,"
        " never less than 0 wide"
    )


def _are_corners(annotations: Sequence[_CocoAnnotation], sizes: Mapping[str, tuple[int, int] | None]) -> bool:
    """Tell whether boxes are corners: all of them can be, and as corner and size some would leave their pictures."""
    sized = [(one, size_hw) for one in annotations if (size_hw := sizes[str(one.image_id)]) is not None]
    if not sized or any(one.area is not None and np.isclose(one.area, one.bbox[2] * one.bbox[3]) for one, _ in sized):
        return False
    boxes = np.array([one.bbox for one, _ in sized], np.float64)
    sides = np.array([size_hw[::-1] for _, size_hw in sized], np.float64)
    can_be = (boxes[:, 2:] > boxes[:, :2]).all() and (boxes[:, 2:] <= sides + 1).all()
    return bool(can_be and (boxes[:, :2] + boxes[:, 2:] > sides * (1 + OVER_BORDER)).any())


def _image_truth(
    rows: Sequence[_CocoAnnotation], class_of: Mapping[int, int], size_hw: tuple[int, int] | None, *, corners: bool
) -> ImageTruth:
    if not rows:
        return ImageTruth.empty(size_hw)
    boxes = np.array([row.bbox for row in rows], np.float64)
    if not corners:
        boxes[:, 2:] += boxes[:, :2]
    sides = boxes[:, 2:] - boxes[:, :2]
    areas = [row.area if row.area is not None else width * height for row, (width, height) in zip(rows, sides, strict=True)]
    with np.errstate(over="ignore"):  # a box too large for 32 bits is refused as infinite
        return ImageTruth(
            boxes.astype(np.float32),
            np.array([class_of[row.category_id] for row in rows], np.int64),
            np.array([bool(row.iscrowd) for row in rows], np.bool_),
            np.array(areas, np.float32),
            size_hw,
        )


def _called(annotation: _CocoAnnotation) -> str:
    return "an annotation" if annotation.id is None else f"annotation {annotation.id}"
