"""Damaged files, hostile strings and random moments: each ends in its result or in one line, and leaves nothing behind.

FUZZ says how many of each are tried, SEED which; `python -m tests.benchmarks.fuzzing` prints the figures.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.detectors.damage import damaged
from tests.fuzzing.files import NAMES as FILES
from tests.fuzzing.kernel import Kernel, Outcome, Tally, why_not_held
from tests.fuzzing.models import KINDS as MODELS
from tests.fuzzing.models import PRESETS
from tests.fuzzing.parts import PARTS, make_sound
from tests.fuzzing.structure import changed_json, changed_text
from tests.fuzzing.texts import hostile, name_of

SEED = int(os.environ.get("SEED", "1"))
LINE = "workbench: there is no model 'x'; choose a file that exists\n"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("default")
def test_what_is_damaged_runs_as_long_as_it_is_not(tmp_path: Path) -> None:
    sound = make_sound(tmp_path / "sound")
    with Kernel(tmp_path / "kernel") as kernel:
        for name in dict.fromkeys(MODELS):
            words = ("run", sound / name, sound / "scenes", "--frames", "1", "--preset", PRESETS[Path(name).suffix][0])
            done = kernel.run((*words, "--history", tmp_path / "h"), tmp_path)
            assert (done.status, why_not_held(done)) == (0, None), name
        for name in (one for names in FILES.values() for one in names if one.startswith(("picture", "animation", "video"))):
            words = ("run", sound / "shapes.tflite", sound / name, "--frames", "1", "--history", tmp_path / "h")
            done = kernel.run(words, tmp_path)
            assert (done.status, why_not_held(done)) == (0, None), name


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("default")  # of TensorFlow's and Keras' converters, which make what is damaged
@pytest.mark.parametrize("name", PARTS)
def test_whatever_comes_is_a_result_or_a_line(tmp_path: Path, name: str) -> None:
    part, sound = PARTS[name], make_sound(tmp_path / "sound")
    (work := tmp_path / "work").mkdir()
    with Kernel(tmp_path / "kernel") as kernel:
        tally = part.run(kernel, sound, work, part.count(), SEED)

    assert tally.tried == part.count()
    assert tally.failures == []
    assert list(work.iterdir()) == []


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Outcome(0, "a table\n", "", 1.0), None),
        (Outcome(2, "", LINE, 1.0), None),
        (Outcome(1, "a table\n", "", 1.0), None),
        (Outcome(2, "", "", 1.0), "exit code 2 with 0 lines"),
        (Outcome(2, "", f"libpng error: CRC\n{LINE}", 1.0), "exit code 2 with 2 lines"),
        (Outcome(2, "", f"workbench: {'x' * 400}\n", 1.0), "a message of 411 characters"),
        (Outcome(1, "", "Traceback (most recent call last):\nKeyError: 'x'\n", 1.0), "traceback: KeyError: 'x'"),
        (Outcome(139, "", "", 1.0), "exit code 139"),
        (Outcome(None, "", "the kernel died (code -11)", 1.0), "the kernel died (code -11)"),
        (Outcome(2, "", LINE, 31.0), "took 31 s"),
        (Outcome(2, "", LINE, 1.0, ("process 7", "tmpx")), "left behind: process 7, tmpx"),
    ],
)
def test_what_did_not_hold_is_told(outcome: Outcome, why: str | None) -> None:
    told = why_not_held(outcome)

    assert told is None if why is None else told is not None and told.startswith(why)


def test_a_tally_names_what_failed() -> None:
    tally = Tally()
    tally.add("model 1", None)
    tally.add("model 2", "took 31 s")

    assert (tally.tried, tally.held, tally.failures) == (2, 1, ["model 2: took 31 s"])


def test_a_seed_gives_the_same_damage_again_and_another_seed_another() -> None:
    content = json.dumps(
        {"labels": ["a", "b"], "size": [64, 96], "scale": 0.5, "nested": {"on": True, "none": None}}, indent=1
    ).encode()

    for change in (damaged, changed_json, changed_text):
        made = [change(content, np.random.default_rng(seed)) for seed in range(40)]
        assert made == [change(content, np.random.default_rng(seed)) for seed in range(40)]
        assert len(set(made)) > 20, change
        assert made.count(content) < 10, "the damage does nothing"
    assert len({hostile(np.random.default_rng(seed)) for seed in range(40)}) > 30


def test_an_empty_file_may_be_damaged_too() -> None:
    assert {damaged(b"", np.random.default_rng(seed))[:0] for seed in range(40)} == {b""}


def test_any_text_becomes_a_name_that_a_file_may_have(tmp_path: Path) -> None:
    for seed in range(200):
        (tmp_path / name_of(hostile(np.random.default_rng(seed)))).touch()
