"""One network under one setting: a frame in, detections and a picture out, by the code that the workbench itself runs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections, FloatArray, UInt8Array
from workbench.export.program.contents import OpenNetwork, read_tree, reader_of
from workbench.export.program.on_litert import open_network
from workbench.stages import (
    InputSpec,
    OwnNms,
    above_own,
    by_opencv,
    by_score,
    draw,
    looked_up,
    only_above,
    place,
    prepare,
    quantised,
    quantising_table,
    soften,
)


class Pipeline:
    """The network of a folder, opened, and its stages.

    Args:
        folder: Where its files are.
        opened_by: What loads the network.
    """

    def __init__(self, folder: Path, opened_by: OpenNetwork = open_network) -> None:
        tree, network = read_tree(folder / "settings.json"), read_tree(folder / "network.json")
        settings = tree["runs"]
        cv2.setNumThreads(settings["runtime"]["threads"])
        self.labels = (folder / "labels.txt").read_text(encoding="utf-8").splitlines()
        self.thresholds = np.array(tree["thresholds"], np.float32)
        self.nms = SimpleNamespace(**settings["nms"] | {"score": min(tree["thresholds"])})
        self.resize: str = settings["input"]["resize"]
        self._filter: str = settings["input"]["filter"]
        self._size_hw: tuple[int, int] = settings["input"]["size_hw"]
        self._reader = reader_of(network["reader"], folder)
        self._suppress = {"opencv": by_opencv, "soft": soften, "none": by_score}.get(self.nms.method)
        self._spec = InputSpec(**network["input"])
        self._tensor = network["input_tensor"]
        self._table = quantising_table(self._spec, self._tensor)
        self.infer = opened_by(folder, network, settings)

    def prepare(self, frame_rgb: UInt8Array) -> NDArray[Any]:
        """Return what `infer` takes: the network's input; or the frame as it is, where the network's program resizes it."""
        if self.resize == "graph":
            return frame_rgb[None]
        spec = self._spec if self._table is None else replace(self._spec, dtype="uint8")
        batch = prepare([frame_rgb], spec, self._size_hw, self.resize, self._filter)
        return quantised(batch, self._tensor) if self._table is None else looked_up(batch, self._table)

    def detections(self, raw: Sequence[FloatArray], frame_rgb: UInt8Array) -> Detections:
        """Return what `infer` found, best first, with boxes in pixels of the frame."""
        if isinstance(self._reader, OwnNms):
            (all_found,) = self._reader.detections(raw, self._size_hw)
            found = above_own(all_found, self.thresholds)
            found = found.where(np.arange(len(found))[: self.nms.max_detections])
        else:
            boxes, scores = self._reader.candidates(raw, self._size_hw)
            assert self._suppress is not None, "only a network with its own NMS has no other"
            alike = len(self.thresholds) == 1
            best = scores[0] if alike else only_above(scores[0], self.thresholds)
            found = above_own(self._suppress(boxes[0], best, self.nms), self.thresholds)
        placement = place(self._spec, (frame_rgb.shape[0], frame_rgb.shape[1]), self._size_hw)
        return Detections(placement.to_frame(found.boxes_xyxy_px), found.scores, found.class_ids)

    def detect(self, frame_rgb: UInt8Array) -> Detections:
        """Return what is in a frame `(height, width, 3)` uint8, best first."""
        return self.detections(self.infer(self.prepare(frame_rgb)), frame_rgb)

    def draw(self, frame_rgb: UInt8Array, found: Detections) -> UInt8Array:
        """Return a copy of a frame with boxes, names and scores on it."""
        return draw(frame_rgb, found, self.labels)
