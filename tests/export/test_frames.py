"""An exported program reads pictures and videos as the workbench does, or refuses them in one line."""

import re
import struct
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from workbench.detections import UInt8Array
from workbench.errors import MediaError
from workbench.export.program.frames import frames_of, open_video, read_picture
from workbench.media import open_media

SIZE_WH = (64, 48)
NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 4), np.uint8)
MIRRORED, TURNED = (-1, 0, 0, 1), (-1, 0, 0, -1)


def rgb(frame: int = 0) -> UInt8Array:
    return np.roll(NOISE[:, :, :3], 20 * frame, axis=1)


def save_video(path: Path, matrix: Sequence[int] = ()) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, SIZE_WH)
    for _ in range(20):
        writer.write(rgb())
    writer.release()
    if matrix:
        a, b, c, d = (part << 16 for part in matrix)
        content = bytearray(path.read_bytes())
        at = content.find(b"tkhd") + 44
        content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        path.write_bytes(content)
    return path


def in_matroska(path: Path) -> Path:
    """Put the packets of a video in another container, which says in other words how it is shown."""
    out = path.with_suffix(".mkv")
    with av.open(str(path)) as container, av.open(str(out), "w") as copy:
        stream = copy.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    return out


def read_video(path: Path) -> list[UInt8Array]:
    return list(frames_of(open_video(path), path))


@pytest.mark.parametrize("name", ["plain.jpg", "turned.jpg", "cmyk.jpg", "alpha.png", "16 bits.png", "one.gif", "pages.tif"])
def test_pictures_are_the_workbench_s(name: str, tmp_path: Path) -> None:
    path, exif = tmp_path / name, Image.Exif()
    exif[0x0112] = 6
    picture, page = Image.fromarray(rgb()), Image.fromarray(rgb(1))
    {
        "plain.jpg": lambda: picture.save(path),
        "turned.jpg": lambda: picture.save(path, exif=exif),
        "cmyk.jpg": lambda: picture.convert("CMYK").save(path),
        "alpha.png": lambda: Image.fromarray(NOISE).save(path),
        "16 bits.png": lambda: Image.fromarray(NOISE[:, :, 0].astype(np.uint16) << 8).save(path),
        "one.gif": lambda: picture.save(path),
        "pages.tif": lambda: picture.save(path, save_all=True, append_images=[page]),
    }[name]()

    np.testing.assert_array_equal(read_picture(path), next(open_media(path).frames()).image_rgb)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_an_animation_is_no_picture(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"moving{suffix}"
    Image.fromarray(rgb()).save(path, save_all=True, append_images=[Image.fromarray(rgb(1))], duration=100)

    with pytest.raises(MediaError, match="is an animation; choose a picture, or convert it to a video"):
        read_picture(path)


@pytest.mark.parametrize("share", [0.3, 0.52, 0.9])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".webp"])
def test_half_a_picture_is_none(suffix: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / f"cut{suffix}"
    more = {"save_all": True, "append_images": [Image.fromarray(rgb(1))]} if suffix == ".gif" else {}
    Image.fromarray(rgb()).save(path, **more)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(MediaError, match="cut short|does not begin like one"):
        read_picture(path)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "turned.mp4", "clip.m4v", "clip.avi"])
def test_videos_are_the_workbench_s(name: str, tmp_path: Path) -> None:
    path = save_video(tmp_path / name, TURNED if name == "turned.mp4" else ())

    np.testing.assert_array_equal(read_video(path), [frame.image_rgb for frame in open_media(path).frames()])


def test_what_opencv_shows_mirrored_is_refused(tmp_path: Path) -> None:
    mirrored, turned = save_video(tmp_path / "mirrored.mp4", MIRRORED), save_video(tmp_path / "turned.mp4", TURNED)

    for path in (mirrored, in_matroska(mirrored)):
        with pytest.raises(MediaError, match=f"^{re.escape(str(path))} is stored mirrored"):
            open_video(path)
    assert len(read_video(in_matroska(turned))) == 20


def test_a_video_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = save_video(tmp_path / "cut.avi")
    path.write_bytes(path.read_bytes()[:-1000])

    with pytest.raises(MediaError, match=r"is cut short: 1,000 bytes are missing; choose a whole copy"):
        open_video(path)


def test_a_video_of_which_less_is_there_than_it_says_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save_video(tmp_path / "damaged.mp4")
    content = bytearray(path.read_bytes())
    sizes = content.find(b"stsz") + 16  # of the frames
    content[sizes + 20 : sizes + 80] = bytes(60)
    path.write_bytes(content)

    count = len(read_video(path))

    assert count < 18
    assert capsys.readouterr().err == f"{path}: {count} of its 20 frames are there; it is damaged, or shows only a part\n"


@pytest.mark.parametrize("content", [b"", b"no video", b"\0\0\0\1\xff" + bytes(range(256)) * 9], ids=["empty", "text", "far jump"])
def test_what_is_no_video_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip"
    path.write_bytes(content)

    with pytest.raises(MediaError, match="is no picture or video, or a damaged one"):
        read_video(path)
