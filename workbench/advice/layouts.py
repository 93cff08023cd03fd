"""Cards about the order of a network's axes."""

import re

from workbench.advice.arithmetic import amdahl, of_frame, share, stage
from workbench.advice.card import Card
from workbench.advice.pool import Pool
from workbench.advice.rule import SHARE_NOTED, Theory, draw_up
from workbench.record import Record
from workbench.wording import format_number

TRANSPOSES = re.compile(r"(\d+) transposes between channels first and last")  # a note on a `.tflite` file
SEEN = 0.45  # of float32's time without them, on a YOLOX-nano that came by way of ONNX and has a Focus layer; .81 without that
CHANGE = {"runtime.layout": "nhwc"}
THEORY: Theory = (
    "Networks that came by way of ONNX have channels first, and LiteRT's convolutions want them last: a transpose on each side.",
    "Transposes compute nothing and move every number; slices of a Focus layer do too, outside the fast kernels.",
    "Where they cancel out they can be left out with the same outputs, which is checked on real frames each time.",
)


def transposes_left_out(pool: Pool, record: Record) -> Card | None:
    """Say where a file turns its axes to and fro, and that it need not."""
    notes = record.engine.notes if record.engine else ()
    found = next((found for note in notes if (found := TRANSPOSES.fullmatch(note))), None)
    infer = stage(record, "infer")
    if found is None or infer is None or record.settings.runtime.layout != "stored" or share(record, "infer") < SHARE_NOTED:
        return None
    twin = pool.twin(record, CHANGE)
    becomes = stage(twin, "infer") if twin else SEEN * infer
    return draw_up(
        pool,
        record,
        "transposes",
        title="The file turns its axes to and fro",
        finding=f"{pool.label(record)} runs {found[0]}.",
        evidence=f"Inference takes {of_frame(record, 'infer')}; without them a YOLOX-nano took {format_number(SEEN)} of it.",
        expected=amdahl(record, ("infer",), becomes),
        change=CHANGE,
        theory=THEORY,
    )
