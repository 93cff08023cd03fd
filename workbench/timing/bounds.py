"""What bounds throughput: the cores' time, or the slowest thing that only one thread does."""

from dataclasses import dataclass

import numpy as np

from workbench.timing.timing import Timing

CORES = "cores"


@dataclass(frozen=True, slots=True)
class Limit:
    """The bound on frames a second, and how near a run came to it.

    Attributes:
        cores_fps: With every core busy all the time: cores over processor seconds a frame.
        serial_fps: Of the slowest stages that only one thread does, one after the other; `None` where nothing overlapped: there all
            are so.
        serial_stages: Those stages.
        fps: What was reached.
        busy: For each stage the share of the time in which it was at work, of all its workers together.
    """

    cores_fps: float
    serial_fps: float | None
    serial_stages: tuple[str, ...]
    fps: float
    busy: dict[str, float]

    @property
    def bound_fps(self) -> float:
        """The lower of the two bounds."""
        return min(self.cores_fps, self.serial_fps) if self.serial_fps else self.cores_fps

    @property
    def share(self) -> float:
        """Share of the bound that was reached."""
        return self.fps / self.bound_fps

    @property
    def limited_by(self) -> str:
        """What bounds: `cores`, or the stages that one thread does."""
        return " + ".join(self.serial_stages) if self.serial_fps and self.serial_fps < self.cores_fps else CORES

    def without(self, stage: str, cores: float) -> float:
        """Return the bound that would be left if a stage took no time on any core.

        Args:
            stage: One of `busy`.
            cores: That the process may use.
        """
        seconds = self.busy[stage] / self.fps
        cores_fps = cores / max(cores / self.cores_fps - seconds, 1e-9)
        if not self.serial_fps:
            return cores_fps
        chain = 1 / self.serial_fps - (seconds if stage in self.serial_stages else 0.0)
        return min(cores_fps, 1 / chain) if chain > 0 else cores_fps


def limit(timing: Timing, cores: float) -> Limit | None:
    """Return what bounds a run; `None` where its processor time is not known.

    Args:
        timing: Of the run.
        cores: That the process may use.

    >>> timing = Timing(compile_seconds=0, first_call_seconds=0, total_seconds=(0.01,) * 4, stage_seconds={}, cpu_seconds=0.016)
    >>> limit(timing, cores=2).bound_fps
    125.0
    """
    fps = timing.fps
    if not timing.cpu_seconds or not fps:
        return None
    means = {stage: float(np.mean(timing.stage_seconds[stage])) for stage in timing.stage_medians()}  # slow frames count as well
    chains = [tuple(stage for stage in chain if means.get(stage)) for chain in timing.serial if timing.overlapped]
    slowest = max(chains, key=lambda chain: sum(means[stage] for stage in chain), default=())
    return Limit(
        cores_fps=cores / timing.cpu_seconds,
        serial_fps=1 / sum(means[stage] for stage in slowest) if slowest else None,
        serial_stages=slowest,
        fps=fps,
        busy={stage: seconds * fps for stage, seconds in means.items()},
    )
