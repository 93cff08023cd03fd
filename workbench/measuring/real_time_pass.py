"""A pass at the frames' own pace: how old each picture is when it is there, and what was dropped."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from workbench.detections import Detections
from workbench.errors import UnavailableError
from workbench.media import Frame, Media, RealTimeMedia
from workbench.pipeline import FunctionPipeline, Pipeline
from workbench.timing import NoWatch, Policy, RealTime

REAL_TIME_FRAMES = 662  # enough for p99, 22 s at 30 FPS
SETTLING_FRAMES = 15  # the first ones are not counted: threads start and queues fill
SETTLING_SECONDS = 0.5  # nor does that take longer, where few frames come


@dataclass(frozen=True, slots=True, kw_only=True)
class RealTimePass:
    """A pass at the frames' own pace.

    Attributes:
        fps: Frames a second; the media's own by default.
        policy: What happens to frames that nobody takes in time.
        frames: How many to count.
    """

    fps: float | None = None
    policy: Policy = "drop"
    frames: int = REAL_TIME_FRAMES


def measure_real_time(
    pipeline: Pipeline | FunctionPipeline,
    media: Media,
    asked: RealTimePass,
    progress: Callable[[int, int], object] | None = None,
) -> RealTime:
    """Run frames through a warm pipeline as they come; media begin again at their end.

    Raises:
        MediaError: The media have no rate of their own and none is given, or cannot be read.
        UnavailableError: The settings keep prepared frames, so that none would come at its moment.
    """
    cache = pipeline.settings.feed.cache
    if cache != "none":
        raise UnavailableError(f"feed.cache is {cache}: frames that come at their own pace are not kept; choose none")
    clocked = RealTimeMedia(media, asked.fps, asked.policy)
    ready: list[tuple[float | None, int, float]] = []  # when a frame came, how many were missed before it, and when it was drawn

    def listen(frames: Sequence[Frame], _: Sequence[Detections]) -> None:
        now = time.perf_counter()
        ready.extend((frame.arrived_seconds, frame.missed, now) for frame in frames)

    settling = SETTLING_FRAMES if clocked.fps is None else min(SETTLING_FRAMES, ceil(clocked.fps * SETTLING_SECONDS))
    wanted = asked.frames + settling
    with closing(pipeline.steps(clocked, listen)) as steps:
        while len(ready) < wanted and steps(NoWatch()):
            if progress:
                progress(min(len(ready), wanted), wanted)
    counted = ready[settling:wanted]
    return RealTime(
        source_fps=clocked.fps,
        policy=asked.policy,
        age_seconds=tuple(0.0 if came is None else drawn - came for came, _, drawn in counted),
        interval_seconds=tuple(after - before for (_, _, before), (_, _, after) in pairwise(counted)),
        dropped=sum(missed for _, missed, _ in counted),
    )
