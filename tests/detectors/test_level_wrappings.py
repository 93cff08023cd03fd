"""The same weights find the same however levels are put out; what sizes show is read, and a card says the rest."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.detectors.level_wrappings import LEVEL_FORMS, level_candidates, write
from tests.detectors.test_wrappings import NOTHING_COMPILED, SAME_AP, SCORE
from tests.detectors.wrappings import SIZE_HW, Wrappings
from workbench.datasets import Truth
from workbench.detections import average_precision
from workbench.detectors import Calibration, Card, Detector, LoadedModel, as_detector
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.trial_here import try_here
from workbench.media import Frame
from workbench.opening import check, wished
from workbench.pipeline import Pipeline

pytestmark = [
    pytest.mark.slow,
    # Keras saves through np.array(variable), which NumPy 2 warns of.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

INPUT = {"values": "0..1", "fit": "letterbox"}
Ap = Callable[[Detector], float]


@pytest.fixture(scope="module")
def loaded(
    mobile: Detector, tmp_path_factory: pytest.TempPathFactory, stills: tuple[Frame, ...], calibration: Calibration
) -> Callable[[str], LoadedModel]:
    make = Wrappings(mobile, tmp_path_factory.mktemp("levels"), calibration)

    @cache
    def open_form(name: str) -> LoadedModel:
        path: Path = write(make, name)
        network = FILE_KINDS["folder"].open(path)
        return LoadedModel(network, try_here(network, [one.image_rgb for one in stills]), None, None)

    return open_form


@pytest.fixture(scope="module")
def ap(stills: tuple[Frame, ...], still_truth: Truth, calibration: Calibration) -> Ap:
    @cache
    def of(detector: Detector) -> float:
        words = f"nms.score={SCORE},input.size_hw={SIZE_HW[0]}x{SIZE_HW[1]}{NOTHING_COMPILED}"
        pipeline = Pipeline(detector, check(detector, wished(detector, words)), calibration)
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


@pytest.mark.parametrize("name", LEVEL_FORMS)
def test_the_same_weights_find_the_same(mobile: Detector, loaded: Callable[[str], LoadedModel], ap: Ap, name: str) -> None:
    model = loaded(name)
    candidates = level_candidates(name, model.trial.runs[0].outputs)
    detector = as_detector(model, Card.model_validate({"input": INPUT, "candidates": candidates}), name)

    assert ap(mobile) > 0.2, "the sample finds too little to compare"
    assert ap(detector) == pytest.approx(ap(mobile), abs=SAME_AP)


@pytest.mark.parametrize("name", [name for name, form in LEVEL_FORMS.items() if form.recognised])
def test_what_sizes_show_is_recognised(loaded: Callable[[str], LoadedModel], name: str) -> None:
    model = loaded(name)
    wanted = Card.model_validate({"candidates": level_candidates(name, model.trial.runs[0].outputs)}).candidates
    found = model.trial.proposals[0].card

    assert wanted is not None
    assert found.candidates is not None
    assert found.candidates.head() == wanted.head()
    assert (found.input.values, found.input.colour) == ("0..1", "RGB")
