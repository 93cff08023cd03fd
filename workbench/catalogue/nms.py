"""The NMS methods: one row each.

A new one is a file with its function, beside `workbench/stages/nms.py` where it runs on the host, beside `workbench/graph/nms.py`
where it is made of TensorFlow operations; and a row here. The table is a dict, as that of the engines is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, final

from workbench.catalogue.code import load

Place = Literal["host", "graph", "model"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NmsRow:
    """What is known of a method without loading it.

    Attributes:
        name: In `nms.method`.
        place: Where it runs: on the host, as TensorFlow operations, or inside the detector's own network.
        code: What does it, as `module:NAME`: a `workbench.stages.HostNms`, or a `workbench.graph.GraphNms`.
    """

    name: str
    place: Place
    code: str = ""


ROWS = (
    NmsRow("python", "host", "workbench.stages.nms:by_python"),
    NmsRow("numpy", "host", "workbench.stages.nms:by_numpy"),
    NmsRow("opencv", "host", "workbench.stages.nms:by_opencv"),
    NmsRow("tensorflow", "graph", "workbench.graph.nms:TENSORFLOW"),
    NmsRow("combined", "graph", "workbench.graph.nms:COMBINED"),
    NmsRow("padded", "graph", "workbench.graph.nms:PADDED"),
    NmsRow("soft", "graph", "workbench.graph.nms:SOFT"),
    NmsRow("model", "model"),
)
NMS_METHODS: dict[str, NmsRow] = {row.name: row for row in ROWS}


@final
class MethodsOf(Mapping[str, T]):
    """The methods of one place, by name; their code is loaded where it is asked for."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __getitem__(self, name: str) -> T:
        row = NMS_METHODS[name]
        if row.place != self._place:
            raise KeyError(name)
        code: T = load(row.code)
        return code

    def __iter__(self) -> Iterator[str]:
        return (row.name for row in NMS_METHODS.values() if row.place == self._place)

    def __len__(self) -> int:
        return sum(1 for _ in self)
