"""A crash, a hang or running out of memory costs the row at which it happened, and nothing else."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from workbench.detectors import Detector
from workbench.machine import ChildFailedError
from workbench.media import Media
from workbench.opening import Sources
from workbench.record import Record
from workbench.settings import Settings
from workbench.sweep import isolation as isolated
from workbench.sweep.isolation import Isolation, records_of
from workbench.sweep.task import Job, RecordText, Row, Task

SCRIPT = str(Path(__file__).parent / "scripted_child.py")
LIMIT = 400 << 20

MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(mobile: Detector, still_media: Media) -> MakeTask:
    def made(*names: str, kind: str = "compose", lead: str | None = None, group: str = "group") -> Task:
        rows = tuple(row(name) for name in names)
        return Task(
            id=group,
            kind=kind,
            name="inspector-mobile: litert",
            sources=Sources(detector="inspector-mobile"),
            detector=mobile.facts,
            media=still_media.facts(),
            rows=rows,
            frames=4,
            lead=row(lead) if lead else None,
        )

    def row(name: str) -> Row:
        return Row(id=f"id of {name}", name=name, command="workbench run", settings=Settings())

    return made


def isolation(*words: str) -> Isolation:
    return Isolation(command=(SCRIPT, *words), opening_seconds=6, timeout_seconds=3, memory_bytes=LIMIT)


def run_task(task: Task, *words: Any) -> Iterator[Record]:
    return map(read, isolated.run_task(task, *words))


def run_job(job: Job, *words: Any) -> Iterator[Record]:
    return map(read, isolated.run_job(job, *words))


def read(found: RecordText) -> Record:
    record = Record.from_json(found.text)
    assert found == RecordText.of(record)
    return record


def told(records: Sequence[Record]) -> dict[str, str]:
    """Say for each record's name how it went: `fine`, or why not."""
    assert len({record.id for record in records}) == len(records)
    return {
        record.name: "fine" if record.problem.kind == "Fine" else record.problem.message for record in records if record.problem
    }


def test_rows_run_in_one_process_where_nothing_happens(make_task: MakeTask) -> None:
    records = list(run_task(make_task("a", "b", lead="first"), isolation()))

    assert told(records) == {"first": "fine", "a": "fine", "b": "fine"}
    assert len({record.problem.message for record in records if record.problem}) == 1


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("crash", "crashes the runtime (SIGSEGV)"),
        ("exit", "it ends its process with code 7: nothing doing"),
        ("hang", "it does not return: it wrote nothing for 3 s"),
        ("hog", "it runs out of memory (it took"),
        ("babble", "it writes what is no message: 'W0000 a remark of the runtime'"),
        ("misrecord", "the worker's record holds no workbench record"),
        ("killed", "crashes the runtime (SIGKILL, as when memory runs out)"),
    ],
)
def test_a_row_costs_itself_alone(make_task: MakeTask, deed: str, said: str) -> None:
    found = told(list(run_task(make_task("a", deed, "b"), isolation())))

    assert said in found.pop(deed)
    assert found == {"a": "fine", "b": "fine"}


def test_a_compilation_may_take_longer_than_frames(make_task: MakeTask) -> None:
    assert told(list(run_task(make_task("a", "compile", "b"), isolation()))) == dict.fromkeys(("a", "compile", "b"), "fine")


def test_several_rows_may_fail_and_the_others_have_their_turn(make_task: MakeTask) -> None:
    found = told(list(run_task(make_task("a", "crash", "b", "exit", "c"), isolation())))
    assert {name: word == "fine" for name, word in found.items()} == {
        "a": True,
        "crash": False,
        "b": True,
        "exit": False,
        "c": True,
    }


def test_frames_may_not_take_as_long_as_a_compilation(make_task: MakeTask) -> None:
    assert "nothing for 3 s" in told(list(run_task(make_task("stall"), isolation())))["stall"]


@pytest.mark.parametrize(("deed", "said"), [("crash", "SIGSEGV"), ("hang", "it wrote nothing for 6 s")])
def test_what_fails_before_any_row_is_one_row_for_all(make_task: MakeTask, deed: str, said: str) -> None:
    (record,) = run_task(make_task("a", "b"), isolation(f"opening-{deed}"))

    assert record.id == "group"
    assert record.name == "litert"
    assert record.problem is not None
    assert said in record.problem.message


def test_a_conversion_that_crashes_is_left_to_those_who_need_it(make_task: MakeTask) -> None:
    assert list(run_task(make_task("a", kind="convert"), isolation("opening-crash"))) == []


def test_a_process_that_somebody_killed_is_forgiven_once(make_task: MakeTask, tmp_path: Path) -> None:
    found = told(list(run_task(make_task("a", "once", "b"), isolation("killed-once", str(tmp_path / "was here")))))
    assert found == dict.fromkeys(("a", "once", "b"), "fine")


@pytest.mark.parametrize("deed", ["crowd", "once"])
def test_rows_that_were_too_much_together_are_measured_one_by_one(make_task: MakeTask, tmp_path: Path, deed: str) -> None:
    words = ("killed-once", str(tmp_path / "was here")) if deed == "once" else ()
    records = list(run_task(make_task("a", deed, "b", kind="direct"), isolation(*words)))

    assert told(records) == dict.fromkeys(("a", deed, "b"), "fine")
    processes = [record.problem.message for record in records if record.problem]
    assert len(set(processes)) == 3  # "a" had ended before; the other two have one each


def test_what_is_too_much_alone_costs_its_row_where_rows_are_measured_in_turns(make_task: MakeTask) -> None:
    found = told(list(run_task(make_task("a", "hog", "b", kind="direct"), isolation())))

    assert "out of memory" in found.pop("hog")
    assert found == {"a": "fine", "b": "fine"}


def test_a_lead_that_crashes_leaves_the_rows_to_be_measured_without_it(make_task: MakeTask) -> None:
    found = told(list(run_task(make_task("a", "b", lead="crash"), isolation())))

    assert "SIGSEGV" in found.pop("crash")
    assert found == {"a": "fine", "b": "fine"}


def test_a_group_whose_processes_die_again_and_again_is_given_up(make_task: MakeTask) -> None:
    task = make_task("a")
    rows = tuple(Row(id=f"id {n}", name="crash", command="", settings=Settings()) for n in range(12))
    records = list(run_task(task.model_copy(update={"rows": rows}), isolation()))

    assert records[-1].id == "group"
    assert records[-1].problem is not None
    assert "8 times" in records[-1].problem.message


def test_a_stop_ends_the_process_and_keeps_what_was_finished(make_task: MakeTask) -> None:
    stop = threading.Event()
    records = run_task(make_task("a", "hang"), isolation(), stop)
    first = next(records)
    stop.set()
    with pytest.raises(ChildFailedError):
        next(records)

    assert told([first]) == {"a": "fine"}
    assert not [child for child in psutil.Process().children(recursive=True) if SCRIPT in " ".join(child.cmdline())]


def test_an_executor_gets_what_was_finished_before_a_stop(make_task: MakeTask) -> None:
    stop = threading.Event()
    threading.Timer(2.5, stop.set).start()
    texts = records_of(Job(tasks=(make_task("a", "hang"),)), Isolation(command=(SCRIPT,)), stop)

    assert [Record.from_json(text).name for text in texts] == ["a"]


# Several tasks in one process


def test_tasks_share_a_process_where_nothing_happens(make_task: MakeTask) -> None:
    records = list(run_job(Job(tasks=(make_task("a", "b"), make_task("c", group="other"))), isolation()))

    assert told(records) == dict.fromkeys("abc", "fine")
    assert len({record.problem.message for record in records if record.problem}) == 1


@pytest.mark.parametrize(("deed", "said"), [("crash", "SIGSEGV"), ("hang", "it wrote nothing for 3 s")])
def test_what_breaks_a_shared_process_costs_its_row_alone(make_task: MakeTask, deed: str, said: str) -> None:
    found = told(list(run_job(Job(tasks=(make_task("a", deed, "b"), make_task("c", group="other"))), isolation())))

    assert said in found.pop(deed)
    assert found == dict.fromkeys("abc", "fine")


def test_what_opens_in_no_process_is_one_row_for_each_task(make_task: MakeTask) -> None:
    records = list(run_job(Job(tasks=(make_task("a", "b"), make_task("c", group="other"))), isolation("opening-crash")))

    assert [record.id for record in records] == ["group", "other"]


@pytest.mark.parametrize("deed", ["crowd", "once"])
def test_tasks_that_were_too_much_together_have_processes_of_their_own(make_task: MakeTask, tmp_path: Path, deed: str) -> None:
    words = ("killed-once", str(tmp_path / "was here")) if deed == "once" else ()
    records = list(
        run_job(Job(tasks=(make_task("a"), make_task(deed, group="second"), make_task("b", group="third"))), isolation(*words))
    )

    assert told(records) == dict.fromkeys(("a", deed, "b"), "fine")
    assert len({record.problem.message for record in records if record.problem}) == 3
