"""The scenes are exact, repeatable, and as varied as a line is."""

from dataclasses import replace

import numpy as np
import pytest

from sample_media.making.scenes import Belt, Scene, render_still
from sample_media.making.scenes.defects import CHIP, MISSING_SCREW, SCRATCH, Flaw
from sample_media.making.scenes.layout import FILLINGS, Spot, lay_out
from sample_media.making.scenes.parts import draw_model
from sample_media.making.scenes.piece import Order, Piece, Pose, make_piece
from sample_media.making.scenes.still import Line, compose, draw_line, sight
from sample_media.making.scenes.truth import MIN_SIDE_PX, locate
from sample_media.making.scenes.wear import plan_flaws
from workbench.samples import LABELS

LANDSCAPE_HW, PORTRAIT_HW = (720, 1280), (1280, 720)
SEEN_LEVELS = 14  # grey levels by which a defect changes a picture without noise
PARTS = range(40, 49)  # seeds of single parts that are looked at closely


@pytest.fixture(scope="module")
def stills() -> list[Scene]:
    return [render_still(seed) for seed in range(16)]


def test_the_same_seed_gives_the_same_bytes():
    first, again = render_still(8), render_still(8)
    assert first.image_rgb.tobytes() == again.image_rgb.tobytes()
    assert first.boxes_xyxy_px.tobytes() == again.boxes_xyxy_px.tobytes()
    assert first.class_ids.tolist() == again.class_ids.tolist()


def test_another_seed_gives_another_picture():
    assert render_still(8).image_rgb.tobytes() != render_still(9).image_rgb.tobytes()


@pytest.mark.parametrize("size_hw", [LANDSCAPE_HW, PORTRAIT_HW, (360, 640)], ids=str)
def test_picture_and_truth_have_the_promised_shapes(size_hw):
    scene = render_still(8, size_hw)
    count = len(scene.class_ids)
    assert scene.image_rgb.shape == (*size_hw, 3)
    assert scene.image_rgb.dtype == np.uint8
    assert scene.boxes_xyxy_px.shape == (count, 4)
    assert scene.boxes_xyxy_px.dtype == np.float32
    assert scene.class_ids.dtype == np.int64


def test_boxes_lie_inside_the_picture_and_are_large_enough_to_see(stills):
    for scene in stills:
        x1, y1, x2, y2 = scene.boxes_xyxy_px.T
        assert (x1 >= 0).all()
        assert (y1 >= 0).all()
        assert (x2 <= 1280).all()
        assert (y2 <= 720).all()
        assert (np.maximum(x2 - x1, y2 - y1) >= MIN_SIDE_PX).all()


def test_stills_show_every_class_empty_belts_and_crowds(stills):
    counts = [len(scene.class_ids) for scene in stills]
    assert set(np.concatenate([scene.class_ids for scene in stills])) == set(range(len(LABELS)))
    assert min(counts) == 0
    assert max(counts) >= 12


@pytest.mark.parametrize("filling", FILLINGS)
def test_fillings_are_what_they_are_called(filling):
    spots = lay_out(filling, 320.0, np.random.default_rng(5))
    flaws = sum(spot.flaws for spot in spots)
    assert (len(spots) == 0) == (filling == "empty")
    assert (flaws == 0) == (filling in {"empty", "perfect"})


def test_a_crowded_belt_carries_more_parts_than_a_usual_one_in_all_twice_as_many():
    crowded, usual = (
        np.array([len(lay_out(filling, 320.0, np.random.default_rng(seed))) for seed in range(12)])
        for filling in ("crowded", "usual")
    )
    assert (crowded > usual).all()
    assert crowded.sum() >= 2 * usual.sum()


def test_a_scene_without_defects_has_empty_truth_of_the_right_shape(stills):
    scene = next(scene for scene in stills if not len(scene.class_ids))
    assert scene.boxes_xyxy_px.shape == (0, 4)


def test_a_portrait_picture_is_the_landscape_one_with_its_truth_turned_along():
    landscape, portrait = render_still(8), render_still(8, PORTRAIT_HW)
    assert len(portrait.class_ids) > 3
    for upright, turned in zip(landscape.boxes_xyxy_px.astype(int), portrait.boxes_xyxy_px.astype(int), strict=True):
        patch = np.rot90(cut(landscape.image_rgb, upright), -1)
        np.testing.assert_array_equal(cut(portrait.image_rgb, turned), patch)


@pytest.mark.parametrize("seed", PARTS)
def test_a_defect_changes_the_picture_inside_its_box_and_all_over_it(seed):
    line, spot, planned = single_part(seed)
    whole = [n for n, flaw in enumerate(planned) if flaw.class_id != MISSING_SCREW and seen_whole(flaw, spot, line)]
    for n in whole:
        flaw, others = planned[n], [other for m, other in enumerate(planned) if m != n]
        if any(np.logical_and(flaw.mask, other.mask).any() for other in others):
            continue  # what another defect covers cannot be seen to change
        box = sight(flaw, spot.model.thickness, spot, line).box_xyxy_px
        change = difference(picture(seed, line, spot, planned), picture(seed, line, spot, others))
        rows, columns = np.nonzero(change > SEEN_LEVELS)
        changed = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        margin = 0.2 * max(box[2] - box[0], box[3] - box[1]) + 20 if flaw.class_id == CHIP else 6  # a bite moves edge and shadow
        assert changed[0] >= box[0] - margin, LABELS[flaw.class_id]
        assert changed[1] >= box[1] - margin, LABELS[flaw.class_id]
        assert changed[2] <= box[2] + margin, LABELS[flaw.class_id]
        assert changed[3] <= box[3] + margin, LABELS[flaw.class_id]
        assert covered(box, changed) > 0.8, LABELS[flaw.class_id]


def test_a_missing_screw_is_where_a_screw_belongs():
    found = 0
    for seed in PARTS:
        line, spot, planned = single_part(seed)
        matrix = line.camera.homography(spot.model.thickness) @ spot.pose.matrix(spot.model.surface.shape_hw)
        seats = np.array([[seat.x, seat.y, 1.0] for seat in spot.model.seats]) @ matrix.T
        seats = seats[:, :2] / seats[:, 2:]
        for flaw in planned:
            if flaw.class_id == MISSING_SCREW and seen_whole(flaw, spot, line):
                x1, y1, x2, y2 = sight(flaw, spot.model.thickness, spot, line).box_xyxy_px
                centre = np.array([(x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2])
                assert np.hypot(*(seats - centre).T).min() < 1.5
                found += 1
    assert found > 2


def test_a_defect_cut_by_the_border_keeps_the_part_of_its_box_that_is_inside():
    line, _, _ = single_part(40)
    mask = np.full((40, 60), 255, np.uint8)
    half_out = np.array([[1.0, 0, -20], [0, 1, 100], [0, 0, 1]])
    sighting = locate(mask, half_out, replace(line.sensor, smear_px=1), LANDSCAPE_HW)
    assert sighting.box_xyxy_px == (0, 100, 40, 140)
    assert sighting.visible == pytest.approx(2 / 3, abs=0.01)


def test_a_defect_outside_the_picture_is_not_seen():
    line, _, _ = single_part(40)
    far_out = np.array([[1.0, 0, -500], [0, 1, 100], [0, 0, 1]])
    assert not locate(np.full((40, 60), 255, np.uint8), far_out, line.sensor, LANDSCAPE_HW).counts


def test_motion_blur_leaves_a_wide_box_almost_as_it_was():
    line, _, _ = single_part(40)
    mask, place = np.full((40, 60), 255, np.uint8), np.array([[1.0, 0, 200], [0, 1, 100], [0, 0, 1]])
    x1, _, x2, _ = locate(mask, place, replace(line.sensor, smear_px=7), LANDSCAPE_HW).box_xyxy_px
    assert 60 <= x2 - x1 <= 62


def test_scratches_are_no_slivers(stills):
    sides = np.concatenate([s.boxes_xyxy_px[s.class_ids == SCRATCH] for s in stills])
    assert np.minimum(sides[:, 2] - sides[:, 0], sides[:, 3] - sides[:, 1]).min() >= 5


def test_a_belt_renders_the_same_frame_in_any_order():
    forward, direct = Belt(300_020), Belt(300_020)
    for index in (0, 210):
        late = forward.render(index)
    assert direct.render(210).image_rgb.tobytes() == late.image_rgb.tobytes()


def test_the_defects_of_a_clip_move_smoothly_along_the_belt():
    belt = Belt(300_020)
    steps = []
    for index in (5, 60, 330):
        before, after = inner(belt.render(index)), inner(belt.render(index + 1), 20)
        for box, class_id in zip(*before, strict=True):
            same = after[0][after[1] == class_id]
            moved = same - box
            nearest = moved[np.abs(moved - [8, 0, 8, 0]).sum(axis=1).argmin()]
            assert np.abs(nearest[[1, 3]]).max() <= 2
            steps.append(float(nearest[[0, 2]].mean()))
    assert len(steps) > 10
    assert 6 < min(steps) <= max(steps) < 12


def single_part(seed: int) -> tuple[Line, Spot, list[Flaw]]:
    """A line without noise, one part in the middle of the picture, and the defects that are planned for it."""
    rng = np.random.default_rng(seed)
    line = draw_line(rng, LANDSCAPE_HW)
    line = replace(line, sensor=replace(line.sensor, noise=0.0, smear_px=3))
    spot = Spot(draw_model(rng, 330.0), Pose(0.0, 0.0, float(rng.uniform(0, 6))), 4)
    return line, spot, plan_flaws(spot.model, spot.flaws, 1.0, spot.pose.angle, np.random.default_rng(seed))


def picture(seed: int, line: Line, spot: Spot, wanted: list[Flaw]) -> np.ndarray:
    """The picture of a part with only these of its defects."""
    masks = {flaw.mask.tobytes() for flaw in wanted}
    order = Order(spot.flaws, 1.0, line.light, spot.pose.angle, lambda flaw: flaw.mask.tobytes() in masks)
    piece: Piece = make_piece(spot.model, order, np.random.default_rng(seed))
    return compose(line, [(piece, spot)], np.random.default_rng(0), travel=0.0).image_rgb


def seen_whole(flaw: Flaw, spot: Spot, line: Line) -> bool:
    return sight(flaw, spot.model.thickness, spot, line).visible == 1.0


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(one.astype(int) - other.astype(int)).max(axis=2)


def covered(box: tuple[int, int, int, int], by: tuple[int, int, int, int]) -> float:
    """Share of a box that another covers."""
    width, height = min(box[2], by[2]) - max(box[0], by[0]), min(box[3], by[3]) - max(box[1], by[1])
    return max(0, width) * max(0, height) / ((box[2] - box[0]) * (box[3] - box[1]))


def cut(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    x1, y1, x2, y2 = box
    return image[y1:y2, x1:x2]


def inner(scene: Scene, margin: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and classes away from the picture's left and right border."""
    keep = (scene.boxes_xyxy_px[:, 0] > margin) & (scene.boxes_xyxy_px[:, 2] < 1280 - margin)
    return scene.boxes_xyxy_px[keep], scene.class_ids[keep]
