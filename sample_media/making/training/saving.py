"""Write a network in as few bytes as Keras reads without help."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

# Of float32's 23 bits behind the point. A relative error of 2**-14 is far below what any AP can tell (bfloat16 keeps 7 bits), and
# zeros compress: a network takes a third less.
KEPT_BITS = 13
EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's first day; the same weights give the same bytes


def save_network(network: Any, path: Path) -> None:
    """Round the network's weights to `KEPT_BITS` and write it as a compressed `.keras` file, whole or not at all."""
    network.set_weights([round_mantissa(weight) for weight in network.get_weights()])
    plain, unfinished = path.with_suffix(".plain.keras"), path.with_suffix(".part")
    network.save(plain)
    with ZipFile(plain) as source, ZipFile(unfinished, "w", ZIP_DEFLATED, compresslevel=9) as target:
        for entry in source.infolist():
            target.writestr(ZipInfo(entry.filename, EPOCH), source.read(entry), ZIP_DEFLATED)
    unfinished.replace(path)
    plain.unlink()


def round_mantissa(values: NDArray[np.float32], kept_bits: int = KEPT_BITS) -> NDArray[np.float32]:
    """Round each value to the nearest with `kept_bits` bits behind the binary point, ties away from zero.

    >>> round_mantissa(np.array([1.0 + 2**-20], np.float32))
    array([1.], dtype=float32)
    """
    dropped = 23 - kept_bits
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return np.asarray(((bits + (1 << (dropped - 1))) >> dropped << dropped).view(np.float32))
