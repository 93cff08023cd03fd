"""Whether truth was made for frames of this size: boxes are scaled where only the size differs, and turned where the picture is."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from workbench.datasets.truth import Truth, listed, shortened
from workbench.detections import FloatArray, ImageTruth
from workbench.errors import TruthError
from workbench.media import Media

EXIF_ORIENTATION = 0x0112
# Where a point of the stored picture lies in the upright one, both in fractions, by EXIF's orientation: those that swap the sides.
QUARTER_TURNS: dict[int, Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]] = {
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}
ONE_SIZE = frozenset({"video", "animation"})  # kinds of media whose frames have one size


@dataclass(frozen=True, slots=True)
class PictureSize:
    """A picture's size as it is stored, and how it is turned when it is shown."""

    stored_hw: tuple[int, int]
    orientation: int = 1

    @property
    def upright_hw(self) -> tuple[int, int]:
        height, width = self.stored_hw
        return (width, height) if self.orientation in QUARTER_TURNS else (height, width)


def picture_size(picture: Path) -> PictureSize:
    """Read a picture's size from its header.

    Raises:
        TruthError: It has none that can be read.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a picture that is too large is refused where it is decoded
            with Image.open(picture) as image:
                return PictureSize((image.height, image.width), image.getexif().get(EXIF_ORIENTATION, 1))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise TruthError(f"the size of {picture} cannot be read ({shortened(error)}); choose pictures that can") from None


def fitted_to_frames(truth: Truth, media: Media, folder: Path | None) -> Truth:
    """Bring the boxes of truth that was matched with frames to the size of these.

    A picture of another shape than its truth says is left out, with a note.

    Args:
        truth: By frame name.
        media: The frames.
        folder: Where the media's pictures lie; `None` where they are none.

    Raises:
        TruthError: All are of another shape.
    """
    facts = media.facts()
    images, scaled, turned, other = dict(truth.images), [], [], []
    for name, image in truth.images.items():
        size = PictureSize(facts.size_hw) if facts.kind in ONE_SIZE else _size_in(folder, name)
        if image.size_hw is None or size is None or image.size_hw == size.upright_hw:
            continue
        if _same_shape(image.size_hw, size.upright_hw):
            images[name] = _scaled(image, size.upright_hw)
            scaled.append((name, image.size_hw, size.upright_hw))
        elif _same_shape(image.size_hw, size.stored_hw):
            images[name] = _turned(image, size)
            turned.append(name)
        else:
            del images[name]
            other.append((name, image.size_hw, size.upright_hw))
    if other and not images:
        raise TruthError(f"{truth.name} was made for pictures of another shape ({_example(other)}); choose the truth of these")
    return replace(truth, images=images, notes=(*truth.notes, *_notes(truth.name, scaled, turned, other)))


_Differing = list[tuple[str, tuple[int, int], tuple[int, int]]]


def _notes(name: str, scaled: _Differing, turned: list[str], other: _Differing) -> Iterator[str]:
    if scaled:
        yield f"{name} was made for another size ({_example(scaled)}): boxes of {len(scaled)} frames are scaled"
    if turned:
        yield f"{name} has boxes of pictures as they are stored, on their side: {listed(turned)}; they are turned upright"
    if other:
        yield f"{name} was made for another shape of {len(other)} frames ({_example(other)}): they count for no accuracy"


def _example(differing: _Differing) -> str:
    name, told, real = differing[0]
    return f"{name}: {_text(told)}, here {_text(real)}"


def _size_in(folder: Path | None, name: str) -> PictureSize | None:
    return picture_size(folder / name) if folder is not None and (folder / name).is_file() else None


def _same_shape(one_hw: tuple[int, int], other_hw: tuple[int, int]) -> bool:
    """Tell whether one is the other but for its scale, and for a pixel that a side was rounded by."""
    return abs(one_hw[0] * other_hw[1] - one_hw[1] * other_hw[0]) <= max(*one_hw, *other_hw)


def _scaled(image: ImageTruth, size_hw: tuple[int, int]) -> ImageTruth:
    assert image.size_hw is not None, "only what has a size has another"
    (old_height, old_width), (height, width) = image.size_hw, size_hw
    scale = np.array([width / old_width, height / old_height] * 2, np.float32)
    return replace(image, boxes_xyxy_px=image.boxes_xyxy_px * scale, areas_px=image.areas_px * scale[0] * scale[1], size_hw=size_hw)


def _turned(image: ImageTruth, size: PictureSize) -> ImageTruth:
    stored = _scaled(image, size.stored_hw)
    (height, width), (new_height, new_width) = size.stored_hw, size.upright_hw
    fractions: FloatArray = np.divide(stored.boxes_xyxy_px, np.array([width, height] * 2, np.float32), dtype=np.float32)
    x, y = QUARTER_TURNS[size.orientation](fractions[:, 0::2], fractions[:, 1::2])
    boxes = np.stack([x.min(1) * new_width, y.min(1) * new_height, x.max(1) * new_width, y.max(1) * new_height], axis=1)
    return replace(stored, boxes_xyxy_px=boxes.astype(np.float32), size_hw=size.upright_hw)


def _text(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[1]}x{size_hw[0]}"
