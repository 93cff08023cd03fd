"""Damaged models: bytes flipped, cut, zeroed and grown; containers that are valid with contents that are not."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.assets.scenes import SHAPES
from tests.assets.tflite import write_tflite
from tests.detectors.damage import CELLS_HW, damaged, small_tflite
from tests.fuzzing.kernel import Case, scratch
from tests.fuzzing.structure import changed_file

# As often as they are tried: what TensorFlow opens takes five times as long.
KINDS = (
    *("small.tflite",) * 12,
    *("integer.tflite",) * 10,
    *("shapes.tflite",) * 6,
    "shapes.keras",
    "shapes.h5",
    "small.pb",
    "small",
)
OUTSIDE = "input.resize=opencv,nms.method=opencv"  # of the graph: else compiling it takes most of the time
PRESETS = {  # the first of each more often than the others
    ".tflite": (*("litert",) * 7, "litert,runtime.engine=openvino", "litert,runtime.engine=onnxruntime", "graph"),
    ".keras": (*(f"graph,{OUTSIDE}",) * 3, f"graph,runtime.engine=eager,{OUTSIDE}", "naive", f"xla,{OUTSIDE}", "litert"),
    ".pb": (*(f"graph,{OUTSIDE}",) * 3, f"graph,runtime.engine=eager,{OUTSIDE}", f"xla,{OUTSIDE}", "litert"),
}
PRESETS |= {".h5": PRESETS[".keras"], "": PRESETS[".pb"]}


def make_models(folder: Path) -> None:
    """Write a sound model of each kind."""
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    from workbench.detectors import quiet_logger
    from workbench.machine import native_stderr_captured
    from workbench.opening import open_detector

    small = small_tflite(folder)
    with quiet_logger(), native_stderr_captured():
        saved = tf.saved_model.load(str(small.with_suffix("")))
        function = saved.signatures["serving_default"]
        graph = convert_variables_to_constants_v2(function).graph.as_graph_def()
        (folder / "small.pb").write_bytes(graph.SerializeToString())
        (folder / "integer.tflite").write_bytes(_integer(small.with_suffix("")))
        shapes = keras.saving.load_model(SHAPES)
        for suffix in (".keras", ".h5"):
            shapes.save(folder / f"shapes{suffix}")
            shutil.copyfile(SHAPES.with_suffix(".card.toml"), folder / f"shapes{suffix}.card.toml")
    write_tflite(open_detector(str(SHAPES)), folder / "shapes.tflite")


def _integer(saved: Path) -> bytes:
    import tensorflow as tf

    height, width = (32 * cells for cells in CELLS_HW)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([np.full((1, height, width, 3), value, np.float32)] for value in (0, 0.5, 1))
    return bytes(converter.convert())


def models(sound: Path, work: Path, count: int, seed: int) -> Iterator[Case]:
    """Give commands that open a damaged model each, and run it on a frame if it opens."""
    for number in range(count):
        draw = np.random.default_rng((seed, 1, number))
        name = KINDS[draw.integers(len(KINDS))]
        how = "bytes" if draw.random() < 0.5 else "structure"
        with scratch(work / f"model{number}") as folder:
            path = _damaged_model(sound, folder, name, how, draw)
            presets = PRESETS[Path(name).suffix]
            preset = str(presets[draw.integers(len(presets))])
            words = ("run", path, sound / "scenes", "--frames", "1", "--preset", preset, "--history", folder / "h.sqlite")
            yield Case(f"model {number} ({name}, {how}, {preset})", words)


def _damaged_model(sound: Path, folder: Path, name: str, how: str, draw: np.random.Generator) -> Path:
    path = folder / name
    card = sound / f"{name}.card.toml"
    if card.exists():
        shutil.copyfile(card, folder / card.name)
    if (sound / name).is_dir():
        shutil.copytree(sound / name, path)
        files = [one for one in sorted(path.rglob("*")) if one.is_file()]
        within = path / "saved_model.pb" if how == "structure" else files[draw.integers(len(files))]
    else:
        within = path
        shutil.copyfile(sound / name, path)
    within.write_bytes(_content(within, how, draw))
    return path


def _content(path: Path, how: str, draw: np.random.Generator) -> Any:
    return damaged(path.read_bytes(), draw) if how == "bytes" else changed_file(path, draw)
