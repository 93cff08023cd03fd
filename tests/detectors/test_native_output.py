"""What libraries print while they load and convert: one line, or nothing, and never a traceback."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.detectors.damage import small_tflite
from workbench.detectors import load_detector, load_tensorflow, quiet_logger
from workbench.detectors.native_output import LOGGERS


@pytest.fixture(params=LOGGERS)
def logger(request: pytest.FixtureRequest) -> logging.Logger:
    load_tensorflow()
    return logging.getLogger(request.param)


@pytest.fixture
def printed(logger: logging.Logger) -> Iterator[io.StringIO]:
    """What a logger prints."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    level = logger.level
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_remarks_are_one_printable_line_without_a_traceback(logger: logging.Logger, printed: io.StringIO) -> None:
    with quiet_logger():
        logger.info("a remark")
        logger.warning("two\nlines of %s", "caf\udce9 \x1b[31m")
        try:
            raise RuntimeError("cannot read the fingerprint")
        except RuntimeError:
            logger.exception("it goes on without")
    assert printed.getvalue() == "two lines of caf\\xe9 \\x1b[31m\n"


def test_afterwards_all_is_logged_as_before(logger: logging.Logger, printed: io.StringIO) -> None:
    with quiet_logger():
        pass
    logger.warning("two\nlines")
    assert printed.getvalue() == "two\nlines\n"


@pytest.mark.slow
def test_a_saved_model_beside_whose_graph_lies_damage_loads_without_a_word(printed: io.StringIO, tmp_path: Path) -> None:
    folder = small_tflite(tmp_path).with_suffix("")
    fingerprint = folder / "fingerprint.pb"
    fingerprint.write_bytes(fingerprint.read_bytes()[:5] + b"\xff\xff\xff")
    frame = np.zeros((48, 64, 3), np.uint8)
    assert load_detector(str(folder), lambda: [frame]).facts.size_bytes > 0
    assert printed.getvalue() == ""
