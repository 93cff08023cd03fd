"""What holds a session up: while something is measured, swept or exported, not all that people ask for can be done."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Held:
    """What cannot be asked for just now.

    Attributes:
        what: What is going on, for people to read.
        still: Whether what plays stands still too; settings and sources can never be changed.
    """

    what: str
    still: bool

    @property
    def reason(self) -> str:
        """Why it cannot, and what can be done about it."""
        slows = ", and whatever plays or changes meanwhile would slow it" if self.still else ""
        return f"{self.what}{slows}; wait, or cancel it"

    @property
    def refusal(self) -> str:
        """What stands in the panel where somebody asks for it all the same."""
        return f"not now: {self.reason}"


MEASURED = Held("a setting is being measured", still=True)
EXPLAINED = Held("what each setting brought is being measured", still=True)
WEIGHED = Held("settings are being weighed", still=True)
SWEPT = Held("a sweep is measuring", still=True)
REPAIRED = Held("what repairs a setting is being looked for", still=True)
TUNED = Held("the fastest setting is being looked for", still=True)
PROFILED = Held("a network's operators are being timed", still=True)
EXPORTED = Held("a folder is being written and tried", still=False)
