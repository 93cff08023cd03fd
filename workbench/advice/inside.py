"""Cards from inside a network: what costs time there beside its arithmetic, as its operators' times or its file's notes tell."""

import re
from collections.abc import Callable
from functools import partial

from workbench.advice.arithmetic import amdahl, frame_seconds, of_frame, share, stage
from workbench.advice.card import Card, Expected
from workbench.advice.pool import Pool
from workbench.advice.rule import SHARE_NOTED, Theory, draw_up
from workbench.record import Profile, Record, inside_sums
from workbench.wording import format_number, format_percent, format_seconds_as_ms

TRANSPOSES = re.compile(r"(\d+) transposes between channels first and last")  # a note on a `.tflite` file
SEEN = 0.45  # of float32's time without them, on a YOLOX-nano that came by way of ONNX and has a Focus layer; .81 without that
NO_TRANSPOSES = {"runtime.layout": "nhwc"}
LEAST_SHARE = 0.05  # of the operators' time, for a card: what takes less is told in the report's list alone
TRANSPOSES_THEORY: Theory = (
    "Networks that came by way of ONNX have channels first, and LiteRT's convolutions want them last: a transpose on each side.",
    "Transposes compute nothing and move every number; slices of a Focus layer do too, outside the fast kernels.",
    "Where they cancel out they can be left out with the same outputs, which is checked on real frames each time.",
)
WORDS: dict[str, tuple[str, Theory]] = {
    "reference-kernels": (
        "Operators run on reference kernels",
        (
            "A runtime has fast kernels for the shapes and types that most networks have, and plain loops for the rest.",
            "One such operator among a hundred fast ones can take a quarter of the time.",
            "Another precision, a fixed input size or another engine brings it to a fast one.",
        ),
    ),
    "transposes": (
        "Time goes to turning tensors around",
        (
            "Channels first and last are the same numbers in another order; each change moves every byte and computes nothing.",
            "Exports from frameworks with channels first leave pairs of transposes around operators that want them last.",
            "Taken out, the network's answers stay the same.",
        ),
    ),
    "type-changes": (
        "Time goes to changing types",
        (
            "Where a network is partly in integers and partly in floats, every border between them is an operator of its own.",
            "Single operators in float between integer ones have two such borders each.",
            "Whole blocks in one precision have fewer.",
        ),
    ),
    "inner-resizes": (
        "Resizes inside the network take time",
        (
            "Feature pyramids enlarge maps on their way to the heads; bilinear resizing reads four pixels for each that it writes.",
            "Resizing to the nearest pixel by a factor of two only copies.",
            "It is part of the trained network: changing it means training again.",
        ),
    ),
    "normalisation": (
        "Batch normalisation is computed apart from its convolutions",
        (
            "A trained network normalises by one product and one sum per channel, which a convolution's own weights can hold.",
            "A Keras model in a TensorFlow graph still does both for each element of each map, and moves it through memory twice.",
            "LiteRT's converter folds them into the weights.",
        ),
    ),
    "grouped-convolutions": (
        "XLA's grouped convolutions are slow here",
        (
            "A depthwise convolution computes little for each value that it reads: it needs a kernel of its own to be quick.",
            "Whether XLA has one for a processor shows in the rate that it reaches there, beside its other convolutions.",
            "TensorFlow's own kernels (oneDNN) and LiteRT's (XNNPACK) have one.",
        ),
    ),
}


def _found(key: str, pool: Pool, record: Record) -> Card | None:
    inside = record.inside
    told = next((one for one in inside.lints if one.key == key), None) if inside else None
    part = inside.share(told.seconds) if inside and told else None
    if inside is None or told is None or part is None or part < LEAST_SHARE or told.seconds is None:
        return None
    title, theory = WORDS[key]
    change, sums = dict(told.change), inside_sums(inside)[1]
    return draw_up(
        pool,
        record,
        f"inside-{key}",
        title=title,
        finding=f"{told.what}: {format_seconds_as_ms(told.seconds)} ms, {format_percent(part)} of the operators' time.",
        evidence=f"{sums[:1].upper()}{sums[1:]}. What to do: {told.advice}.",
        expected=_at_most(record, inside, told.seconds),
        change=change or None,
        theory=theory,
    )


def _at_most(record: Record, inside: Profile, seconds: float) -> Expected | None:
    """Return what a frame would gain if these operators took nothing."""
    frame, own = frame_seconds(record), seconds / inside.batch
    if own >= frame:
        return None
    figures = f"{format_seconds_as_ms(frame)} / ({format_seconds_as_ms(frame)} - {format_seconds_as_ms(own)})"
    ratio = frame / (frame - own)
    return Expected(
        ratio=ratio, arithmetic=f"ms a frame over all but these operators: {figures} = {format_number(ratio)}", bound=True
    )


INSIDE: tuple[Callable[[Pool, Record], Card | None], ...] = tuple(partial(_found, key) for key in WORDS)
"""A rule for each kind of thing that a profile tells."""


def transposes_left_out(pool: Pool, record: Record) -> Card | None:
    """Say where a file turns its axes to and fro, and that it need not."""
    notes = record.engine.notes if record.engine else ()
    found = next((found for note in notes if (found := TRANSPOSES.fullmatch(note))), None)
    infer = stage(record, "infer")
    if found is None or infer is None or record.settings.runtime.layout != "stored" or share(record, "infer") < SHARE_NOTED:
        return None
    twin = pool.twin(record, NO_TRANSPOSES)
    becomes = stage(twin, "infer") if twin else SEEN * infer
    return draw_up(
        pool,
        record,
        "transposes",
        title="The file turns its axes to and fro",
        finding=f"{pool.label(record)} runs {found[0]}.",
        evidence=f"Inference takes {of_frame(record, 'infer')}; without them a YOLOX-nano took {format_number(SEEN)} of it.",
        expected=amdahl(record, ("infer",), becomes),
        change=NO_TRANSPOSES,
        theory=TRANSPOSES_THEORY,
    )
