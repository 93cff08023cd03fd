"""Model cards of the sample detectors: every figure comes from the training's log or from an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from sample_media.making.media import SEEDS
from sample_media.making.training.log import TrainLog
from workbench.detections import Accuracy
from workbench.errors import ModelError
from workbench.samples import LABELS

ABOUT = {
    "inspector-mobile": "MobileNetV2 blocks (https://arxiv.org/abs/1801.04381) and separable heads: made for LiteRT and int8.",
    "inspector-large": "Plain 3x3 convolutions with residuals: more accurate, and what compilers such as XLA like best.",
}
COLUMNS = {"AP": "ap", "AP50": "ap50", "AP small": "ap_small", "AP medium": "ap_medium", "AP large": "ap_large"}
VALIDATIONS_SHOWN = 6  # enough to see whether it had settled

CARD = Template("""\
# $name

A single-shot detector of five kinds of defect ($labels) in pictures of an inspection line. $about

- Parameters: $parameters
- Licence: Apache-2.0
- Input: RGB / 255, float32 `(n, height, width, 3)`, letterbox centered, pad 114, sides multiples of 32
- Outputs: `offsets` `(n, A, 4)` as in SSD (variances .1 .1 .2 .2), `scores` `(n, A, $classes)` after the sigmoid; the anchors
  are in `workbench/samples/sample_detectors.py`

## Accuracy

On the $test_count test stills (seeds $test_first to $test_last, 1280x720, some portrait), float32, score threshold $score, NMS at
IoU .5 for each class, at most 100 detections. COCO's definitions: small is under 32x32, large from 96x96 pixels of the still.

$accuracy

## Training

From scratch, on rendered scenes only. Each session went on from the weights of the one before. The column "scenes" names how
they were drawn at the time, where that was noted; the drawing was changed between sessions whose names differ.

$sessions

| | |
|---|---|
| scenes | $scenes, seeds $train_first to $train_last, rendered once and kept at 768x432 |
| crops | $images in $steps steps |
| optimizer | AdamW, peak learning rate $rate, weight decay $decay, cosine; averaged weights are kept |
| duration | $minutes minutes of steps, $speed crops a second, while the machine did other work too |
| machine | $machine |
| last losses | scores $score_loss, boxes $box_loss |

AP at 512 on $validation_count scenes that were not learned from (seeds $validation_first to $validation_last):

$validations

## Limits

Synthetic data: drawn parts, drawn defects, one kind of scene. Not for real inspection. It is here to be measured and taken apart.
""")


def write_card(name: str, folder: Path, progress: Callable[[str], None] | None = None) -> Path:
    """Evaluate a trained network at every size and write `<name>.card.md` next to it.

    Args:
        name: Of the network; `<name>.keras` and `<name>.train.jsonl` are in the folder.
        folder: Where these are, and where the card goes.
        progress: Called with a line for each size.

    Raises:
        ModelError: The network or its log is not there.
    """
    network, log = folder / f"{name}.keras", TrainLog(folder / f"{name}.train.jsonl")
    for path in (network, log.path):
        if not path.exists():
            raise ModelError(f"a card needs {path}, which is not there; train with `python -m sample_media.making train {name}`")
    import keras

    from sample_media.making.training.evaluation import SIZES, draw_test_stills, evaluate, predict_with

    predict, stills, figures = predict_with(keras.models.load_model(network, compile=False)), draw_test_stills(), {}
    for side in SIZES:
        figures[side] = evaluate(predict, stills, side)
        if progress is not None:
            progress(f"{name} at {side}: AP {figures[side].ap}, AP50 {figures[side].ap50}")
    card = folder / f"{name}.card.md"
    card.write_text(card_text(name, log, figures), encoding="utf-8")
    return card


def card_text(name: str, log: TrainLog, figures: Mapping[int, Accuracy]) -> str:
    """Fill the card from a log and from the accuracy at each input side."""
    starts, steps, checks = (list(log.events(event)) for event in ("start", "step", "validation"))
    recipe, last = starts[-1]["recipe"], steps[-1]
    crops = crops_seen(starts, last["step"])
    tested = next(iter(figures.values()))
    return CARD.substitute(
        name=name,
        labels=", ".join(LABELS),
        classes=len(LABELS),
        about=ABOUT[name],
        parameters=f"{starts[-1]['parameters']:,}",
        test_count=tested.images,
        test_first=SEEDS["test"][0],
        test_last=SEEDS["test"][-1],
        score=tested.score_threshold,
        accuracy=_accuracy_table(figures),
        sessions=_sessions_table(starts),
        images=f"{crops:,}",
        steps=f"{last['step']:,}",
        speed=f"{crops / last['seconds']:.0f}",
        minutes=f"{last['seconds'] / 60:.0f}",
        machine=_machine_text(starts[-1]["machine"]),
        score_loss=last["score_loss"],
        box_loss=last["box_loss"],
        validations=_validation_table(checks),
        **_recipe_words(recipe),
    )


def crops_seen(starts: Sequence[Mapping[str, Any]], last_step: int) -> int:
    """Count the crops that shaped the network: a session's steps after its checkpoint are lost when another goes on from there."""
    ends = [start["from_step"] for start in starts[1:]] + [last_step]
    return sum((end - start["from_step"]) * start["recipe"]["batch"] for start, end in zip(starts, ends, strict=True))


def _sessions_table(starts: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"`{start['command']}`",
            f"{start['from_step']:,}",
            f"{start['recipe']['crop_side_px']} x {start['recipe']['crop_side_px']}",
            f"{start['recipe']['batch']}",
            start.get("scenes", "-"),
        ]
        for start in starts
    ]
    return _table(["command", "from step", "crops", "a step", "scenes"], rows)


def _recipe_words(recipe: Mapping[str, Any]) -> dict[str, Any]:
    (first, end), (check_first, check_end) = recipe["train_seeds"], recipe["validation_seeds"]
    return {
        "scenes": f"{end - first:,}",
        "train_first": first,
        "train_last": end - 1,
        "validation_count": check_end - check_first,
        "validation_first": check_first,
        "validation_last": check_end - 1,
        "rate": recipe["learning_rate"],
        "decay": recipe["weight_decay"],
    }


def _machine_text(machine: Mapping[str, Any]) -> str:
    return f"{machine['cpu']}, {machine['cores']} cores, TensorFlow {machine['tensorflow']}"


def _accuracy_table(figures: Mapping[int, Accuracy]) -> str:
    rows = [[f"{side}x{side}", *(_figure(getattr(found, key)) for key in COLUMNS.values())] for side, found in figures.items()]
    return _table(["input", *COLUMNS], rows)


def _validation_table(checks: list[dict[str, Any]]) -> str:
    """Show the last check and some before it, evenly spread."""
    stride = max(1, -(-len(checks) // VALIDATIONS_SHOWN))
    shown = checks[::-1][::stride][::-1]
    return _table(["step", "AP", "AP50"], [[f"{row['step']:,}", _figure(row["ap"]), _figure(row["ap50"])] for row in shown])


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
