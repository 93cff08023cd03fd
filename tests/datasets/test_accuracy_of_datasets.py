"""Average precision of a truth file is what the library says of the same file and boxes, with none of our code in between."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from faster_coco_eval import COCO, COCOeval_faster

from workbench.datasets import Truth, match, read_truth
from workbench.detections import Accuracy, Detections, average_precision
from workbench.pipeline import Pipeline  # noqa: F401 - `pipeline` runs TensorFlow; conftest sets its threads for who names it
from workbench.samples import SAMPLE_MEDIA
from workbench.stages.jpeg import truth_as_detections

LABELS = ("Dust", "RBC", "wbc", "Platelets")
FIGURES = ("ap", "ap50", "ap_small", "ap_medium", "ap_large")


def figures_of(accuracy: Accuracy) -> list[float | None]:
    return [getattr(accuracy, name) for name in FIGURES]


def ours(truth: Truth, found: dict[str, Detections]) -> list[float | None]:
    known = match(truth, found)
    return figures_of(
        average_precision(
            [found[name] for name in known.images],
            list(known.images.values()),
            classes=len(truth.labels),
            truth_name=truth.name,
            score_threshold=0.0,
        )
    )


def the_librarys(path: Path, found: dict[str, Detections], labels: Sequence[str], only: Sequence[str] | None = None):
    """Evaluate on the json file itself; `only` names the categories that both know."""
    coco = COCO(str(path), print_function=lambda _: None)
    image_of = {row["file_name"]: row["id"] for row in coco.dataset["images"]}
    category_of = {row["name"].casefold(): row["id"] for row in coco.dataset["categories"]}
    rows = [
        {
            "image_id": image_of[name],
            "category_id": category_of[label],
            "bbox": [left, top, right - left, bottom - top],
            "score": score,
        }
        for name, one in found.items()
        for (left, top, right, bottom), score, number in zip(
            one.boxes_xyxy_px.tolist(), one.scores.tolist(), one.class_ids.tolist(), strict=True
        )
        if (label := labels[number].casefold()) in category_of
    ]
    evaluation = COCOeval_faster(coco, coco.loadRes(rows), "bbox", print_function=lambda _: None)
    evaluation.params.imgIds = sorted(image_of[name] for name in found)
    if only is not None:
        evaluation.params.catIds = sorted(category_of[name.casefold()] for name in only)
    evaluation.run()
    ap, ap50, _, small, medium, large = (None if figure < 0 else float(figure) for figure in evaluation.stats[:6])
    return [ap, ap50, small, medium, large]


def imagined(path: Path, labels: Sequence[str], seed: int = 3) -> dict[str, Detections]:
    """What a detector could have found: most boxes shaken, some missed, some of another class, false alarms, equal scores."""
    draw = np.random.default_rng(seed)
    tree = json.loads(path.read_text())
    numbers = {label.casefold(): number for number, label in enumerate(labels)}
    name_of = {row["id"]: row["name"].casefold() for row in tree["categories"]}
    found: dict[str, Detections] = {}
    for image in tree["images"]:
        rows = [row for row in tree["annotations"] if row["image_id"] == image["id"] and draw.random() < 0.85]
        alarms = draw.uniform((0, 0, 5, 5), (500, 400, 150, 150), (draw.integers(0, 6), 4))
        boxes = np.array([*(row["bbox"] for row in rows), *alarms], np.float64).reshape(-1, 4)
        boxes += draw.normal(0, 0.06, boxes.shape) * boxes[:, [2, 3, 2, 3]]
        boxes[:, 2:] += boxes[:, :2]
        classes = [numbers.get(name_of[row["category_id"]], 0) for row in rows] + [0] * len(alarms)
        classes = np.where(draw.random(len(classes)) < 0.2, draw.integers(0, len(labels), len(classes)), classes)
        scores = np.sort(draw.random(len(classes)).round(1))[::-1]
        found[image["file_name"]] = Detections(boxes.astype(np.float32), scores.astype(np.float32), classes.astype(np.int64))
    return found


@pytest.fixture
def generated(tmp_path) -> Path:
    """A json file with fractional boxes, crowds, outlines smaller than their boxes, ids with gaps, and an empty picture."""
    draw = np.random.default_rng(7)
    images = [{"id": 10 * n + 3, "file_name": f"{n}.jpg", "width": 640, "height": 480} for n in range(12)]
    rows = [
        {
            "id": 5 * n + 1,
            "image_id": images[n % 11]["id"],
            "category_id": int(draw.choice([4, 90, 17])),
            "bbox": [*draw.uniform(0, 450, 2).round(2), *draw.uniform(8, 160, 2).round(2)],
            "iscrowd": int(n % 9 == 0),
        }
        for n in range(120)
    ]
    for row in rows:
        row["area"] = round(row["bbox"][2] * row["bbox"][3] * draw.uniform(0.5, 1), 4)
    categories = [{"id": 90, "name": "RBC"}, {"id": 4, "name": "WBC"}, {"id": 17, "name": "Platelets"}]
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"images": images, "annotations": rows, "categories": categories}))
    return path


@pytest.fixture(params=["generated", "real"])
def truth_file(request) -> Path:
    if request.param == "generated":
        return request.getfixturevalue("generated")
    return request.getfixturevalue("assets") / "images" / "bccd" / "instances.json"


def test_precision_on_a_json_file_is_the_librarys_own(truth_file):
    found = imagined(truth_file, LABELS)
    figures = the_librarys(truth_file, found, LABELS)
    assert 0.1 < figures[0] < 0.9
    assert ours(read_truth(truth_file, LABELS), found) == pytest.approx(figures, abs=1e-12)


def test_precision_of_classes_that_both_know_is_the_librarys_over_these(truth_file):
    """The detector knows no platelets, and the truth no dust."""
    labels = ("wbc", "dust", "rbc")
    found = imagined(truth_file, labels)
    truth = read_truth(truth_file, labels)
    assert ours(truth, found) == pytest.approx(the_librarys(truth_file, found, labels, only=("wbc", "rbc")), abs=1e-12)
    strangers, unjudged = truth.notes
    assert "boxes of what the detector does not know (Platelets): they are left out" in strangers
    assert unjudged.endswith("is not about dust: what is found of it is not judged")


@pytest.mark.parametrize("labels", [("wbc", "dust", "rbc", "rust"), ("rust", "rbc", "dust", "wbc")], ids=["behind", "before"])
def test_what_is_found_of_classes_that_the_truth_is_not_about_changes_nothing(labels, generated):
    judged = [labels.index("wbc"), labels.index("rbc")]
    found = imagined(generated, labels)
    without = {name: one.where(np.isin(one.class_ids, judged)) for name, one in found.items()}
    truth = read_truth(generated, labels)
    assert sum(map(len, found.values())) > sum(map(len, without.values())) + 5
    assert ours(truth, found) == ours(truth, without)


def test_boxes_of_strangers_are_not_missed(generated):
    """Who finds every box of the one class it knows is perfect, whatever else is in the pictures."""
    truth = read_truth(generated, ["rbc"])
    perfect = {name: truth_as_detections(image) for name, image in truth.images.items()}
    assert ours(truth, perfect)[0] == pytest.approx(1.0)


def test_the_order_of_the_labels_does_not_matter(generated):
    orders = [LABELS, LABELS[::-1], (*LABELS[2:], *LABELS[:2])]
    found = imagined(generated, LABELS)
    renamed = [{name: renumbered(one, LABELS, order) for name, one in found.items()} for order in orders]
    figures = [ours(read_truth(generated, order), one) for order, one in zip(orders, renamed, strict=True)]
    assert all(one == pytest.approx(other) for one, other in pairwise(figures))


def test_a_detector_on_its_stills_has_the_librarys_precision(pipeline, stills):
    detector = pipeline("graph").detector
    found = dict(zip([frame.name for frame in stills], pipeline("graph").detect(stills), strict=True))
    path = SAMPLE_MEDIA / "stills.json"
    labels = detector.facts.labels
    figures = the_librarys(path, found, labels)
    assert figures[0] > 0.3
    assert ours(read_truth(path, labels), found) == pytest.approx(figures, abs=1e-12)


def renumbered(found: Detections, before: Sequence[str], after: Sequence[str]) -> Detections:
    positions = np.array([after.index(label) for label in before])
    return Detections(found.boxes_xyxy_px, found.scores, positions[found.class_ids])
