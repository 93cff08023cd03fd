"""The small detector as a `.tflite` file: converted, with a card that names the outputs as the file does."""

from pathlib import Path

from tests.assets.scenes import SHAPES
from workbench.detectors import Calibration, Detector
from workbench.settings import Nms


def write_tflite(small: Detector, path: Path) -> Path:
    model = small.litert_model("float32", (64, 96), 1, Calibration("nothing", list), Nms())
    path.write_bytes(model.content)
    card = SHAPES.with_suffix(".card.toml").read_text(encoding="utf-8")
    for name, in_the_file in (("offsets", "PartitionedCall:0"), ("scores", "PartitionedCall:1")):
        card = card.replace(f'"{name}"', f'"{in_the_file}"')
    path.with_name(f"{path.name}.card.toml").write_text(card, encoding="utf-8")
    return path
