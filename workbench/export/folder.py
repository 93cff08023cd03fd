"""A folder that is there whole or not at all, and says what is in it: only what an export wrote is ever replaced."""

import ctypes
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import SaveError
from workbench.files import left_behind, part_of, read_file

MANIFEST = "manifest.json"
RECORD = "record.json"  # of a self-test: the program itself writes it
AT_FDCWD, EXCHANGE = -100, 2  # of renameat2(2) on Linux, and as RENAME_SWAP of renamex_np(2) on macOS


@contextmanager
def whole_folder(out: Path, *, replace: bool) -> Iterator[Path]:
    """Yield an empty folder that becomes `out` when the block ends well; otherwise nothing is left of it.

    Args:
        out: Where it goes. What is there must be an empty folder, or an earlier export where that may be replaced.
        replace: Whether an earlier export may be replaced.

    Raises:
        SaveError: There is something else, no space or no permission; what was there before is still there.
    """
    try:
        out = out.expanduser().absolute()
    except RuntimeError:
        raise SaveError(f"cannot write {out}: nobody here has that name; choose another place") from None
    made = part_of(out)
    try:
        put_right(out)
        _check_place(out, replace=replace)
        out.parent.mkdir(parents=True, exist_ok=True)
        made.mkdir()
        yield made
        _write_manifest(made)
        _check_place(out, replace=replace)  # meanwhile somebody may have put something there
        _put(made, out)
    except OSError as error:
        raise _refusal(out, error) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def put_right(out: Path) -> None:
    """Take away what killed exports left beside a folder; put back the earlier export that one had moved out of its place."""
    for left in left_behind(out):
        if left.suffix == ".before" and not out.exists():
            left.rename(out)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _put(made: Path, out: Path) -> None:
    if not out.exists() or not any(out.iterdir()):
        made.rename(out)
        return
    made.chmod(stat.S_IMODE(out.stat().st_mode))
    if not exchange(made, out):
        replace_in_two(made, out)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, so that at no time there is none; says whether this system and its disk can."""
    libc = ctypes.CDLL(None)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(libc, "renameat2"):
        return bool(libc.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], EXCHANGE) == 0)
    return hasattr(libc, "renamex_np") and bool(libc.renamex_np(*names, EXCHANGE) == 0)


def replace_in_two(made: Path, out: Path) -> None:
    """Put a folder in another's place in two steps; where the second does not come, `put_right` takes the first back."""
    before = made.with_name(f"{made.name}.before")
    out.rename(before)
    try:
        made.rename(out)
    finally:  # Ctrl-C may come before or after the rename
        if out.exists():
            shutil.rmtree(before, ignore_errors=True)
        else:
            before.rename(out)


def _refusal(out: Path, error: OSError) -> SaveError:
    if isinstance(error, SaveError):
        return error
    return SaveError(f"cannot write {out}: {error.strerror or error}; nothing is left half done, choose another place")


def _check_place(out: Path, *, replace: bool) -> None:
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir() or out.is_symlink():
        raise SaveError(f"{out} is no folder; choose a new one")
    if not any(out.iterdir()):
        return
    if not replace:
        raise SaveError(f"the folder {out} is not empty; choose a new one, or --replace where it is an earlier export")
    if (strange := _not_of_an_export(out)) is not None:
        raise SaveError(f"the folder {out} is not replaced: {strange}; choose a new one, or move or delete this one yourself first")


def _write_manifest(folder: Path) -> None:
    tree = {"schema": 1, "files": {name: _sha256(path) for name, path in sorted(_files(folder).items())}}
    (folder / MANIFEST).write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")


def _not_of_an_export(folder: Path) -> str | None:
    """Say what in a folder no export wrote, or somebody changed since; `None` where there is nothing such."""
    try:
        known = dict(json.loads(read_file(folder / MANIFEST))["files"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return f"it has no {MANIFEST} that says what an export of this version wrote"
    for name, path in _files(folder).items():
        if name not in known:
            return f"no export wrote {name}"
        if path.is_symlink() or known[name] != _sha256(path):
            return f"{name} was changed since it was exported"
    return None


def _files(folder: Path) -> dict[str, Path]:
    """Return what lies in a folder and is no folder, by its path there; not the manifest, nor what running the program leaves."""
    paths = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    kept = [path for path in paths if (path.parent.name, path.suffix) != ("__pycache__", ".pyc")]
    return {path.relative_to(folder).as_posix(): path for path in kept if path not in {folder / MANIFEST, folder / RECORD}}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
