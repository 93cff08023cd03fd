"""Sizes and times in options, as people write them."""

import pytest

from workbench.cli.quantities import weight_limits
from workbench.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "size"), [("200MB", 200e6), ("1.5 GiB", 1.5 * 2**30), (" 900kb ", 900e3), (".5gb", 5e8), ("512B", 512)]
)
def test_sizes_are_read_as_people_write_them(text: str, size: float) -> None:
    assert weight_limits(text, None) == {"max_memory": size, "max_startup": None}


@pytest.mark.parametrize("text", ["200", "", "MB", "0MB", "-1MB", "1e9B", "lots", "nan", "200 MB/s", "2s", "\x1b[31m1MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--max-memory is .*; write a size with its unit, such as 200MB or 1\.5GiB"):
        weight_limits(text, None)


@pytest.mark.parametrize(("text", "seconds"), [("2s", 2), ("500ms", 0.5), ("2", 2), ("1.5min", 90)])
def test_times_may_be_short(text: str, seconds: float) -> None:
    assert weight_limits(None, text)["max_startup"] == pytest.approx(seconds)


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(SettingsError, match="--max-startup is 'soon'; write a time such as 2s or 500ms"):
        weight_limits(None, "soon")
