"""Print how well tuning keeps its time, and how near what it chooses comes to the fastest of a small grid that is measured whole.

Run it on a quiet machine: `python -m tests.benchmarks.tune --minutes 2 5 20` (the samples; with the grid an hour or so), and
`--model yolox.tflite --media clip.mp4 [--truth clip.json]` for a file or a SavedModel of your own. What was chosen and the
fastest that keeps the same limit are then measured in turns.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.benchmarks.sweep import MOST_RATIO, MOST_UPPER, median_ms
from workbench import tune
from workbench.choosing import Budget, choices_of
from workbench.history import Summary
from workbench.machine import environment
from workbench.measuring import DEFAULT_FRAMES
from workbench.opening import Sources
from workbench.record import Record
from workbench.sweep import Grid
from workbench.sweep.isolation import run_task
from workbench.sweep.plan import Subject, make_plan
from workbench.sweep.runner import CONFIRMED_AT_ONCE
from workbench.sweep.task import Row, Task
from workbench.timing import Ratio
from workbench.tuning import Tuned

MOST_LATE = 1.1  # times the minutes that were asked for
ENGINES = (
    ("graph", "float32"),
    ("litert", "float32"),
    ("litert", "int8"),
    ("openvino", "float32"),
    ("openvino", "bfloat16"),
)
SIZES, METHODS = (256, 320, 416, 512), ("opencv", "tensorflow")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, nargs="+", default=[2.0, 5.0, 20.0])
    parser.add_argument("--model")
    parser.add_argument("--media")
    parser.add_argument("--truth")
    parser.add_argument("--no-grid", action="store_true", help="only how well the time is kept")
    options = parser.parse_args()

    facts = environment()
    sources = Sources(detector=options.model, media=options.media, truth=options.truth)
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}; {options.model or 'the samples'}")
    found = [tuned_in(minutes, sources) for minutes in options.minutes]
    if options.no_grid:
        return
    everything = measured_whole(sources, found[-1].baseline)
    for minutes, tuned in zip(options.minutes, found, strict=True):
        set_beside(minutes, tuned, everything, sources)


def tuned_in(minutes: float, sources: Sources) -> Tuned:
    """Tune with nothing known, and print whether the time was kept."""
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        began = time.monotonic()
        media, model, truth = sources.media, sources.detector, sources.truth
        tuned = tune(model, media, truth=truth, seconds=60 * minutes, out=Path(folder) / "tuned", progress=lambda *_: None)
        took = (time.monotonic() - began) / 60
    kept = "kept" if took <= MOST_LATE * minutes else "LATE"
    print(f"{minutes:g} min: {kept}, {took:.1f} min; {tuned.sentence}")
    for note in tuned.notes:
        print(f"  {note}")
    return tuned


def measured_whole(sources: Sources, baseline: Record) -> list[Record]:
    """Measure all of a small grid whole, some at a time; they agree with the baseline or not."""
    subject = subject_of(sources)
    spec = subject.detector.input_spec
    sizes = [{"input.size_hw": size} for size in SIZES if not size % spec.multiple_of] if spec.size_hw is None else [{}]
    engines = [{"runtime.engine": engine, "runtime.precision": precision} for engine, precision in ENGINES]
    methods = [{"nms.method": method} for method in METHODS]
    plan = make_plan(subject, Grid((tuple(sizes), tuple(engines), tuple(methods)), sensible_only=True))
    rows = [row for task in plan.tasks for row in task.rows]
    began, found = time.monotonic(), list[Record]()
    for start in range(0, len(rows), CONFIRMED_AT_ONCE):
        task = subject.task("direct", "whole", rows[start : start + CONFIRMED_AT_ONCE])
        found += run(task.model_copy(update={"baseline": baseline}))
        print(f"\r{len(found)}/{len(rows)} measured whole", end="", flush=True)
    print(f" in {(time.monotonic() - began) / 60:.0f} min")
    return [record for record in found if record.problem is None]


def set_beside(minutes: float, tuned: Tuned, everything: list[Record], sources: Sources) -> None:
    """Print the chosen setting's time over that of the fastest of all that keeps the same limit."""
    baseline = Summary.of(tuned.baseline)
    quality = Budget(max_ap_loss=tuned.picked.budget.max_ap_loss, min_agreement=tuned.picked.budget.min_agreement)
    rows = [baseline, *map(Summary.of, everything)]
    kept = [one for one in choices_of(rows, quality, baseline=baseline) if not one.missed]
    rival = next(record for record in (*everything, tuned.baseline) if record.id == kept[0].summary.id)
    chosen = tuned.chosen or tuned.baseline
    ratio = against(sources, chosen, rival)
    right = "right" if ratio.median <= MOST_RATIO and ratio.high <= MOST_UPPER else "WRONG"
    print(
        f"{minutes:g} min: {right}, {chosen.name} ({median_ms(chosen):.2f} ms); the fastest of {len(everything)} is {rival.name}"
        f" ({median_ms(rival):.2f} ms); in turns {ratio.median:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]"
    )


def against(sources: Sources, chosen: Record, rival: Record) -> Ratio:
    """Return the chosen setting's time over a rival's, both measured in turns."""
    if chosen.settings == rival.settings:
        return Ratio(median=1, low=1, high=1)
    lead, other = (Row(id=f"whole {one.id}", name=one.name, command=one.command, settings=one.settings) for one in (chosen, rival))
    task = subject_of(sources).task("direct", "turns", [other]).model_copy(update={"lead": lead})
    comparison = run(task)[-1].comparison
    assert comparison is not None, "both ran"
    return comparison.ratio


def subject_of(sources: Sources) -> Subject:
    detector, data = sources.open()
    return Subject(
        detector=detector,
        sources=sources,
        media=data.media.facts(),
        truth=data.labelled_truth.name if data.labelled_truth else None,
        frames=DEFAULT_FRAMES,
        machine_id=environment().machine_id,
    )


def run(task: Task) -> list[Record]:
    return [Record.from_json(found.text) for found in run_task(task)]


if __name__ == "__main__":
    main()
