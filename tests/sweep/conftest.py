"""Stills on the disk, where worker processes find them too."""

from pathlib import Path

import pytest

from tests.few_stills import write_few_stills
from workbench.opening import Sources


@pytest.fixture(scope="session")
def stills_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a few sample stills of one size, its truth beside it."""
    return write_few_stills(tmp_path_factory.mktemp("media") / "stills", 5)


@pytest.fixture
def sources(stills_folder: Path) -> Sources:
    return Sources(detector="inspector-mobile", media=str(stills_folder))
