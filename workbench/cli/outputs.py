"""What a command writes is kept apart from what it reads: for every command at once, before it begins."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from os.path import isfile
from pathlib import Path
from typing import Any, final

from typer.core import TyperCommand

from workbench.errors import SaveError
from workbench.files import check_apart

# Parameters by name; a test sees that each that takes a path is in one of them. Only a baseline may be replaced by what is compared
# with it: so each run is compared with the last.
WRITTEN = ("json_file", "report", "trace", "out", "overlay", "picture", "save_frames")
READ = ("model", "media", "image", "truth", "grid", "record", "records", "history")


@final
class Command(TyperCommand):
    """A command that does not begin where it would write over what it reads."""

    def invoke(self, ctx: Any) -> Any:
        check_outputs(ctx.params)
        return super().invoke(ctx)


def check_outputs(given: Mapping[str, Any]) -> None:
    """Refuse to write over what is read, among pictures that are read, or two results to one place.

    Args:
        given: Values of a command's parameters, by name.

    Raises:
        SaveError: That would be.
    """
    written, read = dict(_paths(given, WRITTEN)), [path for _, path in _paths(given, READ)]
    for path in written.values():
        check_apart(path, read)
    for one, other in combinations(written.values(), 2):
        if one.resolve() == other.resolve() and not one.is_relative_to("/dev"):  # a device takes all
            raise SaveError(f"cannot write two results to {one}; choose another place for one of them")
    if "save_frames" in written:
        _check_among(written["save_frames"], given["media"])
    if "picture" in written and not isfile(given["image"] or ""):  # noqa: PTH113 - Path's raises where a name is too long
        _check_among(written["picture"].parent, given["image"])


def _paths(given: Mapping[str, Any], names: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Go through the paths that parameters name; a sample's name is that of nothing."""
    for name in names:
        value = given.get(name)
        for one in value if isinstance(value, list | tuple) else (value,):
            if one is not None and str(one) != "-":
                yield name, Path(one)


def _check_among(folder: Path, media: str | None) -> None:
    from workbench.media import lies_among

    if media is not None and lies_among(folder, media):
        raise SaveError(f"cannot write into {folder}, which the pictures of {media} come from; choose another folder")
