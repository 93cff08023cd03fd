"""What a good engineer writes for YOLOX without the workbench: OpenCV, LiteRT or OpenVINO, and a loop. Only to compare with."""

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

SIDE, STRIDES, PAD = 416, (8, 16, 32), 114
SCORE, IOU = 0.30, 0.5
Image = np.ndarray
Infer = Callable[[np.ndarray], np.ndarray]


def grid() -> tuple[np.ndarray, np.ndarray]:
    cells, strides = [], []
    for stride in STRIDES:
        count = SIDE // stride
        ys, xs = np.mgrid[:count, :count]
        cells.append(np.stack([xs, ys], axis=-1).reshape(-1, 2))
        strides.append(np.full((count * count, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


CELLS, CELL_STRIDES = grid()


def prepare(image_bgr: Image) -> tuple[np.ndarray, float]:
    height, width = image_bgr.shape[:2]
    scale = min(SIDE / height, SIDE / width)
    canvas = np.full((SIDE, SIDE, 3), PAD, np.uint8)
    small = cv2.resize(image_bgr, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_LINEAR)
    canvas[: small.shape[0], : small.shape[1]] = small
    return np.ascontiguousarray(canvas.transpose(2, 0, 1), np.float32)[None], scale


def decode(raw: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    centres, sizes = (raw[:, :2] + CELLS) * CELL_STRIDES, np.exp(raw[:, 2:4]) * CELL_STRIDES
    scores = raw[:, 4:5] * raw[:, 5:]
    rows, classes = np.nonzero(scores > SCORE)
    kept = scores[rows, classes]
    boxes = np.concatenate([centres[rows] - sizes[rows] / 2, sizes[rows]], axis=1) / scale
    if not len(rows):
        return boxes, kept, classes
    left = cv2.dnn.NMSBoxesBatched(boxes, kept, classes, SCORE, IOU)  # type: ignore[arg-type]  # it takes arrays too
    chosen = np.array(left, np.int64).reshape(-1)
    return boxes[chosen], kept[chosen], classes[chosen]


def draw(image_bgr: Image, boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray, labels: list[str]) -> Image:
    for (x, y, width, height), score, number in zip(boxes, scores, classes, strict=True):
        start, end = (round(x), round(y)), (round(x + width), round(y + height))
        cv2.rectangle(image_bgr, start, end, (0, 200, 255), 2)
        cv2.putText(
            image_bgr, f"{labels[number]} {score:.2f}", (start[0], start[1] - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 200, 255), 1
        )
    return image_bgr


def litert(model: Path, threads: int) -> Infer:
    interpreter = Interpreter(str(model), num_threads=threads)
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def infer(values: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(taken, values)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(given)[0])

    return infer


def frames(video: Path) -> Iterator[Image]:
    while True:
        capture = cv2.VideoCapture(str(video))
        while True:
            read, image = capture.read()
            if not read:
                break
            yield image
        capture.release()


def plain_loop(video: Path, infer: Infer, labels: list[str]) -> Iterator[int]:
    """Yield the boxes of each frame."""
    for image in frames(video):
        values, scale = prepare(image)
        found = decode(infer(values), scale)
        draw(image, *found, labels)
        yield len(found[0])


def with_reader(video: Path, infer: Infer, labels: list[str]) -> Iterator[int]:
    """The same, with a thread that reads ahead."""
    waiting: queue.Queue[Image] = queue.Queue(4)
    ended = threading.Event()

    def read() -> None:
        for image in frames(video):
            while not ended.is_set():
                try:
                    waiting.put(image, timeout=0.1)
                    break
                except queue.Full:
                    continue
            if ended.is_set():
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while True:
            image = waiting.get()
            values, scale = prepare(image)
            found = decode(infer(values), scale)
            draw(image, *found, labels)
            yield len(found[0])
    finally:
        ended.set()
        reader.join()


def async_queue(video: Path, model: Path, labels: list[str]) -> Iterator[int]:
    """OpenVINO's own queue of asynchronous requests, with the hint for throughput; frames come out in order."""
    import openvino

    core = openvino.Core()
    # In float32 as what it stands beside: by itself it takes bfloat16 where the processor has it.
    hints = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(model), "CPU", hints)
    requests = openvino.AsyncInferQueue(compiled)
    done: dict[int, tuple[Image, Any]] = {}
    turn = threading.Condition()

    def finished(request: Any, told: tuple[int, Image, float]) -> None:
        number, image, scale = told
        found = decode(request.get_output_tensor(0).data[0].copy(), scale)
        draw(image, *found, labels)
        with turn:
            done[number] = image, len(found[0])
            turn.notify_all()

    requests.set_callback(finished)
    ahead, source, sent = len(requests) + 2, frames(video), 0
    taken = 0
    try:
        while True:
            while sent < taken + ahead:
                image = next(source)
                values, scale = prepare(image)
                requests.start_async({0: values}, (sent, image, scale))
                sent += 1
            with turn:
                while taken not in done:
                    turn.wait()
                _, count = done.pop(taken)
            taken += 1
            yield count
    finally:
        requests.wait_all()
