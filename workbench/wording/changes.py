"""What changes between settings, in the words that people say: `Keras predict → LiteRT` rather than `runtime.engine`."""

from typing import NamedTuple

from workbench.catalogue import engine_row
from workbench.wording.formats import counted

ARROW = "→"
LEADS = {
    "input.size_hw": "size",
    "input.resize": "resize",
    "input.filter": "filter",
    "runtime.engine": "",
    "runtime.precision": "",
    "nms.method": "NMS",
    "feed.mode": "feed",
}  # what stands before the values; other settings are called by their names
SPOKEN = {
    "graph": "in the graph",
    "opencv": "OpenCV",
    "pillow": "Pillow",
    "python": "Python",
    "numpy": "NumPy",
    "tensorflow": "TensorFlow",
}


class ChangeWords(NamedTuple):
    """One setting that changed."""

    lead: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.lead} {self.old} {ARROW} {self.new}".strip()


def change_words(change: str) -> ChangeWords:
    """Read a line of `settings.describe_changes` as people say it.

    >>> str(change_words("runtime.engine: keras -> litert")), str(change_words("input.resize: pillow -> opencv"))
    ('Keras predict → LiteRT', 'resize Pillow → OpenCV')
    >>> str(change_words("nms.max_detections: 100 -> 20")), str(change_words("input.size_hw: 512x512 -> 320x320"))
    ('NMS max detections 100 → 20', 'size 512×512 → 320×320')
    >>> str(change_words("runtime.float_ops: none -> stem/Conv2D;head*"))
    'float ops none → 2 patterns'
    """
    name, _, values = change.partition(": ")
    old, _, new = values.partition(" -> ")
    group, _, field = name.partition(".")
    by_name = " ".join([*(["NMS"] if group == "nms" else []), field.replace("_", " ")])
    return ChangeWords(LEADS.get(name, by_name), _spoken(name, old), _spoken(name, new))


def _spoken(name: str, value: str) -> str:
    if name == "runtime.engine":
        return engine_row(value).spoken.removeprefix("a ")
    if name == "runtime.float_ops" and value != "none":
        return counted(value.count(";") + 1, "pattern")
    if name == "input.size_hw":
        return value.replace("x", "×")
    return SPOKEN.get(value, value) if name in {"input.resize", "nms.method"} else value
