"""What people write for the small detector by themselves: OpenCV, a LiteRT interpreter, NumPy; of ours only the stages."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from workbench import stage

Found = tuple[np.ndarray, np.ndarray, np.ndarray]
STRIDE, ANCHOR, PAD = 8, 20, 114
CENTRE, SIZE = 0.1, 0.2  # by which the network's offsets are scaled
SCORE, IOU, MOST = 0.30, 0.5, 100


def litert_loop(model: Path, threads: int) -> Callable[[np.ndarray], Found]:
    """Return the loop's body."""
    interpreter = Interpreter(str(model), num_threads=threads)
    interpreter.allocate_tensors()
    taken = interpreter.get_input_details()[0]
    offsets_at, scores_at = sorted(interpreter.get_output_details(), key=lambda one: one["shape"][-1] != 4)
    height, width = taken["shape"][1:3]
    columns, rows = np.meshgrid(np.arange(width // STRIDE), np.arange(height // STRIDE))
    cells = (np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) * STRIDE

    def detect(frame: np.ndarray) -> Found:
        with stage("preprocess"):
            scale = min(height / frame.shape[0], width / frame.shape[1])
            wide, high = (int(side * scale + 0.5) for side in (frame.shape[1], frame.shape[0]))
            left, top = (width - wide) // 2, (height - high) // 2
            canvas = np.full((height, width, 3), PAD, np.uint8)
            canvas[top : top + high, left : left + wide] = cv2.resize(frame, (wide, high), interpolation=cv2.INTER_LINEAR)
            values = canvas.astype(np.float32)[None] / 255
        with stage("infer"):
            interpreter.set_tensor(taken["index"], values)
            interpreter.invoke()
            offsets, scores = (interpreter.get_tensor(at["index"])[0] for at in (offsets_at, scores_at))
            centres = cells + offsets[:, :2] * CENTRE * ANCHOR
            sides = np.exp(offsets[:, 2:] * SIZE) * ANCHOR
        with stage("nms"):
            at, classes = np.nonzero(scores > SCORE)
            corners = centres[at] - sides[at] / 2
            kept = cv2.dnn.NMSBoxesBatched(np.hstack([corners, sides[at]]), scores[at, classes], classes, SCORE, IOU)  # type: ignore[arg-type]
            best = np.array(kept, np.int64).reshape(-1)[:MOST]
            boxes = np.hstack([corners, corners + sides[at]])[best]
            boxes = (boxes - [left, top] * 2) / ([wide / frame.shape[1], high / frame.shape[0]] * 2)
            boxes = boxes.clip(0, [frame.shape[1], frame.shape[0]] * 2)
        return boxes, scores[at, classes][best], classes[best]

    return detect
