"""What one runs on: detector, media, truth and what is allowed, as one value."""

import shlex
from itertools import pairwise
from pathlib import Path
from typing import Self

from pydantic import ConfigDict, SkipValidation

from workbench.detectors import Detector
from workbench.errors import SettingsError
from workbench.media import Media, MediaSource, as_media, masked, recorded
from workbench.opening.opening import EvaluationData, open_data, open_detector
from workbench.timing import Value

IN_MEMORY = ("arrays", "generator", "recording")  # kinds of media that have a name in Python only


def allowed_by(command: str) -> tuple[tuple[str, ...], str | None]:
    """Return what a command allows, and the signature that it calls, as `Sources.options` wrote them into a record; untrusted.

    >>> allowed_by("workbench run m.keras clip.mp4 --frames 64 --allow lambda --allow code=layers.py")
    (('lambda', 'code=layers.py'), None)
    """
    try:
        words = shlex.split(command)
    except ValueError:  # no command of ours
        return (), None
    values = list(pairwise(words))
    signatures = [value for word, value in values if word == "--signature"]
    return tuple(value for word, value in values if word == "--allow"), signatures[-1] if signatures else None


class Sources(Value):
    """Where detector, frames and truth come from. Nothing is opened before it is asked for."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    detector: str | None = None
    """A sample's name or a path; `None` is the small sample."""
    media: SkipValidation[MediaSource | None] = None  # checking an iterable of frames would use it up
    """Media, or whatever stands for some; `None` is the sample clip."""
    truth: str | None = None
    """Ground truth of the media."""
    allow: tuple[str, ...] = ()
    """What a model or a data set may do that is refused by default, by name; see `workbench run --help`."""
    signature: str | None = None
    """The signature of a SavedModel to call; `None` is its card's, or the usual one."""

    def opened(self, frames: int | None = None) -> Self:
        """Return the same with the media opened.

        Args:
            frames: Of media that never end, so many are recorded, since a measurement wants the same frames several times; by
                default they stay as they are.

        Raises:
            MediaError: They cannot be read.
        """
        if self.media is None:
            return self
        media = as_media(self.media)
        if frames is not None and media.facts().endless:
            media = recorded(media, frames)
        return self.model_copy(update={"media": media})

    def open(self, detector: Detector | None = None) -> tuple[Detector, EvaluationData]:
        """Open detector, frames and truth.

        Args:
            detector: The detector, where it is open already.

        Raises:
            WorkbenchError: One of them cannot be opened.
        """
        media = self.opened().media
        runs = detector or open_detector(self.detector, media, self.allow, signature=self.signature)
        return runs, open_data(runs, media, self.truth, self.allow)

    def in_words(self) -> Self:
        """Return the same with the media in words, as other processes can open them.

        Raises:
            SettingsError: The frames are in this process only.
        """
        if self.media is None or isinstance(self.media, str):
            return self
        facts = as_media(self.media).facts()
        if facts.kind in IN_MEMORY or facts.endless:
            raise SettingsError("this is done in other processes, which cannot see these frames; open a file of them instead")
        return self.model_copy(update={"media": facts.source})

    def options(self, frames: int) -> tuple[str, ...]:
        """Return the words of a command that repeats a run, after the model and its settings.

        Secrets in a URL are hidden; frames that are in this process only have no words.
        """
        source = self.media.facts().source if isinstance(self.media, Media) else self.media
        named = (masked(str(source)),) if isinstance(source, str | Path) else ()
        truth = ("--truth", self.truth) if self.truth else ()
        allowed = (word for name in self.allow for word in ("--allow", name))
        signature = ("--signature", self.signature) if self.signature else ()
        return (*named, "--frames", str(frames), *truth, *allowed, *signature)
