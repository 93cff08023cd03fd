"""Quantising a detector, and repairing what that breaks: ranges and calibration frames first, then the fewest blocks in float."""

from collections.abc import Callable
from functools import partial
from typing import final

from workbench.detectors import Detector
from workbench.errors import SettingsError, UnavailableError
from workbench.measuring import DEFAULT_FRAMES
from workbench.opening import EvaluationData, Variant, check
from workbench.pipeline import Pipeline
from workbench.quantising import CALIBRATED, INTEGERS, made_of
from workbench.record import Quantising, Record, Trial
from workbench.repair.answer import SCORE_DRIFT, answer_of
from workbench.repair.block_ranking import FLOAT, Ranking
from workbench.repair.frames import calibration_counts, frame_sets
from workbench.repair.judging import COMPARISON_SECONDS, Network, Progress, judged, quality_of
from workbench.repair.quality import Yardstick
from workbench.repair.search import SAME, Blocks, Limits, Quality, fewest_in_float
from workbench.settings import CALIBRATION_RANGES, Settings, describe_changes
from workbench.wording import counted

MOST_LOSS = 0.01  # of AP: half of what nobody notices, so that the frames that judge may be less kind than those that guide
FRAMES, RANGE, FLOAT_OPS = "runtime.calibration_frames", "runtime.calibration_range", "runtime.float_ops"
OTHER_PRECISION = "weight-int8"  # which loses next to nothing, where integers throughout lose too much


def quantise(
    detector: Detector,
    data: EvaluationData,
    start: Variant,
    *,
    repair: bool = True,
    max_ap_loss: float = MOST_LOSS,
    frames: int = DEFAULT_FRAMES,
    comparison_seconds: float = COMPARISON_SECONDS,
    progress: Progress = lambda *_: None,
) -> list[Record]:
    """Quantise a detector in this process; see `Repairing.run`, whose records these are.

    Args:
        detector: What to quantise.
        data: Frames to calibrate, to guide the search, to judge and to time.
        start: The variant in integers to begin with.
        repair: Whether to look for what repairs it.
        max_ap_loss: That may be lost.
        frames: To time.
        comparison_seconds: How long each network may be compared with the float one.
        progress: Told how far it is.

    Raises:
        WorkbenchError: The network cannot be quantised, or run.
    """
    repairing = Repairing(detector, data, start.settings, max_ap_loss, progress)
    return repairing.run(frames, repair=repair, comparison_seconds=comparison_seconds)[1]


@final
class Repairing:
    """Quantises a detector and looks for what repairs it.

    Args:
        detector: What to quantise.
        data: Frames to calibrate, to guide the search, to judge and to time.
        settings: Those in integers to begin with, as `check` returned them.
        max_ap_loss: That may be lost; where no truth is known, five times as much of the agreement.
        progress: Told how far it is; what it raises ends the search.
        better: Told settings that came nearer to the limits than all before: what a cancelled repair leaves.

    Raises:
        WorkbenchError: The frames do not do, or the settings cannot be taken.
    """

    def __init__(
        self,
        detector: Detector,
        data: EvaluationData,
        settings: Settings,
        max_ap_loss: float,
        progress: Progress = lambda *_: None,
        better: Callable[[Settings], object] = lambda _: None,
    ) -> None:
        if settings.runtime.precision not in INTEGERS:
            choose = ", ".join(INTEGERS)
            raise SettingsError(
                f"runtime.precision is {settings.runtime.precision}: nothing in it is quantised; choose one of {choose}"
            )
        self._detector, self._data, self._progress, self._better = detector, data, progress, better
        self._limits = Limits(max_ap_loss, SCORE_DRIFT)
        self._counts = counts = calibration_counts(data, settings.runtime.effective_frames)
        calibrated = settings.runtime.precision in CALIBRATED
        self._plain = check(detector, settings.with_values({FRAMES: counts[0]}) if calibrated else settings)
        self._float = check(detector, settings.with_values(FLOAT))
        used = (image for count in counts for image in data.calibration.limited(count).chosen())
        self._sets = frame_sets(data, used)
        self._tried: list[Trial] = []
        self._best: tuple[Settings, Quality] | None = None

    def run(
        self, frames: int, *, repair: bool, options: tuple[str, ...] = (), comparison_seconds: float = COMPARISON_SECONDS
    ) -> tuple[Settings, list[Record]]:
        """Return the setting that came out, and the records of the float network, of plain integers and of what came out.

        The last of these holds what was tried, and what the networks did on frames that the search never saw.

        Args:
            frames: To time.
            repair: Whether to look for what repairs it; else only where it hurts is told.
            options: Further words of the commands that repeat the records.
            comparison_seconds: How long each network may be compared with the float one.

        Raises:
            WorkbenchError: The network cannot be quantised, or run.
        """
        self._progress("float32 on the frames that guide", 0, 0)
        guide = Yardstick(self._opened(self._float), self._sets.guide)
        self._try(guide, self._plain)
        if repair and not self._kept and self._plain.runtime.precision in CALIBRATED:
            self._try_ranges(guide)
        ranking = Ranking(self._detector, self._data, self._chosen, partial(self._progress, "quantising each block alone"))
        in_float = self._in_float(guide, ranking) if repair and not self._kept else Blocks()
        networks = [Network("float", "float32", self._float), Network("plain", self._plain.runtime.precision, self._plain)]
        if self._chosen != self._plain:
            networks.append(Network("repaired", f"{self._plain.runtime.precision} repaired", self._chosen))
        came_out = len(networks) - 1
        networks.extend(() if self._kept else self._other())
        records, rows = judged(
            self._detector,
            self._data,
            self._sets.judge,
            networks,
            frames=frames,
            options=options,
            progress=self._progress,
            comparison_seconds=comparison_seconds,
        )
        blocks = ranking.rows(in_float)
        qualities = [quality_of(one) for one in rows]
        if self._limits.excess(qualities[came_out]) >= self._limits.excess(qualities[1]):
            came_out = 1  # what was better on the frames that guide is not on those that judge
        kept = self._limits.kept_by(qualities[came_out])
        found = Quantising(
            limit=self._limits.loss,
            guided_by=len(self._sets.guide.frames),
            judged_by=len(self._sets.judge.frames),
            apart=self._sets.apart,
            tried=tuple(self._tried),
            blocks=blocks,
            judged=rows,
            made_of=made_of(self._detector.litert_model(networks[came_out].settings, self._data.calibration).content),
            answer=answer_of(rows, came_out, in_float=len(in_float), blocks=len(blocks), limit=self._limits.loss, kept=kept),
        )
        records[came_out] = records[came_out].model_copy(update={"quantising": found})
        return networks[came_out].settings, records

    @property
    def _chosen(self) -> Settings:
        assert self._best is not None, "what was tried first is"
        return self._best[0]

    @property
    def _kept(self) -> bool:
        return self._best is not None and self._limits.kept_by(self._best[1])

    def _opened(self, settings: Settings) -> Pipeline:
        return Pipeline(self._detector, check(self._detector, settings), self._data.calibration)

    def _try(self, guide: Yardstick, settings: Settings, blocks: int = 0, margin: float = 0.0) -> Quality:
        what = (f"{counted(blocks, 'block')} in float",) if blocks else describe_changes(self._plain, settings)
        self._progress(f"trying {', '.join(what) or settings.runtime.precision}", len(self._tried), 0)
        quality = guide.quality(self._opened(settings))
        self._tried.append(Trial(changes=what, blocks_in_float=blocks, loss=quality.loss, score_drift=quality.score_drift))
        if self._best is None or self._limits.excess(quality) < self._limits.excess(self._best[1]) - margin:
            self._best = settings, quality
            self._better(settings)
        return quality

    def _try_ranges(self, guide: Yardstick) -> None:
        """Try what costs nothing at run time; what is hardly better than what was there is chance."""
        for name in CALIBRATION_RANGES:
            if name != self._plain.runtime.effective_range and not self._kept:
                self._try(guide, self._plain.with_values({RANGE: name}), margin=SAME)
        for count in sorted({*self._counts} - {self._plain.runtime.effective_frames}):
            if not self._kept:
                self._try(guide, self._chosen.with_values({FRAMES: count}), margin=SAME)

    def _in_float(self, guide: Yardstick, ranking: Ranking) -> Blocks:
        base, known = self._chosen, dict[Blocks, Quality]()

        def quality_of(blocks: Blocks) -> Quality:
            known[blocks] = self._try(guide, base.with_values({FLOAT_OPS: ranking.patterns(blocks)}), len(blocks))
            return known[blocks]

        blocks = fewest_in_float(len(ranking.errors), quality_of, self._limits)
        if blocks:
            self._best = base.with_values({FLOAT_OPS: ranking.patterns(blocks)}), known[blocks]
        return blocks

    def _other(self) -> list[Network]:
        settings = self._plain.with_values({**FLOAT, "runtime.precision": OTHER_PRECISION})
        try:
            self._opened(settings)
        except UnavailableError:
            return []
        return [Network("other", OTHER_PRECISION, settings)]
