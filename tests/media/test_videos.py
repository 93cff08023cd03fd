"""Videos as they are in the wild: rates that vary, sizes that are odd, rotation, alpha, grey, more than 8 bits."""

import struct
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from workbench.media import open_media
from workbench.media.timeline import read_timeline

HEIGHT, WIDTH = 48, 96
FRAMES = 400
# Milliseconds: as a telephone or a recording of a screen leaves them. Long enough for OpenCV's own seeking to miss by hundreds.
VARYING_MS = [0, *accumulate(np.random.default_rng(1).choice([33, 33, 33, 10, 17, 70, 400], FRAMES - 1).tolist())]
CONTAINERS = {"clip.mp4": "mpeg4", "clip.mov": "mpeg4", "clip.mkv": "mpeg4", "clip.webm": "libvpx"}
ORIENTATIONS = {  # EXIF's: how the upright picture comes out of the stored one
    1: lambda image: image,
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    4: np.flipud,
    5: lambda image: np.rot90(np.fliplr(image)),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.rot90(np.fliplr(image), -1),
    8: np.rot90,
}
ROTATIONS = {  # a quarter, half and three quarters of a turn clockwise, as the matrix of ISO/IEC 14496-12
    1: (0, 1 << 16, 0, -1 << 16, 0, 0, HEIGHT << 16, 0, 1 << 30),
    2: (-1 << 16, 0, 0, 0, -1 << 16, 0, WIDTH << 16, HEIGHT << 16, 1 << 30),
    3: (0, -1 << 16, 0, 1 << 16, 0, 0, 0, WIDTH << 16, 1 << 30),
}


def red_corner(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    return image


def numbered(index: int) -> np.ndarray:
    """Two greys that tell the frame's number and survive a lossy codec."""
    greys = np.repeat(np.array(divmod(index, 20), np.uint8) * 12, WIDTH // 2)
    return np.broadcast_to(greys[None, :, None], (HEIGHT, WIDTH, 3)).copy()


def number_of(image: np.ndarray) -> int:
    left, right = image[:, : WIDTH // 2 - 8], image[:, WIDTH // 2 + 8 :]
    return 20 * round(float(left.mean()) / 12) + round(float(right.mean()) / 12)


def save_film(path: Path, codec: str, times_ms: list[int]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH, HEIGHT, "yuv420p", 7
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.bit_rate = 2_000_000
        for index, at in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(numbered(index), "rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def save_pixels(path: Path, codec: str, pix_fmt: str, image: np.ndarray, frames: int = 3) -> Path:
    if codec not in av.codecs_available:
        pytest.skip(f"this build of FFmpeg has no {codec}")
    layout = {3: "rgb24", 4: "rgba"}[image.shape[2]]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = pix_fmt
        stream.bit_rate = 4_000_000
        stream.options = {"auto-alt-ref": "0"} if codec == "libvpx" else {}  # without that it takes no alpha
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), layout)))
        container.mux(stream.encode(None))
    return path


def looks_like(image: np.ndarray, expected: np.ndarray) -> bool:
    return image.shape == expected.shape and float(np.abs(image.astype(int) - expected).mean()) < 6


@pytest.fixture(scope="module", params=CONTAINERS.items(), ids=CONTAINERS.keys())
def varying(request, tmp_path_factory) -> Path:
    name, codec = request.param
    return save_film(tmp_path_factory.mktemp("varying") / name, codec, VARYING_MS)


class TestRatesThatVary:
    def test_seconds_are_the_timestamps_of_the_file(self, varying):
        frames = list(open_media(varying).frames())
        assert [frame.seconds for frame in frames] == pytest.approx([at / 1000 for at in VARYING_MS], abs=0.0015)
        assert [number_of(frame.image_rgb) for frame in frames] == list(range(FRAMES))

    def test_frames_are_counted_not_guessed(self, varying):
        media = open_media(varying)
        assert media.facts().frames == len(media.frame_names()) == FRAMES

    def test_the_rate_is_their_mean(self, varying):
        assert open_media(varying).facts().fps == pytest.approx((FRAMES - 1) * 1000 / VARYING_MS[-1], rel=0.01)

    @pytest.mark.parametrize("start", [1, 2, 20, 100, 203, 301, 399])
    def test_a_pass_that_begins_anywhere_begins_with_that_frame(self, start, varying):
        frames = list(open_media(varying).frames(start))
        assert [number_of(frame.image_rgb) for frame in frames] == list(range(start, FRAMES))
        assert frames[0].index == start
        assert frames[0].seconds == pytest.approx(VARYING_MS[start] / 1000, abs=0.0015)

    @pytest.mark.parametrize("start", [FRAMES, FRAMES + 1, 1000])
    def test_a_pass_behind_the_end_is_empty(self, start, varying):
        assert list(open_media(varying).frames(start)) == []

    @pytest.mark.parametrize("name", CONTAINERS)
    def test_frames_of_one_long_rest_are_no_damage(self, name, tmp_path):
        path = save_film(tmp_path / name, CONTAINERS[name], [0, 33, 66, 100, 5000])
        assert len(list(open_media(path).frames())) == open_media(path).facts().frames == 5

    def test_what_is_no_video_has_no_timeline(self, tmp_path):
        (tmp_path / "a.mp4").write_text("hello")
        assert read_timeline(tmp_path / "a.mp4") is None


class TestSizes:
    @pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tif"])
    @pytest.mark.parametrize("size_hw", [(359, 641), (1, 1), (3, 1000)], ids=str)
    def test_odd_pictures_keep_their_size(self, size_hw, suffix, tmp_path):
        image = np.full((*size_hw, 3), 200, np.uint8)
        Image.fromarray(image).save(tmp_path / f"a{suffix}")
        (frame,) = open_media(tmp_path / f"a{suffix}").frames()
        assert looks_like(frame.image_rgb, image)

    @pytest.mark.parametrize(
        ("name", "codec", "pix_fmt"),
        [
            ("a.webm", "libvpx", "yuv420p"),
            ("b.webm", "libvpx-vp9", "yuv420p"),
            ("a.mp4", "mpeg4", "yuv420p"),
            ("b.mp4", "libx264", "yuv444p"),
            ("a.avi", "mjpeg", "yuvj420p"),
            ("a.mkv", "ffv1", "yuv420p"),
        ],
    )
    def test_odd_videos_keep_their_size_and_their_pixels(self, name, codec, pix_fmt, tmp_path):
        image = red_corner(359, 641)
        media = open_media(save_pixels(tmp_path / name, codec, pix_fmt, image))
        assert media.facts().size_hw == (359, 641)
        for frame in media.frames():
            assert looks_like(frame.image_rgb, image)


class TestPixels:
    @pytest.mark.parametrize(
        ("name", "codec", "pix_fmt"),
        [
            ("grey.mkv", "ffv1", "gray"),
            ("grey16.mkv", "ffv1", "gray16le"),
            ("ten.mkv", "ffv1", "yuv420p10le"),
            ("ten.mp4", "libx264", "yuv420p10le"),
            ("sixteen.mkv", "ffv1", "rgb48le"),
            ("full.avi", "mjpeg", "yuvj444p"),
        ],
    )
    def test_grey_and_deep_videos_become_rgb_of_8_bits(self, name, codec, pix_fmt, tmp_path):
        grey = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
        for frame in open_media(save_pixels(tmp_path / name, codec, pix_fmt, grey)).frames():
            assert looks_like(frame.image_rgb, grey)

    @pytest.mark.parametrize(
        ("name", "codec", "pix_fmt"), [("a.mov", "qtrle", "argb"), ("a.mkv", "ffv1", "bgra"), ("a.webm", "libvpx", "yuva420p")]
    )
    def test_alpha_in_a_video_is_left_out(self, name, codec, pix_fmt, tmp_path):
        see_through = np.full((HEIGHT, WIDTH, 4), (200, 100, 50, 40), np.uint8)
        for frame in open_media(save_pixels(tmp_path / name, codec, pix_fmt, see_through)).frames():
            assert looks_like(frame.image_rgb, see_through[:, :, :3])

    @pytest.mark.parametrize("suffix", [".png", ".tif"])
    @pytest.mark.parametrize("alpha", [0, 51, 255])
    def test_alpha_in_a_picture_lies_over_white(self, alpha, suffix, tmp_path):
        Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, alpha)).save(tmp_path / f"a{suffix}")
        (frame,) = open_media(tmp_path / f"a{suffix}").frames()
        assert (frame.image_rgb == 255 - alpha).all()

    def test_a_palette_may_have_a_colour_that_is_transparent(self, tmp_path):
        image = Image.new("P", (WIDTH, HEIGHT), 0)
        image.putpalette([10, 20, 30, 40, 50, 60])
        image.save(tmp_path / "a.png", transparency=0)
        (frame,) = open_media(tmp_path / "a.png").frames()
        assert (frame.image_rgb == 255).all()

    @pytest.mark.parametrize("suffix", [".png", ".tif"])
    @pytest.mark.parametrize("channels", [(), (3,), (4,)], ids=["grey", "colour", "alpha"])
    def test_of_16_bits_the_upper_8_remain_and_nothing_is_stretched(self, channels, suffix, tmp_path):
        deep = np.full((HEIGHT, WIDTH, *channels), 12_345, np.uint16)
        if channels == (4,):
            deep[:, :, 3] = 65_535
        cv2.imwrite(str(tmp_path / f"a{suffix}"), deep)
        (frame,) = open_media(tmp_path / f"a{suffix}").frames()
        assert (frame.image_rgb == 12_345 // 256).all()

    def test_16_bits_of_the_other_byte_order_are_read_as_such(self, tmp_path):
        pixels = np.full((HEIGHT, WIDTH), 12_345, ">u2")
        Image.frombytes("I;16B", (WIDTH, HEIGHT), pixels.tobytes()).save(tmp_path / "a.tif")
        (frame,) = open_media(tmp_path / "a.tif").frames()
        assert (frame.image_rgb == 12_345 // 256).all()


class TestRotation:
    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
    @pytest.mark.parametrize("orientation", ORIENTATIONS)
    def test_each_orientation_of_exif_is_applied(self, orientation, suffix, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(red_corner()).save(tmp_path / f"a{suffix}", exif=exif)
        (frame,) = open_media(tmp_path / f"a{suffix}").frames()
        assert looks_like(frame.image_rgb, ORIENTATIONS[orientation](red_corner()))

    @pytest.mark.parametrize("name", ["clip.mp4", "clip.mov"])
    @pytest.mark.parametrize("quarters", ROTATIONS)
    @pytest.mark.parametrize("start", [0, 2])
    def test_each_rotation_of_a_video_is_applied(self, start, quarters, name, tmp_path):
        path = save_pixels(tmp_path / name, "mpeg4", "yuv420p", red_corner())
        content = bytearray(path.read_bytes())
        matrix = content.find(b"tkhd") + 44
        content[matrix : matrix + 36] = struct.pack(">9i", *ROTATIONS[quarters])
        path.write_bytes(content)
        upright = np.rot90(red_corner(), -quarters)
        media = open_media(path)
        assert media.facts().size_hw == upright.shape[:2]
        assert looks_like(next(media.frames(start)).image_rgb, upright)
