"""The grid: which values each setting takes in a sweep, from a table of ours or from a file of the user's."""

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, final

from workbench.catalogue import ENGINES, EngineRow
from workbench.detectors import NO_NMS, OWN_NMS, Detector
from workbench.errors import SettingsError, UnavailableError
from workbench.files import read_text
from workbench.opening import check
from workbench.settings import PRECISIONS, Settings, setting_names
from workbench.stages import HOST_NMS

Values = Mapping[str, object]

SIZES = (160, 224, 320, 416, 512)  # squares, for detectors that take any
METHODS = ("opencv", "numpy", "tensorflow")
SCORES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
IOUS = (0.45, 0.6, 0.7)
XLA_METHOD = "opencv"  # with one of the graph's, NMS is compiled into the program, for each setting anew
MOST_COMBINATIONS = 1_000_000  # of one detector; what is more is a mistake in a file, and would only fill the memory


@final
@dataclass(frozen=True)
class Grid:
    """Values by setting; a sweep takes every combination of them.

    Attributes:
        axes: Each is a list of choices, and a choice sets one setting or several at once.
        detectors: Whom it is for, as `workbench run` names them; empty for whoever is swept.
        sensible_only: Whether what cannot run, or repeats something slower, is left out without a row: so in a grid of ours.
    """

    axes: tuple[tuple[Values, ...], ...]
    detectors: tuple[str, ...] = ()
    sensible_only: bool = False

    @cached_property
    def named(self) -> frozenset[str]:
        """All settings that it gives values to."""
        return frozenset(name for axis in self.axes for choice in axis for name in choice)

    def __len__(self) -> int:
        return math.prod(map(len, self.axes))

    def settings(self, detector: Detector) -> Iterator[tuple[Settings, str | None]]:
        """Give each combination as settings, with the reason where it cannot run.

        What the grid does not name stays as the detector's default; but where that stands in the way of an engine of the grid, as
        the resize in the graph does for LiteRT, it is what the engine can take.

        Raises:
            SettingsError: A value that cannot be, or too many combinations.
        """
        if len(self) > MOST_COMBINATIONS:
            raise SettingsError(f"the grid has {len(self)} combinations; choose at most {MOST_COMBINATIONS}")
        base = detector.default_settings()
        for choices in product(*self.axes):
            wished = base.with_values({name: value for choice in choices for name, value in choice.items()})
            if self.sensible_only and not _sensible(wished):
                continue
            settings, reason = self._taken(detector, wished)
            if reason is None or not self.sensible_only:
                yield settings, reason

    def _taken(self, detector: Detector, wished: Settings) -> tuple[Settings, str | None]:
        reason = ""
        for changes in ({}, *self._ways_out(wished)):
            try:
                return check(detector, wished.with_values(changes)), None
            except (UnavailableError, SettingsError) as error:
                reason = reason or str(error)
        return wished, reason

    def _ways_out(self, wished: Settings) -> Iterator[dict[str, object]]:
        """List what may be changed for an engine's sake: only what the grid does not name."""
        if ENGINES[wished.runtime.engine].runs_tflite and "input.resize" not in self.named:
            for place in ("opencv", "pillow"):  # either lacks a filter that the other has
                yield {"input.resize": place}


def _sensible(settings: Settings) -> bool:
    """Say whether an engine and an NMS go together: nobody loads TensorFlow for the NMS behind another runtime."""
    method = settings.nms.method
    row = ENGINES[settings.runtime.engine]
    if row.fuses_nms:
        return method in {XLA_METHOD, NO_NMS, OWN_NMS}
    return not row.runs_tflite or method in HOST_NMS or method == OWN_NMS


def default_grid(detector: Detector) -> Grid:
    """Return all sensible combinations for a detector on this machine."""
    spec = detector.input_spec
    sizes = SIZES if spec.size_hw is None else ()
    axes: list[tuple[Values, ...]] = []
    fitting = tuple({"input.size_hw": size} for size in sizes if _fits(detector, size))
    if fitting:
        axes.append(fitting)
    fixed = detector.refusals.get("runtime.precision", {})
    axes.append(
        tuple(
            {"runtime.engine": row.name, "runtime.precision": precision, "input.resize": "graph" if row.resizes else "opencv"}
            for row in ENGINES.values()
            for precision in _precisions(row, fixed)
        )
    )
    axes += [
        tuple({"nms.score": score} for score in SCORES),
        *_nms_axes(detector),
    ]
    return Grid(tuple(axes), sensible_only=True)


def _precisions(row: EngineRow, refused: Mapping[str, str]) -> Sequence[str]:
    if not refused:
        return row.swept
    # A file that is stored in one precision: whatever that is, on whatever reads such files.
    return [precision for precision in PRECISIONS if precision not in refused] if row.runs_tflite else ()


def _fits(detector: Detector, size: int) -> bool:
    try:
        detector.input_spec.choose_size((size, size))
    except (UnavailableError, SettingsError):
        return False
    return True


def _nms_axes(detector: Detector) -> Iterator[tuple[Values, ...]]:
    if detector.meaning.head is None:  # it does its own, and only its score can be moved
        yield ({"nms.method": OWN_NMS},)
        return
    if detector.usual_nms is None:
        yield tuple({"nms.method": method} for method in METHODS)
        yield tuple({"nms.iou": iou} for iou in IOUS)
    yield tuple({"nms.per_class": per_class} for per_class in (True, False))


def read_grid(path: Path) -> Grid:
    """Read a grid from TOML: `"input.size_hw" = [320, "288x512"]`, `detector = ["inspector-mobile"]`, and so on.

    A table may stand for the words before the dot: `[nms]` with `score = [0.3, 0.5]` is `"nms.score"`. One value alone is a list of
    one.

    Raises:
        SettingsError: The file cannot be read, or holds a name or value that cannot be; says the file and what.
    """
    try:
        tree = tomllib.loads(read_text(path))
    except OSError as error:
        raise SettingsError(f"cannot read the grid {path}: {error.strerror}; choose a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"the grid {path} is not TOML: {error}") from None
    lists = {name: _listed(path, name, value) for name, value in _flat(path, tree)}
    detectors = lists.pop("detector", ())
    for name in detectors:
        if not isinstance(name, str):
            raise SettingsError(f"the grid {path}: detector holds {name!r}; write names or paths in quotes")
    for name, values in lists.items():
        _check_values(path, name, values)
    axes = tuple(tuple({name: value} for value in values) for name, values in lists.items())
    return Grid(axes, tuple(str(name) for name in detectors))


def _flat(path: Path, tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            if any(isinstance(inner, dict) for inner in value.values()):
                raise SettingsError(f"the grid {path}: [{name}] holds tables; write lists of values")
            yield from ((f"{name}.{field}", inner) for field, inner in value.items())
        else:
            yield name, value


def _listed(path: Path, name: str, value: Any) -> tuple[Any, ...]:
    if name != "detector" and name not in setting_names():
        raise SettingsError(
            f"the grid {path}: there is no setting {name!r}; choose detector or one of {', '.join(setting_names())}"
        )
    values = tuple(value) if isinstance(value, list) else (value,)
    if not values:
        raise SettingsError(f"the grid {path}: {name} is an empty list; give it a value, or leave it out")
    return tuple(tuple(one) if isinstance(one, list) else one for one in values)


def _check_values(path: Path, name: str, values: Sequence[object]) -> None:
    seen: list[object] = []
    for value in values:
        try:
            read = Settings().with_values({name: value}).flat()[name]
        except SettingsError as error:
            raise SettingsError(f"the grid {path}: {error}") from None
        if read in seen:
            raise SettingsError(f"the grid {path}: {name} names {value!r} twice; leave one out")
        seen.append(read)
