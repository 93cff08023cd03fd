"""What lists, filters and choices need of a record, without its raw times: one row of the history."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from workbench.detections import JudgedBy
from workbench.errors import SettingsError
from workbench.record import Record
from workbench.settings import FUNCTION, Settings

SETTINGS_KEPT = 16_384  # read from their text: more than a large sweep has, and a choice asks for each of them again and again


class Summary(NamedTuple):
    """One record in a few words and figures. A tuple, because a hundred thousand of them are read at once.

    Figures are as in the record: milliseconds of a frame, frames a second, fractions; `None` where they are not known.
    """

    id: str
    created: str
    """UTC, as in the record: later ones sort after earlier ones."""
    name: str
    tag: str | None
    detector_name: str
    detector_sha256: str
    labels_key: str
    """Equal for detectors that know the same classes: only their APs answer the same question."""
    media_name: str
    media_key: str
    """Equal for the same frames: their hash, else where they came from."""
    machine_id: str
    cpu: str
    settings_json: str
    engine: str
    precision: str
    height: int | None
    """Of the network's input, as `width`; `None` is the detector's own size."""
    width: int | None
    frames: int
    """How many were timed."""
    median_ms: float | None
    p95_ms: float | None
    """`None` also where the frames are too few to state it."""
    fps: float | None
    ap: float | None
    ap_truth: str | None
    agreement: float | None
    agreement_baseline: str | None
    """What it agrees or disagrees with: a record's name."""
    broken: bool
    problem: str | None
    composed: bool
    noise: str
    peak_bytes: int | None
    """The most memory that it takes in a process of its own, where it was weighed; so too the next."""
    startup_seconds: float | None
    ap_truth_key: str | None
    """Equal for truths of equal content; `None` where an earlier version wrote the row."""

    @classmethod
    def of(cls, record: Record) -> "Summary":
        """Summarise a record."""
        timing, accuracy, agreed = record.timing, record.accuracy, record.agreement
        height, width = record.settings.input.size_hw or (None, None)
        return cls(
            id=record.id,
            created=record.created,
            name=record.name,
            tag=record.tag,
            detector_name=record.detector.name,
            detector_sha256=record.detector.sha256,
            labels_key=labels_key(record.detector.labels),
            media_name=record.media.name,
            media_key=record.media.key,
            machine_id=record.environment.machine_id,
            cpu=record.environment.cpu,
            settings_json=record.settings.key_json(),
            engine=record.settings.runtime.engine,
            precision="" if record.settings.are_a_function else record.settings.runtime.precision,
            height=height,
            width=width,
            frames=len(timing.total_seconds) if timing else 0,
            median_ms=timing.median_ms if timing else None,
            p95_ms=timing.p95_ms if timing else None,
            fps=timing.fps if timing else None,
            ap=accuracy.ap if accuracy else None,
            ap_truth=accuracy.truth if accuracy else None,
            agreement=agreed.ratio if agreed else None,
            agreement_baseline=agreed.baseline if agreed else None,
            broken=record.broken,
            problem=record.problem.message if record.problem else None,
            composed=record.composed,
            noise=record.noise.verdict,
            peak_bytes=record.weight.peak_bytes if record.weight else None,
            startup_seconds=record.weight.startup_seconds if record.weight else None,
            ap_truth_key=accuracy.truth_key if accuracy else None,
        )

    @property
    def settings(self) -> Settings:
        """Parse the settings; raises `SettingsError` where this version does not know them."""
        return _settings(self.settings_json)

    @property
    def settings_key(self) -> str:
        """Return a text that is equal for equal settings, also where the version that wrote one did not know all of today's."""
        return _settings_key(self.settings_json)

    @property
    def is_a_function(self) -> bool:
        """Whether it is of a function of the user's, which has no settings."""
        return self.engine == FUNCTION

    @property
    def judged_by(self) -> JudgedBy | None:
        """By which truth, where by any."""
        return None if self.ap_truth is None else JudgedBy(self.ap_truth, self.ap_truth_key)

    @property
    def sound(self) -> bool:
        """Whether it has times and nothing against it."""
        return self.problem is None and not self.broken and self.median_ms is not None

    def tree(self) -> dict[str, Any]:
        """Return it as JSON has it, with the settings as in a record."""
        tree = self._asdict()
        del tree["settings_json"]
        return tree | {
            "broken": bool(self.broken),  # SQLite has no booleans
            "composed": bool(self.composed),
            "settings": json.loads(self.settings_key),
        }


def of_newest_truth(rows: Sequence[Summary]) -> Sequence[Summary]:
    """Leave out of rows, newest last, those whose AP is of another truth than the newest AP: that may have been corrected."""
    newest = next((row.judged_by for row in reversed(rows) if row.judged_by is not None), None)
    return [row for row in rows if newest is None or row.judged_by is None or row.judged_by.is_same_truth(newest)]


def labels_key(labels: Sequence[str]) -> str:
    """Return a short text that is equal for equal labels."""
    return hashlib.sha256("\0".join(labels).encode()).hexdigest()[:16]


@lru_cache(maxsize=SETTINGS_KEPT)
def _settings(text: str) -> Settings:
    return Settings.from_tree(json.loads(text), held=(FUNCTION,))


@lru_cache(maxsize=SETTINGS_KEPT)
def _settings_key(text: str) -> str:
    try:
        return _settings(text).model_dump_json()
    except SettingsError:  # of another version; only the same text means the same
        return text
