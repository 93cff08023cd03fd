"""Training of the sample detectors: crops, assignment, losses, a few steps, going on after a stop."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from sample_media.making.cards import card_text, write_card
from sample_media.making.scenes import Scene
from sample_media.making.training.cache import CACHE_HW, SceneCache, open_cache
from sample_media.making.training.crops import PAD_VALUE, draw_crop
from sample_media.making.training.evaluation import evaluate
from sample_media.making.training.feed import Batch, draw_batch, made_ahead
from sample_media.making.training.log import TrainLog
from sample_media.making.training.losses import decode, detection_losses
from sample_media.making.training.recipe import Recipe, learning_rate
from sample_media.making.training.run import Budget, fit, step_function
from sample_media.making.training.saving import round_mantissa, save_network
from sample_media.making.training.state import TrainState
from sample_media.making.training.targets import BACKGROUND, IGNORED, assign
from workbench.detections import Accuracy
from workbench.errors import ModelError
from workbench.samples import SAMPLE_ANCHORS, SAMPLE_HEAD

pytestmark = pytest.mark.slow
SIZE_HW = (64, 128)  # not square
SIDE = 64
BOX_COLOUR = 250
# Keras saves through an interface that NumPy 2 calls old; nothing of ours is meant.
KERAS_AND_NUMPY = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
TINY = Recipe(
    train_seeds=range(2), validation_seeds=range(0), crop_side_px=SIDE, batch=2, warmup_steps=1, epoch_steps=1, log_steps=1
)


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def encode(boxes_xyxy: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """SSD's offsets of boxes `(A, 4)` from anchors `(A, 4)`: the reverse of what the package decodes."""
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    center = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    dxy = (center - anchors[:, :2]) / anchors[:, 2:] / SAMPLE_HEAD.center_variance
    return np.concatenate([dxy, np.log(sides / anchors[:, 2:]) / SAMPLE_HEAD.size_variance], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def painted() -> SceneCache:
    """Two grey scenes with one bright defect each, which is exactly its box."""
    images = np.full((2, *CACHE_HW, 3), 60, np.uint8)
    images[:, 100:160, 300:420] = BOX_COLOUR
    return SceneCache("two", images, (boxes((300, 100, 420, 160)),) * 2, (np.array([3]),) * 2)


def test_decoding_reverses_encoding() -> None:
    anchors = SAMPLE_ANCHORS(SIZE_HW)
    wanted = np.tile(boxes((10, 5, 47, 21)), (len(anchors), 1))
    found = decode(tf.constant(encode(wanted, anchors)[None]), anchors).numpy()[0]
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_training_and_running_decode_alike() -> None:
    anchors = SAMPLE_ANCHORS(SIZE_HW)
    offsets = np.random.default_rng(0).normal(size=(2, len(anchors), 4)).astype(np.float32)
    shipped, _ = SAMPLE_HEAD.candidates((offsets, np.zeros((2, len(anchors), 5), np.float32)), SIZE_HW)
    np.testing.assert_allclose(decode(tf.constant(offsets), anchors).numpy(), shipped, atol=1e-3)


@pytest.mark.parametrize("box", [(20.2, 20.2, 23.1, 22.4), (0, 0, 3, 3), (125, 61, 128, 64), (2, 30, 120, 33)], ids=str)
def test_even_a_tiny_or_thin_box_has_an_anchor(box: tuple[float, ...]) -> None:
    targets = assign(boxes(box), np.array([2]), SIZE_HW)
    assert (targets.class_ids == 2).any()
    np.testing.assert_allclose(targets.boxes_xyxy_px[targets.class_ids == 2], [box] * (targets.class_ids == 2).sum())


def test_without_boxes_all_is_background() -> None:
    assert (assign(boxes(), np.array([], np.int64), SIZE_HW).class_ids == BACKGROUND).all()


def test_where_boxes_share_a_center_the_smaller_has_it() -> None:
    both = boxes((20, 20, 28, 28), (4, 4, 44, 44))
    for order in ([0, 1], [1, 0]):
        targets = assign(both[order], np.array(order), SIZE_HW)
        nearest = np.abs(SAMPLE_ANCHORS(SIZE_HW)[:, :2] - 24).sum(axis=1)[: 8 * 16].argmin()
        assert targets.class_ids[nearest] == 0
        assert (targets.class_ids == 1).any()


def test_a_large_box_is_left_to_coarse_levels() -> None:
    targets = assign(boxes((0, 0, 128, 64)), np.array([1]), SIZE_HW)
    assert not (targets.class_ids[: 8 * 16] == 1).any()


def test_what_is_cut_off_teaches_neither_way() -> None:
    targets = assign(boxes((0, 0, 16, 16)), np.array([-1]), SIZE_HW)
    assert (targets.class_ids == IGNORED).any()
    assert not (targets.class_ids >= 0).any()


def test_losses_prefer_the_right_answer_and_skip_the_ignored() -> None:
    anchors = SAMPLE_ANCHORS(SIZE_HW)
    targets = assign(boxes((10, 5, 47, 21), (80, 30, 100, 50)), np.array([4, -1]), SIZE_HW)
    offsets = encode(np.where(targets.class_ids[:, None] >= 0, targets.boxes_xyxy_px, boxes((0, 0, 8, 8))), anchors)
    right = np.where(np.arange(5) == targets.class_ids[:, None], 9.0, -9.0).astype(np.float32)

    def total(logits: np.ndarray, moved: np.ndarray) -> float:
        return float(
            detection_losses(moved[None], logits[None], anchors, targets.class_ids[None], targets.boxes_xyxy_px[None]).total
        )

    assert total(right, offsets) < 0.01
    assert total(-right, offsets) > 1
    assert total(right, offsets + 3) > 0.1
    shouting = np.where(targets.class_ids[:, None] == IGNORED, 9.0, right).astype(np.float32)
    assert total(shouting, offsets) == pytest.approx(total(right, offsets))


def test_a_crop_keeps_boxes_on_their_defects(painted: SceneCache) -> None:
    rng = np.random.default_rng(1)
    seen = 0
    for _ in range(40):
        crop = draw_crop(painted, SIDE, rng)
        for (x0, y0, x1, y1), kind in zip(crop.boxes_xyxy_px, crop.class_ids, strict=True):
            assert 0 <= x0 < x1 <= SIDE
            assert 0 <= y0 < y1 <= SIDE
            if kind == 3 and min(x1 - x0, y1 - y0) > 6:
                inside = crop.image_rgb[round(y0) + 2 : round(y1) - 2, round(x0) + 2 : round(x1) - 2]
                assert inside.mean() > PAD_VALUE + 30
                seen += 1
    assert seen > 20


def test_the_same_seed_draws_the_same_batch(painted: SceneCache) -> None:
    first, again, other = (draw_batch(painted, 3, SIDE, (5, step)) for step in (1, 1, 2))
    assert np.array_equal(first.images_rgb, again.images_rgb)
    assert np.array_equal(first.class_ids, again.class_ids)
    assert not np.array_equal(first.images_rgb, other.images_rgb)


def test_batches_come_in_order_and_an_error_reaches_who_waits(painted: SceneCache) -> None:
    batch = draw_batch(painted, 1, SIDE, (0, 0))

    def draw(step: int) -> Batch:
        if step == 9:
            raise OSError("the disk is gone")
        return Batch(np.full_like(batch.images_rgb, step), batch.class_ids, batch.boxes_xyxy_px)

    with made_ahead(draw, 7) as batches:
        assert [next(batches).images_rgb.flat[0] for _ in range(2)] == [7, 8]
        with pytest.raises(OSError, match="the disk is gone"):
            next(batches)


def test_the_learning_rate_warms_up_and_falls() -> None:
    recipe = Recipe()
    assert learning_rate(recipe, 0, 0.0) < recipe.learning_rate / 100
    assert learning_rate(recipe, recipe.warmup_steps, 0.0) == pytest.approx(recipe.learning_rate)
    assert learning_rate(recipe, 10_000, 1.0) == pytest.approx(recipe.learning_rate * recipe.final_share)


def test_a_budget_is_minutes_or_steps() -> None:
    assert Budget(minutes=2).progress(step=1, seconds=60) == 0.5
    assert Budget(steps=4).progress(step=5, seconds=0) == 1
    with pytest.raises(ValueError, match="minutes or steps"):
        Budget()


@KERAS_AND_NUMPY
def test_loss_falls_on_two_pictures_and_what_is_saved_says_the_same(painted: SceneCache, tmp_path: Path) -> None:
    recipe = Recipe(crop_side_px=SIDE, batch=2)
    state = TrainState.start("inspector-large", 0, keras.optimizers.AdamW(1e-3))
    step, batch = step_function(state, recipe), draw_batch(painted, 2, SIDE, (0, 3))
    assert (batch.class_ids >= 0).any()
    losses = [float(step(batch.images_rgb, batch.class_ids, batch.boxes_xyxy_px, 1e-3, float(n)).total) for n in range(12)]
    assert losses[-1] < 0.8 * losses[0]

    network = state.averaged_network()
    save_network(network, tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras", compile=False)
    image = tf.constant(batch.images_rgb / np.float32(255))
    for key, value in network(image, training=False).items():
        np.testing.assert_allclose(again(image, training=False)[key], value, atol=1e-5)


@KERAS_AND_NUMPY
def test_going_on_continues_the_count_and_the_weights(tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "out"
    open_cache(cache, TINY.train_seeds, workers=1)
    for steps in (1, 2):
        fit("inspector-large", out=out, cache=cache, budget=Budget(steps=steps), recipe=TINY)
    log = TrainLog(out / "inspector-large.train.jsonl")
    assert [row["from_step"] for row in log.events("start")] == [0, 1]
    assert [row["step"] for row in log.events("step")] == [1, 2]

    saved = keras.models.load_model(out / "inspector-large.keras", compile=False)
    resumed = TrainState.start("inspector-large", 1, keras.optimizers.AdamW(1e-3))
    resumed.load(cache / "inspector-large.checkpoint.npz")
    assert resumed.step == 2
    for mine, shipped in zip(resumed.averages, saved.weights, strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(shipped), mine.numpy(), rtol=2**-13)


def test_a_saved_network_can_be_gone_on_from_without_its_checkpoint() -> None:
    state, other = (TrainState.start("inspector-large", seed, keras.optimizers.AdamW(1e-3)) for seed in (0, 1))
    state.adopt(other.averaged_network(), 70, 8.5)
    assert (state.step, state.seconds) == (70, 8.5)
    for weight, average, theirs in zip(state.weights, state.averages, other.averages, strict=True):
        np.testing.assert_array_equal(weight.value.numpy(), theirs.numpy())
        np.testing.assert_array_equal(average.numpy(), theirs.numpy())


@pytest.mark.parametrize("value", [1.0, -1.5, 0.0, 3.1415926e-30, -2.7e20], ids=str)
def test_rounding_weights_keeps_what_matters(value: float) -> None:
    rounded = round_mantissa(np.array([value], np.float32))
    assert rounded[0] == pytest.approx(value, rel=2**-13)
    assert not rounded.view(np.uint32)[0] & 0x3FF


def test_finding_exactly_the_truth_is_an_ap_of_one() -> None:
    still = Scene(np.zeros((72, 128, 3), np.uint8), boxes((20, 20, 60, 60)), np.array([1]))
    anchors = SAMPLE_ANCHORS((128, 128))
    scores = np.zeros((1, len(anchors), 5), np.float32)
    scores[0, 100, 1] = 0.9
    letterboxed = np.tile(boxes((20, 48, 60, 88)), (len(anchors), 1))  # 28 grey rows above
    found = evaluate(lambda batch: (encode(letterboxed, anchors)[None], scores[: len(batch)]), [still], 128)
    assert found.ap == pytest.approx(1)


def test_a_card_tells_what_the_log_and_the_evaluation_say(tmp_path: Path) -> None:
    log = TrainLog(tmp_path / "log.jsonl")
    recipe = {"train_seeds": [0, 4000], "validation_seeds": [99960, 100000], "crop_side_px": 256, "batch": 16}
    machine = {"cpu": "abacus", "cores": 3, "tensorflow": "2.21"}
    shared = {"recipe": recipe | {"learning_rate": 0.1, "weight_decay": 0.2}, "parameters": 1234567, "machine": machine}
    log.add("start", command="train this", from_step=0, **shared)
    log.add("start", command="train on", from_step=50, **shared | {"recipe": shared["recipe"] | {"crop_side_px": 192, "batch": 24}})
    log.add("step", step=100, seconds=100.0, score_loss=0.5, box_loss=0.25)
    log.add("validation", step=100, ap=0.125, ap50=0.25)
    figures = dict.fromkeys(("ap", "ap50", "ap_small", "ap_medium"), 0.5) | {"ap_large": None}
    tested = Accuracy(**figures, images=50, truth="stills", score_threshold=0.05)
    card = card_text("inspector-mobile", log, {160: tested})
    for words in ("1,234,567", "| `train this` | 0 | 256 x 256 | 16 |", "| `train on` | 50 | 192 x 192 | 24 |",
                  "2,000 in 100 steps", "| 160x160 | 0.500 | 0.500 | 0.500 | 0.500 | - |", "4,000, seeds 0 to 3999",
                  "abacus, 3 cores", "2 minutes", "20 crops a second", "| 100 | 0.125 | 0.250 |"):  # fmt: skip
        assert words in card


def test_a_card_without_a_network_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="sample_media.making train inspector-mobile"):
        write_card("inspector-mobile", tmp_path)
