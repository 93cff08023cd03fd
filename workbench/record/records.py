"""Several records: a tuple that a notebook shows as a small table, and that other programs take."""

import csv
import io
import json
from importlib import import_module
from pathlib import Path
from typing import Any, final

from workbench.errors import RecordError, UnavailableError, one_line
from workbench.files import read_file
from workbench.record.record import FIGURES, Record, cells, headings_of, html
from workbench.wording import counted

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
        return [record.to_dict() for record in self]

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame, a row each: what ran, every setting, every figure that is known.

        Raises:
            UnavailableError: pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise UnavailableError("pandas is not installed; install it with `pip install pandas`, or use to_dict()") from None
        return pandas.DataFrame(list(map(_row, self)))

    def to_csv(self) -> str:
        """Write the same rows as CSV, with a column for whatever one of them has.

        A name that a spreadsheet would compute gets an apostrophe before it: names come from strangers' files.
        """
        rows = list(map(_row, self))
        written = io.StringIO()
        writer = csv.DictWriter(written, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _as_text(value) for name, value in row.items()} for row in rows)
        return written.getvalue()

    def to_markdown(self) -> str:
        """Write a small table in markdown, a row each, as it stands in a comment or a README."""
        headings = headings_of(self)
        rules = ["---:" if heading in FIGURES else "---" for heading in headings]
        rows = [
            [cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;") for cell in cells(one, headings)] for one in self
        ]
        return "".join(f"| {' | '.join(row)} |\n" for row in ([*headings], rules, *rows))


def _row(record: Record) -> dict[str, object]:
    """Return a row of a table: what ran where, every setting by its name, then its figures."""
    size_hw = record.settings.input.size_hw
    return {
        "id": record.id,
        "created": record.created,
        "name": record.name,
        "tag": record.tag,
        "detector": record.detector.name,
        "media": record.media.name,
        "cpu": record.environment.cpu,
        "composed": record.composed,
        "problem": record.problem.message if record.problem else None,
        **record.settings.flat(),
        "input.size_hw": f"{size_hw[0]}x{size_hw[1]}" if size_hw else None,
        **record.metrics(),
    }


def _as_text(value: object) -> object:
    text = one_line(value) if isinstance(value, str) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(STARTS_A_FORMULA) else text


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
