"""What is in the history that tests of saved records begin with."""

import numpy as np

MARKUP = "[red]<script>alert(1)</script>"


def times(ms: float, seed: int = 0) -> tuple[float, ...]:
    """Seconds of 150 frames around a median."""
    return tuple((ms / 1000 * np.random.default_rng(seed).lognormal(0, 0.03, 150)).tolist())
