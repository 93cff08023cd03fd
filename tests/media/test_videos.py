"""Videos as they are in the wild: rates that vary, sizes that are odd, rotation, alpha, grey, more than 8 bits."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from tests.media_server import serving
from workbench.errors import MediaError
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
MATRICES = {  # by EXIF's numbers: (a, b, c, d) of ISO/IEC 14496-12, x goes to (a, b) and y to (c, d)
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}
EDITS = {  # what is shown of 90 frames: ranges of frames; None is half a second of nothing
    "from a key frame": [(21, 80)],
    "from within": [(20, 60)],
    "its beginning": [(0, 30)],
    "late": [None, (20, 60)],
    "two parts": [(5, 15), (40, 70)],
    "in another order": [(40, 70), (5, 15)],
    "twice": [(10, 30), (10, 30)],
}
EDITED_FRAMES = 90
EVEN_FRAMES = 80
EVEN = {  # of one rate: codec, frames that are decoded after the one that is shown after them, frames from key frame to key frame
    "clip.ts": ("libx264", 2, 7),
    "one-key-frame.ts": ("libx264", 2, EVEN_FRAMES),
    "clip.mpg": ("mpeg2video", 2, 12),
    "clip.avi": ("libx264", 2, 12),
    "in-order.avi": ("mpeg4", 0, 7),
    "key-frames.avi": ("mjpeg", 0, 1),
    "clip.flv": ("libx264", 2, 7),
    "clip.wmv": ("wmv2", 0, 7),
    "clip.mp4": ("libx264", 2, 7),
    "clip.mkv": ("libx264", 2, 7),
    "clip.webm": ("libvpx", 0, 7),
    "live.webm": ("libvpx", 0, 7),
    "live.mkv": ("libx264", 2, 7),
}
UNTIL_THE_KEY_FRAME = 7


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


def save_film(path: Path, codec: str, times_ms: list[int], between: int = 0) -> Path:
    """Write numbered frames; `between` of them in a row may be decoded after the one that is shown after them."""
    with av.open(str(path), "w") as container:
        stream = video_stream(container, codec, between, UNTIL_THE_KEY_FRAME)
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, at in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(numbered(index), "rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def save_even(path: Path, codec: str, between: int, until_the_key_frame: int) -> Path:
    if codec not in av.codecs_available:
        pytest.skip(f"this build of FFmpeg has no {codec}")
    as_browsers_record = {"live": "1"} if path.stem == "live" else {}  # without a duration and a list of key frames
    with av.open(str(path), "w", options=as_browsers_record) as container:
        stream = video_stream(container, codec, between, until_the_key_frame)
        for index in range(EVEN_FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(index), "rgb24")))
        container.mux(stream.encode(None))
    return path


def video_stream(container: Any, codec: str, between: int, until_the_key_frame: int) -> Any:
    stream = container.add_stream(codec, rate=30)
    stream.width, stream.height, stream.gop_size = WIDTH, HEIGHT, until_the_key_frame
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.codec_context.max_b_frames = between
    stream.bit_rate = 2_000_000
    return stream


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


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    while content:
        size = int.from_bytes(content[:4], "big")
        yield content[4:8], content[8:size]
        content = content[size:]


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def timescale(name: bytes, content: bytes) -> int:
    """Ticks a second of the film (`mvhd`) or of its track (`mdhd`)."""
    at = content.find(name) + 16
    return int.from_bytes(content[at : at + 4], "big")


def edit(path: Path, edits: list[tuple[int, int] | None], times_ms: list[int]) -> Path:
    """Give a file an edit list; that of the muxer says only how far the first frame is from 0."""
    content = path.read_bytes()
    assert content.find(b"mdat") < content.find(b"moov"), "what lies in front of the frames must not grow"
    film, track = timescale(b"mvhd", content), timescale(b"mdhd", content)
    first = int.from_bytes(content[(at := content.find(b"elst") + 16) : at + 4], "big")

    def entry(part: tuple[int, int] | None) -> bytes:
        if part is None:
            return struct.pack(">iii", film // 2, -1, 1 << 16)
        begins, ends = (times_ms[index] for index in part)
        return struct.pack(">iii", round((ends - begins) * film / 1000), first + round(begins * track / 1000), 1 << 16)

    listed = box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + b"".join(map(entry, edits))))

    def edited(name: bytes, body: bytes) -> bytes:
        if name in {b"moov", b"trak"}:
            body = b"".join(edited(*inner) for inner in boxes(body))
        return listed if name == b"edts" else box(name, body)

    path.write_bytes(b"".join(edited(*outer) for outer in boxes(content)))
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
        assert read_timeline(str(tmp_path / "a.mp4")) is None


class TestRatesThatAreEven:
    @pytest.mark.parametrize("name", EVEN)
    def test_a_pass_that_begins_anywhere_begins_with_that_frame(self, name, tmp_path):
        media = open_media(save_even(tmp_path / name, *EVEN[name]))
        for start in (0, 1, 2, 9, 33, 66, EVEN_FRAMES - 1, EVEN_FRAMES, EVEN_FRAMES + 3):
            frames = list(media.frames(start))
            assert [number_of(frame.image_rgb) for frame in frames] == list(range(start, EVEN_FRAMES))
            assert [frame.index for frame in frames] == list(range(start, EVEN_FRAMES))

    @pytest.mark.parametrize("name", EVEN)
    def test_time_never_goes_back(self, name, tmp_path):
        seconds = [frame.seconds for frame in open_media(save_even(tmp_path / name, *EVEN[name])).frames()]
        assert seconds == sorted(seconds)

    @pytest.mark.parametrize("name", EVEN)
    def test_what_lists_its_key_frames_is_jumped_in(self, name, tmp_path):
        lists_them = name in {"key-frames.avi", "clip.mp4", "clip.mkv", "clip.webm"}
        assert open_media(save_even(tmp_path / name, *EVEN[name])).jumps == lists_them


class TestCounts:
    @pytest.fixture
    def overstated(self, tmp_path) -> Path:
        """An AVI whose header says that it has 2^31 - 1 frames."""
        path = save_even(tmp_path / "a.avi", "mpeg4", 0, 7)
        content = bytearray(path.read_bytes())
        for at in (content.find(b"avih") + 24, content.find(b"strh") + 40):
            assert content[at : at + 4] == struct.pack("<I", EVEN_FRAMES)
            content[at : at + 4] = struct.pack("<I", 2**31 - 1)
        path.write_bytes(content)
        return path

    def test_frames_are_those_that_are_there_whatever_a_header_says(self, overstated):
        media = open_media(overstated)
        assert media.facts().frames == len(media.frame_names()) == EVEN_FRAMES

    def test_what_a_header_says_and_does_not_come_is_damage(self, overstated):
        with pytest.raises(MediaError, match=f"is damaged: {EVEN_FRAMES} of its 2147483647 frames decode; choose"):
            list(open_media(overstated).frames())

    def test_one_whose_header_says_too_short_a_time_is_gone_through_all_the_same(self, tmp_path):
        path = save_even(tmp_path / "a.mkv", *EVEN["clip.mkv"])
        content = bytearray(path.read_bytes())
        at = content.find(b"\x44\x89\x88") + 3  # RFC 9559: Duration, in milliseconds
        content[at : at + 8] = struct.pack(">d", 1000)
        path.write_bytes(content)
        media = open_media(path)
        for start in (20, 50, EVEN_FRAMES - 1):
            assert [number_of(frame.image_rgb) for frame in media.frames(start)] == list(range(start, EVEN_FRAMES))

    def test_one_on_a_server_that_says_so_is_refused(self, overstated):
        with (
            serving({"/a.avi": overstated.read_bytes()}) as server,
            pytest.raises(MediaError, match="has 2,147,483,647 frames; at most 10,000,000 are read; download and convert it"),
        ):
            open_media(server.url("/a.avi"))


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
    @pytest.mark.parametrize("orientation", MATRICES)
    @pytest.mark.parametrize("start", [0, 2])
    def test_each_display_matrix_of_a_video_is_applied(self, start, orientation, name, tmp_path):
        path = save_turned(tmp_path / name, orientation)
        upright = ORIENTATIONS[orientation](red_corner())
        media = open_media(path)
        assert media.facts().size_hw == upright.shape[:2]
        assert looks_like(next(media.frames(start)).image_rgb, upright)

    @pytest.mark.parametrize("orientation", MATRICES)
    def test_and_of_one_on_a_server(self, orientation, tmp_path):
        content = save_turned(tmp_path / "clip.mp4", orientation).read_bytes()
        upright = ORIENTATIONS[orientation](red_corner())
        with serving({"/clip.mp4": content}) as server:
            media = open_media(server.url("/clip.mp4"))
            assert media.facts().size_hw == upright.shape[:2]
            assert all(looks_like(frame.image_rgb, upright) for frame in media.frames())


def save_turned(path: Path, orientation: int) -> Path:
    a, b, c, d = (part << 16 for part in MATRICES[orientation])
    content = bytearray(save_pixels(path, "mpeg4", "yuv420p", red_corner()).read_bytes())
    matrix = content.find(b"tkhd") + 44
    content[matrix : matrix + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


class TestEditLists:
    @pytest.fixture(params=["mp4", "mov"])
    def suffix(self, request) -> str:
        return request.param

    @pytest.fixture(params=[("mpeg4", 0), ("libx264", 2)], ids=["in order", "out of order"])
    def codec(self, request) -> tuple[str, int]:
        if request.param[0] not in av.codecs_available:
            pytest.skip(f"this build of FFmpeg has no {request.param[0]}")
        return request.param

    @pytest.fixture(params=[True, False], ids=["even", "varying"])
    def times_ms(self, request) -> list[int]:
        return [round(index * 1000 / 30) for index in range(EDITED_FRAMES)] if request.param else VARYING_MS[:EDITED_FRAMES]

    @pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS.keys())
    def test_what_the_list_says_is_shown_from_wherever_a_pass_begins(self, edits, suffix, codec, times_ms, tmp_path):
        path = edit(save_film(tmp_path / f"clip.{suffix}", *codec[:1], times_ms, codec[1]), edits, times_ms)
        shown = [index for part in edits if part is not None for index in range(*part)]
        media = open_media(path)
        found = [number_of(frame.image_rgb) for frame in media.frames()]
        assert agrees(found, shown, sum(part is not None for part in edits))
        assert media.facts().frames == len(media.frame_names()) == len(found)
        for start in range(0, len(found), 3):
            assert [number_of(frame.image_rgb) for frame in media.frames(start)] == found[start:]
        assert list(media.frames(len(found))) == []

    def test_times_begin_with_what_is_shown(self, tmp_path):
        times_ms = VARYING_MS[:EDITED_FRAMES]
        path = edit(save_film(tmp_path / "clip.mp4", "mpeg4", times_ms), [(20, 60)], times_ms)
        seconds = [frame.seconds for frame in open_media(path).frames()]
        assert seconds == pytest.approx([(at - times_ms[20]) / 1000 for at in times_ms[20:60]], abs=0.002)
        assert open_media(path).facts().fps == pytest.approx(39 * 1000 / (times_ms[59] - times_ms[20]), rel=0.01)

    def test_one_that_is_damaged_is_still_told(self, tmp_path):
        times_ms = [round(index * 1000 / 30) for index in range(EDITED_FRAMES)]
        path = edit(save_film(tmp_path / "clip.mp4", "mpeg4", times_ms), [(0, 60)], times_ms)
        content = path.read_bytes()
        begins, ends = content.find(b"mdat") + 4, content.find(b"moov") - 4
        half = (begins + ends) // 2
        path.write_bytes(content[:half] + bytes(ends - half) + content[ends:])
        with pytest.raises(MediaError, match=r"is damaged: \d+ of its 90 frames decode"):
            list(open_media(path).frames())

    def test_one_on_a_server_has_not_broken_off(self, tmp_path):
        times_ms = [round(index * 1000 / 30) for index in range(EDITED_FRAMES)]
        path = edit(save_film(tmp_path / "clip.mp4", "mpeg4", times_ms), [(20, 60)], times_ms)
        with serving({"/clip.mp4": path.read_bytes()}) as server:
            assert len(list(open_media(server.url("/clip.mp4")).frames())) == 40


def agrees(found: list[int], shown: list[int], parts: int) -> bool:
    """Whether they are the same but for one frame at either end of each part: what a clock's ticks leave open."""
    return len(set(found) ^ set(shown)) <= 2 * parts and abs(len(found) - len(shown)) <= 2 * parts
