"""Models, media and truth sent by content, and kept in the receiving machine's cache."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from workbench.detectors import ALLOWED_CODE, card_path, read_card
from workbench.errors import MediaError
from workbench.files import cache_file, cache_folder, cached_file, is_cached, is_inside
from workbench.opening import Sources
from workbench.samples import SAMPLE_DETECTORS
from workbench.timing import Value

CACHE = "received"
KINDS = ("detector", "media", "truth")  # of sources that can be files; Python files beside them are `code0` and so on
TRUTH_SUFFIXES = (".json", ".xml", ".txt", ".yaml", ".yml")


class Bundle(Value):
    """The files that sources are made of, where they are the sender's own."""

    sources: Sources
    """What is a file is named by its path in here."""
    files: tuple[tuple[str, str], ...]
    """Path in here, which begins with `detector`, `media`, `truth` or `code`, and sha256."""

    @property
    def hashes(self) -> frozenset[str]:
        return frozenset(sha256 for _, sha256 in self.files)


def pack(sources: Sources) -> tuple[Bundle, Mapping[str, Path]]:
    """Pack what sources name; samples, addresses and cameras go by name.

    Returns:
        The bundle, and where each content lies here, by hash.

    Raises:
        MediaError: A glob or numbered sequence, whose files have no place of their own.
    """
    names: dict[str, str] = {}
    files: dict[str, str] = {}
    contents: dict[str, Path] = {}

    def add(kind: str, path: Path, beside: Iterable[Path] = ()) -> str:
        for root in (path, *beside):
            for file in filter(Path.is_file, (root, *sorted(root.rglob("*")))):
                with file.open("rb") as opened:
                    sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
                files[f"{kind}/{file.relative_to(path.parent).as_posix()}"] = sha256
                contents[sha256] = file
        return f"{kind}/{path.name}"

    if sources.detector is not None and sources.detector not in SAMPLE_DETECTORS:
        model = Path(sources.detector).absolute()
        names["detector"] = add("detector", model, _beside_model(model))
    if isinstance(sources.media, str) and "://" not in sources.media:
        media = Path(os.path.expanduser(sources.media)).absolute()  # noqa: PTH111 - as `open_media` does
        if not media.exists():
            raise MediaError(f"{sources.media} cannot be sent to other machines; choose a file or a folder of pictures")
        # The truth that may lie beside media has their name.
        names["media"] = add("media", media, (one for one in media.parent.glob(f"{media.stem}.*") if one.suffix in TRUTH_SUFFIXES))
    if sources.truth is not None:
        names["truth"] = add("truth", Path(os.path.expanduser(sources.truth)).absolute())  # noqa: PTH111 - as above
    code = {word: add(f"code{n}", Path(path).expanduser().absolute()) for n, (word, path) in enumerate(_code_in(sources))}
    allow = tuple(f"{ALLOWED_CODE}{code[word]}" if word in code else word for word in sources.allow)
    return Bundle(sources=sources.model_copy(update={**names, "allow": allow}), files=tuple(sorted(files.items()))), contents


def _code_in(sources: Sources) -> list[tuple[str, str]]:
    """Return the words that allow a Python file to run, each with that file's path."""
    return [(word, word.removeprefix(ALLOWED_CODE)) for word in sources.allow if word.startswith(ALLOWED_CODE)]


def _beside_model(path: Path) -> Iterator[Path]:
    """Give a model's card, and the files in its folder that the card names."""
    card = card_path(path)
    if card is None:
        return
    yield card
    named = (card.parent / name for name in read_card(card).files)
    yield from (file for file in named if file.is_file() and is_inside(file, card.parent))


# At the receiver


def missing(hashes: Iterable[str], cache: Path | None = None) -> list[str]:
    """Say which contents are not here yet."""
    folder = cache or cache_folder(CACHE)
    return [sha256 for sha256 in hashes if not is_cached(folder / "content" / sha256)]


def keep(sha256: str, content: bytes, cache: Path | None = None) -> None:
    """Keep a content that was sent.

    Raises:
        ValueError: It is another one than its hash says.
        SaveError: There is no space for it.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"the content sent as {sha256[:8]} is another one")
    folder = cache or cache_folder(CACHE)
    cache_file(folder / "content" / sha256, content, cache=folder)


def unpack(bundle: Bundle, cache: Path | None = None) -> Sources:
    """Return sources in terms of this machine's files.

    Raises:
        FileNotFoundError: A content is missing; `keep` it first.
        ValueError: A file would lie outside of the bundle's place.
    """
    folder = cache or cache_folder(CACHE)
    place = (folder / "bundles" / hashlib.sha256(repr(bundle.files).encode()).hexdigest()).resolve()
    for name, sha256 in bundle.files:
        target = (place / name).resolve()
        if not target.is_relative_to(place):
            raise ValueError(f"{name!r} lies outside of its bundle")
        if not is_cached(target):
            cache_file(target, cached_file(folder / "content" / sha256), cache=folder)
    kinds = {name.partition("/")[0] for name, _ in bundle.files} & set(KINDS)
    code = {word: f"{ALLOWED_CODE}{place / path}" for word, path in _code_in(bundle.sources)}
    allow = tuple(code.get(word, word) for word in bundle.sources.allow)
    here = {kind: str(place / getattr(bundle.sources, kind)) for kind in kinds}
    return bundle.sources.model_copy(update={**here, "allow": allow})
