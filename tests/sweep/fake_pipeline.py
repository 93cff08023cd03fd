"""A pipeline whose work takes its time on a machine whose speed is scripted."""

from copy import copy

import numpy as np

from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.pipeline import Steps
from workbench.pipeline.feeding import Passed
from workbench.settings import Settings

DECODE, INFER = 0.001, 0.006


class FakePipeline:
    """Takes for a frame what its NMS says: the lower the threshold, the more there is to suppress and to draw.

    Args:
        machine: A clock that goes forward by work.
        nms: Under which it runs.
        own_nms: Whether its network gives detections, of which a score leaves fewer before they are drawn.
        late_seconds: By which the decoder is late in each frame, one after the other.
    """

    def __init__(self, machine, nms, own_nms=False, late_seconds=lambda: 0.0):
        self.machine = machine
        self.settings = Settings().model_copy(update={"nms": nms})
        self.own_nms = own_nms
        self.late_seconds = late_seconds
        self.threads_taken = 0

    def with_nms(self, nms):
        other = copy(self)
        other.settings = self.settings.model_copy(update={"nms": nms})
        return other

    def take_threads(self):
        self.threads_taken += 1

    @property
    def left(self):
        return round(1 / self.settings.nms.score)

    @property
    def nms_seconds(self):
        return (0.0005 if self.settings.nms.method == "python" else 0.0001) * self.left / 4

    @property
    def draw_seconds(self):
        return 0.0004 + 0.0001 * self.left

    @property
    def frame_seconds(self):
        return DECODE + INFER + self.nms_seconds + self.draw_seconds

    def infer(self, frames):
        self.machine.work(INFER)
        if self.own_nms:
            return [Detections.empty() for _ in frames]
        return [Candidates(np.zeros((1, 3, 4), np.float32), np.zeros((1, 3, 2), np.float32)) for _ in frames]

    def suppress(self, raws, _):
        self.machine.work(self.nms_seconds)
        boxes = np.zeros((self.left, 4), np.float32)
        return [Detections(boxes, np.zeros(self.left, np.float32), np.zeros(self.left, np.int64)) for _ in raws]

    def draw(self, _, found):
        self.machine.work(0.0004 + 0.0001 * len(found))

    def steps(self, media):
        frames = media.frames()
        return Steps(lambda watch: self.next_batch(frames, watch), last_stage="draw")

    def next_batch(self, frames, watch):
        frame = next(frames, None)
        if frame is None:
            return None
        self.machine.work(DECODE + self.late_seconds())
        watch.lap("decode")
        raws = self.infer([frame])
        watch.lap("infer")
        found = self.suppress(raws, [frame])
        if not self.own_nms:
            watch.lap("nms")
        self.draw(frame, found[0])
        watch.lap("draw")
        return Passed((frame,), tuple(raws), tuple(found))
