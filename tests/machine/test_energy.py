"""Joules, where the processor's counters can be read, and nothing where they cannot."""

from pathlib import Path

from workbench.machine import WorkMeter
from workbench.machine.energy import energy_meter


def zone(root: Path, name: str, energy_uj: int | None, top: int = 1_000_000) -> Path:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "max_energy_range_uj").write_text(f"{top}\n")
    if energy_uj is not None:
        (folder / "energy_uj").write_text(f"{energy_uj}\n")
    return folder


def test_joules_of_all_processors_are_added_and_counters_that_begin_anew_too(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 900_000)
    zone(tmp_path, "intel-rapl:1", 10)
    zone(tmp_path, "intel-rapl:0:0", 7)  # inside the first
    joules = energy_meter(tmp_path)
    assert joules is not None
    assert joules() == 0.0

    zone(tmp_path, "intel-rapl:0", 100_000)  # it has been at its top
    zone(tmp_path, "intel-rapl:1", 300_010)
    assert joules() == 0.5


def test_without_counters_that_may_be_read_there_are_no_joules(tmp_path: Path) -> None:
    assert energy_meter(tmp_path) is None
    zone(tmp_path, "intel-rapl:0", None)
    assert energy_meter(tmp_path) is None


def test_a_meter_counts_the_joules_of_its_stretches_alone() -> None:
    counted = iter([1.0, 3.0, 10.0, 14.0])
    meter = WorkMeter(joules=lambda: next(counted))
    for _ in range(2):
        with meter.running():
            pass

    assert meter.joules == 6.0
    assert WorkMeter(joules=None).joules is None
