"""What lies between the program and its terminal: text that others wrote, streams that are closed or full, what libraries print."""

import io
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TextIO

NOT_ASCII = re.compile(r"[^\x00-\x7e]")


def ascii_json(text: str) -> str:
    """Return JSON text that holds the same in ASCII alone, for standard output may be a terminal, and one of another encoding."""
    return NOT_ASCII.sub(_json_escape, text)


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def prepare_streams() -> None:
    """Open what is closed of the standard streams, and let none of them refuse a character that its encoding lacks.

    The next file that is opened would get the number of a closed one, and what native code prints would be written into it.
    Standard output is opened for reading: whoever writes there is told so at the end, as with a full disk.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR if number == 2 else os.O_RDONLY)  # gets the lowest number that is free: this one
            os.set_inheritable(number, True)
    sys.stderr = sys.stderr or _opened(2)
    if isinstance(getattr(sys.stdout, "buffer", None), io.BufferedWriter):
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # as standard error does
    else:  # closed, or without a buffer, which keeps what could not be written
        sys.stdout = _opened(1)


def _opened(number: int) -> TextIO:
    encoding = getattr(sys.stdout, "encoding", "utf-8")
    return open(number, "w", encoding=encoding, errors="backslashreplace", closefd=False)


def stop_for_memory(figures: str) -> NoReturn:
    """End the process in the middle of whatever native code does."""
    words = f"the memory does not suffice ({figures}); choose a smaller input.size_hw or runtime.batch, or close other programs"
    print(f"\nworkbench: {words}", file=sys.stderr, flush=True)  # noqa: T201 - as in `main`
    os._exit(2)


@contextmanager
def native_lines_apart() -> Iterator[None]:
    """Let what libpng, libjpeg or TensorFlow print past Python go nowhere for a while: an error tells what they say of a fault.

    Who sets TensorFlow's log level wants to see such lines.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"  # its pages about its build come before any logging is set up
    before = sys.stderr
    before.flush()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)
    kept = os.dup(2)
    with (
        warnings.catch_warnings(),
        os.fdopen(kept, "w", 1, before.encoding, "backslashreplace") as own,
        Path(os.devnull).open("wb") as nowhere,
    ):
        os.dup2(nowhere.fileno(), 2)
        sys.stderr = own
        warnings.showwarning = _untold  # type: ignore[assignment] # it takes whatever comes
        try:
            yield
        finally:
            own.flush()
            os.dup2(kept, 2)
            sys.stderr = before
            del os.environ["TF_CPP_MIN_LOG_LEVEL"]


def _untold(*_: object) -> None:
    """Take a warning of Python code such as Pillow's, which is not for whoever named the picture."""


def output_fault() -> str | None:
    """Write what standard output still holds; returns why that cannot be. It is dropped then, or Python would try once more."""
    try:
        sys.stdout.flush()
    except OSError as error:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return f"cannot write to standard output: {error.strerror}; choose another place"
    return None
