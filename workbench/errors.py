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

NOT_UTF_8 = "is a name that is not UTF-8, as names in records are; rename it"


class WorkbenchError(Exception):
    """Root of the errors that a user can cause."""


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
