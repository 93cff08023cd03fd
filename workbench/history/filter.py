"""Which records are asked for, as a condition of SQL."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict


class Subject(TypedDict, total=False):
    """What was measured, by columns of `Summary`; `None` is anything."""

    detector_name: str | None
    detector_sha256: str | None
    media_name: str | None


class Filter(Subject, total=False):
    """What a record shall match in every given word, by columns of `Summary`; `None` is anything."""

    machine_id: str | None
    engine: str | None
    name: str | None
    tag: str | None


def matching(asked: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a `Filter` as a condition and its words; no other name may come into a statement as it is."""
    if unknown := asked.keys() - Filter.__annotations__.keys():
        raise TypeError(f"records cannot be asked for by {', '.join(sorted(unknown))}")
    words = {column: word for column, word in asked.items() if word is not None}
    return equal(words), words


def equal(columns: Iterable[str]) -> str:
    """Return the condition that columns hold the words of their own names."""
    return " AND ".join(f"{column} = :{column}" for column in columns) or "true"
