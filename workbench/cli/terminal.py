"""What lies between the program and its terminal: text that others wrote, streams that are closed or full, what libraries print."""

import io
import logging
import os
import re
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TextIO

LONGEST_MESSAGE = 400  # characters: five lines of a terminal, which somebody still reads
SHOWN_END = 120  # of them: what to do stands at the end
# Control characters (C0, C1, DEL), marks without a width (those that turn the direction of text among them), halves of a character
# and ends of lines: what a terminal obeys, or what makes text look like other text.
UNPRINTED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
JOINERS = frozenset("\u200c\u200d")  # within the words of some scripts, and between the parts of an emoji
NOT_ASCII = re.compile(r"[^\x00-\x7e]")


def shown(text: str) -> str:
    r"""Return text, untrusted, as a terminal may have it: on one line, with what it would obey written out.

    >>> print(shown("two\nlines \x1b[31m, \u202eturned, caf\udce9"))
    two\nlines \x1b[31m, \u202eturned, caf\xe9
    """
    return text if text.isprintable() else "".join(map(_written_out, text))


def _written_out(character: str) -> str:
    if character in JOINERS or unicodedata.category(character) not in UNPRINTED:
        return character
    if "\udc80" <= character <= "\udcff":  # a byte of a file's name that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def ascii_json(text: str) -> str:
    """Return JSON text that holds the same in ASCII alone, for standard output may be a terminal, and one of another encoding."""
    return NOT_ASCII.sub(_json_escape, text)


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def message_line(text: str) -> str:
    """Return a message as one line of at most `LONGEST_MESSAGE` characters."""
    line = shown(" ".join(text.splitlines()))
    if len(line) <= LONGEST_MESSAGE:
        return line
    return f"{line[: LONGEST_MESSAGE - SHOWN_END - 3]} … {line[-SHOWN_END:]}"


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
