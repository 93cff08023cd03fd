"""What libraries print while they load and convert: one line, or nothing, and never a traceback."""

import io
import logging
from collections.abc import Iterator

import pytest

from workbench.detectors import load_tensorflow, quiet_logger


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What TensorFlow's logger prints."""
    load_tensorflow()
    stream = io.StringIO()
    handler, logger = logging.StreamHandler(stream), logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_remarks_are_one_printable_line_without_a_traceback(printed: io.StringIO) -> None:
    logger = logging.getLogger("tensorflow")
    with quiet_logger():
        logger.info("a remark")
        logger.warning("two\nlines of %s", "caf\udce9 \x1b[31m")
        try:
            raise RuntimeError("cannot read the fingerprint")
        except RuntimeError:
            logger.exception("it goes on without")
    assert printed.getvalue() == "two lines of caf\\xe9 \\x1b[31m\n"


def test_afterwards_all_is_logged_as_before(printed: io.StringIO) -> None:
    with quiet_logger():
        pass
    logging.getLogger("tensorflow").warning("two\nlines")
    assert printed.getvalue() == "two\nlines\n"
