"""What a model seems to be whose outputs hold no boxes: a classifier, an embedding, a segmenter."""

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.output_reading import Outputs, is_map
from workbench.detectors.output_values import are_classes, are_scores

SAME_SHAPE = 0.1  # of the logarithm of height over width: maps of 1/8 of a size are rounded up


def other_model(outputs: Outputs, size_hw: tuple[int, int]) -> str | None:
    """Say what a model is that is no detector; `None` where its outputs may hold boxes.

    Args:
        outputs: Raw, by name, of one picture or of equal ones.
        size_hw: Height and width of the input that they come from.
    """
    if len(outputs) != 1:
        return None
    (output,) = outputs.values()
    shape = list(output.shape)
    long = [side for side in shape if side != 1]
    if len(long) == 1 and are_scores(output):
        return f"is a classifier, no detector: it gives {max(shape)} scores and no boxes; choose a detector"
    if len(long) == 1:
        return f"is an embedding or a classifier, no detector: it gives {max(shape)} numbers and no boxes; choose a detector"
    if is_class_map(output, size_hw) or any(output.ndim == 4 and _of_pixels(output, axis, size_hw) for axis in (1, 3)):
        return f"is a segmenter or the like, no detector: it gives numbers for each pixel ({shape}) and no boxes; choose a detector"
    return None


def is_class_map(output: FloatArray, size_hw: tuple[int, int]) -> bool:
    """Whether an output has a number for each pixel, or that of a class in about its shape, as a segmenter's `(1, h, w)`."""
    if is_map(output, size_hw):
        return True
    sides = [side for side in output.shape[1:] if side != 1]
    if len(sides) != 2 or not are_classes(output) or output.max() <= 0:
        return False
    return bool(abs(np.log(sides[0] / sides[1] * size_hw[1] / size_hw[0])) < SAME_SHAPE)


def _of_pixels(output: FloatArray, channels: int, size_hw: tuple[int, int]) -> bool:
    return np.delete(output.shape, [0, channels]).tolist() == list(size_hw)
