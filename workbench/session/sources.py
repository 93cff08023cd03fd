"""Where a session's detector and frames come from, in the words in which others open them again."""

from dataclasses import dataclass
from typing import final

from workbench.detectors import Detector
from workbench.errors import SettingsError
from workbench.media import Media, MediaSource
from workbench.opening import variant, words
from workbench.record import MediaFacts
from workbench.settings import Settings
from workbench.sweep import Material

IN_MEMORY = ("arrays", "generator", "recording")  # kinds of media that have a name in Python only


@final
@dataclass(frozen=True, slots=True)
class Sources:
    """What a session opened, or is to open.

    Attributes:
        detector: A sample's name or a path; `None` is the small sample.
        media: Media, or whatever stands for some; `None` is the sample clip.
        truth: Ground truth of the media.
        allow: What in a model may run as Python code, by name.
    """

    detector: str | None
    media: MediaSource | None
    truth: str | None
    allow: tuple[str, ...] = ()

    @property
    def facts(self) -> MediaFacts | None:
        """Of media that were opened; `None` are the samples."""
        return self.media.facts() if isinstance(self.media, Media) else None

    def options(self, frames: int) -> tuple[str, ...]:
        """Return the words of a command that name the frames, and how many of them are timed."""
        facts = self.facts
        return (*((facts.source,) if facts else ()), "--frames", str(frames), *(("--truth", self.truth) if self.truth else ()))

    def command(self, detector: Detector, settings: Settings, frames: int) -> str:
        """Return the command that measures settings.

        Raises:
            SettingsError: The frames are in this process only, and have no name that a command could take.
        """
        facts = self.facts
        if facts is not None and facts.kind in IN_MEMORY:
            raise SettingsError("these frames are in memory, where no command finds them; copy as code instead")
        return variant(detector, words(detector, settings), options=self.options(frames)).command

    def code(self, detector: Detector, settings: Settings, frames: int) -> str:
        """Return Python that measures settings."""
        facts = self.facts
        named = "" if facts is None else ", media" if facts.kind in IN_MEMORY else f", {facts.source!r}"
        places = f"{named}, truth={self.truth!r}" if self.truth else named
        given = "media = ...  # the frames that the workbench was given\n" if named == ", media" else ""
        return (
            "from workbench import Bench, open_detector, open_footage, variant\n\n"
            f"{given}detector = open_detector({detector.facts.source!r})\n"
            f"bench = Bench(open_footage(detector{places}), frames={frames})\n"
            f"record = bench.measure(variant(detector, {words(detector, settings)!r}))\n"
            'print(f"{record.timing.median_ms:.1f} ms a frame, {record.timing.fps:.0f} FPS")\n'
        )

    def material(self, detector: Detector) -> Material:
        """Return what a sweep's processes open again.

        Raises:
            SettingsError: The frames are in this process only.
        """
        facts = self.facts
        if facts is not None and (facts.kind in IN_MEMORY or facts.endless):
            raise SettingsError(
                "a sweep measures in processes of its own, which cannot see these frames; open a file of them instead"
            )
        return Material(detector=detector.facts.source, media=facts.source if facts else None, truth=self.truth, allow=self.allow)
