"""A folder that is there whole or not at all."""

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import SaveError

MARK = "expected.json"  # what no folder has that is not an export


@contextmanager
def whole_folder(out: Path, ours: Collection[str], *, replace: bool) -> Iterator[Path]:
    """Yield an empty folder that becomes `out` when the block ends well; otherwise nothing is left of it.

    Args:
        out: Where it goes. What is there must be an empty folder, or an earlier export where that may be replaced.
        ours: What an export's folder can hold; anything else in it is somebody's own, and is not replaced.
        replace: Whether an earlier export may be replaced.

    Raises:
        SaveError: There is something else, no space or no permission; what was there before is still there.
    """
    try:
        out = out.expanduser().absolute()
    except RuntimeError:
        raise SaveError(f"cannot write {out}: nobody here has that name; choose another place") from None
    try:
        _check_place(out, ours, replace=replace)
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise _refusal(out, error) from None
    try:
        made = scratch / "made"
        made.mkdir()
        yield made
        _check_place(out, ours, replace=replace)  # meanwhile somebody may have put something there
        if out.exists():
            out.rename(scratch / "before")
        try:
            made.rename(out)
        except OSError:
            if (scratch / "before").exists():
                (scratch / "before").rename(out)
            raise
    except OSError as error:
        raise _refusal(out, error) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _refusal(out: Path, error: OSError) -> SaveError:
    if isinstance(error, SaveError):
        return error
    return SaveError(f"cannot write {out}: {error.strerror or error}; nothing is left half done, choose another place")


def _check_place(out: Path, ours: Collection[str], *, replace: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir() or out.is_symlink():
        raise SaveError(f"{out} is no folder; choose a new one")
    there = sorted(path.name for path in out.iterdir())
    strange = [name for name in there if name not in ours]
    if not there:
        return
    if not replace:
        raise SaveError(f"the folder {out} is not empty; choose a new one, or --replace where it is an earlier export")
    if strange or MARK not in there:
        named = f" ({strange[0]})" if strange else ""
        raise SaveError(f"the folder {out} holds things that are no export{named}; choose a new one, or move them elsewhere first")
