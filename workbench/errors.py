"""Every error that a user can cause, as one tree.

    WorkbenchError
    ├── SettingsError (ValueError)     a setting that does not exist, or has an impossible value
    ├── UnavailableError (ValueError)  a sound setting that this detector or this machine cannot take
    ├── MediaError (ValueError)        pictures or video that are missing, empty, cut short or not media at all
    ├── TruthError (ValueError)        ground truth that cannot be read or does not fit the media
    ├── ModelError (ValueError)        a model file that cannot be loaded, or is not a detector
    ├── RecordError (ValueError)       a saved record or history that cannot be read
    ├── SaveError (OSError)            something that could not be written
    └── MachinesDifferError (ValueError)  two records of different machines, compared without saying so

Each message says what was wrong, what was found and what to choose instead, in one line. The command line prints it and exits
with 2; a panel shows it in place. Any other exception is a mistake of ours and keeps its traceback.
"""

import re
import unicodedata

NOT_UTF_8 = "is a name that is not UTF-8, as names in records are; rename it"
LONGEST_LINE = 380  # characters of a message: with the setting's or the program's name before it, a line of 400 at most
# Control characters (C0, C1, DEL), marks without a width (those that turn the direction of text among them), halves of a character
# and ends of lines: what a terminal obeys, or what makes text look like other text.
UNPRINTED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
HALF_A_CHARACTER = re.compile(r"[\ud800-\udfff]")  # UTF-8 has none
TURNING = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # those that turn the direction
JOINERS = frozenset("\u200c\u200d")  # within the words of some scripts, and between the parts of an emoji


def shown(text: str) -> str:
    r"""Return text, untrusted, as a terminal may have it: on one line, with what it would obey written out.

    >>> print(shown("two\nlines \x1b[31m, \u202eturned, caf\udce9"))
    two\nlines \x1b[31m, \u202eturned, caf\xe9
    """
    return text if text.isprintable() else "".join(map(_written_out, text))


def unturned(text: str) -> str:
    r"""Return text, untrusted, as a page may have it: with marks written out that would turn the figures behind it too.

    >>> print(unturned("a\u202eb, 10.7 ms"))
    a\u202eb, 10.7 ms
    """
    return TURNING.sub(lambda found: shown(found[0]), text)


def encodable(text: str) -> str:
    r"""Return text with halves of characters written out, as JSON may escape them and names of files may hold them.

    >>> encodable("caf\udce9 \ud800"), encodable("検出")
    ('caf\\xe9 \\ud800', '検出')
    """
    return text if text.isascii() else HALF_A_CHARACTER.sub(lambda found: shown(found[0]), text)


def _written_out(character: str) -> str:
    if character in JOINERS or unicodedata.category(character) not in UNPRINTED:
        return character
    if "\udc80" <= character <= "\udcff":  # a byte of a file's name that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def one_line(text: object, longest: int = LONGEST_LINE) -> str:
    r"""Return text, which may be a stranger's, as one line as `shown`; a long one without its middle: its end says what to do.

    >>> print(one_line("no such\nfile: \x1b[31mredder than red; choose another", 33))
    no such file: \x…; choose another
    """
    line = shown(" ".join(str(text).split()))
    half = longest // 2
    return line if len(line) <= longest else f"{line[: longest - half - 1]}…{line[-half:]}"


class WorkbenchError(Exception):
    """Root of the errors that a user can cause."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class SettingsError(WorkbenchError, ValueError):
    """A setting that does not exist, or whose value is impossible."""


class UnavailableError(WorkbenchError, ValueError):
    """A sound setting that this detector or this machine cannot take."""


class MediaError(WorkbenchError, ValueError):
    """Media that is missing, empty, cut short or unreadable."""


class TruthError(WorkbenchError, ValueError):
    """Ground truth that cannot be read or does not belong to the media."""


class ModelError(WorkbenchError, ValueError):
    """A model file that cannot be loaded, or is not a detector."""


class RecordError(WorkbenchError, ValueError):
    """A saved record or history that cannot be read."""


class SaveError(WorkbenchError, OSError):
    """Something that could not be written, for want of space or permission."""


class MachinesDifferError(WorkbenchError, ValueError):
    """Records of different machines were about to be compared without saying so."""


def is_utf_8(name: str) -> bool:
    """Tell whether a file's name is one that records, SQLite and native libraries take; OpenCV crashes on others."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
