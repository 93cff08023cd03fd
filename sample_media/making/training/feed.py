"""Batches, made in a thread while the step before computes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue

import numpy as np
from numpy.typing import NDArray

from sample_media.making.training.cache import SceneCache
from sample_media.making.training.crops import draw_crop
from sample_media.making.training.targets import assign

AHEAD = 6  # batches made in advance; enough to ride out a scene that must come from disk
POLL_SECONDS = 0.5  # how soon the thread notices that nobody wants more


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops and what each anchor should say of them.

    Attributes:
        images_rgb: `(n, side, side, 3)` uint8.
        class_ids: `(n, A)` int32, as in `Targets`.
        boxes_xyxy_px: `(n, A, 4)` float32, likewise.
    """

    images_rgb: NDArray[np.uint8]
    class_ids: NDArray[np.int32]
    boxes_xyxy_px: NDArray[np.float32]


def draw_batch(cache: SceneCache, count: int, side: int, seed: tuple[int, int]) -> Batch:
    """Draw `count` crops of `side` pixels; the same cache and seed give the same batch."""
    rng = np.random.default_rng(seed)
    crops = [draw_crop(cache, side, rng) for _ in range(count)]
    targets = [assign(crop.boxes_xyxy_px, crop.class_ids, (side, side)) for crop in crops]
    return Batch(
        np.stack([crop.image_rgb for crop in crops]),
        np.stack([target.class_ids for target in targets]),
        np.stack([target.boxes_xyxy_px for target in targets]),
    )


@contextmanager
def made_ahead(draw: Callable[[int], Batch], first_step: int) -> Iterator[Iterator[Batch]]:
    """Give the batches of `first_step`, the next and so on, made by a thread that ends with the block."""
    ready: Queue[Batch | BaseException] = Queue(AHEAD)
    stopped = threading.Event()

    def put(item: Batch | BaseException) -> None:
        waiting = True
        while waiting and not stopped.is_set():
            with suppress(Full):
                ready.put(item, timeout=POLL_SECONDS)
                waiting = False

    def work() -> None:
        step = first_step
        try:
            while not stopped.is_set():
                put(draw(step))
                step += 1
        except BaseException as error:  # raised again where the batch is awaited
            put(error)

    def batches() -> Iterator[Batch]:
        while True:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item

    thread = threading.Thread(target=work, name="crops", daemon=True)
    thread.start()
    try:
        yield batches()
    finally:
        stopped.set()
        _empty(ready)
        thread.join()


def _empty(queue: Queue[Batch | BaseException]) -> None:
    """Empty a queue, so that whoever waits to put something in goes on."""
    while True:
        try:
            queue.get_nowait()
        except Empty:
            return
