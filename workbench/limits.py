"""What bounds throughput: the cores' time, or the slowest thing that only one thread does."""

from dataclasses import dataclass

from workbench.timing import Timing

SERIAL_STAGES = ("decode",)  # a video's frames are decoded one after the other, on one thread


@dataclass(frozen=True, slots=True)
class Limit:
    """The bound on frames a second, and how near a run came to it.

    Attributes:
        cores_fps: With every core busy all the time: cores over processor seconds a frame.
        serial_fps: Of the slowest stage that only one thread does at a time; `None` where nothing overlapped: there all are so.
        serial_stage: That stage.
        fps: What was reached.
        busy: For each stage the share of the time in which it was at work, of all its workers together.
    """

    cores_fps: float
    serial_fps: float | None
    serial_stage: str | None
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
        """What bounds: `cores`, or the stage."""
        return self.serial_stage if self.serial_fps and self.serial_fps < self.cores_fps and self.serial_stage else "cores"


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
    medians = timing.stage_medians()
    serial = {stage: seconds for stage, seconds in medians.items() if stage in SERIAL_STAGES and seconds > 0}
    slowest = max(serial, key=lambda stage: serial[stage]) if serial and timing.overlapped else None
    return Limit(
        cores_fps=cores / timing.cpu_seconds,
        serial_fps=1 / serial[slowest] if slowest else None,
        serial_stage=slowest,
        fps=fps,
        busy={stage: seconds * fps for stage, seconds in medians.items()},
    )
