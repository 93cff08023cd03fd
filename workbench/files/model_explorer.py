"""Figures of a network's operators as an overlay for Model Explorer (https://github.com/google-ai-edge/model-explorer).

Load it there beside the model: *Custom node data*. It matches the names of tensors.
"""

import json
from collections.abc import Iterable

WHITE, RED = "#ffffff", "#d55e00"


def node_data(figures: Iterable[tuple[str, float]], *, high_is_bad: bool = True) -> str:
    """Write figures by tensor name; several of a name are added up, and figures without a name are left out.

    Args:
        figures: Name of the tensor that an operator gives, and its figure.
        high_is_bad: Whether the highest are the red ones.

    >>> json.loads(node_data([("a", 1.0), ("a", 2.0), ("", 9.0)]))["results"]
    {'a': {'value': 3.0}}
    """
    summed: dict[str, float] = {}
    for name, value in figures:
        if name:
            summed[name] = summed.get(name, 0.0) + value
    low, high = (WHITE, RED) if high_is_bad else (RED, WHITE)
    gradient = [{"stop": 0, "bgColor": low}, {"stop": 1, "bgColor": high}]
    return json.dumps({"results": {name: {"value": value} for name, value in summed.items()}, "gradient": gradient})
