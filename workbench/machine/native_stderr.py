"""What native code prints to the process's standard error, kept off the user's screen and at hand for an error."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def native_stderr_captured() -> Iterator[Callable[[], str]]:
    """Send file descriptor 2 to a temporary file for a while; yields a function that reads what came so far.

    TensorFlow's converter and the LiteRT runtime write there directly, past `sys.stderr`. Python code that runs meanwhile and
    writes to standard error is captured as well.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as sink:

        def read() -> str:
            sink.seek(0)
            return sink.read().decode(errors="replace")

        try:
            os.dup2(sink.fileno(), 2)
            yield read
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
