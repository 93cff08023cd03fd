"""Class names: from a text file, or taken for COCO's where their number says so."""

from pathlib import Path

from workbench.detectors.coco_labels import COCO80, COCO90
from workbench.errors import ModelError

MOST_LABELS = 100_000


def parse_labels(text: str) -> tuple[str, ...]:
    r"""Read one name a line; a number and a separator before each (`0 person`, `0: person`) are left out.

    >>> parse_labels("0  person\n1  bicycle\n")
    ('person', 'bicycle')
    """
    lines = [line.strip() for line in text.splitlines()[:MOST_LABELS]]
    while lines and not lines[-1]:
        lines.pop()
    pairs = [_numbered(line) for line in lines]
    numbers = [number for number, _ in pairs]
    if not pairs or any(number is None for number in numbers):
        return tuple(lines)
    names = dict(pairs)
    return tuple(names.get(number, f"class {number}") for number in range(min(max(names) + 1, MOST_LABELS)))  # type: ignore[type-var, operator]


def _numbered(line: str) -> tuple[int | None, str]:
    number, _, name = line.replace(":", " ", 1).partition(" ")
    return (int(number), name.strip()) if number.isdigit() and len(number) < 7 and name.strip() else (None, line)


def read_labels(path: Path) -> tuple[str, ...]:
    """Read a file of class names.

    Raises:
        ModelError: It is missing or empty.
    """
    try:
        names = parse_labels(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise ModelError(f"cannot read the labels {path}: {error.strerror}; choose a text file with a name a line") from None
    if not names:
        raise ModelError(f"the labels {path} are empty; write a name a line")
    return names


def guessed_labels(count: int) -> tuple[str, ...]:
    """Name classes that nothing names: COCO's where there are as many, else by number."""
    known = {len(COCO80): COCO80, len(COCO90): COCO90}
    return known.get(count) or tuple(f"class {number}" for number in range(count))
