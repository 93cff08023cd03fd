"""How a `.tflite` file's metadata say that pixels are to be scaled: NormalizationOptions of its first input.

The metadata are a flatbuffer of their own inside the model's
(https://github.com/tensorflow/tflite-support/blob/master/tensorflow_lite_support/metadata/metadata_schema.fbs); the numbers below
are places in its tables. What it says is a stranger's word: it is only what is tried first.
"""

import struct
from collections.abc import Sequence
from math import isfinite
from typing import Any

from workbench.stages import CHANNELS, PerChannel

METADATA = b"TFLITE_METADATA"
SUBGRAPHS, INPUTS, PROCESS_UNITS, OPTIONS_TYPE, OPTIONS, MEAN, STD = 3, 2, 4, 0, 1, 0, 1
NORMALIZATION = 1
ONE_OR_CHANNELS = (1, CHANNELS)


def stated_normalization(content: bytes) -> tuple[PerChannel, PerChannel] | None:
    """Return offset and factor of pixels, one number or one a channel; `None` where nothing says them."""
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = schema.Model.GetRootAs(content, 0)
        entries = [model.Metadata(n) for n in range(model.MetadataLength())]
        stored = [model.Buffers(one.Buffer()).DataAsNumpy() for one in entries if one.Name() == METADATA]
        return next((found for one in stored if (found := _normalization(one.tobytes()))), None)
    except (struct.error, IndexError, TypeError, ValueError, AttributeError):  # damaged: it says nothing then
        return None


def _normalization(content: bytes) -> tuple[PerChannel, PerChannel] | None:
    from flatbuffers import encode, packer
    from flatbuffers.number_types import Float32Flags, Uint8Flags
    from flatbuffers.table import Table

    root = Table(bytearray(content), encode.Get(packer.uoffset, content, 0))
    inputs = [one for graph in _tables(root, SUBGRAPHS) for one in _tables(graph, INPUTS)]
    for unit in _tables(inputs[0], PROCESS_UNITS) if inputs else []:
        kind, options = (unit.Offset(4 + 2 * field) for field in (OPTIONS_TYPE, OPTIONS))
        if kind and options and unit.Get(Uint8Flags, unit.Pos + kind) == NORMALIZATION:
            table = Table(unit.Bytes, unit.Indirect(unit.Pos + options))
            mean, std = (
                tuple(float(table.Get(Float32Flags, table.Vector(place) + 4 * n)) for n in range(table.VectorLen(place)))
                for place in (table.Offset(4 + 2 * field) for field in (MEAN, STD))
            )
            if len(mean) in ONE_OR_CHANNELS and len(std) in ONE_OR_CHANNELS and all(std) and all(map(isfinite, (*mean, *std))):
                return _one_or_three(mean), _one_or_three([1 / one for one in std])
    return None


def _one_or_three(values: Sequence[float]) -> PerChannel:
    return values[0] if len(values) == 1 else (values[0], values[1], values[2])


def _tables(table: Any, field: int) -> list[Any]:
    from flatbuffers.table import Table

    place = table.Offset(4 + 2 * field)
    if not place:
        return []
    start = table.Vector(place)
    return [Table(table.Bytes, table.Indirect(start + 4 * n)) for n in range(table.VectorLen(place))]
