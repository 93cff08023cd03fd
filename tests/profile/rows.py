"""Operators and profiles, made up."""

from typing import Any

from workbench.profile.lints import Inside
from workbench.quantising import Flatbuffer
from workbench.record import OperatorRow, Profile, Roof
from workbench.settings import Runtime, Settings


def row(name: str, kind: str = "CONV_2D", **more: Any) -> OperatorRow:
    return OperatorRow(**{"name": name, "kind": kind, "shape": (1, 4, 4, 8), "seconds": 0.001, **more})


def profile(*rows: OperatorRow, **more: Any) -> Profile:
    made = {"detector": "shapes", "setting": "litert", "runtime": "LiteRT", "batch": 1, "infer_seconds": 0.01}
    roof = Roof(macs_per_second=10e9, bytes_per_second=10e9, int8_macs_per_second=40e9, int8_by="XNNPACK")
    return Profile(**{**made, "roof": roof, "around_seconds": 0.002, "runs": 50, "operators": rows, **more})


def inside(content: bytes, *rows: OperatorRow, layout: Any = "stored") -> Inside:
    settings = Settings(runtime=Runtime(engine="litert", layout=layout))
    return Inside(rows=rows, settings=settings, file=Flatbuffer(content))
