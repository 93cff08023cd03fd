"""`tf.data` from a picture to a network's input: what it reads, in how many calls at once, what waits and what it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from workbench.detections import UInt8Array
from workbench.graph.preprocess import prepare as prepare_frames
from workbench.settings import Feed
from workbench.stages import InputSpec

DECODERS = {".jpg": "decode_jpeg", ".jpeg": "decode_jpeg", ".png": "decode_png", ".bmp": "decode_bmp"}
JPEG_OPTIONS = {"dct_method": "INTEGER_ACCURATE"}  # what OpenCV's decoder does; TensorFlow's own choice differs by a few levels

HostPrepare = Callable[[int], tuple[UInt8Array, NDArray[Any], float, float]]
"""Prepares the frame of a number on the host: the picture (empty where nobody asks for it), the input, when it began and ended."""


@dataclass(frozen=True, slots=True)
class FedBatch:
    """Frames that are ready for the network.

    Attributes:
        numbers: Which they are, in the order in which the source gave them.
        images_rgb: The pictures, where TensorFlow has them.
        inputs: `(n, …)` as the input's specification says.
        decode_seconds: For each, when decoding began and ended, on the system's clock; `None` where the source timed it.
        prepare_seconds: The same of resizing and scaling.
    """

    numbers: tuple[int, ...]
    images_rgb: tuple[UInt8Array, ...] | None
    inputs: NDArray[Any]
    decode_seconds: tuple[tuple[float, float], ...] | None
    prepare_seconds: tuple[tuple[float, float], ...]


class DatasetError(Exception):
    """What one of TensorFlow's operations raised while it made a batch."""


def can_decode(files: Sequence[Path]) -> bool:
    """Say whether TensorFlow reads these files itself: all of one kind that it knows."""
    decoders = {DECODERS.get(file.suffix.lower()) for file in files}
    return len(decoders) == 1 and None not in decoders


def input_program(spec: InputSpec, size_hw: tuple[int, int], filter_name: str) -> Callable[[UInt8Array], NDArray[Any]]:
    """Return what the datasets' calls do to one frame, to be called by itself."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, None, 3), tf.uint8)]

    def prepared(frame: Any) -> Any:
        return prepare_frames(frame[None], spec, size_hw, filter_name)[0]

    program = tf.function(prepared, input_signature=signature, autograph=False)
    return lambda image_rgb: np.asarray(program(tf.constant(image_rgb)).numpy())


def file_elements(
    files: Sequence[Path], spec: InputSpec, size_hw: tuple[int, int], filter_name: str, feed: Feed, start: int = 0
) -> Any:
    """Return a dataset that reads, decodes and prepares files from a position on, in parallel and all as TensorFlow operations."""
    import tensorflow as tf

    decode = getattr(tf.io, DECODERS[files[0].suffix.lower()])
    options = JPEG_OPTIONS if decode is tf.io.decode_jpeg else {}

    def element(number: Any, path: Any) -> dict[str, Any]:
        began = tf.timestamp()
        with tf.control_dependencies([began]):
            image = tf.ensure_shape(decode(tf.io.read_file(path), channels=3, **options), (None, None, 3))
        with tf.control_dependencies([image]):
            decoded = tf.timestamp()
        return {
            "number": number,
            "image": tf.io.serialize_tensor(image),
            "decode": tf.stack([began, decoded]),
            **_prepared(image, spec, size_hw, filter_name),
        }

    named = tf.data.Dataset.from_tensor_slices((np.arange(len(files)), [str(file) for file in files]))
    return named.skip(start).map(_as_it_is(element), _calls(feed), feed.ordered)


def graph_elements(
    pull: Callable[[], tuple[np.int64, UInt8Array]],
    spec: InputSpec,
    size_hw: tuple[int, int],
    filter_name: str,
    feed: Feed,
    *,
    keep_images: bool,
) -> Any:
    """Return a dataset over frames that somebody else decodes, prepared in parallel as TensorFlow operations."""
    import tensorflow as tf

    def element(number: Any, image: Any) -> dict[str, Any]:
        kept = {"image": tf.io.serialize_tensor(image)} if keep_images else {}
        return {"number": number, **kept, **_prepared(image, spec, size_hw, filter_name)}

    def pulled(_: Any) -> tuple[Any, Any]:
        number, image = tf.numpy_function(lambda _: pull(), [0], (tf.int64, tf.uint8))
        return tf.ensure_shape(number, ()), tf.ensure_shape(image, (None, None, 3))

    return _pulled(pulled, lambda number, _: number >= 0).map(_as_it_is(element), _calls(feed), feed.ordered)


def host_elements(
    pull: Callable[[], np.int64],
    prepare: HostPrepare,
    spec: InputSpec,
    size_hw: tuple[int, int],
    feed: Feed,
    *,
    keep_images: bool,
) -> Any:
    """Return a dataset over frames that the host decodes and prepares, the latter in parallel; TensorFlow sees their numbers."""
    import tensorflow as tf

    shape = spec.batch_shape(1, size_hw)[1:]

    def element(number: Any) -> dict[str, Any]:
        kinds = (tf.uint8, tf.as_dtype(spec.dtype), tf.float64, tf.float64)
        image, prepared, began, ended = tf.numpy_function(prepare, [number], kinds)
        kept = {"image": tf.io.serialize_tensor(image)} if keep_images else {}
        return {"number": number, **kept, "input": tf.ensure_shape(prepared, shape), "prepare": tf.stack([began, ended])}

    def pulled(_: Any) -> Any:
        return tf.ensure_shape(tf.numpy_function(lambda _: pull(), [0], tf.int64), ())

    return _pulled(pulled, lambda number: number >= 0).map(_as_it_is(element), _calls(feed), feed.ordered)


def _pulled(pull: Callable[[Any], Any], goes_on: Callable[..., Any]) -> Any:
    """Return a dataset of what a function gives, one call after the other, until that is below zero.

    `Dataset.from_generator` would do the same, but lets the C library give memory back at once from then on, in the whole process:
    every picture then costs fresh pages.
    """
    import tensorflow as tf

    return tf.data.Dataset.counter().map(_as_it_is(pull)).take_while(_as_it_is(goes_on))


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a dataset's function as one that TensorFlow does not rewrite, else files stay in the temporary folder."""
    import tensorflow as tf

    return cast("Callable[..., Any]", tf.autograph.experimental.do_not_convert(function))


def _prepared(image: Any, spec: InputSpec, size_hw: tuple[int, int], filter_name: str) -> dict[str, Any]:
    import tensorflow as tf

    with tf.control_dependencies([image]):
        began = tf.timestamp()
    with tf.control_dependencies([began]):
        prepared = prepare_frames(tf.identity(image)[None], spec, size_hw, filter_name)[0]
    with tf.control_dependencies([prepared]):
        ended = tf.timestamp()
    return {"input": prepared, "prepare": tf.stack([began, ended])}


def batches(elements: Any, feed: Feed, batch: int, threads: int, prefetch: int) -> Any:
    """Return the dataset in batches, the last perhaps short, with as many ready as may wait.

    Args:
        elements: Of one frame each.
        feed: How many calls, and whether order is kept.
        batch: Frames a batch.
        threads: Of tf.data's own pool.
        prefetch: Batches that wait; fewer than `feed.prefetch` where they are large.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.deterministic = feed.ordered
    options.autotune.enabled = not feed.workers
    options.threading.private_threadpool_size = max(threads, feed.workers)
    batched = elements.batch(batch)
    waiting = tf.data.AUTOTUNE if not feed.workers else prefetch
    return (batched.prefetch(waiting) if waiting else batched).with_options(options)


def next_batch(iterator: Iterator[dict[str, Any]]) -> FedBatch | None:
    """Return the next batch of a dataset as arrays, the inputs not copied; `None` at its end.

    Raises:
        DatasetError: It could not be made.
    """
    import tensorflow as tf

    element = _next(iterator)
    if element is None:
        return None
    images, decoded = element.get("image"), element.get("decode")
    return FedBatch(
        numbers=tuple(element["number"].numpy().tolist()),
        images_rgb=None if images is None else tuple(tf.io.parse_tensor(image, tf.uint8).numpy() for image in images),
        inputs=element["input"].numpy(),
        decode_seconds=None if decoded is None else _pairs(decoded),
        prepare_seconds=_pairs(element["prepare"]),
    )


def next_number(iterator: Iterator[dict[str, Any]]) -> int | None:
    """Return which frame a dataset's next element is; `None` at its end.

    Raises:
        DatasetError: It could not be made.
    """
    element = _next(iterator)
    return None if element is None else int(element["number"])


def _next(iterator: Iterator[dict[str, Any]]) -> dict[str, Any] | None:
    import tensorflow as tf

    try:
        return next(iterator, None)
    except tf.errors.OpError as error:
        raise DatasetError(error.message.splitlines()[0]) from error


def _pairs(values: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(began), float(ended)) for began, ended in values.numpy())


def _calls(feed: Feed) -> Any:
    import tensorflow as tf

    return feed.workers or tf.data.AUTOTUNE


def empty_image() -> UInt8Array:
    """Return a picture of no pixels, for where nobody asks for one."""
    return np.empty((0, 0, 3), np.uint8)
