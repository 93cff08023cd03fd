"""The numbers of a training, and the course of its learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train; the defaults are what the shipped networks were trained with, all but the first minutes (their cards tell).

    Attributes:
        train_seeds: Scenes that are learned from.
        validation_seeds: Scenes that the log's AP is of.
        crop_side_px: Crops are squares of this side, a multiple of 32.
        batch: Crops a step.
        learning_rate: Its peak.
        warmup_steps: Steps of a session until the rate of the cosine, which falls to `final_share` of the peak.
        weight_decay: Of AdamW (https://arxiv.org/abs/1711.05101), on kernels only.
        clip_norm: Largest norm of a step's gradient.
        epoch_steps: Steps between checkpoints.
        validation_epochs: Epochs between two validations.
        log_steps: Steps that one line of the log averages.
    """

    train_seeds: range = range(4000)
    validation_seeds: range = range(99_960, 100_000)
    crop_side_px: int = 192
    batch: int = 24
    learning_rate: float = 1.5e-3
    warmup_steps: int = 300
    final_share: float = 0.01
    weight_decay: float = 0.02
    clip_norm: float = 10.0
    epoch_steps: int = 250
    validation_epochs: int = 4
    log_steps: int = 50


def learning_rate(recipe: Recipe, session_step: int, spent: float) -> float:
    """Return the rate of a session's step: a linear warm-up times a cosine over the share of the whole budget that is spent."""
    warm = min(1.0, (session_step + 1) / recipe.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * spent))
    return recipe.learning_rate * warm * (recipe.final_share + (1 - recipe.final_share) * cosine)
