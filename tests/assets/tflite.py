"""The small detector as a `.tflite` file: converted, with a card that names the outputs as the file does."""

from pathlib import Path

from tests.assets.scenes import SHAPES
from workbench.detectors import Calibration, Detector


def write_tflite(small: Detector, path: Path, size_hw: str = "64x96") -> Path:
    model = small.litert_model(small.default_settings().with_values({"input.size_hw": size_hw}), Calibration("nothing", list))
    path.write_bytes(model.content)
    card = SHAPES.with_suffix(".card.toml").read_text(encoding="utf-8")
    for name, in_the_file in (("offsets", "PartitionedCall:0"), ("scores", "PartitionedCall:1")):
        card = card.replace(f'"{name}"', f'"{in_the_file}"')
    card = card.replace("size = [64, 96]", f"size = [{size_hw.replace('x', ', ')}]")
    path.with_name(f"{path.name}.card.toml").write_text(card, encoding="utf-8")
    return path
