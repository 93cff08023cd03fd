"""The card that a user has to finish: offsets from anchors come without the anchors."""

import json
from string import Template

from workbench.detectors.trial import Trial

EXAMPLE = Template("""\
# Save this as $name.card.toml beside the model, with its own anchors; whoever trained it knows them.
card = 1
labels = $labels

[input]
values = "0..1"            # what pixels are brought to: 0..1, 0..255 or -1..1
colour = "RGB"
fit = "stretch"            # or letterbox

[candidates]
kind = "ssd"
tensors = $tensors
# background = "first"     # or "last": where the score of nothing being there stands; leave it out where there is none
activation = "none"        # or sigmoid, softmax: what the scores still have to pass
center_variance = 0.1
size_variance = 0.2
# One line a feature map, in the order of the outputs, which have $count rows: the rows and columns of its cells, and width and
# height of each cell's anchors in fractions of the input. Or `stride = 8` for cells; `units = "pixels"`; or, for boxes,
# `sizes = [0.04, 0.056], ratios = [1, 0.62, 0.42]`: every size at the first ratio, then the first size at the others.
anchors = [
  { cells = [40, 40], boxes = [[0.1, 0.1], [0.2, 0.1]] },
  { cells = [20, 20], boxes = [[0.3, 0.3], [0.5, 0.3]] },
]
""")


def anchor_outputs(trial: Trial) -> tuple[str, str] | None:
    """Return the names of offsets and scores where a model seems to put these out; `None` where it does not."""
    outputs = trial.runs[0].outputs
    for name, offsets in outputs.items():
        equal = (other for other, one in outputs.items() if one.ndim == 3 and one.shape[:2] == offsets.shape[:2])
        partners = [other for other in equal if other != name]
        if offsets.ndim == 3 and offsets.shape[-1] == 4 and len(partners) == 1 and len(outputs) == 2:
            return name, partners[0]
    return None


def unfinished_card(trial: Trial, name: str) -> str | None:
    """Return the text of the card of a model of that name, without its anchors; `None` where the outputs are of another kind."""
    outputs = anchor_outputs(trial)
    if outputs is None:
        return None
    offsets, scores = (trial.runs[0].outputs[one] for one in outputs)
    labels = [f"class {number}" for number in range(scores.shape[-1])]
    return EXAMPLE.substitute(name=name, labels=json.dumps(labels), tensors=json.dumps(list(outputs)), count=offsets.shape[1])
