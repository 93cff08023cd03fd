"""What is in sample_media is what the seeds give, and its truth is that of its pictures."""

import json
from itertools import combinations

import cv2
import numpy as np
import pytest

from sample_media.making.media import (
    CALIBRATION_HW,
    CALIBRATION_SEEDS,
    SEEDS,
    still_size_hw,
    write_calibration,
    write_clip,
    write_stills,
)
from sample_media.making.scenes import Belt, render_still
from workbench.datasets import match, read_truth, truth_for
from workbench.errors import SaveError
from workbench.media import open_media
from workbench.samples import LABELS, SAMPLE_CALIBRATION, SAMPLE_MEDIA

LIMIT_BYTES = 20_000_000  # of the stills
CLIP_LIMIT_BYTES = 9_000_000
CALIBRATION_LIMIT_BYTES = 4_000_000
JPEG_LEVELS = 4.0  # mean difference in grey levels that quality 75 and sensor noise leave
VIDEO_LEVELS = 5.0  # the codec smooths the noise away


@pytest.mark.parametrize(("one", "other"), list(combinations(SEEDS, 2)), ids="-".join)
def test_seeds_never_overlap(one, other):
    a, b = SEEDS[one], SEEDS[other]
    assert a.stop <= b.start or b.stop <= a.start


def test_each_fifth_still_is_portrait():
    sizes = [still_size_hw(number) for number in range(len(SEEDS["test"]))]
    assert len(sizes) == 200
    assert sizes.count((1280, 720)) == 40


@pytest.mark.parametrize("number", [0, 4, 199])
def test_a_shipped_still_is_what_its_seed_gives(number):
    scene = render_still(SEEDS["test"][number], still_size_hw(number))
    name = f"still_{number:03d}.jpg"
    image_bgr = cv2.imread(str(SAMPLE_MEDIA / "stills" / name))
    assert np.abs(image_bgr[..., ::-1].astype(int) - scene.image_rgb).mean() < JPEG_LEVELS
    truth = read_truth(SAMPLE_MEDIA / "stills.json").images[name]
    np.testing.assert_array_equal(truth.boxes_xyxy_px, scene.boxes_xyxy_px)
    np.testing.assert_array_equal(truth.class_ids, scene.class_ids)


@pytest.mark.slow
def test_shipped_calibration_stills_are_what_their_seeds_give():
    stills = list(open_media(SAMPLE_CALIBRATION).frames())
    assert len(stills) == len(CALIBRATION_SEEDS)
    assert {still.size_hw for still in stills} == {CALIBRATION_HW}
    for number in (0, len(stills) - 1):
        small = cv2.resize(render_still(CALIBRATION_SEEDS[number]).image_rgb, CALIBRATION_HW[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(stills[number].image_rgb.astype(int) - small).mean() < JPEG_LEVELS


def test_the_shipped_clip_decodes_whole_and_is_what_its_seed_gives():
    belt, truth = Belt(SEEDS["clip"][0]), read_truth(SAMPLE_MEDIA / "line.json")
    frames = 0
    for frame in open_media(SAMPLE_MEDIA / "line.webm").frames():
        frames += 1
        if frame.index in {0, 250, 599}:
            scene = belt.render(frame.index)
            assert np.abs(frame.image_rgb.astype(int) - scene.image_rgb).mean() < VIDEO_LEVELS
            np.testing.assert_array_equal(truth.images[frame.name].boxes_xyxy_px, scene.boxes_xyxy_px)
    assert frames == len(truth) == 600


@pytest.mark.parametrize("name", ["line.webm", "stills"])
def test_the_truth_of_the_shipped_media_is_found_beside_them(name):
    media = open_media(SAMPLE_MEDIA / name)
    path = truth_for(media)
    assert path is not None
    truth = read_truth(path)
    assert truth.labels == LABELS
    assert len(truth) == media.facts().frames


def test_the_shipped_media_are_small_enough_to_clone():
    assert sum(path.stat().st_size for path in (SAMPLE_MEDIA / "stills").iterdir()) < LIMIT_BYTES
    assert (SAMPLE_MEDIA / "line.webm").stat().st_size < CLIP_LIMIT_BYTES
    assert sum(path.stat().st_size for path in SAMPLE_CALIBRATION.iterdir()) < CALIBRATION_LIMIT_BYTES


def test_written_stills_and_their_truth_belong_together(tmp_path):
    told = []
    write_stills(tmp_path, lambda *step: told.append(step), seeds=range(200_000, 200_002))
    media = open_media(tmp_path / "stills")
    truth = match(read_truth(tmp_path / "stills.json"), [frame.name for frame in media.frames()])
    assert len(truth) == 2
    assert not truth.notes
    assert told == [(1, 2, "stills"), (2, 2, "stills")]


def test_a_written_clip_and_its_truth_belong_together(tmp_path):
    write_clip(tmp_path, frames=3)
    names = [frame.name for frame in open_media(tmp_path / "line.webm").frames()]
    assert names == ["line.webm#0", "line.webm#1", "line.webm#2"]
    assert not match(read_truth(tmp_path / "line.json"), names).notes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["line.json", "line.webm"]


def test_truth_is_coco_with_categories_from_one(tmp_path):
    write_stills(tmp_path, seeds=[200_000])
    coco = json.loads((tmp_path / "stills.json").read_text())
    assert [category["id"] for category in coco["categories"]] == [1, 2, 3, 4, 5]
    assert [category["name"] for category in coco["categories"]] == list(LABELS)
    assert coco["images"] == [{"id": 1, "file_name": "still_000.jpg", "width": 1280, "height": 720}]
    assert all(row["area"] == row["bbox"][2] * row["bbox"][3] for row in coco["annotations"])


@pytest.mark.parametrize("write", [write_stills, write_clip, write_calibration])
def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path, write):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(SaveError, match="taken"):
        write(tmp_path / "taken")
