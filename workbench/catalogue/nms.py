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
        hard: Whether it keeps the boxes that hard NMS keeps, by the one rule of `workbench.stages.nms`; such methods replace each
            other.
        note: What the user should know who turns its knobs; `None` where all of them do what they say.
    """

    name: str
    place: Place
    code: str = ""
    hard: bool = True
    note: str | None = None


SOFT_NOTE = "soft NMS lowers the scores of what overlaps and removes nothing itself: nms.iou plays no part, nms.score decides"
NONE_NOTE = "nms.method=none removes nothing that overlaps: the best nms.max_detections above nms.score stay; nms.iou plays no part"


ROWS = (
    NmsRow("python", "host", "workbench.stages.nms:by_python"),
    NmsRow("numpy", "host", "workbench.stages.nms:by_numpy"),
    NmsRow("opencv", "host", "workbench.stages.nms:by_opencv"),
    NmsRow("tensorflow", "graph", "workbench.graph.nms:TENSORFLOW"),
    NmsRow("combined", "graph", "workbench.graph.nms:COMBINED"),
    NmsRow("padded", "graph", "workbench.graph.nms:PADDED"),
    NmsRow("soft", "graph", "workbench.graph.nms:SOFT", hard=False, note=SOFT_NOTE),
    NmsRow("none", "host", "workbench.stages.nms:by_score", hard=False, note=NONE_NOTE),
    NmsRow("model", "model", hard=False),
)
NMS_METHODS: dict[str, NmsRow] = {row.name: row for row in ROWS}


def nms_row(name: str) -> NmsRow:
    """Return a method's row. A record of another version may name one that is not in the table: its row tells only the name."""
    return NMS_METHODS.get(name) or NmsRow(name, "host", hard=False)


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
