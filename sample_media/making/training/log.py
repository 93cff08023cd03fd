"""The log of a training: one JSON object a line, appended to as it goes, and never rewritten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainLog:
    """Events of all sessions of one training, oldest first: `start`, `step`, `validation`, `end`."""

    path: Path

    def add(self, event: str, **values: Any) -> dict[str, Any]:
        """Append one event and return it."""
        row = {"event": event, **values}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        return row

    def events(self, name: str) -> Iterator[dict[str, Any]]:
        """Give the events of one name, in order."""
        with self.path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        return (row for row in rows if row["event"] == name)
