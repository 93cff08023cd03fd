"""The card that a user has to finish: offsets from anchors come without the anchors."""

import json
from collections.abc import Mapping
from string import Template

from workbench.detectors.anchored_outputs import OffsetMaps, offset_maps
from workbench.detectors.output_values import scoring_of
from workbench.detectors.trial import Trial
from workbench.stages import Activation

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
$layout$background     # or "last": where the score of nothing being there stands; leave it out where there is none
activation = $activation
# order = "yx"             # where an offset is dy, dx, dh, dw, as in TensorFlow
# sizes = "linear"         # where sizes are no logarithms, as in MediaPipe
center_variance = 0.1
size_variance = 0.2
# One line a feature map, in the order of the outputs, which have $count: the rows and columns of its cells, and width and height
# of each cell's anchors in fractions of the input. Or `stride = 8` for cells; `units = "pixels"`; or, for boxes,
# `sizes = [0.04, 0.056], ratios = [1, 0.62, 0.42]`: every size at the first ratio, then the first size at the others.
# Or, in the place of all of them, the rule that made them: `anchor_generator = { kind = "ssd", strides = [16, 32] }`.
anchors = [
$anchors]
""")


ROWS = ("{ cells = [40, 40], boxes = [[0.1, 0.1], [0.2, 0.1]] }", "{ cells = [20, 20], boxes = [[0.3, 0.3], [0.5, 0.3]] }")
ACTIVATIONS: Mapping[Activation | None, str] = {
    None: '"none"        # scores have to be in 0..1, which these are not: bring them there in the model',
    "none": '"none"        # scores are in 0..1',
    "sigmoid": '"sigmoid"     # scores leave 0..1; or softmax, where each row has one class or the background',
    "softmax": '"softmax"     # scores leave 0..1 and each row has one class or the background; or sigmoid',
}


def anchor_outputs(trial: Trial) -> OffsetMaps | None:
    """Return the outputs of offsets and scores where a model seems to put these out; `None` where it does not."""
    outputs = trial.runs[0].outputs
    for name, offsets in outputs.items():
        equal = (other for other, one in outputs.items() if one.ndim == 3 and one.shape[:2] == offsets.shape[:2])
        partners = [other for other in equal if other != name]
        if offsets.ndim == 3 and offsets.shape[-1] == 4 and len(partners) == 1 and len(outputs) == 2:
            return OffsetMaps((name, partners[0]), outputs[partners[0]].shape[-1])
    return offset_maps(outputs, trial.size_hw)


def unfinished_card(trial: Trial, name: str) -> str | None:
    """Return the text of the card of a model of that name, without its anchors; `None` where the outputs are of another kind."""
    found = anchor_outputs(trial)
    if found is None:
        return None
    outputs = trial.runs[0].outputs
    activation, background = scoring_of(outputs[found.scores])
    levels = zip(found.strides, found.anchors, strict=True)
    lines = [f"{{ stride = {stride}, boxes = {[[0.1, 0.1]] * count} }}" for stride, count in levels] or ROWS
    return EXAMPLE.substitute(
        name=name,
        labels=json.dumps([f"class {number}" for number in range(found.classes - (background is not None))]),
        tensors=json.dumps(list(found.tensors)),
        layout="planar = true              # channels come first\n" if found.planar else "",
        background=f'background = "{background}"  ' if background else '# background = "first"',
        activation=ACTIVATIONS[activation],
        count=f"{len(found.strides)} levels" if found.strides else f"{outputs[found.tensors[0]].shape[1]} rows",
        anchors="".join(f"  {line},\n" for line in lines),
    )
