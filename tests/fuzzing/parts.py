"""What is tried, each with the number that one run of the slow tests takes and the number that was once run in full."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzzing.files import files, make_files
from tests.fuzzing.kernel import Case, Kernel, Tally, why_not_held
from tests.fuzzing.models import make_models, models
from tests.fuzzing.moments import closes, kills
from tests.fuzzing.texts import texts

Run = Callable[[Kernel, Path, Path, int, int], Tally]


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of what may happen.

    Attributes:
        what: In a few words.
        run: Tries as many as are asked for, with a seed.
        share: Of FUZZ that are tried: a kill or a close takes seconds.
        full: How many are tried where there is time.
    """

    what: str
    run: Run
    share: float
    full: int

    def count(self) -> int:
        """Return how many FUZZ asks for."""
        return max(1, round(self.share * int(os.environ.get("FUZZ", "100"))))


def _through(cases: Callable[[Path, Path, int, int], Iterator[Case]]) -> Run:
    def run(kernel: Kernel, sound: Path, work: Path, count: int, seed: int) -> Tally:
        tally = Tally()
        for case in cases(sound, work, count, seed):
            tally.add(case.name, why_not_held(kernel.run(case.words, work)))
        return tally

    return run


PARTS = {
    "models": Part("damaged models, bytes and structure", _through(models), 1, 1000),
    "files": Part("damaged media and data files", _through(files), 1, 1500),
    "texts": Part("hostile strings, each through every output", texts, 1, 300),
    "kills": Part("kills of a sweep", lambda _, sound, work, count, seed: kills(sound / "scenes", work, count, seed), 0.1, 100),
    "closes": Part(
        "closes of a workbench that sweeps",
        lambda _, sound, work, count, seed: closes(sound / "scenes", work, count, seed),
        0.1,
        60,
    ),
}


def make_sound(folder: Path) -> Path:
    """Write the sound files that are damaged."""
    folder.mkdir()
    make_files(folder)
    make_models(folder)
    return folder
