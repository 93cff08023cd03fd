"""A detector: a network, and what its tensors mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from workbench.catalogue import NMS_METHODS, engine_row
from workbench.detectors.calibration import Calibration
from workbench.detectors.input_card import CardPart
from workbench.detectors.network import Conversion, LiteRtModel, Network
from workbench.errors import UnavailableError
from workbench.record import CodeFacts, DetectorFacts, Guess
from workbench.settings import Nms, Settings
from workbench.stages import Head, InputSpec, OwnNms, size_text

OWN_NMS = "model"  # the method that is the network's own
NO_NMS = "none"  # the method that suppresses nothing
NO_OWN_NMS = "this model holds no NMS of its own; choose any other method"
NO_CANDIDATES = "this model does its own NMS and gives no candidates from before it; choose model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a network's tensors mean. At least one of `head` and `own_nms` is there.

    Attributes:
        kind: What people call such outputs.
        input_spec: What the network wants to be fed.
        labels: Class names, in the order of the scores.
        head: How raw outputs become candidates for NMS.
        head_outputs: Names of the outputs that the head reads, in its order.
        own_nms: How detections are read that the network thinned out itself.
        own_outputs: Names of the outputs that these are in.
        code: The Python file that decodes, where one does.
    """

    kind: str
    input_spec: InputSpec
    labels: tuple[str, ...]
    head: Head | None = None
    head_outputs: tuple[str, ...] = ()
    own_nms: OwnNms | None = None
    own_outputs: tuple[str, ...] = ()
    code: tuple[CodeFacts, ...] = ()

    def __post_init__(self) -> None:
        if self.head is None and self.own_nms is None:
            raise ValueError("a detector needs candidates or detections")


@final
class Detector:
    """A loaded model: what to feed it, how its raw outputs become boxes, and which settings it cannot take.

    Args:
        network: What runs.
        meaning: What its tensors mean.
        name: What to call it.
        source: What `workbench run` takes to find it again.
        guesses: What nobody has confirmed of the meaning.
        opener: `module:NAME` of what opens it by its source again, where no card says what it means.

    Attributes:
        facts: Name, source, labels and content hash.
        meaning: What its tensors mean.
        refusals: Reasons by setting and value: `{"runtime.engine": {"keras": "a .tflite file holds no Keras model"}}`. What is not
            listed here may still be refused by the machine or by another setting (`workbench.opening.availability`).
        network: What runs.
        card: What `meaning` was read from; `None` of the package's own detectors.
        card_folder: Where the files lie that the card names.
    """

    def __init__(
        self,
        network: Network,
        meaning: Meaning,
        *,
        name: str,
        source: str,
        guesses: Sequence[Guess] = (),
        card: CardPart | None = None,
        card_folder: Path | None = None,
        opener: str | None = None,
    ) -> None:
        self.network, self.card, self.card_folder, self.opener = network, card, card_folder, opener
        self.meaning = meaning
        self.facts = DetectorFacts(
            name=name,
            source=source,
            kind=f"{network.kind}, {meaning.kind}" if meaning.kind else network.kind,
            sha256=network.sha256,
            size_bytes=network.size_bytes,
            labels=meaning.labels,
            guesses=tuple(guesses),
            code=(*network.code, *meaning.code),
        )
        self.refusals: Mapping[str, Mapping[str, str]] = {**network.refusals, "nms.method": _nms_refusals(meaning)}
        self._tried: dict[tuple[object, ...], str] = {}  # what an engine was asked for and could not run, and why

    @property
    def input_spec(self) -> InputSpec:
        """What the network wants to be fed."""
        return self.meaning.input_spec

    def __repr__(self) -> str:
        height, width = self.input_spec.default_hw
        return f"<Detector {self.facts.name}: {self.facts.kind}, {width} x {height}, {len(self.facts.labels)} classes>"

    @property
    def score_step(self) -> float | None:
        """Between the scores that an integer output can hold that has boxes too; `None` where scores have one of their own."""
        read = self.meaning.head_outputs or self.meaning.own_outputs
        there = self.network.tensors.outputs if self.network.tensors and len(read) == 1 else ()
        return next((one.step for one in there if one.name in read), None)

    @property
    def usual_nms(self) -> str | None:
        """The method that fits its outputs, whatever a preset says: its own, or none; `None` where any of the others does."""
        head = self.meaning.head
        return OWN_NMS if head is None else NO_NMS if head.distinct else None

    def default_settings(self) -> Settings:
        """Return settings that this detector can take and a newcomer would expect."""
        refused = self.refusals.get("runtime.engine", {})
        litert = "graph" in refused
        values: dict[str, object] = {
            "runtime.engine": "litert" if litert else "graph",
            "input.resize": "opencv" if litert else "graph",
            "nms.method": self.usual_nms or ("opencv" if litert else "tensorflow"),
            "runtime.batch": self.input_spec.batch or 1,
        }
        default = Settings()
        if self.network.tensors and self.network.tensors.precision:  # of a `.tflite` file: it runs as it is
            values["runtime.precision"] = self.network.tensors.precision
        if str(default.runtime.threads) in self.refusals.get("runtime.threads", {}):
            values["runtime.threads"] = 1
        return default.with_values(values)

    def refuse(self, settings: Settings, reason: str) -> UnavailableError:
        """Remember that an engine cannot run the network under these settings, and return the error that says so.

        Batch or size are named where they are not the network's usual ones, for with those it was tried first.
        """
        row, unusual = engine_row(settings.runtime.engine), self.unusual(settings)
        named, choose = unusual or (f"runtime.engine is {row.name}", "another engine")
        return self.remember(settings, f"{named}: {row.runtime} cannot run this model so: {reason}; choose {choose}")

    def unusual(self, settings: Settings) -> tuple[str, str] | None:
        """Name a batch or size that is not the network's usual one, and that one."""
        runtime, usual = settings.runtime, self.input_spec
        if runtime.batch != (usual.batch or 1):
            return f"runtime.batch is {runtime.batch}", str(usual.batch or 1)
        size_hw = settings.input.size_hw or usual.default_hw
        return None if size_hw == usual.default_hw else (f"input.size_hw is {size_text(size_hw)}", size_text(usual.default_hw))

    def remember(self, settings: Settings, told: str) -> UnavailableError:
        """Remember why an engine cannot run these settings, and return the error that says so."""
        self._tried[self._asked(settings)] = told
        return UnavailableError(told)

    def refused(self, settings: Settings) -> str | None:
        """Say why an engine cannot run these settings, where that was found before."""
        return self._tried.get(self._asked(settings))

    def _asked(self, settings: Settings) -> tuple[object, ...]:
        size_hw = settings.input.size_hw or self.input_spec.default_hw
        return settings.runtime.model_copy(update={"threads": 1}), size_hw, settings.nms.method == OWN_NMS

    def outputs(self, nms: Nms) -> tuple[str, ...]:
        """Name the outputs that are read under an NMS, in the order that their reader expects."""
        return self.meaning.own_outputs if nms.method == OWN_NMS else self.meaning.head_outputs

    def save_tensorflow(self, folder: Path, size_hw: tuple[int, int], nms: Nms) -> None:
        """Write the network as a SavedModel with the outputs that are read under an NMS; see `Network.save_tensorflow`.

        Raises:
            UnavailableError: The file holds no TensorFlow network.
        """
        self.network.save_tensorflow(Conversion(self.outputs(nms), self.input_spec, "float32", size_hw, 1), folder)

    def litert_model(self, settings: Settings, calibration: Calibration) -> LiteRtModel:
        """Return the network for LiteRT as settings want it, converted where it is not there yet.

        Raises:
            UnavailableError: The file cannot be brought to this precision, layout or size, or the converter refused it.
        """
        runtime, size_hw = settings.runtime, self.input_spec.choose_size(settings.input.size_hw)
        conversion = Conversion(
            self.outputs(settings.nms),
            self.input_spec,
            runtime.stored_precision,
            size_hw,
            runtime.batch,
            runtime.float_ops,
            runtime.effective_range,
            runtime.layout,
        )
        return self.network.litert_model(conversion, calibrating(settings, calibration))

    def is_converted(self, settings: Settings) -> bool:
        """Whether a `.tflite` file has to be made for settings; else the detector's own runs as it is."""
        stored = self.network.tensors.precision if self.network.tensors else None
        return settings.runtime.stored_precision != stored or settings.runtime.layout != "stored"


def calibrating(settings: Settings, calibration: Calibration) -> Calibration:
    """Return the frames that ranges are taken from under settings."""
    return replace(calibration, filter_name=settings.input.effective_filter, count=settings.runtime.effective_frames)


def _nms_refusals(meaning: Meaning) -> dict[str, str]:
    if meaning.head is None:
        return {method: NO_CANDIDATES for method in NMS_METHODS if method != OWN_NMS}
    return {} if meaning.own_nms else {OWN_NMS: NO_OWN_NMS}
