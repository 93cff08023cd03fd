"""Several records: a tuple that a notebook shows as a small table, and that other programs take."""

import json
from pathlib import Path
from typing import Any, final

from workbench.errors import RecordError
from workbench.files import read_file
from workbench.record.record import Record, csv_text, flat, html, markdown_text, to_pandas
from workbench.wording import counted


@final
class Records(tuple[Record, ...]):
    """Records in order; otherwise a tuple."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Say how many there are; each has a line of its own by asking."""
        return f"<{counted(len(self), 'record')}>"

    def _repr_html_(self) -> str:
        return html(self)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return them as JSON has them, pictures and detections too."""
        return [json.loads(record.to_json()) for record in self]

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame, a row each: what ran, every setting, every figure that is known.

        Raises:
            UnavailableError: pandas is not installed.
        """
        return to_pandas([flat(record) for record in self])

    def to_csv(self) -> str:
        """Write the same rows as CSV."""
        return csv_text(self)

    def to_markdown(self) -> str:
        """Write a small table in markdown."""
        return markdown_text(self)


def read_records(path: Path | str) -> Records:
    """Read a JSON file that holds one record or a list of them.

    Raises:
        RecordError: The file is missing, is not JSON, or holds something else.
    """
    try:
        tree = json.loads(read_file(Path(path)))
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}; choose a file that `workbench run --json` wrote") from None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not JSON ({error}); choose a file that `workbench run --json` wrote") from None
    rows = tree if isinstance(tree, list) else [tree]
    if not rows:
        raise RecordError(f"{path} holds no record; choose a file that `workbench run --json` wrote")
    return Records(Record.from_tree(row, str(path)) for row in rows)
