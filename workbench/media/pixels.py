"""From an array, or whatever is one, to an RGB picture: as a picture file with the same pixels would be read."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workbench.detections import UInt8Array
from workbench.errors import MediaError
from workbench.media.decoding import PAPER, upright_rgb

WANTED = "give arrays (height, width, 3) of uint8, in RGB order"


def rgb_picture(image: object, name: str) -> UInt8Array:
    """Return `(height, width, 3)` uint8 RGB.

    Grey is repeated, transparency lies over white, of 16 bits the upper 8 remain. What is RGB already is not copied.

    Args:
        image: An array `(height, width)`, or with 1, 3 or 4 channels last, of uint8, uint16 or bool; or what NumPy makes one of,
            such as a tensor; or one of Pillow's pictures.
        name: What an error calls it.

    Raises:
        MediaError: It is something else. Floats are: whether they end at 1 or at 255 cannot be told from a dark picture.
    """
    array = image if isinstance(image, np.ndarray) else _array_of(image, name)
    to_bytes = BYTES.get(array.dtype.kind + str(array.dtype.itemsize))
    channels = 1 if array.ndim == 2 else array.shape[-1] if array.ndim == 3 else 0
    if to_bytes is None or channels not in CHANNELS or 0 in array.shape:
        raise MediaError(f"{name} is {array.dtype} {array.shape}; {WANTED}{_advice(array)}")
    return CHANNELS[channels](to_bytes(array.reshape(*array.shape[:2], channels)))


def _array_of(image: object, name: str) -> NDArray[np.generic]:
    from PIL import Image

    if isinstance(image, Image.Image):
        return upright_rgb(image, name)
    try:
        return np.asarray(image)
    except Exception as error:  # whatever somebody's tensors raise, such as one that lies on a GPU
        raise MediaError(f"{name} is a {type(image).__name__} that cannot become an array; {WANTED}") from error


def _advice(array: NDArray[np.generic]) -> str:
    if array.dtype.kind == "f":
        return ": (image * 255).astype('uint8') where it is 0 to 1, image.astype('uint8') where it is 0 to 255"
    if array.ndim == 3 and array.shape[0] in CHANNELS and array.shape[-1] not in CHANNELS:
        return ": image.transpose(1, 2, 0) puts the channels last"
    return ""


def _repeated(grey: UInt8Array) -> UInt8Array:
    return np.repeat(grey, 3, axis=2)


def _over_paper(rgba: UInt8Array) -> UInt8Array:
    alpha = rgba[:, :, 3:].astype(np.uint16)
    paper = np.array(PAPER, np.uint16)
    return ((rgba[:, :, :3] * alpha + paper * (255 - alpha) + 127) // 255).astype(np.uint8)


# By kind and bytes of a number; for each, how it becomes a byte.
BYTES: dict[str, Callable[[NDArray[np.generic]], UInt8Array]] = {
    "u1": lambda array: np.asarray(array, np.uint8),
    "u2": lambda array: (np.asarray(array, np.uint16) >> 8).astype(np.uint8),
    "b1": lambda array: np.asarray(array, np.uint8) * np.uint8(255),
}
CHANNELS: dict[int, Callable[[UInt8Array], UInt8Array]] = {1: _repeated, 3: lambda rgb: rgb, 4: _over_paper}
