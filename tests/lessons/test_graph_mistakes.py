"""What comes of a model that is loaded inside a traced function."""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import pytest

from workbench.lessons import demonstrate
from workbench.lessons.graph_mistakes import EVERY_CALL, INSIDE, INSIDE_KEPT, OUTSIDE, TOLERANCE, Outcome, try_out

# Keras 3.15 reads its variables for a file in a way that NumPy 2 has announced to end.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """Three calls on tensors of two shapes, by TensorFlow itself."""
    return {one.way: one for one in demonstrate()}


def test_loaded_outside_it_is_loaded_once_and_right(outcomes: dict[str, Outcome]) -> None:
    assert (outcomes[OUTSIDE].loads, outcomes[OUTSIDE].verdict) == (1, "right")


def test_without_a_traced_function_it_is_loaded_with_each_call(outcomes: dict[str, Outcome]) -> None:
    assert (outcomes[EVERY_CALL].loads, outcomes[EVERY_CALL].verdict) == (3, "right")


def test_loaded_inside_it_is_loaded_with_each_trace_and_fails(outcomes: dict[str, Outcome]) -> None:
    inside = outcomes[INSIDE]

    assert inside.loads > len(inside.call_seconds) == 3  # the first call traces twice
    assert inside.verdict == "an error"
    assert "tf.function only supports singleton tf.Variables" in inside.error


def test_kept_at_the_first_call_it_runs_with_other_weights(outcomes: dict[str, Outcome]) -> None:
    kept = outcomes[INSIDE_KEPT]

    assert (kept.loads, kept.error, kept.verdict) == (1, "", "wrong answers")
    assert kept.largest_difference is not None
    assert kept.largest_difference > 100 * TOLERANCE


def test_an_outcome_is_one_line(outcomes: dict[str, Outcome]) -> None:
    assert all(len(str(one).splitlines()) == 1 for one in outcomes.values())
    assert str(outcomes[EVERY_CALL]).startswith("loaded with each call, no tf.function: loaded 3 times in 3 calls (")


def test_loading_and_tracing_are_in_the_first_calls_time() -> None:
    ticks = count()
    tried = try_out(doubling, [np.ones(2, np.float32), np.ones(3, np.float32)], clock=lambda: float(next(ticks)))

    assert {one.call_seconds for one in tried} == {(1.0, 1.0)}


def test_a_network_without_variables_may_be_loaded_anywhere() -> None:
    tried = try_out(doubling, [np.ones(2, np.float32), np.ones(2, np.float32), np.ones(3, np.float32)])

    assert {one.verdict for one in tried} == {"right"}
    assert {one.way: one.loads for one in tried} == {OUTSIDE: 1, EVERY_CALL: 3, INSIDE: 2, INSIDE_KEPT: 1}


def doubling() -> Callable[[Any], Any]:
    import tensorflow as tf

    return lambda batch: {"doubled": tf.cast(batch, tf.float32) * 2.0}
