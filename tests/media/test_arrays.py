"""Media that a notebook makes: arrays, lists of them, functions and generators; and recordings of what never ends."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
from PIL import Image

from workbench.errors import MediaError
from workbench.media import Frame, Media, array_media, as_media, frames_at, open_media, recorded
from workbench.media.arrays import MOST_COUNTED
from workbench.record import MediaFacts

HEIGHT, WIDTH = 6, 10


def picture(value: int = 0, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def make_pictures(total: int = 3) -> Iterator[np.ndarray]:
    return (picture(value % 256) for value in range(total))


def values(media: Media, start: int = 0) -> list[int]:
    return [int(frame.image_rgb[0, 0, 0]) for frame in media.frames(start)]


class TestArrays:
    def test_arrays_are_handed_out_as_they_are(self):
        images = [picture(), picture(1, 20, 10)]
        frames = list(array_media(images, fps=10).frames())
        assert all(np.shares_memory(frame.image_rgb, image) for frame, image in zip(frames, images, strict=True))
        assert [(frame.name, frame.seconds) for frame in frames] == [("arrays#0", 0.0), ("arrays#1", 0.1)]

    def test_a_pass_may_begin_anywhere(self):
        frames = array_media([picture()] * 3, fps=10).frames(2)
        assert [(frame.name, frame.index, frame.seconds) for frame in frames] == [("arrays#2", 2, 0.2)]

    def test_facts_are_of_the_first_and_all(self):
        facts = array_media([picture(), picture(1, 20, 10)], name="mine").facts()
        assert (facts.name, facts.kind, facts.frames, facts.size_hw) == ("mine", "arrays", 2, (HEIGHT, WIDTH))

    @pytest.mark.parametrize(
        ("array", "frames"),
        [
            (np.zeros((4, HEIGHT, WIDTH, 3), np.uint8), 4),
            (np.zeros((4, HEIGHT, WIDTH, 1), np.uint8), 4),
            (np.zeros((4, HEIGHT, WIDTH), np.uint8), 4),
            (np.zeros((HEIGHT, WIDTH, 3), np.uint8), 1),
            (np.zeros((HEIGHT, WIDTH), np.uint8), 1),
            ([np.zeros((HEIGHT, WIDTH), np.uint8)], 1),
        ],
        ids=["film", "grey film", "flat grey film", "picture", "grey picture", "list"],
    )
    def test_one_array_is_a_film_or_a_picture_by_its_axes(self, array, frames):
        facts = array_media(array).facts()
        assert (facts.frames, facts.size_hw) == (frames, (HEIGHT, WIDTH))

    @pytest.mark.parametrize(
        ("image", "rgb"),
        [
            (np.full((HEIGHT, WIDTH), 7, np.uint8), (7, 7, 7)),
            (np.full((HEIGHT, WIDTH, 1), 7, np.uint8), (7, 7, 7)),
            (np.full((HEIGHT, WIDTH, 4), (9, 8, 7, 255), np.uint8), (9, 8, 7)),
            (np.full((HEIGHT, WIDTH, 4), (9, 8, 7, 0), np.uint8), (255, 255, 255)),
            (np.full((HEIGHT, WIDTH, 4), (0, 0, 0, 51), np.uint8), (204, 204, 204)),
            (np.full((HEIGHT, WIDTH, 3), (256, 512, 65535), np.uint16), (1, 2, 255)),
            (np.ones((HEIGHT, WIDTH), bool), (255, 255, 255)),
            (Image.new("RGB", (WIDTH, HEIGHT), (9, 8, 7)), (9, 8, 7)),
            (Image.new("LA", (WIDTH, HEIGHT), (9, 255)), (9, 9, 9)),
        ],
        ids=["grey", "one channel", "opaque", "transparent", "half", "16 bits", "bool", "pillow", "pillow grey alpha"],
    )
    def test_pixels_are_taken_as_those_of_pictures(self, image, rgb):
        (frame,) = array_media([image]).frames()
        assert frame.image_rgb.shape == (HEIGHT, WIDTH, 3)
        assert frame.image_rgb.dtype == np.uint8
        assert (frame.image_rgb == rgb).all()

    @pytest.mark.parametrize(
        ("image", "advice"),
        [
            (np.zeros((4, 4, 3), np.float32), r"\(image \* 255\)\.astype\('uint8'\) where it is 0 to 1"),
            (np.zeros((3, 40, 50), np.uint8), r"image\.transpose\(1, 2, 0\)"),
            (np.zeros((5, 5, 2), np.uint8), "in RGB order$"),
            (np.zeros((4, 4, 3), np.int64), "in RGB order$"),
            (np.zeros((0, 4, 3), np.uint8), "in RGB order$"),
            ("a.png", "in RGB order$"),
            ([[1, 2], [3]], "cannot become an array"),
        ],
        ids=["float", "channels first", "two channels", "int64", "no pixel", "text", "ragged"],
    )
    def test_what_is_no_picture_is_refused_in_one_line(self, image, advice):
        with pytest.raises(MediaError, match=r"arrays#0 is .*; give arrays \(height, width, 3\) of uint8") as caught:
            array_media([image])
        assert "\n" not in str(caught.value)
        with pytest.raises(MediaError, match=advice):
            array_media([image])

    @pytest.mark.parametrize("nothing", [[], np.zeros((0, 4, 4, 3), np.uint8)], ids=["list", "array"])
    def test_no_array_is_refused(self, nothing):
        with pytest.raises(MediaError, match="arrays holds no pictures"):
            array_media(nothing)

    def test_what_holds_no_pictures_at_all_is_refused(self):
        with pytest.raises(MediaError, match="arrays is a int; give an array"):
            array_media(5)

    @pytest.mark.parametrize(
        "make", [lambda: [picture()] * 3, lambda: make_pictures, make_pictures], ids=["list", "function", "iterator"]
    )
    def test_a_rate_of_nothing_is_none(self, make):
        media = array_media(make(), fps=0.0)
        assert [frame.seconds for frame in media.frames()] == [None] * 3
        assert media.facts().fps is None

    @pytest.mark.parametrize("fps", [-5, float("nan"), float("inf")])
    def test_a_rate_that_cannot_be_is_refused(self, fps):
        for images in ([picture()], make_pictures, make_pictures()):
            with pytest.raises(MediaError, match=f"^arrays: fps is {fps}; give frames a second, or None"):
                array_media(images, fps=fps)


class TestFunctions:
    def test_each_pass_is_made_anew(self):
        media = array_media(make_pictures, fps=10)
        assert values(media) == values(media) == [0, 1, 2]
        assert values(media, 2) == [2]

    def test_facts_count_and_hash_one_pass(self):
        facts = array_media(make_pictures, "mine").facts()
        assert (facts.kind, facts.name, facts.frames, facts.size_hw) == ("generator", "mine", 3, (HEIGHT, WIDTH))
        assert facts.sha256 == array_media(list(make_pictures())).facts().sha256

    def test_names_are_those_of_the_frames(self):
        media = array_media(make_pictures)
        assert list(media.frame_names()) == [frame.name for frame in media.frames()]

    def test_what_goes_on_is_endless(self):
        facts = array_media(lambda: (picture(value % 256) for value in count())).facts()
        assert (facts.endless, facts.frames, facts.sha256) == (True, 0, None)
        assert array_media(lambda: make_pictures(MOST_COUNTED)).facts().frames == MOST_COUNTED

    def test_frames_far_apart_are_taken_in_one_pass(self):
        passes = []
        media = array_media(lambda: passes.append(1) or make_pictures(9))
        media.facts()
        assert [frame.index for frame in frames_at(media, (7, 2, 4))] == [2, 4, 7]
        assert len(passes) == 2

    def test_a_function_that_hands_out_the_same_iterator_twice_is_told_so(self):
        same = make_pictures()
        media = array_media(lambda: same)
        assert media.facts().frames == 3
        with pytest.raises(MediaError, match="let each call return a fresh generator"):
            list(media.frames())

    @pytest.mark.parametrize(("given", "start"), [(0, 0), (1, 0), (5, 0), (5, 3)])
    def test_what_it_raises_is_told_with_its_place(self, given, start):
        def breaks() -> Iterator[np.ndarray]:
            yield from make_pictures(given)
            raise KeyError("left\nright")

        with pytest.raises(MediaError, match=rf"making frames failed after {given}: KeyError: .*; mend") as caught:
            list(array_media(breaks).frames(start))
        assert isinstance(caught.value.__cause__, KeyError)
        assert "\n" not in str(caught.value)

    def test_a_function_that_returns_no_iterator_is_told_so(self):
        with pytest.raises(MediaError, match="TypeError"):
            array_media(lambda: 5).facts()


class TestIterators:
    def test_what_comes_but_once_is_recorded_when_first_wanted_and_repeats(self):
        taken = []
        media = array_media(picture(value) for value in range(3) if not taken.append(value))
        assert taken == []
        assert values(media) == values(media) == [0, 1, 2]
        assert (media.facts().frames, media.facts().notes, list(media.frame_names())[2]) == (3, (), "arrays#2")
        assert taken == [0, 1, 2]

    def test_no_more_is_kept_than_was_allowed_and_that_is_said(self):
        media = array_media((picture(value) for value in count()), most_bytes=3 * picture().nbytes)
        assert values(media) == [0, 1, 2]
        assert media.facts().notes == ("the first 3 frames that the iterator gave; more would not fit in 0 MiB",)

    def test_one_that_is_used_up_is_told_so(self):
        with pytest.raises(MediaError, match="the iterator is used up"):
            array_media(iter(())).facts()


class Endless(Media):
    """A camera whose every third frame is lost."""

    def __init__(self) -> None:
        self.closed = 0

    def frames(self, start: int = 0) -> Iterator[Frame]:
        try:
            for index in count(start):
                yield Frame(picture(index), f"door#{index}", index, index / 20)
        finally:
            self.closed += 1

    def frame_names(self) -> tuple[str, ...]:
        return ()

    def facts(self) -> MediaFacts:
        return MediaFacts(
            name="door", source="rtsp://***@door/1", kind="stream", frames=0, size_hw=(HEIGHT, WIDTH), fps=25.0, notes=("n",)
        )


class TestRecordings:
    def test_a_recording_repeats_and_says_what_it_is_of(self):
        media = recorded(Endless(), 5)
        facts = media.facts()
        assert values(media) == values(media) == [0, 1, 2, 3, 4]
        assert (facts.kind, facts.name, facts.source, facts.frames) == ("recording", "door", "rtsp://***@door/1", 5)
        assert facts.fps == pytest.approx(20)
        assert facts.notes == ("recorded from door: its first 5 frames", "n")
        assert facts.sha256 == recorded(Endless(), 5).facts().sha256 != recorded(Endless(), 4).facts().sha256
        assert list(media.frame_names()) == [f"door#{index}" for index in range(5)]

    def test_the_source_is_given_back(self):
        source = Endless()
        recorded(source, 2)
        assert source.closed == 1

    def test_memory_is_bounded_and_what_is_left_out_is_said(self):
        facts = recorded(Endless(), 5, most_bytes=2 * picture().nbytes).facts()
        assert facts.frames == 2
        assert facts.notes[1] == "5 were asked for, but more than 2 would not fit in 0 MiB"

    @pytest.mark.parametrize("frames", [0, -1, float("nan")])
    def test_no_frame_is_no_recording(self, frames):
        with pytest.raises(MediaError, match=f"^frames is {frames}: there is nothing to record; choose 1 or more"):
            recorded(Endless(), frames)

    def test_a_number_between_two_ends_too(self):
        assert recorded(Endless(), 2.5).facts().frames == 3

    def test_media_that_end_give_what_they_have(self):
        assert recorded(array_media(make_pictures), 50).facts().frames == 3


class TestWhateverStandsForMedia:
    def test_media_stay_as_they_are(self):
        media = array_media([picture()])
        assert as_media(media) is media

    def test_a_name_is_opened_and_arrays_become_media(self, tmp_path):
        Image.fromarray(picture()).save(tmp_path / "a.png")
        assert as_media(tmp_path / "a.png").facts() == open_media(tmp_path / "a.png").facts()
        assert as_media(str(tmp_path / "a.png")).facts().kind == "picture"
        assert as_media(np.zeros((2, 4, 6, 3), np.uint8)).facts().frames == 2
        assert as_media(make_pictures()).facts().frames == 3
