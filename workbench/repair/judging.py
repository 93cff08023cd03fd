"""The networks that a search came to, on frames that it never saw, and timed in turns."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from workbench.detections import compare_ap
from workbench.detectors import Detector
from workbench.measuring import Bench
from workbench.opening import EvaluationData, Variant, check
from workbench.pipeline import Pipeline
from workbench.record import Judged, Record, median_ms
from workbench.repair.frames import FrameSet
from workbench.repair.quality import Yardstick, agreement_loss
from workbench.repair.search import Quality
from workbench.settings import Settings

COMPARISON_SECONDS = 5.0  # of each network with the float one

Progress = Callable[[str, int, int], None]


class Network(NamedTuple):
    """A network to judge: its part in the answer, what to call it, and its settings."""

    role: Literal["float", "plain", "repaired", "other"]
    name: str
    settings: Settings


def judged(
    detector: Detector,
    data: EvaluationData,
    judges: FrameSet,
    networks: Sequence[Network],
    *,
    frames: int,
    options: tuple[str, ...],
    progress: Progress,
    comparison_seconds: float = COMPARISON_SECONDS,
) -> tuple[list[Record], tuple[Judged, ...]]:
    """Return the record of each network, and how it did on the frames that judge; the first is what the others are compared with.

    Args:
        detector: What is run.
        data: What is timed.
        judges: Frames that neither calibrated nor guided.
        networks: The float one first.
        frames: To time.
        options: Further words of the commands that repeat them.
        progress: Told how far it is.
        comparison_seconds: How long a comparison with the float network may look for a clear answer.

    Raises:
        WorkbenchError: One of them cannot be run.
    """
    variants = [Variant.of(detector, one.settings, name=one.name, options=options) for one in networks]
    bench = Bench(data, frames, progress=progress, comparison_seconds=comparison_seconds)
    records = []
    for outcome in bench.measure_in_turns(variants):
        if isinstance(outcome, Exception):
            raise outcome
        records.append(outcome)
    rows: list[Judged] = []
    yardstick = right = None
    for number, (one, record) in enumerate(zip(networks, records, strict=True)):
        progress(f"judging {one.name}", number, len(networks))
        pipeline = Pipeline(detector, check(detector, one.settings), data.calibration)
        yardstick = yardstick or Yardstick(pipeline, judges)
        agreed, accuracy = yardstick.judged(pipeline)
        right = accuracy if number == 0 else right
        rows.append(
            Judged(
                role=one.role,
                name=one.name,
                model_bytes=record.engine.model_bytes if record.engine else None,
                median_ms=median_ms(record),
                agreement=agreed,
                ap=accuracy.ap if accuracy else None,
                ap_change=compare_ap(accuracy, right) if number else None,
                speed=record.comparison.ratio if record.comparison else None,
            )
        )
    return records, tuple(rows)


def quality_of(one: Judged) -> Quality:
    """Return how right a network is, as the search looks at it."""
    loss = agreement_loss(one.agreement) if one.ap_change is None else -one.ap_change.change
    return Quality(loss, one.agreement.score_drift or 0.0)
