"""What a session opened, in the words in which others open and measure it again: a command, code, a sweep."""

import shlex
from pathlib import Path

from workbench.detectors import Detector, names_a_model
from workbench.errors import SettingsError
from workbench.media import Media, is_picture
from workbench.opening import IN_MEMORY, Sources, Variant, words
from workbench.record import MediaFacts
from workbench.settings import Settings

BESIDE = frozenset({".toml", ".json", ".xml", ".txt", ".names", ".csv", ".pbtxt", ".yaml", ".yml"})  # cards, labels, truth


def what_to_open(folder: Path) -> dict[str, str | None]:
    """Return what of somebody's files becomes the detector, and what the frames; a card and labels are found beside the model.

    Args:
        folder: With the files; several pictures are the folder of them.
    """
    files = sorted(folder.iterdir())
    models = [file for file in files if names_a_model(str(file))]
    shown = [file for file in files if file not in models and file.suffix.lower() not in BESIDE]
    if not models and not shown:
        shown = files  # opening it says what it is
    found: dict[str, str | None] = {}
    if models:
        found |= {"detector": str(models[0]), "signature": None}
    if shown:
        named = [str(file) for file in files if file.suffix.lower() == ".json"]
        media = folder if len(shown) > 1 and all(map(is_picture, shown)) else shown[0]
        found |= {"media": str(media), "truth": named[0] if len(named) == 1 else None}
    return found


def as_command(sources: Sources, detector: Detector, settings: Settings, baseline: Settings, frames: int) -> str:
    """Return the command that measures a baseline, and settings that differ from it, on so many frames of what was opened.

    Raises:
        SettingsError: The frames are in this process only, and have no name that a command could take.
    """
    facts = _facts(sources)
    if facts is not None and facts.kind in IN_MEMORY:
        raise SettingsError("these frames are in memory, where no command finds them; copy as code instead")
    options = sources.options(frames)
    if baseline == settings:
        return Variant.of(detector, settings, options=options).command
    first, second = (words(detector, one) or f"runtime.engine={one.runtime.engine}" for one in (baseline, settings))
    return shlex.join(["workbench", "run", detector.facts.source, "--preset", first, "--preset", second, *options])


def as_code(sources: Sources, detector: Detector, settings: Settings, baseline: Settings, frames: int) -> str:
    """Return Python that measures a baseline, and settings that differ from it."""
    facts = _facts(sources)
    named = "" if facts is None else ", media" if facts.kind in IN_MEMORY else f", {facts.source!r}"
    places = f"{named}, truth={sources.truth!r}" if sources.truth else named
    allowed = f", allow={sources.allow!r}" if sources.allow else ""
    signature = f", signature={sources.signature!r}" if sources.signature else ""
    first = "" if baseline == settings else f"bench.measure(variant(detector, {words(detector, baseline)!r}))  # what was pinned\n"
    given = "media = ...  # the frames that the workbench was given\n" if named == ", media" else ""
    return (
        "from workbench import Bench, open_detector, open_data, variant\n\n"
        f"{given}detector = open_detector({detector.facts.source!r}{allowed}{signature})\n"
        f"bench = Bench(open_data(detector{places}), frames={frames})\n"
        f"{first}record = bench.measure(variant(detector, {words(detector, settings)!r}))\n"
        'print(f"{record.timing.median_ms:.1f} ms a frame, {record.timing.fps:.0f} FPS")\n'
    )


def _facts(sources: Sources) -> MediaFacts | None:
    return sources.media.facts() if isinstance(sources.media, Media) else None
