"""COCO's json as truth (https://cocodataset.org/#format-data)."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.datasets.truth import ImageTruth, Truth, listed
from workbench.errors import TruthError

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


def read_coco(path: Path, labels: Sequence[str] | None) -> Truth:
    """Read COCO json; see `read_truth`."""
    coco = _parsed_coco(path)
    _check_references(coco, path)
    own = tuple(category.name for category in sorted(coco.categories, key=lambda category: category.id))
    known = tuple(own if labels is None else labels)
    class_of = _class_of_category(coco.categories, known)
    if not class_of:
        raise TruthError(
            f"{path} is about {listed(own)}, the detector knows {listed(known)}: no name in common;"
            " choose other truth, or give the detector these labels"
        )
    rows: dict[int | str, list[_CocoAnnotation]] = defaultdict(list)
    strangers: Counter[int] = Counter()
    flat = 0
    for annotation in coco.annotations:
        _check_box(annotation, path)
        if annotation.category_id not in class_of:
            strangers[annotation.category_id] += 1
        elif 0 in annotation.bbox[2:]:
            flat += 1
        else:
            rows[annotation.image_id].append(annotation)
    images = {image.file_name: _image_truth(rows[image.id], class_of, image.size_hw) for image in coco.images}
    _check_pixels(images, path)
    unjudged = [label for class_id, label in enumerate(known) if class_id not in class_of.values()]
    return Truth(path.name, known, images, _notes(path.name, coco.categories, strangers, flat, unjudged))


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


def _check_pixels(images: Mapping[str, ImageTruth], path: Path) -> None:
    boxes = [image.boxes_xyxy_px for image in images.values() if len(image)]
    if boxes and max(float(box.max()) for box in boxes) <= 1:
        raise TruthError(f"{path} has boxes in fractions of the picture; COCO's are [x, y, width, height] in pixels")
    for name, image in images.items():
        if image.size_hw is None or not len(image):
            continue
        height, width = image.size_hw
        outside = (
            (image.boxes_xyxy_px[:, 0] >= width) | (image.boxes_xyxy_px[:, 1] >= height) | (image.boxes_xyxy_px[:, 2:] <= 0).any(1)
        )
        if outside.any():
            box = image.boxes_xyxy_px[outside][0].tolist()
            raise TruthError(
                f"{path}: in {name} (width {width}, height {height}) lies a box wholly outside, corners {box};"
                " COCO's boxes are [x, y, width, height] in pixels of the upright picture"
            )


def _class_of_category(categories: Iterable[_CocoCategory], labels: Sequence[str]) -> dict[int, int]:
    class_of_name = {_folded(label): class_id for class_id, label in reversed(tuple(enumerate(labels)))}
    return {
        category.id: class_of_name[_folded(category.name)] for category in categories if _folded(category.name) in class_of_name
    }


def _image_truth(rows: Sequence[_CocoAnnotation], class_of: Mapping[int, int], size_hw: tuple[int, int] | None) -> ImageTruth:
    if not rows:
        return ImageTruth.empty(size_hw)
    boxes = np.array([row.bbox for row in rows], np.float64)
    areas = [row.area if row.area is not None else row.bbox[2] * row.bbox[3] for row in rows]
    boxes[:, 2:] += boxes[:, :2]
    return ImageTruth(
        boxes.astype(np.float32),
        np.array([class_of[row.category_id] for row in rows], np.int64),
        np.array([row.iscrowd for row in rows], np.bool_),
        np.array(areas, np.float32),
        size_hw,
    )


def _notes(
    name: str, categories: Iterable[_CocoCategory], strangers: Counter[int], flat: int, unjudged: Sequence[str]
) -> tuple[str, ...]:
    names = [category.name for category in categories if strangers[category.id]]
    boxes = strangers.total()
    notes = (
        f"{name} has {boxes} boxes of what the detector does not know ({listed(names)}): they are left out" if boxes else "",
        f"{name} is not about {listed(unjudged)}: what is found of it is not judged" if unjudged else "",
        f"{name} has {flat} boxes without width or height: they are left out" if flat else "",
    )
    return tuple(note for note in notes if note)


def _folded(label: str) -> str:
    return label.strip().casefold()


def _called(annotation: _CocoAnnotation) -> str:
    return "an annotation" if annotation.id is None else f"annotation {annotation.id}"
