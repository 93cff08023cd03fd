import json

import numpy as np
import pytest

from workbench.detections import Accuracy, Agreement, Detections
from workbench.errors import MachinesDifferError, ModelError, RecordError, SettingsError, WorkbenchError
from workbench.machine import EnvironmentFacts, NoiseCertificate
from workbench.record import (
    DetectorFacts,
    EngineFacts,
    FrameDetections,
    MediaFacts,
    Picture,
    Problem,
    Record,
    check_same_machine,
    read_records,
)
from workbench.record.record import SCHEMA
from workbench.settings import Settings
from workbench.timing import Comparison, Ratio, Timing


def environment(machine="m" * 16):
    return EnvironmentFacts(machine_id=machine, cpu=f"chip of {machine}", cores=2, memory_bytes=8, system="Linux", python="3.11")


def record(**changes):
    values = {
        "name": "xla",
        "command": "workbench run",
        "settings": Settings(),
        "detector": DetectorFacts(name="<b>", source="m.keras", kind="ssd", sha256="ab", size_bytes=9, labels=("a", "b")),
        "media": MediaFacts(name="clip", source="clip.webm", kind="video", frames=3, size_hw=(720, 1280)),
        "environment": environment(),
        "noise": NoiseCertificate(verdict="quiet", reasons=("others kept 0.00 of 2 cores busy",)),
    }
    return Record(**(values | changes))


def full_record():
    found = FrameDetections(frame="1", boxes_xyxy_px=((1.0, 2.0, 3.0, 4.0),), scores=(0.5,), class_ids=(1,))
    return record(
        tag="release",
        engine=EngineFacts(covers=("resize", "model"), threads=2),
        timing=Timing(
            compile_seconds=1.5,
            first_call_seconds=0.5,
            total_seconds=(0.01, 0.02, 0.03),
            stage_seconds={"infer": (0.01, 0.01, 0.02)},
            split_total_seconds=(0.01, 0.02, 0.03),
        ),
        accuracy=Accuracy(
            ap=0.5, ap50=0.9, ap_small=None, ap_medium=0.4, ap_large=0.6, images=5, truth="t.json", score_threshold=0.3
        ),
        agreement=Agreement(
            baseline="naive",
            frames=3,
            matched=1,
            lost=0,
            new=0,
            class_flips=0,
            score_drift=0.0,
            mean_iou=1.0,
            ratio=1.0,
            broken=True,
        ),
        comparison=Comparison(a="naive", b="xla", ratio=Ratio(median=2.0, low=1.9, high=2.1), frames=64, blocks=32),
        problem=Problem.of(ModelError("no such file")),
        detections=(found,),
        pictures=(Picture(name="1", size_hw=(720, 1280), jpeg_base64="aGk=", found=found, truth=found),),
    )


@pytest.mark.parametrize("one", [record(), full_record()], ids=["least", "full"])
def test_a_record_survives_json(one):
    assert Record.from_json(one.to_json()) == one


def test_json_says_its_schema_and_the_derived_figures():
    tree = json.loads(full_record().to_json())
    assert tree["schema"] == SCHEMA
    assert tree["timing"]["median_ms"] == pytest.approx(20.0)
    assert tree["timing"]["fps"] == pytest.approx(50.0)
    assert {"unexplained_share", "bound_share", "p90_ms", "p95_ms", "p99_ms"} <= tree["timing"].keys()


def test_derived_figures_are_derived_again_and_not_believed():
    tree = json.loads(full_record().to_json())
    tree["timing"]["median_ms"] = 0.001
    assert Record.from_tree(tree).timing.median_ms == pytest.approx(20.0)


@pytest.mark.parametrize("one", [record(), full_record()], ids=["least", "full"])
def test_a_record_is_one_plain_line_in_a_notebook(one):
    assert "\n" not in repr(one)
    assert len(repr(one)) < 200
    assert one.name in repr(one) == str(one)


def test_records_are_read_by_a_path_as_text_too(tmp_path):
    (tmp_path / "one.json").write_text(full_record().to_json())
    (one,) = read_records(str(tmp_path / "one.json"))
    assert "20 ms a frame" in repr(one)


def test_each_record_has_an_id_of_its_own():
    assert record().id != record().id


def test_a_setting_that_breaks_the_detector_makes_the_record_broken():
    assert full_record().broken
    assert not record().broken


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tree: tree | {"schema": 0}, "schema 0, this version reads schema 1"),
        (lambda tree: tree | {"schema": 2}, "schema 2, this version reads schema 1"),
        (lambda tree: tree | {"schema": "1"}, "schema '1'"),
        (lambda tree: {key: tree[key] for key in tree if key != "schema"}, "no workbench record"),
        (lambda tree: {key: tree[key] for key in tree if key != "settings"}, "damaged at settings"),
        (lambda tree: tree | {"noise": {"verdict": "calm", "reasons": []}}, "damaged at noise.verdict"),
        (lambda tree: tree["timing"].update(total_seconds=["soon"]) or tree, "damaged at timing.total_seconds"),
        (lambda tree: tree["timing"].update(stage_seconds={"a": [1.0], "b": []}) or tree, "damaged at timing"),
        (lambda _: [], "no workbench record"),
        (lambda _: None, "no workbench record"),
    ],
    ids=["previous", "next", "text", "none", "part missing", "unknown word", "no number", "ragged stages", "a list", "null"],
)
def test_a_record_that_cannot_be_read_is_one_line_that_says_where(change, said):
    tree = change(json.loads(full_record().to_json()))
    with pytest.raises(RecordError, match=said) as caught:
        Record.from_tree(tree, "old.json")
    assert "old.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fields_of_a_later_version_are_ignored():
    tree = json.loads(record().to_json())
    assert Record.from_tree(tree | {"colour": "blue"}).name == "xla"


@pytest.mark.parametrize("cut", [0, 1, 200], ids=["empty", "one sign", "half"])
def test_half_a_file_is_an_error(tmp_path, cut):
    path = tmp_path / "record.json"
    path.write_text(record().to_json()[:cut])
    with pytest.raises(RecordError, match="is not JSON"):
        read_records(path)


@pytest.mark.parametrize(
    ("text", "said"), [("[]", "holds no record"), ("3", "no workbench record"), ("[{}]", "no workbench record")]
)
def test_json_of_something_else_is_an_error(tmp_path, text, said):
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=said):
        read_records(path)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(RecordError, match="cannot read"):
        read_records(tmp_path / "missing.json")


def test_one_record_and_a_list_of_them_are_read_alike(tmp_path):
    one, two = record(), full_record()
    (tmp_path / "one.json").write_text(one.to_json())
    (tmp_path / "two.json").write_text(f"[{one.to_json()}, {two.to_json(indent=2)}]")
    assert read_records(tmp_path / "one.json") == (one,)
    assert read_records(tmp_path / "two.json") == (one, two)


def test_detections_become_plain_numbers_and_come_back():
    found = Detections(np.array([[1.04, 2.06, 300, 400]], np.float32), np.array([0.123456], np.float32), np.array([2]))
    plain = FrameDetections.of("frame 1", found)
    assert (plain.boxes_xyxy_px, plain.scores, plain.class_ids) == (((1.0, 2.1, 300.0, 400.0),), (0.1235,), (2,))
    assert plain.detections().boxes_xyxy_px == pytest.approx(np.array([[1.0, 2.1, 300.0, 400.0]]))


def test_no_detections_come_back_as_none():
    assert len(FrameDetections.of("frame 1", Detections.empty()).detections()) == 0


def test_a_problem_names_its_kind():
    assert Problem.of(ModelError("no such file")) == Problem(kind="ModelError", message="no such file")


def test_records_of_one_machine_may_be_compared():
    check_same_machine((record(), record()))
    check_same_machine(())


def test_records_of_two_machines_are_not_compared_in_silence():
    with pytest.raises(MachinesDifferError, match=r"2 machines .*chip of mmm.*chip of other"):
        check_same_machine((record(), record(environment=environment("other"))))


@pytest.mark.parametrize("kind", WorkbenchError.__subclasses__(), ids=lambda kind: kind.__name__)
def test_every_error_of_a_user_is_also_pythons_own(kind):
    assert issubclass(kind, (ValueError, OSError))


def test_a_record_of_an_engine_and_a_method_that_this_version_lacks_opens(tmp_path):
    settings = {"runtime": {"engine": "tomorrow", "threads": 2}, "nms": {"method": "cluster"}}
    tree = json.loads(record().to_json()) | {"settings": settings}
    path = tmp_path / "record.json"
    path.write_text(json.dumps(tree))

    (opened,) = read_records(path)

    assert (opened.settings.runtime.engine, opened.settings.nms.method) == ("tomorrow", "cluster")
    assert Record.from_json(opened.to_json()) == opened
    assert opened.settings.with_values({"nms.score": 0.4}).runtime.engine == "tomorrow"
    with pytest.raises(SettingsError, match="runtime.engine is 'never': choose one of keras, eager"):
        opened.settings.with_values({"runtime.engine": "never"})
