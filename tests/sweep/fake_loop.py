"""A pipeline whose work takes its time on a machine whose pace is scripted."""

from copy import copy

import numpy as np

from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.pipeline.feeding import Passed
from workbench.settings import Settings

DECODE, INFER = 0.001, 0.006
COLDER = 0.0002  # seconds by which NMS and drawing take longer in the loop


class FakePipeline:
    """Takes for a frame what its NMS says: the lower the threshold, the more there is to suppress and to draw."""

    def __init__(self, machine, nms, factor=1.0):
        self.machine = machine
        self.settings = Settings().model_copy(update={"nms": nms})
        self.looping = False
        self.factor = factor  # by which NMS and drawing take longer in the loop, beside COLDER

    def with_nms(self, nms):
        other = copy(self)
        other.settings = self.settings.model_copy(update={"nms": nms})
        return other

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
        return DECODE + INFER + self.in_loop(self.nms_seconds) + self.in_loop(self.draw_seconds)

    def in_loop(self, seconds):
        return seconds * self.factor + COLDER

    def infer(self, frames):
        self.machine.work(INFER)
        return [Candidates(np.zeros((1, 3, 4), np.float32), np.zeros((1, 3, 2), np.float32)) for _ in frames]

    def suppress(self, raws, _):
        self.machine.work(self.in_loop(self.nms_seconds) if self.looping else self.nms_seconds)
        boxes = np.zeros((self.left, 4), np.float32)
        return [Detections(boxes, np.zeros(self.left, np.float32), np.zeros(self.left, np.int64)) for _ in raws]

    def draw(self, _, found):
        seconds = 0.0004 + 0.0001 * len(found)
        self.machine.work(self.in_loop(seconds) if self.looping else seconds)

    def next_batch(self, frames, watch):
        frame = next(frames, None)
        if frame is None:
            return None
        self.machine.work(DECODE)
        watch.lap("decode")
        raws = self.infer([frame])
        watch.lap("infer")
        self.looping = True
        found = self.suppress(raws, [frame])
        watch.lap("nms")
        self.draw(frame, found[0])
        watch.lap("draw")
        self.looping = False
        return Passed((frame,), tuple(raws), tuple(found))

    def block_timer(self, _):
        def time_block(count):
            self.machine.work(self.frame_seconds * count)
            return [self.frame_seconds] * count

        return time_block
