"""Media: pictures, folders, globs, videos and arrays give the frames that are in them, or one clear line."""

import gc
import os
import struct
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image

from workbench.errors import MediaError
from workbench.media import PICTURE_SUFFIXES, Frame, lies_among, open_media
from workbench.media.containers import missing_bytes
from workbench.media.video import VIDEO_SUFFIXES

HEIGHT, WIDTH = 48, 96
RED = (255, 0, 0)
VIDEOS = {"clip.mp4": "mp4v", "clip.webm": "VP80", "clip.avi": "MJPG"}
FRAMES = 20
FPS = 25.0


def red_corner(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Black, with red in the upper left quarter: neither mirrored, turned nor with swapped colours is it the same."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = RED
    return image


def textured(index: int = 0) -> np.ndarray:
    """A picture that does not compress to nothing, so that half of its file is less than it."""
    return np.random.default_rng(index).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def save(path: Path, image: np.ndarray | None = None, **options: object) -> Path:
    Image.fromarray(red_corner() if image is None else image).save(path, **options)
    return path


def save_video(path: Path, fourcc: str, frames: int = FRAMES, image: np.ndarray | None = None) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*fourcc), FPS, (WIDTH, HEIGHT))
    for index in range(frames):
        writer.write((textured(index) if image is None else image)[:, :, ::-1])
    writer.release()
    return path


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def only_frame(path: Path) -> Frame:
    (frame,) = open_media(path).frames()
    return frame


def looks_like(image: np.ndarray, expected: np.ndarray) -> bool:
    return image.shape == expected.shape and float(np.abs(image.astype(int) - expected).mean()) < 6


@pytest.fixture(params=VIDEOS.items(), ids=VIDEOS.keys())
def video(request, tmp_path) -> Path:
    name, fourcc = request.param
    return save_video(tmp_path / name, fourcc)


class TestPictures:
    @pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
    def test_a_picture_of_each_kind_is_rgb_and_upright(self, suffix, tmp_path):
        frame = only_frame(save(tmp_path / f"a{suffix}"))
        assert looks_like(frame.image_rgb, red_corner())
        assert frame.image_rgb.dtype == np.uint8
        assert (frame.name, frame.index, frame.seconds) == (f"a{suffix}", 0, None)

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
    def test_exif_orientation_is_applied(self, suffix, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned a quarter clockwise
        path = save(tmp_path / f"a{suffix}", exif=exif)
        assert looks_like(only_frame(path).image_rgb, np.rot90(red_corner(), -1))
        assert open_media(path).facts().size_hw == (WIDTH, HEIGHT)

    @pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "CMYK"])
    def test_other_kinds_of_pixels_become_rgb(self, mode, tmp_path):
        white = Image.new("RGB", (WIDTH, HEIGHT), (255, 255, 255)).convert(mode)
        white.save(tmp_path / "a.tif")
        image = only_frame(tmp_path / "a.tif").image_rgb
        assert image.shape == (HEIGHT, WIDTH, 3)
        assert (image == 255).all()

    @pytest.mark.parametrize("suffix", [".png", ".tif"])
    @pytest.mark.parametrize("channels", [(), (3,)], ids=["grey", "colour"])
    def test_of_16_bits_the_upper_8_remain(self, channels, suffix, tmp_path):
        path = tmp_path / f"a{suffix}"
        cv2.imwrite(str(path), np.full((HEIGHT, WIDTH, *channels), 40_000, np.uint16))
        assert (only_frame(path).image_rgb == 40_000 // 256).all()

    def test_pixels_of_unknown_range_are_refused(self, tmp_path):
        Image.new("F", (WIDTH, HEIGHT)).save(tmp_path / "a.tif")
        with pytest.raises(MediaError, match="32 bits a pixel, of unknown range; convert"):
            open_media(tmp_path / "a.tif")

    def test_transparent_pixels_are_white_as_on_a_page(self, tmp_path):
        Image.new("RGBA", (WIDTH, HEIGHT), (255, 0, 0, 0)).save(tmp_path / "a.png")
        assert (only_frame(tmp_path / "a.png").image_rgb == 255).all()

    def test_each_pass_gives_a_new_array(self, tmp_path):
        media = open_media(save(tmp_path / "a.png"))
        first, second = (next(media.frames()).image_rgb for _ in range(2))
        assert not np.shares_memory(first, second)

    @pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
    @pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
    def test_a_picture_that_is_cut_short_is_refused_and_nothing_is_printed(self, share, suffix, tmp_path, capfd):
        path = cut(save(tmp_path / f"a{suffix}", textured()), share)
        with pytest.raises(MediaError) as caught:
            open_media(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert capfd.readouterr() == ("", "")

    def test_a_thumbnail_does_not_make_half_a_jpeg_whole(self, tmp_path):
        save(tmp_path / "thumbnail.jpg")
        thumbnail = (tmp_path / "thumbnail.jpg").read_bytes()
        path = save(tmp_path / "a.jpg", textured(), exif=b"Exif\0\0" + thumbnail)
        assert path.read_bytes().find(b"\xff\xd9") < len(thumbnail) + 100
        with pytest.raises(MediaError, match="cut short or damaged"):
            open_media(cut(path, 0.8))

    def test_a_png_named_jpg_is_still_a_picture(self, tmp_path):
        path = save(tmp_path / "a.png").rename(tmp_path / "a.jpg")
        assert looks_like(only_frame(path).image_rgb, red_corner())

    def test_a_file_with_several_pictures_gives_the_first(self, tmp_path):
        first, second = Image.fromarray(red_corner()), Image.new("RGB", (WIDTH, HEIGHT))
        first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
        assert looks_like(only_frame(tmp_path / "a.tif").image_rgb, red_corner())

    def test_a_decompression_bomb_is_refused(self, tmp_path):
        Image.new("1", (14_000, 14_000)).save(tmp_path / "bomb.png")
        with pytest.raises(MediaError, match=r"more than 89 million pixels; choose a smaller"):
            open_media(tmp_path / "bomb.png")

    def test_a_large_picture_under_twice_the_limit_is_refused_too(self, tmp_path):
        Image.new("1", (10_000, 10_000)).save(tmp_path / "large.png")
        with pytest.raises(MediaError, match=r"more than 89 million pixels; choose a smaller"):
            open_media(tmp_path / "large.png")

    def test_a_jpeg_that_states_more_pixels_than_its_bytes_can_hold_is_damaged(self, tmp_path):
        blank = tmp_path / "blank.jpg"
        Image.new("L", (2000, 2000)).save(blank, optimize=True, progressive=True)
        assert only_frame(blank).image_rgb.shape == (2000, 2000, 3)
        content = bytearray(save(tmp_path / "a.jpg").read_bytes())
        sides = content.find(b"\xff\xc0") + 5
        content[sides : sides + 4] = (9459).to_bytes(2, "big") * 2
        (tmp_path / "a.jpg").write_bytes(content)
        with pytest.raises(MediaError, match="is cut short or damaged .*choose a whole copy"):
            only_frame(tmp_path / "a.jpg")

    def test_a_hash_is_of_the_content_alone(self, tmp_path):
        first, second = (open_media(save(tmp_path / name)).facts() for name in ("a.png", "b.png"))
        assert first.sha256 == second.sha256


class TestFolders:
    def test_pictures_come_in_natural_order(self, tmp_path):
        for name in ("10.png", "9.png", "a2.png", "A10.png"):
            save(tmp_path / name)
        assert [frame.name for frame in open_media(tmp_path).frames()] == ["9.png", "10.png", "a2.png", "A10.png"]

    def test_names_are_known_before_decoding(self, tmp_path):
        for name in ("10.png", "9.png"):
            save(tmp_path / name)
        assert list(open_media(tmp_path).frame_names()) == ["9.png", "10.png"]

    def test_a_pass_may_begin_anywhere(self, tmp_path):
        for name in ("1.png", "2.png", "3.png"):
            save(tmp_path / name)
        assert [(frame.name, frame.index) for frame in open_media(tmp_path).frames(1)] == [("2.png", 1), ("3.png", 2)]
        assert list(open_media(tmp_path).frames(3)) == []

    def test_sizes_may_differ(self, tmp_path):
        save(tmp_path / "1.png", red_corner(30, 50))
        save(tmp_path / "2.png", red_corner(70, 20))
        assert [frame.size_hw for frame in open_media(tmp_path).frames()] == [(30, 50), (70, 20)]

    def test_what_is_no_picture_is_passed_over(self, tmp_path):
        save(tmp_path / "a.png")
        (tmp_path / "notes.txt").write_text("x")
        (tmp_path / "._a.png").write_text("macOS leaves these")
        (tmp_path / "b.png").mkdir()
        assert open_media(tmp_path).facts().frames == 1

    @pytest.mark.parametrize("content", [b"", b"hello"], ids=["empty", "text"])
    def test_a_picture_that_is_none_is_refused_at_once_and_named(self, content, tmp_path):
        save(tmp_path / "1.png")
        save(tmp_path / "2.png")
        (tmp_path / "3.jpg").write_bytes(content)
        with pytest.raises(MediaError, match=r"3\.jpg is (empty|named like a picture but)"):
            open_media(tmp_path)

    def test_half_a_picture_is_refused_when_its_turn_comes(self, tmp_path):
        save(tmp_path / "1.png")
        cut(save(tmp_path / "2.jpg", textured()), 0.5)
        frames = open_media(tmp_path).frames()
        assert next(frames).name == "1.png"
        with pytest.raises(MediaError, match=r"2\.jpg is cut short or damaged"):
            next(frames)

    def test_a_picture_that_vanishes_is_named(self, tmp_path):
        save(tmp_path / "1.png")
        media = open_media(tmp_path)
        (tmp_path / "1.png").unlink()
        with pytest.raises(MediaError, match=r"cannot read .*1\.png: No such file"):
            next(media.frames())

    def test_a_folder_without_pictures_says_what_is_in_it(self, tmp_path):
        with pytest.raises(MediaError, match="holds no file at all; choose a folder with"):
            open_media(tmp_path)
        (tmp_path / "clip.mp4").touch()
        with pytest.raises(MediaError, match=r"but the video clip\.mp4"):
            open_media(tmp_path)

    def test_the_hash_tells_names_and_contents(self, tmp_path):
        hashes = set()
        for name, picture, image in [("x", "1.png", 1), ("y", "1.png", 1), ("z", "2.png", 1), ("w", "1.png", 2)]:
            (tmp_path / name).mkdir()
            save(tmp_path / name / picture, textured(image))
            hashes.add(open_media(tmp_path / name).facts().sha256)
        assert len(hashes) == 3

    def test_facts_name_the_folder_and_what_was_asked_for(self, tmp_path):
        save(tmp_path / "a.png")
        facts = open_media(tmp_path).facts()
        assert (facts.name, facts.source, facts.kind, facts.frames) == (tmp_path.name, str(tmp_path), "folder", 1)
        assert (facts.size_hw, facts.fps) == ((HEIGHT, WIDTH), None)


class TestGlobs:
    def test_a_pattern_takes_the_pictures_that_it_matches(self, tmp_path):
        for name in ("a.png", "b.png", "c.jpg", "d.txt"):
            save(tmp_path / name, format="png")
        assert [frame.name for frame in open_media(tmp_path / "[ad]*").frames()] == ["a.png"]
        assert [frame.name for frame in open_media(tmp_path / "*.png").frames()] == ["a.png", "b.png"]

    def test_equal_names_in_different_folders_stay_apart(self, tmp_path):
        for folder in ("x", "y"):
            (tmp_path / folder).mkdir()
            save(tmp_path / folder / "1.png")
        assert [frame.name for frame in open_media(tmp_path / "**" / "*.png").frames()] == ["x/1.png", "y/1.png"]

    def test_a_file_with_brackets_in_its_name_is_that_file(self, tmp_path):
        assert only_frame(save(tmp_path / "a[1].png")).name == "a[1].png"

    def test_a_pattern_that_matches_no_picture_says_so(self, tmp_path):
        with pytest.raises(MediaError, match="matches 0 files and no picture among them; choose a pattern"):
            open_media(tmp_path / "*.png")


class TestVideos:
    def test_every_frame_comes_once_named_and_timed(self, video):
        frames = list(open_media(video).frames())
        assert [frame.name for frame in frames] == [f"{video.name}#{index}" for index in range(FRAMES)]
        assert [frame.index for frame in frames] == list(range(FRAMES))
        assert [frame.seconds for frame in frames] == pytest.approx([index / FPS for index in range(FRAMES)], abs=0.002)

    def test_names_are_known_before_decoding(self, video):
        media = open_media(video)
        assert list(media.frame_names()) == [frame.name for frame in media.frames()]

    def test_frames_are_rgb_and_upright(self, tmp_path):
        path = save_video(tmp_path / "clip.avi", "MJPG", image=red_corner())
        assert looks_like(next(open_media(path).frames()).image_rgb, red_corner())

    def test_each_pass_begins_at_the_first_frame(self, video):
        media = open_media(video)
        first, second = ([frame.image_rgb for frame in media.frames()] for _ in range(2))
        assert all((a == b).all() for a, b in zip(first, second, strict=True))

    def test_two_passes_at_once_do_not_disturb_each_other(self, video):
        media = open_media(video)
        assert all((a.image_rgb == b.image_rgb).all() for a, b in zip(media.frames(), media.frames(), strict=True))

    @pytest.mark.parametrize("start", [0, 1, 7, 100])
    def test_a_pass_may_begin_anywhere(self, start, video):
        whole = list(open_media(video).frames())
        rest = list(open_media(video).frames(start))
        assert [frame.name for frame in rest] == [frame.name for frame in whole[start:]]
        for frame, expected in zip(rest, whole[start:], strict=True):
            np.testing.assert_array_equal(frame.image_rgb, expected.image_rgb)

    def test_a_frame_that_was_kept_does_not_change(self, video):
        frames = open_media(video).frames()
        kept = next(frames)
        before = kept.image_rgb.copy()
        list(frames)
        assert (kept.image_rgb == before).all()

    def test_rotation_that_the_file_asks_for_is_applied(self, tmp_path):
        path = save_video(tmp_path / "clip.mp4", "mp4v", image=red_corner())
        content = bytearray(path.read_bytes())
        matrix = content.find(b"tkhd") + 44
        quarter_turn = (0, 1 << 16, 0, -1 << 16, 0, 0, HEIGHT << 16, 0, 1 << 30)
        content[matrix : matrix + 36] = struct.pack(">9i", *quarter_turn)
        path.write_bytes(content)
        assert looks_like(next(open_media(path).frames()).image_rgb, np.rot90(red_corner(), -1))
        assert open_media(path).facts().size_hw == (WIDTH, HEIGHT)

    def test_facts_tell_size_rate_count_and_hash(self, video):
        facts = open_media(video).facts()
        assert (facts.name, facts.source, facts.kind) == (video.name, str(video), "video")
        assert (facts.frames, facts.size_hw, facts.fps) == (FRAMES, (HEIGHT, WIDTH), FPS)
        assert facts.sha256 is not None

    @pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to count open files")
    @pytest.mark.parametrize("frames", [0, 3, FRAMES])
    def test_the_file_is_closed_when_the_iterator_ends_or_is_dropped(self, frames, video):
        media = open_media(video)
        iterator = media.frames()
        for _ in range(frames):
            next(iterator)
        del iterator
        gc.collect()
        assert str(video) not in {file.path for file in psutil.Process().open_files()}

    @pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
    def test_a_video_that_is_cut_short_is_refused_and_nothing_is_printed(self, share, video, capfd):
        cut(video, share)
        with pytest.raises(MediaError, match=r"is cut short: [\d,]+ of its [\d,]+ bytes are missing; choose a whole copy"):
            open_media(video)
        assert capfd.readouterr() == ("", "")

    def test_a_video_of_which_little_decodes_is_refused_at_its_end(self, tmp_path, capfd):
        path = save_video(tmp_path / "clip.avi", "MJPG")
        content = path.read_bytes()
        index, half = content.rfind(b"idx1"), len(content) // 2
        path.write_bytes(content[:half] + bytes(index - half) + content[index:])
        with pytest.raises(MediaError, match=rf"is damaged: \d+ of its {FRAMES} frames decode"):
            list(open_media(path).frames())
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("content", [b"", b"hello", bytes(5000)], ids=["empty", "text", "zeros"])
    @pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
    def test_a_file_that_is_no_video_is_refused_and_nothing_is_printed(self, suffix, content, tmp_path, capfd):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(content)
        with pytest.raises(MediaError, match=r"(is empty|is not a video that OpenCV can read|no frame of it decodes).*; choose"):
            open_media(path)
        assert capfd.readouterr() == ("", "")

    def test_a_video_without_a_frame_is_refused(self, tmp_path):
        with pytest.raises(MediaError, match="choose"):
            open_media(save_video(tmp_path / "clip.mp4", "mp4v", frames=0))

    def test_what_follows_a_video_in_its_file_does_no_harm(self, tmp_path):
        path = save_video(tmp_path / "clip.mp4", "mp4v")
        path.write_bytes(path.read_bytes() + b"\xff" * 100)
        assert missing_bytes(path) == 0
        assert len(list(open_media(path).frames())) == FRAMES

    def test_a_live_recording_of_unknown_length_is_counted(self, tmp_path):
        path = save_video(tmp_path / "clip.webm", "VP80")
        content = path.read_bytes()
        segment = content.find(b"\x18\x53\x80\x67") + 4
        duration = content.find(b"\x44\x89\x88")  # becomes a void element of the same length
        unknown = (
            content[:segment] + b"\x01" + b"\xff" * 7 + content[segment + 8 : duration] + b"\xec\x89" + content[duration + 2 :]
        )
        path.write_bytes(unknown)
        assert open_media(path).facts().frames == FRAMES


class TestNames:
    def test_what_is_not_there_is_named_with_what_is(self, tmp_path):
        save(tmp_path / "still_1.png")
        with pytest.raises(MediaError, match=r"there is no .*still_l\.png \(there is .*still_1\.png\); choose a picture"):
            open_media(tmp_path / "still_l.png")

    @pytest.mark.parametrize("name", ["/no/such/folder/a.mp4", "", "camera:0", "rtsp://host/stream", "a\nb", "x" * 5000, "a\0b"])
    def test_a_name_that_cannot_be_opened_is_one_line(self, name):
        with pytest.raises(MediaError, match=r"choose") as caught:
            open_media(name)
        assert "\n" not in str(caught.value)

    def test_a_file_of_another_kind_is_told_what_can_be_read(self, tmp_path):
        (tmp_path / "a.txt").write_bytes(b"hello")
        with pytest.raises(MediaError, match=r"a\.txt is neither a picture \(\.jpg .*\) nor a video \(\.mp4 .*\.gif"):
            open_media(tmp_path / "a.txt")

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
    def test_a_file_without_permission_says_so(self, tmp_path):
        save(tmp_path / "a.png").chmod(0)
        with pytest.raises(MediaError, match="Permission denied"):
            open_media(tmp_path / "a.png")

    def test_home_is_understood(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        save(tmp_path / "a.png")
        assert open_media("~/a.png").facts().frames == 1


class TestReal:
    def test_a_real_video_decodes_to_its_last_frame(self, assets):
        media = open_media(assets / "videos" / "intel_bottle-detection.mp4")
        assert sum(1 for _ in media.frames()) == media.facts().frames == 1189

    def test_real_photographs_decode(self, assets):
        sizes = {frame.name: frame.size_hw for frame in open_media(assets / "images" / "coral").frames()}
        assert len(sizes) == 5
        assert sizes["coral_grace_hopper.bmp"] == (600, 512)

    def test_half_of_a_real_video_is_refused(self, assets, tmp_path):
        path = tmp_path / "half.mp4"
        path.write_bytes((assets / "videos" / "intel_bottle-detection.mp4").read_bytes()[:200_000])
        with pytest.raises(MediaError, match="is cut short"):
            open_media(path)


@pytest.mark.parametrize(
    ("source", "among"),
    [
        ("kit", "kit link"),
        ("kit/", "kit link"),
        ("link", "kit link"),
        ("kit/*.jpg", "kit link"),
        ("kit/%d.jpg", "kit link"),
        ("kit/1.jpg", "kit link"),
        ("[a]", "[a]"),
        ("[[]a]/*", "[a]"),
        ("*/*.jpg", "kit link [a] linked"),
        ("**/*.jpg", "kit link kit/new [a] linked ."),
        ("kit/*/1.jpg", "kit/new"),
        ("linked", "linked kit link"),
        ("clip.mp4", ""),
        ("camera:0", ""),
        ("http://localhost/1.jpg?*", ""),
        ("missing.jpg", ""),
        ("x" * 300, ""),
    ],
)
def test_a_folder_lies_among_the_pictures_that_a_name_stands_for_now_or_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, among: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("kit", "[a]", "linked"):
        Path(place).mkdir()
    for place in ("kit/1.jpg", "[a]/1.jpg", "clip.mp4"):
        Path(place).touch()
    Path("link").symlink_to("kit", target_is_directory=True)
    Path("linked/2.jpg").symlink_to(tmp_path / "kit" / "1.jpg")

    places = ("kit", "link", "kit/new", "[a]", "linked", ".")
    assert {place for place in places if lies_among(Path(place), source)} == set(among.split())
