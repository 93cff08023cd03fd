"""Composed times as they would be at the machine's usual pace."""

from collections.abc import Iterable, Iterator
from statistics import median_low
from typing import final

from workbench.record import Record
from workbench.timing import Timing, kept_seconds

LEAST_CHANGE = 0.02  # of times: less is within what the probe itself is off by


@final
class Paces:
    """How fast the machine was in each process that composed, told by work that is always the same; see `machine.speed_probe`.

    A machine may be a quarter slower for a quarter of an hour, as where a neighbour works on the other half of its cores: all that
    a process measured meanwhile is too long, and nothing in it tells. Its usual pace is that of the middle process, so that
    neither a slow quarter nor a fast one counts.
    """

    def __init__(self) -> None:
        self._probes_ms: dict[str, set[float]] = {}

    def see(self, records: Iterable[Record]) -> None:
        """Take records in: those of one process have the same probe."""
        for record in records:
            if record.composed and record.noise.probe_ms:
                self._probes_ms.setdefault(record.environment.machine_id, set()).add(record.noise.probe_ms)

    def at_usual(self, records: Iterable[Record]) -> Iterator[Record]:
        """Give those of some records whose times change when all are set to the usual pace of what was seen.

        They may have been set to another before, when less was seen.
        """
        for record in records:
            noise = record.noise
            if not record.composed or record.timing is None or not noise.probe_ms or not noise.pace_ms:
                continue
            usual_ms = median_low(self._probes_ms[record.environment.machine_id])
            scale = usual_ms / noise.pace_ms
            if abs(scale - 1) > LEAST_CHANGE:
                now = noise.model_copy(update={"usual_probe_ms": usual_ms})
                yield record.model_copy(update={"timing": _scaled(record.timing, scale), "noise": now})


def _scaled(timing: Timing, scale: float) -> Timing:
    def scaled(seconds: tuple[float, ...]) -> tuple[float, ...]:
        return kept_seconds(scale * one for one in seconds)

    stages = {stage: scaled(seconds) for stage, seconds in timing.stage_seconds.items()}
    return timing.model_copy(update={"total_seconds": scaled(timing.total_seconds), "stage_seconds": stages})
