"""A profile in another process: what comes back, and what is said where it does not come to its end."""

import json
from pathlib import Path

import pytest

from tests.profile.rows import profile, row
from workbench.errors import UnavailableError
from workbench.opening import Sources
from workbench.profile import Job, run_profile, why_not_profiled
from workbench.settings import Runtime, Settings

JOB = Job(sources=Sources(), settings=Settings())


def script(folder: Path, *lines: object, then: str = "") -> tuple[str, ...]:
    """A program in the place of the worker, which writes these lines."""
    program = folder / "worker.py"
    program.write_text("".join(f"print({json.dumps(json.dumps(line))}, flush=True)\n" for line in lines) + then)
    return (str(program),)


def test_a_profile_comes_back_and_its_steps_are_told(tmp_path: Path) -> None:
    made, told = profile(row("a", macs=7)), list[str]()
    lines = [{"step": "it warms up", "seconds": 9}, {"profile": made.model_dump(mode="json"), "done": True}]

    assert run_profile(JOB, told.append, command=script(tmp_path, *lines)) == made
    assert told[0] == "it warms up"


def test_a_crash_is_one_sentence_that_says_at_what(tmp_path: Path) -> None:
    dies = script(tmp_path, {"step": "its operators are timed", "seconds": 9}, then="import os; os.abort()")

    with pytest.raises(UnavailableError, match=r"crashes the runtime \(SIGABRT\) when its operators are timed; choose another"):
        run_profile(JOB, lambda _: None, command=dies)


def test_a_problem_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"^the runtime cannot$"):
        run_profile(JOB, lambda _: None, command=script(tmp_path, {"problem": "the runtime\ncannot", "done": True}))


def test_an_engine_without_a_profiler_says_so_and_what_to_choose() -> None:
    told = why_not_profiled(Settings(runtime=Runtime(engine="keras")))

    assert told is not None
    assert told.endswith("is not profiled; choose litert, openvino, onnxruntime, graph, xla, eager")


@pytest.mark.parametrize("engine", ["litert", "openvino", "onnxruntime", "graph", "xla", "eager"])
def test_the_others_have_one(engine: str) -> None:
    assert why_not_profiled(Settings(runtime=Runtime(engine=engine))) is None


def test_other_kernels_of_litert_have_none() -> None:
    told = why_not_profiled(Settings(runtime=Runtime(engine="litert", delegate="none")))

    assert told == "runtime.delegate is none: what is inside is profiled with xnnpack only; choose that"


def test_another_processor_is_not_looked_into() -> None:
    assert "processor only" in str(why_not_profiled(Settings(runtime=Runtime(engine="graph", device="gpu:0"))))
