"""Stills on the disk, where worker processes find them too."""

import json
import shutil
from pathlib import Path

import pytest

from workbench.opening import Sources
from workbench.samples import SAMPLE_STILLS

WANTED = 5
LANDSCAPE = (1280, 720)


@pytest.fixture(scope="session")
def stills_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a few sample stills of one size, its truth beside it."""
    truth = json.loads(SAMPLE_STILLS.with_suffix(".json").read_text())
    counts = dict.fromkeys((image["id"] for image in truth["images"]), 0)
    for annotation in truth["annotations"]:
        counts[annotation["image_id"]] += 1
    full = [image for image in truth["images"] if (image["width"], image["height"]) == LANDSCAPE and counts[image["id"]] >= 2]
    folder = tmp_path_factory.mktemp("media") / "stills"
    folder.mkdir()
    for image in full[:WANTED]:
        shutil.copy(SAMPLE_STILLS / image["file_name"], folder)
    kept = {image["id"] for image in full[:WANTED]}
    truth["images"] = full[:WANTED]
    truth["annotations"] = [one for one in truth["annotations"] if one["image_id"] in kept]
    folder.with_suffix(".json").write_text(json.dumps(truth))
    return folder


@pytest.fixture
def sources(stills_folder: Path) -> Sources:
    return Sources(detector="inspector-mobile", media=str(stills_folder))
