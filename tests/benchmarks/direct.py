"""Settings measured whole, set against composed times: what the benchmarks of sweeping share."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from statistics import median
from typing import final

from workbench.machine import environment
from workbench.measuring import DEFAULT_FRAMES
from workbench.record import Record
from workbench.sweep import Material, Site, ThisMachine
from workbench.sweep.child import open_material
from workbench.sweep.isolation import run_task
from workbench.sweep.plan import Subject
from workbench.sweep.task import Job, Row


@final
class Pausing(Site):
    """This machine, where something else is done before each job that measures: both then see the machine of the same time.

    Args:
        pause: What is done.
    """

    def __init__(self, pause: Callable[[], None]) -> None:
        self._here = ThisMachine()
        self.environment = self._here.environment
        self._pause = pause

    @property
    def slots(self) -> int:
        return self._here.slots

    @property
    def untimed_slots(self) -> int:
        return self._here.untimed_slots

    def submit(self, job: Job) -> "Future[list[str]]":
        if job.measures:
            self._pause()
        return self._here.submit(job)

    def stop(self) -> None:
        self._here.stop()

    def close(self) -> None:
        self._here.close()


def whole(detector: str, asked: Sequence[Row | Record], baseline: Record) -> list[Record]:
    """Measure settings in turns in one process, as a sweep confirms its best ones.

    Since there is a baseline, no time is spent on comparing.
    """
    rows = [Row(id=f"direct {one.id}", name=one.name, command=one.command, settings=one.settings) for one in asked]
    task = subject(detector).task("direct", "whole", rows)
    return list(run_task(task.model_copy(update={"baseline": baseline})))


def subject(name: str) -> Subject:
    material = Material(detector=name)
    detector, footage = open_material(material)
    return Subject(
        detector=detector,
        material=material,
        media=footage.media.facts(),
        truth=footage.labelled_truth.name if footage.labelled_truth else None,
        frames=DEFAULT_FRAMES,
        machine_id=environment().machine_id,
    )


def middle(records: Sequence[Record]) -> Record:
    """Return of several measurements of one setting the one with the middle median."""
    return sorted(records, key=median_ms)[len(records) // 2]


def median_ms(record: Record) -> float:
    return (record.timing.median_ms if record.timing else None) or float("nan")


def say_errors(errors: Iterable[float]) -> None:
    signed = list(errors)
    sizes = list(map(abs, signed))
    within = sum(size <= 0.1 for size in sizes)
    print(
        f"latency: median error {median(sizes):.1%}, signed {median(signed):+.1%}, largest {max(sizes):.1%},"
        f" {within} of {len(sizes)} within 10 %"
    )


def compare(composed: Sequence[Record], direct: Sequence[Record]) -> None:
    errors, ap_errors = [], []
    print(f"{'composed':>9} {'direct':>8} {'error':>7} {'AP':>7} {'AP direct':>9}")
    for one, other in zip(composed, direct, strict=True):
        if one.timing is None or other.timing is None or one.accuracy is None or other.accuracy is None:
            print(f"{one.name}: {other.problem}")
            continue
        a, b = one.timing.median_ms or 0.0, other.timing.median_ms or 1.0
        errors.append(a / b - 1)
        ap_errors.append(abs((one.accuracy.ap or 0) - (other.accuracy.ap or 0)))
        noise = "" if other.noise.verdict == "quiet" else other.noise.verdict
        probes = f"same work {one.noise.probe_ms or 0:.2f} and {other.noise.probe_ms or 0:.2f} ms"
        print(f"{a:8.2f}  {b:8.2f} {errors[-1]:+7.1%} {one.accuracy.ap:7.4f} {other.accuracy.ap:9.4f}  {one.name} {noise}")
        print(f"          {probes}\n          {split(one)}\n          {split(other)}")
    say_errors(errors)
    print(f"AP: largest error {max(ap_errors):.1e}")


def split(record: Record) -> str:
    return " ".join(f"{stage} {seconds * 1000:.2f}" for stage, seconds in record.timing.budget().items()) if record.timing else ""
