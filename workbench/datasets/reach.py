"""How far what a data set names may lead."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

from workbench.errors import TruthError
from workbench.files import is_inside


@final
@dataclass(frozen=True, slots=True)
class Reach:
    """What names and links in a data set, which may come from a stranger, may lead to.

    Attributes:
        top: The folder that it lies in or below; `None` is anywhere.
    """

    top: Path | None = None

    @classmethod
    def of(cls, path: Path, *, outside: bool) -> Self:
        """Return the reach of the data set at a path that its user named: to its root's parent, for many name `../train/images`."""
        root = (path if path.is_dir() else path.parent).resolve()
        return cls(None if outside else root if root.parent == Path(root.anchor) else root.parent)

    def holds(self, path: Path) -> bool:
        """Tell whether a path may be read."""
        return self.top is None or is_inside(path, self.top)

    def check(self, path: Path) -> Path:
        """Return a path that may be read.

        Raises:
            TruthError: It may not.
        """
        if not self.holds(path):
            raise TruthError(
                f"{path} leads out of the data set, to {path.resolve()}; copy it into {self.top}, or, where you trust who made it,"
                " add --allow outside"
            )
        return path

    def check_link(self, path: Path) -> Path:
        """Return a file that lies there itself, or is a link to what may be read. Raises as `check`."""
        return path if path.resolve().parent == path.parent.resolve() else self.check(path)
