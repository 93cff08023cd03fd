"""The sample media: a clip and stills of the inspection line, made again from seeds, with their truth as COCO json."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from sample_media.making.scenes import FRAMES_PER_SECOND, Belt, Scene, render_still
from workbench.detections import UInt8Array
from workbench.errors import SaveError
from workbench.files import temporary_folder, write_whole
from workbench.samples import LABELS

Progress = Callable[[int, int, str], None]  # done, total, what

SEEDS: Mapping[str, range] = MappingProxyType(
    {
        "train": range(100_000),
        "calibration": range(100_000, 200_000),
        "test": range(200_000, 200_200),
        "clip": range(300_020, 300_021),  # chosen by eye: all five defects, and a first frame worth looking at
    }
)
LANDSCAPE_HW, PORTRAIT_HW = (720, 1280), (1280, 720)
# Ranges from these cost an integer model no AP against those from 100 whole pictures without compression, at inputs of 320 and of
# 512 pixels; and no usual input shows more of a scene.
CALIBRATION_SEEDS = SEEDS["calibration"][:32]
CALIBRATION_HW = (432, 768)
CALIBRATION_JPEG_QUALITY = 85
PORTRAIT_EVERY = 5  # every fifth still: 40 of 200
JPEG_QUALITY = 75  # 200 stills have 18 MB
CLIP_FRAMES = 600  # 20 seconds

# VP8 in its profile 2 (bilinear motion, light filters) and without hidden frames: it decodes in 1.2 ms a frame on one thread, VP9
# of that size in 3.3 and VP8 as it comes in 2.6; and decoding is part of every frame that is measured. Through PyAV, on which
# supervision stands: OpenCV's writer takes no bit rate and makes 65 MB of this clip
# (https://github.com/opencv/opencv/issues/24570).
CLIP_CODEC = "libvpx"
CLIP_BITS_PER_SECOND = 3_000_000  # the encoder takes a fifth more: 9 MB, and the smallest defects stay sharp
CLIP_KEY_FRAMES = 60  # a player that jumps decodes at most two seconds
CODEC_OPTIONS = {"deadline": "realtime", "cpu-used": "4", "auto-alt-ref": "0", "profile": "2"}

SIZE_EDGES_PX = (0, 16, 32, 96, 10_000)  # longer side
SIZE_NAMES = ("up to 16 px", "16 to 32 px", "32 to 96 px", "96 px and more")

README = Template("""\
# Sample media

Pictures of an inspection line that does not exist, drawn by `making/scenes` from seeds, with exact truth. No camera
and no other people's pictures were used. Licence: Apache-2.0, as the rest of the project.

| file | what |
|---|---|
| `line.webm` | $frames frames at $fps frames a second, 1280x720, VP8 |
| `line.json` | its truth, COCO json; a frame is called `line.webm#128` |
| `stills/` | $stills pictures, $portrait of them portrait |
| `stills.json` | their truth, COCO json |
| `calibration/` | $calibration pictures, $calibration_size, without truth: integer models are calibrated on them |

Made again with

    python -m sample_media.making media

Seeds: $seeds.
The clip is drawn from one seed, each still from its own. `making/` is what draws, and what trained the sample detectors; it is run
from the repository's root.

| defects | stills | clip, all frames |
|---|---|---|
$rows

Empty of defects: $empty_stills of the stills, $empty_frames of the clip's frames. A box is the extent of the visible part of a
defect, in pixels; a defect of which less than about half is in the picture is not counted, and in a still it is not drawn.
Sizes are longer sides.
""")


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the truth of one picture consists of, without the picture."""

    file_name: str
    size_hw: tuple[int, int]
    boxes_xyxy_px: tuple[tuple[float, ...], ...]
    class_ids: tuple[int, ...]


def still_size_hw(number: int) -> tuple[int, int]:
    """Return height and width of a test still; each fifth is portrait."""
    return PORTRAIT_HW if number % PORTRAIT_EVERY == PORTRAIT_EVERY - 1 else LANDSCAPE_HW


def write_sample_media(out: Path, progress: Progress | None = None) -> None:
    """Write the stills, the clip, their truth, the calibration stills and a README into a folder.

    Raises:
        SaveError: The folder cannot be written.
    """
    stills = write_stills(out, progress)
    clip = write_clip(out, progress)
    write_calibration(out, progress)
    with _saving(out):
        write_whole(out / "README.md", _readme(stills, clip).encode())


def write_stills(out: Path, progress: Progress | None = None, seeds: Sequence[int] = SEEDS["test"]) -> list[Labelled]:
    """Write the test stills into `stills/` and their truth into `stills.json`.

    Raises:
        SaveError: The folder cannot be written.
    """
    labelled = []
    with _saving(out):
        (out / "stills").mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            scene, name = render_still(seed, still_size_hw(number)), f"still_{number:03d}.jpg"
            write_whole(out / "stills" / name, _jpeg(scene.image_rgb))
            labelled.append(_labels_of(scene, name))
            _tell(progress, number + 1, len(seeds), "stills")
        write_whole(out / "stills.json", coco_json(labelled).encode())
    return labelled


def write_clip(out: Path, progress: Progress | None = None, frames: int = CLIP_FRAMES) -> list[Labelled]:
    """Write the clip into `line.webm` and its truth into `line.json`.

    Raises:
        SaveError: The folder cannot be written.
    """
    labelled: list[Labelled] = []

    def scenes() -> Iterator[Scene]:
        belt = Belt(SEEDS["clip"][0], LANDSCAPE_HW)
        for index in range(frames):
            scene = belt.render(index)
            labelled.append(_labels_of(scene, f"line.webm#{index}"))
            yield scene
            _tell(progress, index + 1, frames, "clip")

    with _saving(out):
        out.mkdir(parents=True, exist_ok=True)
        with temporary_folder() as folder:
            _encode(scenes(), Path(folder) / "line.webm")
            write_whole(out / "line.webm", (Path(folder) / "line.webm").read_bytes())
        write_whole(out / "line.json", coco_json(labelled).encode())
    return labelled


def write_calibration(out: Path, progress: Progress | None = None, seeds: Sequence[int] = CALIBRATION_SEEDS) -> None:
    """Write the stills that integer models are calibrated on into `calibration/`.

    Raises:
        SaveError: The folder cannot be written.
    """
    with _saving(out):
        (out / "calibration").mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            small = cv2.resize(render_still(seed).image_rgb, CALIBRATION_HW[::-1], interpolation=cv2.INTER_AREA)
            write_whole(out / "calibration" / f"calibration_{number:03d}.jpg", _jpeg(small, CALIBRATION_JPEG_QUALITY))
            _tell(progress, number + 1, len(seeds), "calibration stills")


def coco_json(labelled: Iterable[Labelled]) -> str:
    """Return truth as COCO json: boxes are `[x, y, width, height]` in pixels, category 1 is the first label."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, picture in enumerate(labelled, 1):
        height, width = picture.size_hw
        images.append({"id": image_id, "file_name": picture.file_name, "width": width, "height": height})
        for (x1, y1, x2, y2), class_id in zip(picture.boxes_xyxy_px, picture.class_ids, strict=True):
            box = [x1, y1, x2 - x1, y2 - y1]
            row = {"id": len(annotations) + 1, "image_id": image_id, "category_id": class_id + 1, "bbox": box}
            annotations.append({**row, "area": box[2] * box[3], "iscrowd": 0})
    categories = [{"id": number, "name": label} for number, label in enumerate(LABELS, 1)]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories}, separators=(",", ":"))


def _labels_of(scene: Scene, file_name: str) -> Labelled:
    height, width = scene.image_rgb.shape[:2]
    boxes = tuple(tuple(box) for box in scene.boxes_xyxy_px.tolist())
    return Labelled(file_name, (height, width), boxes, tuple(scene.class_ids.tolist()))


def _jpeg(image_rgb: UInt8Array, quality: int = JPEG_QUALITY) -> bytes:
    encoded, data = cv2.imencode(".jpg", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        raise SaveError("OpenCV cannot write JPEG here; install opencv-python or opencv-python-headless again")
    return bytes(data)


def _encode(scenes: Iterable[Scene], path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(CLIP_CODEC, rate=FRAMES_PER_SECOND, options=CODEC_OPTIONS)
        stream.height, stream.width = LANDSCAPE_HW
        stream.pix_fmt, stream.bit_rate, stream.gop_size = "yuv420p", CLIP_BITS_PER_SECOND, CLIP_KEY_FRAMES
        for scene in scenes:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene.image_rgb, format="rgb24")))
        container.mux(stream.encode(None))


def _readme(stills: list[Labelled], clip: list[Labelled]) -> str:
    columns = (_tally(stills), _tally(clip))
    names = (*LABELS, *SIZE_NAMES, "all")
    return README.substitute(
        frames=len(clip),
        fps=FRAMES_PER_SECOND,
        stills=len(stills),
        portrait=sum(picture.size_hw == PORTRAIT_HW for picture in stills),
        seeds=", ".join(f"{use} {seeds[0]}" + (f" to {seeds[-1]}" if len(seeds) > 1 else "") for use, seeds in SEEDS.items()),
        rows="\n".join(f"| {name} | {columns[0][name]} | {columns[1][name]} |" for name in names),
        calibration=len(CALIBRATION_SEEDS),
        calibration_size="{1}x{0}".format(*CALIBRATION_HW),
        empty_stills=sum(not picture.class_ids for picture in stills),
        empty_frames=sum(not picture.class_ids for picture in clip),
    )


def _tally(pictures: Iterable[Labelled]) -> Counter[str]:
    """Count boxes by label, by size and in all."""
    counts: Counter[str] = Counter()
    for picture in pictures:
        counts.update(LABELS[class_id] for class_id in picture.class_ids)
        sides = [max(x2 - x1, y2 - y1) for x1, y1, x2, y2 in picture.boxes_xyxy_px]
        counts.update(dict(zip(SIZE_NAMES, np.histogram(sides, SIZE_EDGES_PX)[0].tolist(), strict=True)))
        counts["all"] += len(sides)
    return counts


@contextmanager
def _saving(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, SaveError):
            raise
        raise SaveError(f"cannot write the sample media into {out}: {error.strerror or error}; choose another folder") from error


def _tell(progress: Progress | None, done: int, total: int, what: str) -> None:
    if progress is not None:
        progress(done, total, what)
