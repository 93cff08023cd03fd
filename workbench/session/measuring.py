"""What a session measures: whole settings, sweeps and folders to export. What plays holds still meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final

from workbench.detectors import Detector
from workbench.errors import MediaError, SettingsError
from workbench.history import History, default_path
from workbench.live import Player
from workbench.measuring import Bench
from workbench.opening import Footage, Sources, Variant
from workbench.record import Record
from workbench.session.evaluation import Pinned
from workbench.session.notices import Notices
from workbench.session.sources import as_material
from workbench.session.sweeping import Scope, Search
from workbench.settings import Settings
from workbench.sweep import Estimate, Grid, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How a session measures.

    Attributes:
        history: Where records are kept; the user's own history by default.
        frames: How many a measurement times.
        comparison_seconds: How long a comparison with what is pinned may look for a clear answer.
        grid: What a sweep tries; all sensible settings by default.
    """

    history: Path | None
    frames: int
    comparison_seconds: float
    grid: Grid | None


@final
class Measuring:
    """Measures settings of one detector on some frames.

    Args:
        detector: What is measured.
        footage: Frames and truth.
        player: What plays.
        sources: Where these come from.
        protocol: How to measure.
        notices: Where it is told.
        records: Measured before with this detector.

    Attributes:
        records: What was measured whole, oldest first.
        search: What is known of the detector's settings on these frames; `None` where they are in this process only.
        active: Whether something is being measured just now.
    """

    def __init__(
        self,
        detector: Detector,
        footage: Footage,
        player: Player,
        sources: Sources,
        protocol: Protocol,
        notices: Notices,
        records: list[Record],
    ) -> None:
        self.records = records
        self.search = _search(detector, footage, sources, protocol)
        self.active = False
        self._detector, self._footage, self._player = detector, footage, player
        self._sources, self._protocol, self._notices = sources, protocol, notices
        self._benches: dict[Settings | None, Bench] = {}

    def record(self, record_id: str) -> Record:
        """Return a record by its id.

        Raises:
            SettingsError: There is none of this id.
        """
        for record in self.records:
            if record.id == record_id:
                return record
        raise SettingsError("this record is not of this session; choose one of the table")

    def measure(self, settings: Settings, pinned: Pinned | None) -> None:
        """Run the full protocol on settings, and before it on the pinned ones where those have no record yet.

        Raises:
            WorkbenchError: They cannot be measured.
        """
        if self._footage.media.facts().endless:
            raise MediaError(
                "a live source never shows the same frames twice; in Python, Workbench(media=recorded(open_media(…), 150)) does"
            )
        baseline = pinned.settings if pinned else None
        bench = self._bench(baseline)
        rows = [settings]
        if baseline is not None and baseline != settings and not bench.has_baseline:
            rows.insert(0, baseline)
        options = self._sources.options(self._protocol.frames)
        with self._still(), History(self._protocol.history or default_path()) as history:
            for row in rows:
                self._keep(history, bench.measure(Variant.of(self._detector, row, options=options)))
        self._notices.end()

    def sweep(self, scope: Scope, settings: Settings) -> None:
        """Measure all sensible settings, or those of the size of these, as far as the history does not know them.

        Raises:
            WorkbenchError: The frames cannot be swept, or the history cannot be written.
        """
        search = self.search
        if search is None:
            as_material(self._sources, self._detector)  # raises: it says why there is none
        assert search is not None, "there is one wherever there is material"
        with self._still():
            self._notices.begin("sweep: preparing", can_cancel=True)
            try:
                for step in search.run(scope, settings, self._tell_sweep):
                    if isinstance(step, Estimate):
                        minutes = step.seconds / 60
                        self._notices.write(
                            f"sweep: {step.combinations} settings, {step.known} known already, about {minutes:.0f} min"
                        )
                    self._notices.changed()
            finally:
                self._notices.end()

    def export(self, settings: Settings, folder: Path) -> None:
        """Write a folder that runs settings without the workbench.

        Raises:
            WorkbenchError: They cannot be exported, or the folder cannot be written.
        """
        from workbench.export import export_folder

        exported = export_folder(self._detector, settings, self._footage, folder, replace=True, progress=self._notices.progress)
        self._notices.end()
        self._notices.tell(f"exported: {exported.folder}, tried on {exported.frames} frames; its README.md says more", "measure")
        self._notices.write(f"exported: {exported.folder}")

    def release(self) -> None:
        """Let go of the models that are kept for comparisons."""
        self._benches.clear()

    @contextmanager
    def _still(self) -> Iterator[None]:
        """Keep what plays from taking time."""
        self.active = True
        try:
            with self._player.hold():
                yield
        finally:
            self.active = False

    def _bench(self, baseline: Settings | None) -> Bench:
        if baseline not in self._benches:
            protocol = self._protocol
            bench = Bench(
                self._footage,
                protocol.frames,
                progress=self._notices.progress,
                comparison_seconds=protocol.comparison_seconds,
            )
            self._benches = {baseline: bench}  # the last one only: each keeps a model
        return self._benches[baseline]

    def _keep(self, history: History, record: Record) -> None:
        self.records = [*self.records, record]
        history.append(record)
        if self.search is not None:
            self.search.add(record)
        self._notices.write(f"measured {record.name}")

    def _tell_sweep(self, standing: Standing) -> None:
        left = f"about {standing.seconds_left / 60:.0f} min left, " if standing.seconds_left >= 60 else ""
        self._notices.proceed(f"sweep, {left}{standing.what}", standing.done, standing.total)


def _search(detector: Detector, footage: Footage, sources: Sources, protocol: Protocol) -> Search | None:
    """Return what a sweep works on; `None` where no other process could open these frames."""
    try:
        material = as_material(sources, detector)
    except SettingsError:
        return None
    return Search(detector, material, footage.media.facts(), protocol.history, protocol.frames, protocol.grid)
