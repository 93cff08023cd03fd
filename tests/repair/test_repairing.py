"""Detectors that integers break: why is said, and they are repaired."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.repair.tiny import BROKEN, frames, write_broken
from workbench.export import export_folder
from workbench.opening import Sources, check, wished
from workbench.pipeline import Pipeline
from workbench.record import Quantising
from workbench.repair.frames import FrameSet
from workbench.repair.quality import Yardstick
from workbench.repair.repairing import Repairing
from workbench.settings import Settings

REASONS = dict(
    zip(BROKEN, ("one scale for values up to", "one channel reaches", "a saturated activation: what LOGISTIC takes"), strict=True)
)


def repaired(path: Path, *, repair: bool, better: Callable[[Settings], object] = lambda _: None) -> tuple[Settings, Quantising]:
    detector, data = Sources(detector=str(path), media=frames()).open()
    settings = check(detector, wished(detector, "litert,runtime.precision=int8,runtime.calibration_range=minmax"))
    repairing = Repairing(detector, data, settings, 0.01, better=better)
    chosen, records = repairing.run(3, repair=repair, comparison_seconds=0.1)
    (found,) = [record.quantising for record in records if record.quantising is not None]
    return chosen, found


@pytest.mark.slow
@pytest.mark.parametrize("how", BROKEN)
def test_what_integers_break_is_said_and_repaired(how: str, tmp_path: Path) -> None:
    path, better = write_broken(tmp_path, how), list[Settings]()

    _, told = repaired(path, repair=False)
    chosen, found = repaired(path, repair=True, better=better.append)

    plain, made = found.judged[1], found.judged[2]
    assert (plain.role, made.role) == ("plain", "repaired")
    assert plain.agreement.ratio < 0.5 or abs(plain.agreement.score_drift or 0) > 0.1
    assert made.agreement.ratio > 0.95
    assert abs(made.agreement.score_drift or 0) < 0.03
    assert told.blocks[0].score_error > 0.02
    assert any(row.reason and REASONS[how] in row.reason for row in told.blocks[:2])
    assert chosen == better[-1]
    assert found.apart
    assert found.tried[0].changes == ()
    assert made.name in found.answer or "it agrees" in found.answer


@pytest.mark.slow
def test_ranges_are_tried_before_anything_stays_in_float(tmp_path: Path) -> None:
    chosen, found = repaired(write_broken(tmp_path, BROKEN[2]), repair=True)

    assert chosen.runtime.float_ops == ()
    assert chosen.runtime.effective_range == "mse"
    assert not any(row.in_float for row in found.blocks)


@pytest.mark.slow
def test_only_what_is_needed_stays_in_float(tmp_path: Path) -> None:
    chosen, found = repaired(write_broken(tmp_path, BROKEN[1]), repair=True)

    assert chosen.runtime.float_ops == ("head..", "stem..")
    assert {row.name for row in found.blocks if row.in_float} == {"stem", "head"}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["litert", "openvino", "onnxruntime"])
def test_every_engine_of_tflite_files_and_an_export_run_what_was_repaired(engine: str, tmp_path: Path) -> None:
    detector, data = Sources(detector=str(write_broken(tmp_path, BROKEN[1])), media=frames()).open()
    text = "runtime.precision=int8,runtime.calibration_range=minmax,runtime.float_ops=head..;stem.."
    exact = FrameSet(tuple(data.media.frames()), None)
    yardstick = Yardstick(Pipeline(detector, check(detector, wished(detector, "litert")), data.calibration), exact)
    settings = check(detector, wished(detector, f"litert,runtime.engine={engine},{text}"))

    agreed, _ = yardstick.judged(Pipeline(detector, settings, data.calibration))
    exported = export_folder(detector, settings, data, tmp_path / "exported")

    assert agreed.ratio > 0.95
    assert abs(agreed.score_drift or 0) < 0.03
    assert exported.detections > 0, "its program was run, and found the same"
