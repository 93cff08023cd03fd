"""A model that nothing recognises, whose card decodes it with a function in a file of its own."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from workbench.detectors import Card, InputCard

SIZE_HW = (64, 64)
LABELS = ("a", "b")
CODE = """
import numpy as np

def decode(outputs, size_hw):
    height, width = size_hw
    return outputs["boxes"][0] * np.array([width, height, width, height]), outputs["scores"][0]
"""
CARD = Card(labels=LABELS, input=InputCard(size=SIZE_HW), decode="mine.py:decode")


def write_model(folder: Path) -> Path:
    """Write a SavedModel of boxes whose corners and scores are mean colours, its card and its Python file; return its path."""

    def serve(image: Any) -> dict[str, Any]:
        cells = tf.reshape(tf.nn.avg_pool2d(image, 16, 16, "SAME"), (-1, 16, 3))
        corners = tf.concat([cells[..., :2] * 0.5, 0.5 + cells[..., :2] * 0.5], -1)
        return {"boxes": corners, "scores": cells[..., 1:]}

    module = tf.Module()
    spec = tf.TensorSpec((None, *SIZE_HW, 3), tf.float32, name="image")
    module.serve = tf.function(serve, input_signature=[spec], autograph=False)
    path = folder / "m"
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve.get_concrete_function()})
    (folder / "mine.py").write_text(CODE)
    (folder / "m.card.toml").write_text(CARD.to_toml())
    return path
