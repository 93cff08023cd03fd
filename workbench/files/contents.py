"""What is written for people, told by how it begins: its like may replace it, and nothing else of what is there is replaced."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

from workbench.errors import SaveError

START_BYTES = 64


@final
@dataclass(frozen=True, slots=True)
class Content:
    """A kind of file.

    Attributes:
        name: What an error calls it.
        start: How each such file begins.
    """

    name: str
    start: re.Pattern[bytes]

    def check_replaced(self, path: Path) -> None:
        """See whether a file of this kind may be written: nothing is there, nothing is in it, or one of this kind.

        Raises:
            SaveError: It is of another kind.
            OSError: It cannot be read.
        """
        if not path.is_file():
            return
        with path.open("rb") as file:
            start = file.read(START_BYTES)
        if start and not self.start.match(start):
            raise SaveError(f"cannot write {path}: what is there is not {self.name}, and stays as it is; choose another place")


PAGE = Content("an HTML page", re.compile(rb"\s*<!doctype html", re.IGNORECASE))
JSON = Content("JSON that the workbench wrote", re.compile(rb'\s*\[?\s*\{\s*"(schema|traceEvents|results)"'))
CSV = Content("a CSV that the workbench wrote", re.compile(rb"id,created,name,"))
MARKDOWN = Content("a table that the workbench wrote", re.compile(rb"\| setting \|"))
TFLITE = Content("a .tflite model", re.compile(rb".{4}TFL3", re.DOTALL))
JPEG = Content("a JPEG", re.compile(rb"\xff\xd8\xff"))
