"""What tuning came to: the sentence, the records behind it, and where report and folder are."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from workbench.choosing import Pick
from workbench.record import Record, Records, unique


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tuned:
    """What tuning came to.

    Attributes:
        sentence: What to run and how it keeps the budget; or why nothing does, and what would.
        next_step: What to do now.
        notes: What was left out and why, and what stands for what.
        records: What was measured whole: what runs now first.
        chosen: The one to run, with its waterfall; `None` where none keeps the budget.
        picked: How it was chosen.
        report: The report; `None` where it could not be written.
        exported: The folder that runs it alone; `None` without one.
        stopped: The step at which it was stopped; empty where it came to its end.
        problem: Why it could not go on from there; empty where it was interrupted.
    """

    sentence: str
    next_step: str
    notes: tuple[str, ...]
    records: tuple[Record, ...]
    chosen: Record | None
    picked: Pick
    report: Path | None
    exported: Path | None
    stopped: str = ""
    problem: str = ""

    @property
    def baseline(self) -> Record:
        """What runs now."""
        return self.records[0]

    def __repr__(self) -> str:
        return f"<Tuned: {self.sentence}>"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it; the records are in the history by their ids."""
        return {
            "sentence": self.sentence,
            "next_step": self.next_step,
            "notes": self.notes,
            "stopped": self.stopped,
            "problem": self.problem,
            "baseline": self.baseline.id,
            "chosen": self.chosen.id if self.chosen else None,
            "settings": self.chosen.settings.model_dump(mode="json") if self.chosen else None,
            "records": [record.id for record in self.records],
            "report": str(self.report) if self.report else None,
            "exported": str(self.exported) if self.exported else None,
        }

    def _repr_html_(self) -> str:
        rows = unique([self.baseline, self.chosen or self.baseline])
        more = "".join(f"<p>{escape(line)}</p>" for line in (self.next_step, *self.notes))
        return f"<p><b>{escape(self.sentence)}</b></p>{Records(rows)._repr_html_()}{more}"
