"""Variants: a detector under named settings, one row of what is measured."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbench.detectors import Detector
from workbench.errors import SettingsError, UnavailableError
from workbench.opening.availability import check
from workbench.settings import FAST, FAST_GUESSES, PRESETS, Settings, assignments, parse_variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One row to measure.

    Attributes:
        name: What people call it.
        detector: What to run.
        settings: How; the detector and this machine can take them, and the input size is filled in.
        command: The command that repeats it.
    """

    name: str
    detector: Detector
    settings: Settings
    command: str

    @staticmethod
    def of(detector: Detector, settings: Settings, *, name: str | None = None, options: tuple[str, ...] = ()) -> "Variant":
        """Return the variant of settings.

        Args:
            detector: What to run.
            settings: As `check` returned them.
            name: What to call it; the nearest preset and the changes to it by default.
            options: Further words of the command that repeats it, as `Sources.options` gives them.
        """
        return _variant(detector, settings, words(detector, settings), name, options)


def variant(
    detector: Detector,
    text: str = "",
    *,
    name: str | None = None,
    fast: Mapping[str, object] | None = None,
    options: tuple[str, ...] = (),
) -> Variant:
    """Read a variant as people write it.

    Args:
        detector: What to run.
        text: A preset, `group.field=value,…`, or a preset and changes to it; what is not named stays as the detector's default.
        name: What to call it; a short form of the text by default.
        fast: What the preset `fast` means on this machine, by `group.field`.
        options: Further words of the command that repeats it, such as the media.

    Raises:
        SettingsError: There is no such preset or setting, or its value cannot be.
        UnavailableError: The detector or this machine cannot take it; says why.
    """
    return _variant(detector, check(detector, wished(detector, text, fast)), text, name, options)


def _variant(detector: Detector, settings: Settings, text: str, name: str | None, options: tuple[str, ...]) -> Variant:
    short = " ".join(_short(word.strip()) for word in text.split(",") if word.strip())
    command = ["workbench", "run", detector.facts.source, *(["--preset", text] if text else []), *options]
    return Variant(name=name or short or settings.runtime.engine, detector=detector, settings=settings, command=shlex.join(command))


def _short(word: str) -> str:
    """Leave out the group of a setting; of operators in float, whose names are long, that there are some."""
    named = word.startswith("runtime.float_ops=")
    return f"{word.count(';') + 1} in float" if named else word.split(".", 1)[-1]


def wished(detector: Detector, text: str, fast: Mapping[str, object] | None = None) -> Settings:
    """Return the settings that a text means for a detector; `check` says whether it can take them.

    A preset's NMS is for networks that want one: where a network does its own and gives nothing from before it, or gives each
    object one box, that stays, unless the text names `nms.method`.

    Raises:
        SettingsError: There is no such preset or setting, or its value cannot be.
    """
    if fast is None and text.partition(",")[0].strip() == FAST:
        return _fast_guess(detector, text)
    settings = parse_variant(text, fast, detector.default_settings())
    if detector.usual_nms and "nms.method" not in text:
        return settings.with_values({"nms.method": detector.usual_nms})
    return settings


def _fast_guess(detector: Detector, text: str) -> Settings:
    """Return what is fast on most machines, of what a detector and this one can take: not every file can be made integer."""
    guesses = [wished(detector, text, PRESETS[name]) for name in FAST_GUESSES]
    return next((settings for settings in guesses if can_be_taken(detector, settings)), guesses[0])


def can_be_taken(detector: Detector, settings: Settings) -> bool:
    """Tell whether the detector and this machine can take settings."""
    try:
        check(detector, settings)
    except (SettingsError, UnavailableError):
        return False
    return True


def words(detector: Detector, settings: Settings) -> str:
    """Write settings as the shortest text that `variant` reads back: the nearest preset and the changes to it.

    Args:
        detector: Whose defaults the text starts from.
        settings: As `availability.check` returned them.
    """
    return min(_spellings(detector, settings), key=lambda text: text.count(","))


def _spellings(detector: Detector, settings: Settings) -> Iterator[str]:
    wanted, default = settings.flat(), detector.default_settings().flat()
    default["input.size_hw"] = default["input.size_hw"] or list(detector.input_spec.default_hw)
    for preset, values in {"": {}, **PRESETS}.items():
        base = default | values
        if preset and base["runtime.engine"] != settings.runtime.engine:
            continue  # nobody would call it so
        if detector.usual_nms:  # as `wished` reads it
            base["nms.method"] = detector.usual_nms
        changed = assignments(settings, [name for name, value in base.items() if wanted[name] != value])
        yield ",".join([preset, *changed] if preset else changed)
