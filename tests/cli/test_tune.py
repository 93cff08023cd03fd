"""`workbench tune`: its words; what it does is tested in tests/tuning."""

from pathlib import Path

import pytest

from tests.command_line import Workbench
from workbench.cli.quantities import seconds_of
from workbench.errors import SettingsError


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), (" 10M ", 600), ("1.5 min", 90), ("1h", 3600)])
def test_times_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "ten", "-5m", "5d", "1e9", "nan", "9" * 9])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--time is"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--time", "soon"), "--time is 'soon'; write seconds, minutes or hours", id="no time"),
        pytest.param(("--time", "5s"), "the time is 5 seconds; choose 30 or more", id="too short"),
        pytest.param(("--max-ap-loss", "7"), "max_ap_loss is 7.0; choose a fraction", id="no fraction"),
        pytest.param(("no-such-model",), "no-such-model", id="no model"),
    ],
)
def test_a_mistake_costs_one_line(words: tuple[str, ...], said: str, workbench: Workbench, tmp_path: Path) -> None:
    done = workbench("tune", *words, "--out", tmp_path / "tuned")

    assert done.status == 2
    assert said in done.err
    assert done.err.count("\n") == 1
