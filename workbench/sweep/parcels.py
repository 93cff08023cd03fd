"""Parcels: models, media and truth sent by content, and kept in the receiving machine's cache."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from platformdirs import user_cache_path

from workbench.detectors.card import card_path
from workbench.errors import MediaError
from workbench.record import write_whole
from workbench.samples import SAMPLE_DETECTORS
from workbench.sweep.task import Material
from workbench.values import Value

LONGEST_CARD = 1_000_000  # bytes of a card that are searched for names of files beside it
TRUTH_SUFFIXES = (".json", ".xml", ".txt", ".yaml", ".yml")


class Parcel(Value):
    """Files and folders that belong together, by hash."""

    main: str
    """Which of them is meant, as a path inside the parcel."""
    files: tuple[tuple[str, str], ...]
    """Path inside the parcel and sha256, in order."""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(repr((self.main, self.files)).encode()).hexdigest()

    @classmethod
    def of(cls, main: Path, beside: Iterable[Path], contents: dict[str, Path]) -> Self:
        """Pack a file or folder with what belongs to it; notes in `contents` where each hash is found."""
        files: dict[str, str] = {}
        for root in (main, *beside):
            for path in sorted(_files(root)):
                with path.open("rb") as file:
                    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                files[path.relative_to(main.parent).as_posix()] = sha256
                contents[sha256] = path
        return cls(main=main.name, files=tuple(sorted(files.items())))


class Parcels(Value):
    """What a material is made of, where that is files of the sender's."""

    detector: Parcel | None = None
    media: Parcel | None = None
    truth: Parcel | None = None

    def hashes(self) -> frozenset[str]:
        """Return the hashes of all files."""
        return frozenset(sha256 for parcel in (self.detector, self.media, self.truth) if parcel for _, sha256 in parcel.files)


def pack(material: Material) -> tuple[Parcels, Mapping[str, Path]]:
    """Pack what a material names; samples, addresses and cameras go by name.

    Returns:
        The parcels, and where each content lies here, by hash.

    Raises:
        MediaError: A glob or numbered sequence, whose files have no place of their own.
    """
    contents: dict[str, Path] = {}
    parcels: dict[str, Parcel] = {}
    if material.detector not in SAMPLE_DETECTORS:
        path = Path(material.detector).absolute()
        parcels["detector"] = Parcel.of(path, _beside_model(path), contents)
    if material.media is not None and "://" not in material.media:
        path = Path(material.media).expanduser().absolute()
        if not path.exists():
            raise MediaError(f"{material.media} cannot be sent to other machines; choose a file or a folder of pictures")
        parcels["media"] = Parcel.of(path, _beside_media(path), contents)
    if material.truth is not None:
        path = Path(material.truth).expanduser().absolute()
        parcels["truth"] = Parcel.of(path, (), contents)
    return Parcels.model_validate(parcels), contents


def _files(root: Path) -> Iterator[Path]:
    if root.is_dir():
        yield from (path for path in root.rglob("*") if path.is_file())
    elif root.is_file():
        yield root


def _beside_model(path: Path) -> Iterator[Path]:
    card = card_path(path)
    if card is None:
        return
    yield card
    text = card.read_bytes()[:LONGEST_CARD].decode(errors="replace")
    yield from (other for other in card.parent.iterdir() if other.is_file() and other not in {path, card} and other.name in text)


def _beside_media(path: Path) -> Iterator[Path]:
    """Give the truth that may lie beside media: what has its name, and for a picture's or folder's sake nothing else."""
    yield from (other for other in path.parent.glob(f"{path.stem}.*") if other.suffix in TRUTH_SUFFIXES and other != path)


# At the receiver


def cache_folder() -> Path:
    """Return where received files lie."""
    return user_cache_path("workbench") / "received"


def missing(hashes: Iterable[str], cache: Path | None = None) -> list[str]:
    """Say which contents are not here yet."""
    folder = cache or cache_folder()
    return [sha256 for sha256 in hashes if not (folder / "content" / sha256).exists()]


def keep(sha256: str, content: bytes, cache: Path | None = None) -> None:
    """Keep a content that was sent.

    Raises:
        ValueError: It is another one than its hash says.
        SaveError: There is no space for it.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"the content sent as {sha256[:8]} is another one")
    write_whole((cache or cache_folder()) / "content" / sha256, content)


def unpack(material: Material, parcels: Parcels, cache: Path | None = None) -> Material:
    """Return the material in terms of this machine's files.

    Raises:
        FileNotFoundError: A content is missing; `keep` it first.
    """
    folder = cache or cache_folder()
    changes = {
        name: str(_unpacked(parcel, folder))
        for name, parcel in (("detector", parcels.detector), ("media", parcels.media), ("truth", parcels.truth))
        if parcel is not None
    }
    return material.model_copy(update=changes)


def _unpacked(parcel: Parcel, folder: Path) -> Path:
    place = folder / "parcels" / parcel.sha256
    for name, sha256 in parcel.files:
        target = (place / name).resolve()
        if not target.is_relative_to(place.resolve()):
            raise ValueError(f"{name!r} lies outside of its parcel")
        if not target.exists():
            write_whole(target, (folder / "content" / sha256).read_bytes())
    return place / parcel.main
