"""COCO's json as truth (https://cocodataset.org/#format-data)."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.datasets.truth import ImageTruth, Truth, listed
from workbench.errors import TruthError
from workbench.media import Media

KEYS = ("images", "annotations", "categories")


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _CocoImage(_Lenient):
    id: int | str
    file_name: str
    width: int | None = Field(None, gt=0)
    height: int | None = Field(None, gt=0)

    @property
    def size_hw(self) -> tuple[int, int] | None:
        return None if self.height is None or self.width is None else (self.height, self.width)


class _CocoAnnotation(_Lenient):
    id: int | str | None = None
    image_id: int | str
    category_id: int
    bbox: tuple[float, float, float, float]
    area: float | None = Field(None, ge=0)
    iscrowd: bool = False


class _CocoCategory(_Lenient):
    id: int
    name: str


class _Coco(_Lenient):
    """The parts of COCO's format that boxes need."""

    images: list[_CocoImage]
    annotations: list[_CocoAnnotation]
    categories: list[_CocoCategory] = Field(min_length=1)


def is_coco(path: Path) -> bool:
    """Tell whether this is a json file."""
    return path.suffix.lower() == ".json" and path.is_file()


def may_be_coco(path: Path) -> bool:
    """Tell whether json is not plainly something else; a damaged truth is to be heard of."""
    try:
        tree: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return True
    return isinstance(tree, dict) and any(key in tree for key in KEYS[:2])


def read_coco(path: Path, _: Media | None = None) -> Truth:
    """Read COCO json; its classes are the categories by id. See `read_truth`."""
    coco = _parsed_coco(path)
    _check_references(coco, path)
    categories = sorted(coco.categories, key=lambda category: category.id)
    class_of = {category.id: position for position, category in enumerate(categories)}
    rows: dict[int | str, list[_CocoAnnotation]] = defaultdict(list)
    for annotation in coco.annotations:
        _check_box(annotation, path)
        rows[annotation.image_id].append(annotation)
    images = {image.file_name: _image_truth(rows[image.id], class_of, image.size_hw) for image in coco.images}
    return Truth(path.name, tuple(category.name for category in categories), images)


def _parsed_coco(path: Path) -> _Coco:
    try:
        tree = json.loads(path.read_bytes())
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
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][:3])
        raise TruthError(f"{path} is wrong at {place}: {first['msg']}; correct it, or choose another COCO json file") from None


def _check_references(coco: _Coco, path: Path) -> None:
    names = Counter(image.file_name for image in coco.images)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise TruthError(f"{path} describes {listed(twice)} more than once; merge its images of one name")
    images = {image.id for image in coco.images}
    categories = {category.id for category in coco.categories}
    for annotation in coco.annotations:
        if annotation.image_id not in images:
            raise TruthError(f"{path}: {_called(annotation)} is of image {annotation.image_id}, which is not in its images")
        if annotation.category_id not in categories:
            raise TruthError(
                f"{path}: {_called(annotation)} is of category {annotation.category_id}, which is not in its categories"
            )


def _check_box(annotation: _CocoAnnotation, path: Path) -> None:
    if min(annotation.bbox[2:]) < 0:
        raise TruthError(
            f"{path}: {_called(annotation)} has the box {list(annotation.bbox)}; COCO's are [x, y, width, height] in pixels,"
            " never less than 0 wide"
        )


def _image_truth(rows: Sequence[_CocoAnnotation], class_of: Mapping[int, int], size_hw: tuple[int, int] | None) -> ImageTruth:
    if not rows:
        return ImageTruth.empty(size_hw)
    boxes = np.array([row.bbox for row in rows], np.float64)
    areas = [row.area if row.area is not None else row.bbox[2] * row.bbox[3] for row in rows]
    boxes[:, 2:] += boxes[:, :2]
    with np.errstate(over="ignore"):  # a box too large for 32 bits is refused as infinite
        return ImageTruth(
            boxes.astype(np.float32),
            np.array([class_of[row.category_id] for row in rows], np.int64),
            np.array([row.iscrowd for row in rows], np.bool_),
            np.array(areas, np.float32),
            size_hw,
        )


def _called(annotation: _CocoAnnotation) -> str:
    return "an annotation" if annotation.id is None else f"annotation {annotation.id}"
