"""TensorFlow, loaded without what it says of itself, and its loggers kept off the user's screen."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from workbench.errors import one_line
from workbench.hardware import usable_cores
from workbench.machine import native_stderr_captured

LOGGERS = ("tensorflow", "absl")  # what TensorFlow writes its remarks to; it loads SavedModels past its own


@contextmanager
def quiet_logger() -> Iterator[None]:
    """Keep TensorFlow's remarks out of a notebook's cell, where they do not pass descriptor 2; warnings still come, as one line."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
        logger.addFilter(_as_one_line)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeFilter(_as_one_line)
            logger.setLevel(level)


def _as_one_line(record: logging.LogRecord) -> bool:
    """Make one printable line of a remark; one with a traceback is about what it goes on without, and nobody's to mend."""
    record.msg, record.args = one_line(record.getMessage()), ()
    return not record.exc_info


def without_retracing_remarks() -> None:
    """Keep TensorFlow's paragraphs about retracing off the screen: what is compiled again is counted, and said in the record."""
    import tensorflow as tf

    tf.get_logger().addFilter(_no_retracing)  # adding the same filter again changes nothing


def _no_retracing(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in str(record.msg)


def load_tensorflow() -> None:
    """Import TensorFlow and let it look for GPUs, without the lines that both print.

    Those about its build come before its logging is set up, whatever its log level; the one about a missing driver comes once, when
    the GPUs are first asked for. It gets as many threads as the settings' default, so that a conversion that runs before any
    engine does not leave them to chance.
    """
    if "keras" not in sys.modules:  # it would compute with what the variable, or a file in the user's home, names
        os.environ["KERAS_BACKEND"] = "tensorflow"
    if "tensorflow" in sys.modules:
        return
    with native_stderr_captured():
        import tensorflow as tf

        tf.config.list_physical_devices()
        tf.config.threading.set_intra_op_parallelism_threads(usable_cores())
        tf.config.threading.set_inter_op_parallelism_threads(usable_cores())
