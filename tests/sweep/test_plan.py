"""What a sweep converts before it measures: each file once, in parts that may run side by side."""

from dataclasses import replace
from itertools import chain, product

import pytest

from workbench.detectors import Detector
from workbench.machine import environment
from workbench.opening import Sources, open_data
from workbench.record import CodeFacts
from workbench.sweep.plan import Subject, conversions
from workbench.sweep.task import Task

SIZES = (64, 96, 128)
STORED = (("litert", "float32"), ("litert", "int8"), ("openvino", "bfloat16"), ("graph", "float32"))


@pytest.fixture
def subject(mobile, sources: Sources) -> Subject:
    data = open_data(mobile, sources.media)
    return Subject(
        detector=mobile,
        sources=sources,
        media=data.media.facts(),
        truth=None,
        frames=4,
        machine_id=environment().machine_id,
    )


def task(subject: Subject, size: int, engine: str, precision: str) -> Task:
    values = {"input.size_hw": size, "input.resize": "opencv", "runtime.engine": engine, "runtime.precision": precision}
    settings = subject.detector.default_settings().with_values(values)
    return subject.task("compose", "", [subject.row(settings, "compose")])


def files(part: Task) -> list[tuple[object, ...]]:
    """Return what each row of a part has converted."""
    return [(row.settings.input.size_hw, row.settings.runtime.stored_precision) for row in part.rows]


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_each_file_is_converted_once_and_all_that_is_calibrated_in_one_part(subject: Subject, parts: int) -> None:
    tasks = [task(subject, size, *stored) for size, stored in product(SIZES, STORED)]
    found = list(conversions(subject, tasks, parts))

    assert len(found) == len({one.id for one in found}) == min(parts, 2)
    made = [files(one) for one in found]
    assert sorted(chain(*made)) == sorted(((size, size), precision) for size in SIZES for precision in ("float32", "int8"))
    assert all([size for size, _ in some] == sorted(size for size, _ in some) for some in made)
    assert parts == 1 or {precision for _, precision in made[0]} == {"int8"}


def test_a_single_file_is_left_to_whoever_wants_it(subject: Subject) -> None:
    tasks = [task(subject, 64, "litert", "float32"), task(subject, 64, "openvino", "bfloat16")]
    assert list(conversions(subject, tasks, 2)) == []


def test_rows_under_another_filter_are_others(subject: Subject) -> None:
    usual = subject.detector.default_settings().with_values({"input.resize": "opencv"})
    ids = {name: subject.row(usual.with_values({"input.filter": name}), "compose").id for name in ("linear", "area")}

    assert ids["linear"] == subject.row(usual, "compose").id != ids["area"]


def test_rows_that_are_calibrated_under_another_filter_are_converted_by_themselves(subject: Subject) -> None:
    def filtered(engine: str, precision: str) -> list[Task]:
        plain = task(subject, 64, engine, precision).rows[0].settings
        each = [plain, plain.with_values({"input.filter": "area"})]
        return [subject.task("compose", "", [subject.row(settings, "compose")]) for settings in each]

    (part,) = conversions(subject, filtered("litert", "int8"), 1)
    assert [row.settings.input.effective_filter for row in part.rows] == ["area", "linear"]
    assert list(conversions(subject, filtered("litert", "float32"), 1)) == []


def test_rows_of_a_detector_that_is_decoded_otherwise_are_others(subject: Subject) -> None:
    def decoded_by(content: str) -> Subject:
        code = (CodeFacts(name="mine.py", sha256=content),)
        meaning = replace(subject.detector.meaning, code=code)
        return replace(subject, detector=Detector(subject.detector.network, meaning, name="mine", source="mine.keras"))

    ids = {task(one, 64, "graph", "float32").rows[0].id for one in (decoded_by("a"), decoded_by("a"), decoded_by("b"))}

    assert len(ids) == 2
