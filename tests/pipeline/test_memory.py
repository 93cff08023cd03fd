"""Where a runtime says that there was no memory left, it is told which settings took it."""

import pytest

from workbench.errors import UnavailableError
from workbench.pipeline.pipeline import memory_told
from workbench.settings import Settings

SETTINGS = Settings().with_values({"input.size_hw": (4096, 2048), "runtime.batch": 8})


def test_the_settings_that_take_too_much_are_named() -> None:
    with pytest.raises(UnavailableError, match="input.size_hw 4096x2048 and runtime.batch 8; choose less"), memory_told(SETTINGS):
        raise MemoryError


def test_another_error_is_left_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), memory_told(SETTINGS):
        raise ZeroDivisionError
