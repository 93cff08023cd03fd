"""Media and histories that tests of several commands begin with."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.cli.saved_history import MARKUP, times
from tests.saved_records import record
from workbench.history import History
from workbench.machine import environment
from workbench.record import Problem

LITERT = {"runtime.engine": "litert"}
INT8 = {"runtime.engine": "litert", "runtime.precision": "int8"}


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four small pictures."""
    folder = tmp_path_factory.mktemp("media") / "shots"
    folder.mkdir()
    for n in range(4):
        image = np.random.default_rng(n).integers(0, 256, (72, 128, 3), np.uint8)
        cv2.imwrite(str(folder / f"{n}.png"), image)
    return folder


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A history of this machine: a slow accurate setting, a quick one, one that broke, one composed, one that did not run."""
    here = environment().machine_id
    rows = (
        record(id="aaa1", name="slow", seconds=times(41), ap=0.600, created="2026-01-01T00:00:00+00:00"),
        record(id="bbb2", name="quick", seconds=times(10.7), ap=0.583, tag="v1", **INT8),
        record(id="ccc3", name="broken", seconds=times(1), ap=0.1, broken=True, **{"runtime.engine": "xla"}),
        record(id="ddd4", name="composed", seconds=times(9), ap=0.5, composed=True, **LITERT),
        record(id="eee5", name=MARKUP, seconds=None, problem=Problem(kind="ModelError", message=MARKUP), **{"nms.iou": 0.4}),
    )
    file = tmp_path / "history.sqlite"
    with History(file) as history:
        history.append_many(
            one.model_copy(update={"environment": environment().model_copy(update={"machine_id": here})}) for one in rows
        )
    return file


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """A notebook's interpreter with the workbench's magics."""
    made = InteractiveShell()
    made.run_line_magic("load_ext", "workbench")
    yield made
    made.history_manager.end_session()
