"""Train a sample network on rendered scenes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from sample_media.making.cards import write_card
from sample_media.making.scenes import Scene, render_still
from sample_media.making.training.cache import RENDER_HW, SceneCache, open_cache
from sample_media.making.training.evaluation import evaluate, predict_with
from sample_media.making.training.feed import Batch, draw_batch, made_ahead
from sample_media.making.training.log import TrainLog
from sample_media.making.training.losses import detection_losses
from sample_media.making.training.recipe import Recipe, learning_rate
from sample_media.making.training.saving import save_network
from sample_media.making.training.state import TrainState
from workbench.machine import environment
from workbench.samples import SAMPLE_ANCHORS

VALIDATION_SIDE = 512
Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Budget:
    """When a training ends: after so many minutes of stepping or so many steps, whichever is given; all sessions together."""

    minutes: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.steps is None):
            raise ValueError("give minutes or steps")

    def progress(self, step: int, seconds: float) -> float:
        """Return the share that is spent, 0..1."""
        spent = step / self.steps if self.steps is not None else seconds / (60 * (self.minutes or 1))
        return min(1.0, spent)


def train(
    name: str,
    *,
    out: Path,
    cache: Path,
    budget: Budget,
    seed: int = 0,
    go_on: bool = False,
    progress: Progress | None = None,
    command: str = "",
) -> Path:
    """Train a sample network as the shipped ones were, or go on with it, and write its card; see `fit` and `cards.write_card`.

    Returns:
        The path of the network.
    """
    path = fit(name, out=out, cache=cache, budget=budget, seed=seed, go_on=go_on, progress=progress, command=command)
    write_card(name, out)
    return path


def fit(
    name: str,
    *,
    out: Path,
    cache: Path,
    budget: Budget,
    seed: int = 0,
    go_on: bool = False,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    command: str = "",
) -> Path:
    """Train a network, or go on from the checkpoint that an earlier training left in `cache`.

    Writes `<name>.keras` (averaged weights, no optimizer, see `saving`) at each validation and at the end, and appends to
    `<name>.train.jsonl`.
    The same seed and number of steps give the same batches; with a budget of minutes the learning rate follows the clock.

    Args:
        name: Of the network, see `networks.DESIGNS`.
        out: Folder for the network and the log.
        cache: Folder for rendered scenes and checkpoints.
        budget: When to end, earlier sessions counted.
        seed: Of weights and crops.
        go_on: Whether to start from the finished network and log in `out` where `cache` has no checkpoint.
        recipe: How to train.
        progress: Called with each line of the log.
        command: What the user typed, for the log.

    Returns:
        The path of the network.
    """
    recipe = recipe or Recipe()
    out.mkdir(parents=True, exist_ok=True)
    scenes = open_cache(cache, recipe.train_seeds)
    state = TrainState.start(name, seed, _optimizer(recipe))
    checkpoint = cache / f"{name}.checkpoint.npz"
    log = TrainLog(out / f"{name}.train.jsonl")
    if checkpoint.exists():
        state.load(checkpoint)
    elif go_on:
        *_, last = log.events("end")
        state.adopt(keras.models.load_model(out / f"{name}.keras", compile=False), last["step"], last["seconds"])
    session = _Session(state, recipe, budget, log, progress, out)
    session.report("start", command=command, seed=seed, scenes=scenes.fingerprint, **_circumstances(recipe, state))
    session.run(scenes, seed, checkpoint)
    session.report("end", step=state.step, seconds=round(state.seconds, 1))
    return session.network_path


@dataclass
class _Session:
    """One stretch of training, from a start or a checkpoint to the end of the budget."""

    state: TrainState
    recipe: Recipe
    budget: Budget
    log: TrainLog
    progress: Progress | None
    out: Path

    @property
    def network_path(self) -> Path:
        return self.out / f"{self.state.model.name}.keras"

    def report(self, event: str, **values: Any) -> None:
        row = self.log.add(event, **values)
        if self.progress is not None:
            self.progress(row)

    def run(self, scenes: SceneCache, seed: int, checkpoint: Path) -> None:
        """Step until the budget is spent; checkpoint every epoch, validate now and then."""
        recipe, state = self.recipe, self.state
        stills = [render_still(n, RENDER_HW) for n in recipe.validation_seeds]
        step = step_function(state, recipe)

        def draw(n: int) -> Batch:
            return draw_batch(scenes, recipe.batch, recipe.crop_side_px, (seed, n))

        with made_ahead(draw, state.step) as batches:
            for _ in self._steps(step, batches):
                if state.step % recipe.epoch_steps == 0:
                    state.save(checkpoint)
                if state.step % (recipe.epoch_steps * recipe.validation_epochs) == 0:
                    self._validate(stills)
        state.save(checkpoint)
        self._validate(stills)  # also where the last epoch just did: this is the network that is kept

    def _steps(self, step: Any, batches: Iterator[Batch]) -> Iterator[None]:
        state, recipe = self.state, self.recipe
        sums, count, first_step = np.zeros(3), 0, state.step
        while (spent := self.budget.progress(state.step, state.seconds)) < 1:
            rate = learning_rate(recipe, state.step - first_step, spent)
            started = time.perf_counter()
            batch = next(batches)
            losses = step(batch.images_rgb, batch.class_ids, batch.boxes_xyxy_px, rate, float(state.step))
            sums, count = sums + np.array([float(loss) for loss in losses]), count + 1
            state.seconds += time.perf_counter() - started
            state.step += 1
            if state.step % recipe.log_steps == 0:
                total, score, box = (sums / count).round(4).tolist()
                at = {"step": state.step, "seconds": round(state.seconds, 1)}
                self.report("step", **at, learning_rate=round(rate, 7), loss=total, score_loss=score, box_loss=box)
                sums, count = np.zeros(3), 0
            yield

    def _validate(self, stills: Sequence[Scene]) -> None:
        network = self.state.averaged_network()
        save_network(network, self.network_path)
        if stills:
            found = evaluate(predict_with(network), stills, VALIDATION_SIDE)
            figures = found.model_dump(include={"ap", "ap50", "ap_small", "ap_medium", "ap_large"})
            rounded = {key: None if value is None else round(value, 4) for key, value in figures.items()}
            self.report("validation", step=self.state.step, seconds=round(self.state.seconds, 1), **rounded)


def step_function(state: TrainState, recipe: Recipe) -> Any:
    """Compile one training step: from a batch, learning rate and step number to the three losses."""
    side = recipe.crop_side_px
    anchors = tf.constant(SAMPLE_ANCHORS((side, side)))
    count = len(anchors)
    variables = state.model.trainable_variables

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, side, side, 3), tf.uint8),
            tf.TensorSpec((None, count), tf.int32),
            tf.TensorSpec((None, count, 4), tf.float32),
            tf.TensorSpec((), tf.float32),
            tf.TensorSpec((), tf.float32),
        ]
    )  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(images: Any, class_ids: Any, boxes: Any, rate: Any, number: Any) -> Any:
        with tf.GradientTape() as tape:
            offsets, logits = state.model(tf.cast(images, tf.float32) / 255.0, training=True)
            losses = detection_losses(offsets, logits, anchors, class_ids, boxes)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(losses.total, variables), recipe.clip_norm)
        state.optimizer.learning_rate.assign(rate)
        state.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        state.average(number)
        return losses

    return step


def _optimizer(recipe: Recipe) -> Any:
    optimizer = keras.optimizers.AdamW(recipe.learning_rate, weight_decay=recipe.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _circumstances(recipe: Recipe, state: TrainState) -> dict[str, Any]:
    values = asdict(recipe)
    values.update({key: [value.start, value.stop] for key, value in values.items() if isinstance(value, range)})
    machine = environment()
    return {
        "recipe": values,
        "from_step": state.step,
        "parameters": state.averaged_network().count_params(),
        "machine": {"cpu": machine.cpu, "cores": machine.cores, "tensorflow": tf.__version__},
    }
