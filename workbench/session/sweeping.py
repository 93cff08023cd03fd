"""A sweep beside a session: what it found of the detector on these frames, and what a budget picks of that."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, final

from workbench.choosing import Budget, Pick, accuracy_of_choice, pick
from workbench.detections import ApChange
from workbench.detectors import Detector
from workbench.errors import RecordError, SettingsError
from workbench.history import History, Summary, default_path, of_newest_truth
from workbench.machine import environment
from workbench.opening import Sources
from workbench.record import MediaFacts, Record
from workbench.settings import Settings
from workbench.sweep import Estimate, Grid, Standing, Sweep, default_grid

Scope = Literal["size", "all"]
"""Whether the size stays as it is, or all sizes are tried."""


@final
class Search:
    """Settings of one detector on some frames, as the history knows them and as a sweep adds to them.

    Args:
        sources: Detector and frames in words, for other processes.
        frames: How many to time where a setting is measured whole.
        grid: What is tried, whatever the scope; all sensible settings by default.
    """

    def __init__(
        self,
        detector: Detector,
        sources: Sources,
        media: MediaFacts,
        history: Path | None,
        frames: int,
        grid: Grid | None = None,
    ) -> None:
        self._detector, self._sources, self._media = detector, sources, media
        self._path = history or default_path()
        self._frames = frames
        self._own_grid = grid
        self._lock = threading.Lock()
        self._sweep: Sweep | None = None
        self._rows: dict[str, Summary] = {}
        self.budget = Budget()
        """What a setting has to keep."""
        self.version = 0
        """Counts the changes of what there is to show."""
        self.look_up()

    @property
    def running(self) -> bool:
        return self._sweep is not None

    def set_budget(self, budget: Budget) -> None:
        """Pick by another budget from now on."""
        self.budget = budget
        self.version += 1

    @property
    def rows(self) -> tuple[Summary, ...]:
        """Everything known of this detector on these frames and this machine, oldest first; of APs those of the newest truth."""
        with self._lock:
            return tuple(of_newest_truth(tuple(self._rows.values())))

    def look_up(self) -> None:
        """Read what the history knows."""
        if not self._path.exists():
            return
        with History(self._path, create=False) as history:
            known = history.summaries(detector_sha256=self._detector.facts.sha256, machine_id=environment().machine_id)
        with self._lock:
            self._rows = {row.id: row for row in known if row.media_key == self._media.key}
            self.version += 1

    def add(self, record: Record) -> None:
        """Know a record that was measured outside a sweep."""
        if record.detector.sha256 == self._detector.facts.sha256:
            with self._lock:
                self._rows[record.id] = Summary.of(record)
                self.version += 1

    def pick(self) -> Pick | None:
        """Return what the budget picks; `None` where nothing is known."""
        rows = self.rows
        return pick(rows, self.budget) if rows else None

    def accuracy_of(self, picked: Pick) -> ApChange | None:
        """Return how sure the pick's loss of AP is; `None` where the history does not hold its record."""
        with suppress(RecordError), History(self._path, create=False) as history:
            return accuracy_of_choice(picked, history.get)
        return None

    def settings_of(self, record_id: str) -> Settings:
        """Return a row's settings.

        Raises:
            SettingsError: There is no such row.
        """
        with self._lock:
            row = self._rows.get(record_id)
        if row is None:
            raise SettingsError("this setting is not among those that are known; choose one of the chart")
        return Settings.model_validate_json(row.settings_json)

    def run(self, scope: Scope, settings: Settings, tell: Callable[[Standing], None]) -> Iterator[Record | Estimate]:
        """Sweep: first what there is to do, then each record once it is stored.

        Args:
            scope: What to try.
            settings: Those that play: the size of `size`.
            tell: Told how far it is.

        Raises:
            WorkbenchError: The frames cannot be swept, or the history cannot be written.
        """
        with History(self._path) as history:
            sweep = Sweep([self._sources], history, grid=self._grid(scope, settings), frames=self._frames, progress=tell)
            self._sweep = sweep
            self.version += 1
            try:
                yield sweep.estimate()
                for record in sweep.run():
                    self.add(record)
                    yield record
            finally:
                self._sweep = None
                self.version += 1

    def cancel(self) -> None:
        """End the sweep soon; what is finished stays."""
        sweep = self._sweep
        if sweep is not None:
            sweep.cancel()

    def _grid(self, scope: Scope, settings: Settings) -> Grid:
        if self._own_grid is not None:
            return self._own_grid
        whole = default_grid(self._detector)
        if scope == "all" or "input.size_hw" not in whole.named:
            return whole
        one_size = ({"input.size_hw": settings.input.size_hw},)
        axes = (one_size if "input.size_hw" in axis[0] else axis for axis in whole.axes)
        return Grid(tuple(axes), sensible_only=whole.sensible_only)
