"""A few of the sample stills in a folder of their own, with their truth beside it: enough to see that something works."""

import json
import shutil
from pathlib import Path

from workbench.samples import SAMPLE_STILLS

LANDSCAPE = (1280, 720)
LEAST_OBJECTS = 2


def write_few_stills(folder: Path, wanted: int) -> Path:
    """Copy the first so many stills of one size that hold at least two objects."""
    truth = json.loads(SAMPLE_STILLS.with_suffix(".json").read_text())
    counts = dict.fromkeys((image["id"] for image in truth["images"]), 0)
    for annotation in truth["annotations"]:
        counts[annotation["image_id"]] += 1
    full = [
        image
        for image in truth["images"]
        if (image["width"], image["height"]) == LANDSCAPE and counts[image["id"]] >= LEAST_OBJECTS
    ][:wanted]
    folder.mkdir()
    for image in full:
        shutil.copy(SAMPLE_STILLS / image["file_name"], folder)
    kept = {image["id"] for image in full}
    truth["images"] = full
    truth["annotations"] = [one for one in truth["annotations"] if one["image_id"] in kept]
    folder.with_suffix(".json").write_text(json.dumps(truth))
    return folder
