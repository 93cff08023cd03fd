"""Scenes rendered once and kept on disk, so that a training only reads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes import Scene, render_still

RENDER_HW = (720, 1280)
CACHE_HW = (432, 768)  # .6 of what is rendered: a little above the largest scale that a crop asks for, at a third of the bytes
CACHE_SCALE = CACHE_HW[0] / RENDER_HW[0]
# What is met in use is resized with and without averaging; so scenes take turns.
INTERPOLATIONS = (cv2.INTER_AREA, cv2.INTER_LINEAR)
FINGERPRINT_SCENES = 3
RENDER_CHUNK = 16  # scenes a worker is given at a time


@dataclass(frozen=True, slots=True)
class SceneCache:
    """Scenes at `CACHE_HW`, with their boxes in pixels of that size.

    Attributes:
        fingerprint: Digest of what is drawn; another one means that the drawing changed.
        images_rgb: `(n, 432, 768, 3)` uint8, mapped from disk.
        boxes_xyxy_px: For each scene `(k, 4)` float32.
        class_ids: For each scene `(k,)` int64.
    """

    fingerprint: str
    images_rgb: NDArray[np.uint8]
    boxes_xyxy_px: tuple[NDArray[np.float32], ...]
    class_ids: tuple[NDArray[np.int64], ...]

    def __len__(self) -> int:
        return len(self.class_ids)


def open_cache(root: Path, seeds: Sequence[int], *, workers: int = 2) -> SceneCache:
    """Open the scenes of these seeds, rendering them first where they are not there.

    Args:
        root: Folder of all caches. Each has a folder named after what it holds.
        seeds: One a scene.
        workers: Processes that render.
    """
    fingerprint = _fingerprint(seeds)
    folder = root / f"scenes-{fingerprint}"
    pictures, truth = folder / "images.npy", folder / "truth.json"
    if not truth.exists():  # written last
        folder.mkdir(parents=True, exist_ok=True)
        _render_all(pictures, truth, seeds, workers)
    rows = json.loads(truth.read_text())
    return SceneCache(
        fingerprint=fingerprint,
        images_rgb=np.load(pictures, mmap_mode="r"),
        boxes_xyxy_px=tuple(np.array(row["boxes_xyxy_px"], np.float32).reshape(-1, 4) for row in rows),
        class_ids=tuple(np.array(row["class_ids"], np.int64) for row in rows),
    )


def _fingerprint(seeds: Sequence[int]) -> str:
    """Name what is drawn: the seeds, the size, and the first scenes themselves, which tell one generator from another."""
    digest = hashlib.sha256(repr((CACHE_HW, list(seeds))).encode())
    for seed in seeds[:FINGERPRINT_SCENES]:
        scene = render_still(seed, RENDER_HW)
        digest.update(scene.image_rgb.tobytes() + scene.boxes_xyxy_px.tobytes())
    return digest.hexdigest()[:12]


def _render_all(pictures: Path, truth: Path, seeds: Sequence[int], workers: int) -> None:
    images = np.lib.format.open_memmap(pictures, "w+", np.uint8, (len(seeds), *CACHE_HW, 3))
    rows = []
    for n, scene in enumerate(_rendered(seeds, workers)):
        images[n] = scene.image_rgb
        rows.append({"boxes_xyxy_px": scene.boxes_xyxy_px.tolist(), "class_ids": scene.class_ids.tolist()})
    images.flush()
    unfinished = truth.with_suffix(".part")
    unfinished.write_text(json.dumps(rows))
    unfinished.replace(truth)


def _rendered(seeds: Sequence[int], workers: int) -> Iterator[Scene]:
    if workers < 2:
        yield from map(_render_small, seeds)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(_render_small, seeds, chunksize=RENDER_CHUNK)


def _render_small(seed: int) -> Scene:
    scene = render_still(seed, RENDER_HW)
    small = cv2.resize(scene.image_rgb, CACHE_HW[::-1], interpolation=INTERPOLATIONS[seed % 2])
    return Scene(np.asarray(small, np.uint8), scene.boxes_xyxy_px * np.float32(CACHE_SCALE), scene.class_ids)
