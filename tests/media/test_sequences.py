"""Numbered sequences and animations: frames in the order of their numbers, with their times."""

import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.errors import MediaError
from workbench.media import Media, open_media
from workbench.media.animation import ANIMATION_SUFFIXES

HEIGHT, WIDTH = 30, 50
GREYS = (0, 80, 160, 240)
MILLISECONDS = [100, 50, 200, 120]
MOVING = (*ANIMATION_SUFFIXES, ".webp", ".png")


def save(path: Path, grey: int = 0) -> Path:
    Image.new("RGB", (WIDTH, HEIGHT), (grey,) * 3).save(path)
    return path


def save_animation(
    path: Path, durations: object = MILLISECONDS, size: tuple[int, int] = (WIDTH, HEIGHT), **options: object
) -> Path:
    first, *others = (Image.new("RGB", size, (grey,) * 3) for grey in GREYS)
    kind = {".apng": "png"}.get(path.suffix, path.suffix[1:])
    lossless = {"lossless": True} if kind == "webp" else {}
    first.save(path, kind, save_all=True, append_images=others, duration=durations, loop=0, **lossless, **options)
    return path


def greys(media: Media, start: int = 0) -> list[int]:
    return [int(frame.image_rgb[0, 0, 0]) for frame in media.frames(start)]


class TestSequences:
    def test_frames_come_in_the_order_of_their_numbers(self, tmp_path):
        for number in (9, 10, 9999, 10000, 8):
            save(tmp_path / f"frame_{number:04d}.png", number % 256)
        (tmp_path / "frame_1.png").touch()
        (tmp_path / "frame_0001.txt").touch()
        names = [frame.name for frame in open_media(tmp_path / "frame_%04d.png").frames()]
        assert names == ["frame_0008.png", "frame_0009.png", "frame_0010.png", "frame_9999.png", "frame_10000.png"]

    def test_without_a_width_numbers_have_no_zeros_before_them(self, tmp_path):
        for name in ("1.png", "02.png", "10.png", "0.png"):
            save(tmp_path / name)
        assert list(open_media(tmp_path / "%d.png").frame_names()) == ["0.png", "1.png", "10.png"]

    def test_a_sign_of_percent_is_written_twice(self, tmp_path):
        save(tmp_path / "5%_1.png")
        assert open_media(tmp_path / "5%%_%d.png").facts().frames == 1

    def test_what_is_special_in_patterns_is_not_so_here(self, tmp_path):
        save(tmp_path / "a(1)+[x]_1.png")
        save(tmp_path / "b(1)+x_2.png")
        assert list(open_media(tmp_path / "a(1)+[x]_%d.png").frame_names()) == ["a(1)+[x]_1.png"]

    def test_a_glob_of_numbers_is_in_their_order_too(self, tmp_path):
        for number in (1, 2, 10, 11, 100):
            save(tmp_path / f"f{number}.png")
        assert list(open_media(tmp_path / "f*.png").frame_names()) == ["f1.png", "f2.png", "f10.png", "f11.png", "f100.png"]

    def test_numbers_that_are_missing_are_told(self, tmp_path):
        for number in (1, 2, 5, 7):
            save(tmp_path / f"f{number:02d}.png")
        facts = open_media(tmp_path / "f%02d.png").facts()
        assert (facts.kind, facts.frames, facts.name) == ("sequence", 4, "f%02d.png")
        assert facts.notes == ("3 numbers between 1 and 7 are missing: 3-4, 6",)

    def test_one_without_holes_has_nothing_to_tell(self, tmp_path):
        for number in (3, 4):
            save(tmp_path / f"f{number}.png")
        assert open_media(tmp_path / "f%d.png").facts().notes == ()

    @pytest.mark.parametrize("name", ["f%04d.png", "no/such/f%d.png", "f%d.mp4", "f%04d"])
    def test_a_pattern_of_nothing_says_so_in_one_line(self, name, tmp_path):
        save(tmp_path / "f1.png")
        with pytest.raises(MediaError, match="choose a pattern") as caught:
            open_media(tmp_path / name)
        assert "\n" not in str(caught.value)

    def test_a_file_with_such_a_name_is_that_file(self, tmp_path):
        assert open_media(save(tmp_path / "f%d.png")).facts().kind == "picture"


class TestAnimations:
    @pytest.mark.parametrize("suffix", MOVING)
    def test_each_frame_comes_with_its_time(self, suffix, tmp_path):
        media = open_media(save_animation(tmp_path / f"a{suffix}"))
        assert greys(media) == list(GREYS)
        assert [frame.seconds for frame in media.frames()] == pytest.approx([0, 0.1, 0.15, 0.35])
        assert [(frame.name, frame.index) for frame in media.frames(3)] == [(f"a{suffix}#3", 3)]
        assert list(media.frame_names()) == [frame.name for frame in media.frames()]

    @pytest.mark.parametrize("suffix", MOVING)
    def test_a_pass_may_begin_anywhere(self, suffix, tmp_path):
        media = open_media(save_animation(tmp_path / f"a{suffix}"))
        assert greys(media, 2) == list(GREYS[2:])
        assert next(media.frames(2)).seconds == pytest.approx(0.15)
        assert greys(media, 100) == []

    @pytest.mark.parametrize("suffix", MOVING)
    def test_facts_tell_count_rate_size_and_hash(self, suffix, tmp_path):
        facts = open_media(save_animation(tmp_path / f"a{suffix}")).facts()
        assert (facts.kind, facts.frames, facts.size_hw) == ("animation", 4, (HEIGHT, WIDTH))
        assert facts.fps == pytest.approx(3 / 0.35)
        assert facts.sha256 is not None

    def test_frames_that_last_no_time_last_as_long_as_in_a_browser(self, tmp_path):
        media = open_media(save_animation(tmp_path / "a.gif", [0, 10, 20, 30]))
        assert [frame.seconds for frame in media.frames()] == pytest.approx([0, 0.1, 0.2, 0.22])

    def test_transparent_pixels_are_white(self, tmp_path):
        first, second = Image.new("RGBA", (WIDTH, HEIGHT), (255, 0, 0, 255)), Image.new("RGBA", (WIDTH, HEIGHT))
        first.paste((0, 0, 0, 0), (0, 0, WIDTH // 2, HEIGHT))
        first.save(tmp_path / "a.gif", save_all=True, append_images=[second], disposal=2, duration=100)
        one, two = open_media(tmp_path / "a.gif").frames()
        assert (one.image_rgb[:, : WIDTH // 2] == 255).all()
        assert (one.image_rgb[:, WIDTH // 2 :] == (255, 0, 0)).all()
        assert (two.image_rgb == 255).all()

    def test_a_frame_that_was_kept_does_not_change(self, tmp_path):
        frames = [frame.image_rgb for frame in open_media(save_animation(tmp_path / "a.gif")).frames()]
        assert [int(image[0, 0, 0]) for image in frames] == list(GREYS)

    def test_a_picture_for_what_cannot_show_an_apng_moving_is_none_of_its_frames(self, tmp_path):
        media = open_media(save_animation(tmp_path / "a.png", MILLISECONDS[1:], default_image=True))
        assert (greys(media), greys(media, 1), media.facts().frames) == (list(GREYS[1:]), list(GREYS[2:]), 3)
        assert [frame.seconds for frame in media.frames()] == pytest.approx([0, 0.05, 0.25])

    def test_a_gif_of_one_picture_is_one_frame(self, tmp_path):
        media = open_media(save(tmp_path / "a.gif", 80))
        assert (greys(media), media.facts().fps) == ([80], None)

    @pytest.mark.parametrize("suffix", [".webp", ".png"])
    def test_a_still_picture_stays_a_picture(self, suffix, tmp_path):
        assert open_media(save(tmp_path / f"a{suffix}")).facts().kind == "picture"

    @pytest.mark.parametrize("suffix", MOVING)
    @pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
    def test_one_that_is_cut_short_is_refused_and_nothing_is_printed(self, suffix, share, tmp_path, capfd):
        path = save_animation(tmp_path / f"a{suffix}")
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        with pytest.raises(MediaError, match=r"(cut short|is empty).*; choose") as caught:
            list(open_media(path).frames())
        assert "\n" not in str(caught.value)
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("suffix", MOVING)
    def test_one_that_is_damaged_inside_raises_nothing_but_a_media_error(self, suffix, tmp_path):
        content = save_animation(tmp_path / f"a{suffix}").read_bytes()
        draw = np.random.default_rng(0)
        for _ in range(60):
            damaged = bytearray(content)
            for position in draw.integers(6, len(content) - 2, 4):
                damaged[position] = draw.integers(256)
            (tmp_path / f"b{suffix}").write_bytes(damaged)
            with suppress(MediaError):
                list(open_media(tmp_path / f"b{suffix}").frames())

    def test_a_text_named_gif_is_refused(self, tmp_path):
        (tmp_path / "a.gif").write_text("hello")
        with pytest.raises(MediaError, match="does not begin like one; choose"):
            open_media(tmp_path / "a.gif")

    def test_one_that_vanishes_is_named(self, tmp_path):
        media = open_media(save_animation(tmp_path / "a.gif"))
        shutil.move(tmp_path / "a.gif", tmp_path / "b.gif")
        with pytest.raises(MediaError, match=r"cannot read .*a\.gif"):
            list(media.frames())
