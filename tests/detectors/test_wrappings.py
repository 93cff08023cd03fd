"""The same weights find the same in every kind of file and of output; what these show is read, and a card says the rest."""

from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path

import pytest

from tests.detectors.forms import FORMS
from tests.detectors.wrappings import SCORE, SIZE_HW, Wrappings, anchors_card
from workbench.catalogue import NMS_METHODS
from workbench.datasets import Truth
from workbench.detections import average_precision
from workbench.detectors import Calibration, Card, Detector, LoadedModel, as_detector, why_no_detector
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.output_cards import BoxesCard, DetectionsCard, RowsCard
from workbench.detectors.trial_here import try_here
from workbench.errors import ModelError, UnavailableError
from workbench.media import Frame
from workbench.opening import check, reasons, wished
from workbench.pipeline import Pipeline
from workbench.settings import PRECISIONS, RESIZE_PLACES

# Keras saves through np.array(variable), which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

SAME_AP = 0.005
OTHER_PRECISIONS = [one for one in PRECISIONS if one not in {"float32", "bfloat16"}]  # of a float32 `.tflite` file
AT = f"nms.score={SCORE},input.size_hw={SIZE_HW[0]}x{SIZE_HW[1]}"
NOTHING_COMPILED = ",runtime.engine=eager,input.resize=opencv"
OpenWrapping = Callable[[str], LoadedModel]
Ap = Callable[..., float]
MAKERS: dict[str, Callable[[Wrappings], Path]] = {
    "keras": Wrappings.keras,
    "h5": Wrappings.h5,
    "Sequential": Wrappings.sequential,
    "subclassed": Wrappings.subclassed,
    "saved model": Wrappings.saved_model,
    "frozen graph": Wrappings.frozen_graph,
    "int8": Wrappings.int8,
    "planar": Wrappings.boxes_and_scores,
    "yolov5": Wrappings.yolov5,
    "yolov8": Wrappings.yolov8,
    "end to end": Wrappings.end_to_end,
    "detection API": lambda make: make.detection_api(raw=False),
    "detection API, raw": lambda make: make.detection_api(raw=True),
    "post-processing": Wrappings.post_processed,
    **{name: partial(Wrappings.form, name=name) for name in FORMS},
}
API = DetectionsCard(
    tensors=("detection_boxes", "detection_scores", "detection_classes", "num_detections"),
    order="yxyx",
    units="normalised",
    first_class=1,
)
READ: dict[str, tuple[object, object]] = {
    "planar": (BoxesCard(tensors=("boxes", "scores"), order="xyxy", units="pixels"), None),
    "yolov5": (RowsCard(tensors=("output",), objectness=True, order="cxcywh", units="normalised"), None),
    "yolov8": (RowsCard(tensors=("output0",), transposed=True, order="cxcywh", units="pixels"), None),
    "end to end": (None, DetectionsCard(tensors=("output0",), order="xyxy", units="pixels")),
    "detection API": (None, API),
    "detection API, raw": (
        BoxesCard(tensors=("raw_detection_boxes", "raw_detection_scores"), order="yxyx", units="normalised", background="first"),
        API,
    ),
    "post-processing": (
        None,
        DetectionsCard(tensors=tuple(f"StatefulPartitionedCall:{n}" for n in (0, 3, 1, 2)), order="yxyx", units="normalised"),
    ),
}
RAW = [name for name in MAKERS if name not in READ and name not in FORMS]
QUICK = ("keras",)  # outputs of every form are recognised from arrays in test_forms; files of all of them take minutes


def each(names: Iterable[str]) -> list[object]:
    """Return the wrappings as parameters: those that are tried on each change, and the slow rest."""
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.fixture(scope="module")
def loaded(
    mobile: Detector, tmp_path_factory: pytest.TempPathFactory, stills: tuple[Frame, ...], calibration: Calibration
) -> OpenWrapping:
    """From a wrapping to what looking at it finds; each is made and tried once, in this process, which spares a child's start."""
    make = Wrappings(mobile, tmp_path_factory.mktemp("wrapped"), calibration)

    @cache
    def open_wrapping(name: str) -> LoadedModel:
        path = MAKERS[name](make)
        kind = FILE_KINDS["folder" if path.is_dir() else path.suffix]
        network = kind.open(path)
        trial = try_here(network, [one.image_rgb for one in stills])
        if path.suffix == ".tflite":  # its refusals follow from what was found
            network = kind.open(path, tensors=trial.tensors)
        return LoadedModel(network, trial, None, None)

    return open_wrapping


@pytest.fixture(scope="module")
def detector(loaded: OpenWrapping) -> Callable[[str], Detector]:
    """From a wrapping to its detector, fed as the sample is trained: letterboxed. Whether it is, nothing in a file shows."""

    @cache
    def detector_of(name: str) -> Detector:
        found = loaded(name)
        card = found.trial.proposals[0].card if found.trial.proposals else anchors_card(*_offsets_and_scores(found))
        # What an output means is the subject: the range of a family's pixels that evidence does not overrule is another's.
        values = {"values": "0..1"} if name in FORMS else {}
        card = card.model_copy(update={"input": card.input.model_copy(update={"fit": "letterbox", **values})})
        return as_detector(found, card, str(found.network.path))

    return detector_of


@pytest.fixture(scope="module")
def ap(stills: tuple[Frame, ...], still_truth: Truth, calibration: Calibration) -> Ap:
    @cache
    def of(detector: Detector, words: str = "") -> float:
        fresh = "" if words or "eager" in detector.refusals.get("runtime.engine", {}) else NOTHING_COMPILED
        settings = check(detector, wished(detector, f"{AT}{words}{fresh}"))
        pipeline = Pipeline(detector, settings, calibration)
        found = average_precision(
            [pipeline.detect([frame])[0] for frame in stills],
            [still_truth.images[frame.name] for frame in stills],
            classes=len(still_truth.labels),
            truth_name="stills",
            score_threshold=SCORE,
        )
        assert found.ap is not None
        return found.ap

    return of


def _offsets_and_scores(found: LoadedModel) -> tuple[str, str]:
    shapes = {name: one.shape for name, one in found.trial.runs[0].outputs.items()}
    offsets = next(name for name, shape in shapes.items() if shape[-1] == 4)
    return offsets, next(name for name in shapes if name != offsets)


@pytest.mark.parametrize("name", each(READ))
def test_the_meaning_of_outputs_is_recognised(loaded: OpenWrapping, name: str) -> None:
    card = loaded(name).trial.proposals[0].card

    assert (card.candidates, card.detections) == READ[name]
    assert (card.input.colour, card.input.values) in {("RGB", "0..1"), ("RGB", None)}
    assert card.guessed


@pytest.mark.parametrize("name", each(RAW))
def test_offsets_from_anchors_want_a_card_and_say_so(loaded: OpenWrapping, name: str) -> None:
    found = loaded(name)

    assert not found.trial.proposals
    assert why_no_detector(found.trial).startswith("gives offsets from anchors that are not in the file (")


@pytest.mark.parametrize("name", each(name for name in MAKERS if name != "int8"))
def test_the_same_weights_find_the_same_however_they_are_wrapped(
    mobile: Detector, detector: Callable[[str], Detector], ap: Ap, name: str
) -> None:
    assert ap(mobile) > 0.2, "the sample finds too little to compare"
    assert ap(detector(name)) == pytest.approx(ap(mobile), abs=SAME_AP)


@pytest.mark.slow
def test_an_integer_file_is_what_the_workbench_converts(mobile: Detector, detector: Callable[[str], Detector], ap: Ap) -> None:
    converted = ap(mobile, ",runtime.engine=litert,runtime.precision=int8,input.resize=opencv,nms.method=opencv")

    assert ap(detector("int8")) == pytest.approx(converted, abs=SAME_AP)


@pytest.mark.slow
@pytest.mark.parametrize("precision", OTHER_PRECISIONS)
def test_a_file_with_its_own_nms_finds_about_the_same_in_each_precision_that_it_takes(
    detector: Callable[[str], Detector], ap: Ap, precision: str
) -> None:
    own = detector("post-processing")

    assert ap(own, f",runtime.precision={precision}") == pytest.approx(ap(own), abs=0.05)


@pytest.mark.slow
def test_raw_outputs_let_the_workbench_take_over_the_nms(mobile: Detector, detector: Callable[[str], Detector], ap: Ap) -> None:
    raw = detector("detection API, raw")

    assert ap(raw, f"{NOTHING_COMPILED},nms.method=numpy") == pytest.approx(ap(mobile), abs=SAME_AP)
    assert ap(raw, f"{NOTHING_COMPILED},nms.method=model") == pytest.approx(ap(mobile), abs=SAME_AP)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["saved model", "frozen graph", "detection API, raw"])
def test_what_is_not_keras_converts_to_litert_too(mobile: Detector, detector: Callable[[str], Detector], ap: Ap, name: str) -> None:
    words = ",runtime.engine=litert,input.resize=opencv,nms.method=numpy"

    assert ap(detector(name), words) == pytest.approx(ap(mobile), abs=SAME_AP)


@pytest.mark.slow
def test_rows_that_vary_from_frame_to_frame_are_taken_by_every_engine_but_xla_with_its_nms(
    mobile: Detector, detector: Callable[[str], Detector], ap: Ap
) -> None:
    varying, same = detector("rows that vary"), pytest.approx(ap(mobile), abs=SAME_AP)

    for engine in ("graph", "litert"):
        assert ap(varying, f",runtime.engine={engine},input.resize=opencv,nms.method=opencv") == same
    with pytest.raises(UnavailableError, match="the model gives as many candidates as it finds, and XLA has to know"):
        ap(varying, ",runtime.engine=xla,input.resize=opencv,nms.method=padded")


@pytest.mark.slow
def test_the_converters_complaint_names_the_operation(detector: Callable[[str], Detector], ap: Ap) -> None:
    with pytest.raises(
        UnavailableError, match="could not make a .tflite file of this model: LiteRT has no operation CombinedNonMax"
    ) as refused:
        ap(detector("detection API"), ",runtime.engine=litert,input.resize=opencv")

    assert "\n" not in str(refused.value)


CHOICES: dict[str, tuple[object, ...]] = {
    "runtime.engine": ("keras", "eager", "graph", "xla", "litert"),
    "runtime.precision": PRECISIONS,
    "input.resize": RESIZE_PLACES,
    "nms.method": NMS_METHODS,
    "runtime.batch": (1, 2),
    "runtime.threads": (1, 2),
    "input.size_hw": (SIZE_HW, (96, 160)),
}
TENSORFLOW = {"runtime.engine": {"eager", "graph", "xla"}, "runtime.precision": {"float32"}, "input.resize": set(RESIZE_PLACES)}
LITERT = {"runtime.engine": {"litert"}, "input.resize": {"opencv", "pillow"}, "runtime.batch": {1}, "input.size_hw": {SIZE_HW}}
OWN = {"nms.method": {"model"}}
ANY_NMS = {"nms.method": set(NMS_METHODS) - {"model"}}


TAKEN: dict[str, dict[str, set[object]]] = {
    "keras": {**TENSORFLOW, **ANY_NMS, "input.size_hw": {SIZE_HW, (96, 160)}, "runtime.batch": {1, 2}},
    "frozen graph": {**TENSORFLOW, **ANY_NMS, "input.size_hw": {SIZE_HW}, "runtime.batch": {1, 2}},
    "yolov8": {**TENSORFLOW, **ANY_NMS, "input.size_hw": {SIZE_HW}, "runtime.batch": {1}},
    "detection API": {**TENSORFLOW, **OWN, "runtime.batch": {1}},
    "detection API, raw": {**TENSORFLOW, "nms.method": set(NMS_METHODS), "runtime.batch": {1}},
    "int8": {**LITERT, **ANY_NMS, "runtime.precision": {"int8"}, "runtime.threads": {1, 2}},
    "post-processing": {
        **LITERT,
        **OWN,
        "runtime.precision": {"float32", *OTHER_PRECISIONS},
        "runtime.threads": {1},
    },
}


@pytest.mark.parametrize("name", each(TAKEN))
def test_a_kind_of_file_takes_what_makes_sense_for_it_and_says_why_not_the_rest(
    detector: Callable[[str], Detector], name: str
) -> None:
    one, taken = detector(name), TAKEN[name]

    refused = {setting: reasons(one, one.default_settings(), setting, values) for setting, values in CHOICES.items()}

    assert {setting: set(CHOICES[setting]) - set(refused[setting]) for setting in taken} == taken
    assert all("\n" not in reason and "; " in reason for found in refused.values() for reason in found.values())


def test_a_card_that_names_other_outputs_is_refused(loaded: OpenWrapping) -> None:
    with pytest.raises(ModelError, match="the card names the output 'boxes', the model has offsets float32.*; correct the card"):
        as_detector(loaded("keras"), Card(candidates=BoxesCard(tensors=("boxes", "scores"))), "model")
