"""How a model is to be fed, and what it puts out, found on frames: right, or told as open, and in no more than a minute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.assets.scenes import TEST_SEEDS, draw_scene
from tests.detectors.asset_cards import CARDS
from tests.detectors.drawn import picture
from tests.detectors.rescaled import RescaledNetwork
from tests.detectors.wrappings import Wrappings
from workbench.detections import UInt8Array
from workbench.detectors import OFFSET_AND_FACTOR, Calibration, Detector
from workbench.detectors.card import read_card
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.first_look import MOST_RUNS, MOST_SECONDS, FirstLook, _different
from workbench.detectors.network import Network
from workbench.detectors.readings import Proposal
from workbench.detectors.tflite_metadata import read_metadata
from workbench.detectors.trial_here import try_here
from workbench.media import open_media
from workbench.opening.opening import frames_to_look_at, open_data
from workbench.record import Guess
from workbench.samples import SAMPLE_CLIP, SAMPLE_STILLS

# Keras saves through np.array(variable), which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

RANGES = tuple(OFFSET_AND_FACTOR)
SCENES = [draw_scene(seed).image_rgb for seed in range(TEST_SEEDS, TEST_SEEDS + 8)]
BLACK = np.zeros_like(SCENES[0])
KINDS: dict[str, Callable[[Wrappings], Path]] = {
    "boxes and scores": Wrappings.boxes_and_scores,
    "yolov5": Wrappings.yolov5,
    "yolov8": Wrappings.yolov8,
    "end to end": Wrappings.end_to_end,
    "post-processing": Wrappings.post_processed,
}


def guess(proposal: Proposal, about: str = "pixel values") -> Guess:
    return next(one for one in proposal.guesses if one.about == about)


SmallNetwork = Callable[[str], Network]


@pytest.fixture
def small_network(small: Detector, small_tflite: Path) -> SmallNetwork:
    """From a range to the small detector as a file of decoded boxes and scores that wants it."""
    return lambda values: RescaledNetwork(FILE_KINDS[".tflite"].open(small_tflite), "0..1", values, small.meaning.head)


@pytest.mark.parametrize("values", RANGES)
def test_the_range_is_found_on_several_frames(small_network: SmallNetwork, values: str) -> None:
    trial = try_here(small_network(values), SCENES)

    best = trial.proposals[0]
    assert (best.card.input.values, best.card.input.colour) == (values, "RGB")
    told = guess(best)
    assert (told.taken, told.certainty, told.card_line) == (values, "sure", f'[input] values = "{values}"')
    assert "in 8 frames, 8 of them with finds" in told.why
    assert best.card.guessed[0] == told.words()
    assert len(trial.found(best)) >= 1


@pytest.mark.parametrize(
    ("scaling", "usual"),
    [(None, "-1..1"), ((0.0, 1.0), "0..255"), ((127.5, 1 / 127.5), "-1..1"), ((100.0, 0.01), "(pixel - 100.0) x 0.01")],
    ids=["nothing", "a layer", "metadata", "metadata of no known range"],
)
def test_what_the_file_says_is_tried_first_and_holds_where_frames_show_nothing(
    small_network: SmallNetwork, scaling: tuple[float, float] | None, usual: str
) -> None:
    network = small_network("0..1")
    tensors = network.inspect()
    (taken,) = tensors.inputs
    saying = replace(tensors, inputs=(replace(taken, scaling=scaling),))

    best = FirstLook(network, saying, [BLACK] * 3).propose()[0]

    assert (guess(best).taken, guess(best).certainty) == (usual, "open")


def test_the_metadata_of_a_tflite_file_say_how_pixels_are_scaled(assets: Path) -> None:
    classifier = assets / "negative" / "coral_mobilenet_v1_0.25_128_quant_classifier.tflite"

    assert read_metadata(classifier.read_bytes()).scaling == (127.5, pytest.approx(1 / 127.5))


@pytest.mark.parametrize("damage", range(0, 200, 20))
def test_damaged_metadata_say_nothing_and_break_nothing(assets: Path, damage: int) -> None:
    content = bytearray((assets / "negative" / "coral_mobilenet_v1_0.25_128_quant_classifier.tflite").read_bytes())
    place = content.find(b"M001") - 4  # where the metadata begin: their root, then their identifier
    content[place + damage : place + damage + 20] = b"\xff" * 20

    said = read_metadata(bytes(content)).scaling

    assert said is None or len(said) == 2


def test_keras_layers_that_scale_pixels_are_seen_wherever_they_stand(tmp_path: Path) -> None:
    image = keras.Input((32, 32, 3))
    inner = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255)])
    for name, layer in (("with", inner), ("without", keras.layers.ReLU())):
        keras.Model(image, layer(image)).save(tmp_path / f"{name}.keras")

    inputs = [FILE_KINDS[".keras"].open(tmp_path / f"{name}.keras").inspect().inputs[0] for name in ("with", "without")]

    assert [one.scaling for one in inputs] == [(0.0, 1.0), None]


def test_how_frames_are_fitted_is_always_named_as_a_habit(small_network: SmallNetwork) -> None:
    told = guess(try_here(small_network("0..1"), SCENES).proposals[0], "frames")

    assert (told.taken, told.certainty) == ("stretched to the input", "usual")


@pytest.mark.parametrize("frames", [[BLACK], [BLACK] * 8], ids=["one", "several"])
def test_empty_frames_leave_the_usual_range_and_that_is_told(small_network: SmallNetwork, frames: Sequence[UInt8Array]) -> None:
    best, *others = try_here(small_network("0..255"), frames).proposals

    assert guess(best).certainty == "open"
    assert guess(best).why.startswith("nothing is found in 1 frame under any; this is the usual one")
    assert ("7 more of the frames show the same" in guess(best).why) == (len(frames) == 8)
    assert {one.card.input.values for one in (best, *others)} == set(RANGES)


def test_one_picture_settles_nothing(small_network: SmallNetwork) -> None:
    best = try_here(small_network("0..255"), SCENES[:1]).proposals[0]

    assert (best.card.input.values, guess(best).certainty) == ("0..255", "open")


def test_frames_of_a_still_camera_are_one_frame_of_evidence(small_network: SmallNetwork) -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(SCENES[0] + rng.normal(0, 6, SCENES[0].shape), 0, 255).astype(np.uint8) for _ in range(8)]

    best = try_here(small_network("0..255"), noisy).proposals[0]

    assert (best.card.input.values, guess(best).certainty) == ("0..255", "open")
    assert "in 1 frame, 1 of them with finds: too few to be sure; 7 more of the frames show the same" in guess(best).why


def test_frames_are_different_where_something_small_moves() -> None:
    frames = [picture((10 * n, 20, 10 * n + 6, 26)) for n in range(8)]

    assert _different([*frames, *frames]) == list(range(8))


def test_frames_that_show_something_are_looked_for_among_empty_ones(small_network: SmallNetwork) -> None:
    frames = [*[BLACK] * 10, *SCENES[:3], *[BLACK] * 5]

    trial = try_here(small_network("0..255"), frames)

    assert (trial.proposals[0].card.input.values, guess(trial.proposals[0]).certainty) == ("0..255", "sure")
    assert trial.shown in range(10, 13)


def test_a_look_ends_with_its_time_and_says_what_was_not_tried(small_network: SmallNetwork) -> None:
    network = small_network("0..1")
    ran: list[None] = []
    look = FirstLook(network, network.inspect(), SCENES, clock=lambda: len(ran) * MOST_SECONDS / 40, tell=lambda: ran.append(None))

    best = look.propose()[0]

    assert len(ran) == 41
    assert "not tried for want of time: harder pictures of " in guess(best).why
    assert "the other order of colours" in guess(best).why


def test_a_look_never_runs_a_model_more_often_than_it_may(small_network: SmallNetwork) -> None:
    network = small_network("0..1")
    ran: list[None] = []
    frames = [*[BLACK] * 17, *SCENES]

    FirstLook(network, network.inspect(), frames, clock=lambda: 0.0, tell=lambda: ran.append(None)).propose()

    assert 100 < len(ran) <= MOST_RUNS


# Real weights: a table each, whose counts are what the project promises


@dataclass
class Table:
    """What came out of looks at networks whose right reading is known: `right`, `wrong` or `open`, and a line each."""

    words: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def add(self, network: Network, frames: Sequence[UInt8Array], values: str, colour: str, kind: str) -> None:
        look = FirstLook(network, network.inspect(), frames, clock=lambda: 0.0)  # a busy machine changes nothing
        best = look.propose()[0]
        told = guess(best)
        right = (best.card.input.values, best.card.input.colour) == (values, colour)
        self.words.append(("right" if right else "wrong") if told.certainty == "sure" else "open")
        self.lines.append(f"{self.words[-1]:5} {kind}, wants {values}: {told.taken} {best.card.input.colour}, {told.why}")

    def __str__(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture(scope="module")
def wrapped(mobile: Detector, calibration: Calibration, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Network]:
    make = Wrappings(mobile, tmp_path_factory.mktemp("kinds"), calibration)
    paths = {kind: write(make) for kind, write in KINDS.items()}
    return {kind: FILE_KINDS["folder" if path.is_dir() else path.suffix].open(path) for kind, path in paths.items()}


@pytest.mark.slow
@pytest.mark.timeout(1200)  # hundreds of runs for each of the table's rows
def test_sample_weights_in_four_ranges_and_five_kinds_of_output_are_read_rightly(wrapped: dict[str, Network]) -> None:
    media = [frames_to_look_at(str(one)) for one in (SAMPLE_CLIP, SAMPLE_STILLS)]

    table = Table()
    for number, ((kind, network), values) in enumerate(product(wrapped.items(), RANGES)):
        table.add(RescaledNetwork(network, "0..1", values), media[(number + number // len(RANGES)) % 2], values, "RGB", kind)

    assert table.words.count("right") >= 18, str(table)  # of 20: as many as 26 of 30
    assert "wrong" not in table.words, str(table)


@pytest.mark.slow
@pytest.mark.timeout(1200)  # hundreds of runs for each of the table's rows
def test_an_almost_empty_clip_makes_nobody_sure_of_what_is_wrong(mobile: Detector, wrapped: dict[str, Network]) -> None:
    data = open_data(mobile)
    assert data.truth is not None
    empty = [n for n, name in enumerate(data.media.frame_names()) if not len(data.truth.images[name])][:24]
    chosen = {*empty[:12], 0, *empty[12:]}
    frames = [one.image_rgb for n, one in enumerate(open_media(SAMPLE_CLIP).frames()) if n in chosen]
    frames = [*frames[1:13], frames[0], *frames[13:]]  # the one with defects in the midst

    table = Table()
    for (kind, network), values in product(wrapped.items(), ("0..1", "0..255", "imagenet")):
        table.add(RescaledNetwork(network, "0..1", values), frames, values, "RGB", kind)

    assert "wrong" not in table.words, str(table)


@pytest.mark.slow
@pytest.mark.timeout(1200)  # hundreds of runs for each of the table's rows
def test_yolox_in_four_ranges_is_read_rightly_on_photographs_and_video(assets: Path) -> None:
    yolox = FILE_KINDS[".tflite"].open(assets / "models" / "yolox_nano_416_float16_quantize.tflite")
    media = {name: frames_to_look_at(str(assets / name)) for name in ("images/coral", "videos/intel_bottle-detection.mp4")}

    table = Table()
    for values, (name, frames) in product(RANGES, media.items()):
        table.add(RescaledNetwork(yolox, "0..255", values, colours_backwards=True), frames, values, "BGR", name)

    assert table.words.count("right") >= 7, str(table)
    assert "wrong" not in table.words, str(table)


@pytest.mark.slow
@pytest.mark.timeout(1200)  # hundreds of runs for each of the table's rows
@pytest.mark.parametrize(
    ("name", "wants"), [("aizoo_face_mask_detection", "0..1"), ("ultralight_face_RFB_320_nopost", "-1..1")], ids=["masks", "faces"]
)
def test_networks_that_nothing_was_chosen_by_make_nobody_sure_of_what_is_wrong(
    assets: Path, tmp_path: Path, name: str, wants: str
) -> None:
    path = tmp_path / "model.card.toml"
    path.write_text(CARDS[f"{name}.tflite"])
    card = read_card(path)
    assert card.candidates is not None
    inner = FILE_KINDS[".tflite"].open(assets / "models" / f"{name}.tflite")
    media = {place: frames_to_look_at(str(assets / place)) for place in ("images/coral", "videos/intel_bottle-detection.mp4")}

    table = Table()
    for values, (place, frames) in product(RANGES, media.items()):
        table.add(RescaledNetwork(inner, wants, values, card.candidates.head()), frames, values, "RGB", place)

    print(table)  # noqa: T201 - the table is what the test is for
    assert "wrong" not in table.words, str(table)
