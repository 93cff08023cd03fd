"""What quantising did to a detector, where it hurts, and what was tried to repair it: as values, and as cells of tables."""

from typing import Literal

from workbench.detections import Agreement, ApChange
from workbench.record.facts import Line
from workbench.timing import Ratio, Value
from workbench.wording import (
    MISSING,
    format_agreement,
    format_ap_change,
    format_bytes,
    format_change,
    format_fraction,
    format_milliseconds,
    format_number,
    format_ratio,
    listed,
)

NETWORK_HEADINGS = ("network", "size", "ms", "speed", "AP", "change", "agreement")
BLOCK_HEADINGS = ("block", "type", "scores", "boxes", "SNR dB", "stays", "why")
TRIAL_HEADINGS = ("tried", "loses", "moves scores by")
FIGURE_HEADINGS = frozenset({"size", "ms", "AP", "scores", "boxes", "SNR dB", "loses", "moves scores by"})


class BlockRow(Value):
    """A block of operators, and what it does to the answers when it alone is in integers."""

    name: Line
    """Of its operator with weights, as the model has it."""
    kind: Line
    position: int
    """In the order in which blocks run."""
    score_error: float
    """Mean change of the scores that count."""
    box_error: float
    """Mean share of a box that is not in that of the float network."""
    snr_db: float | None = None
    """Signal to noise ratio of what it gives where all is in integers; it misleads alone: faults show behind where they are."""
    reason: Line | None = None
    in_float: bool = False
    """Whether the repair keeps it there."""


class Trial(Value):
    """A network that was tried on the frames that guide the search."""

    changes: tuple[Line, ...]
    blocks_in_float: int
    loss: float
    """Of AP, or of the agreement where no truth is known."""
    score_drift: float


class Judged(Value):
    """A network on the frames that judge: none of them calibrated it, and none guided the search."""

    role: Literal["float", "plain", "repaired", "other"]
    """`plain`: the integers that were asked for, all of them; `other`: what is there besides where no repair is enough."""
    name: Line
    model_bytes: int | None
    median_ms: float | None = None
    """Of all frames, the whole way from picture to boxes."""
    agreement: Agreement
    """With the float network."""
    ap: float | None = None
    ap_change: ApChange | None = None
    """From the float network."""
    speed: Ratio | None = None
    """The float network's time over its own, of both in turns."""


class Quantising(Value):
    """What became of a float network in fewer bits."""

    limit: float
    """Of AP, or five times as much of the agreement, that it may lose."""
    guided_by: int
    judged_by: int
    """Frames."""
    apart: bool
    """Whether the frames that calibrate, guide and judge are three sets; media of a few frames have too few for that."""
    tried: tuple[Trial, ...] = ()
    blocks: tuple[BlockRow, ...] = ()
    """Worst first."""
    judged: tuple[Judged, ...] = ()
    """The float network first."""
    made_of: tuple[Line, ...] = ()
    """How the file that came out is stored, and which kernels run its operators."""
    answer: Line


def network_cells(one: Judged) -> tuple[str, ...]:
    """Return the cells of a network, under `NETWORK_HEADINGS`."""
    return (
        one.name,
        format_bytes(one.model_bytes),
        format_milliseconds(one.median_ms),
        format_ratio(one.speed) if one.speed else "",
        format_fraction(one.ap),
        format_ap_change(one.ap_change) if one.ap_change else "",
        format_agreement(one.agreement),
    )


def block_cells(row: BlockRow) -> tuple[str, ...]:
    """Return the cells of a block, under `BLOCK_HEADINGS`."""
    return (
        row.name,
        row.kind,
        format_fraction(row.score_error),
        format_fraction(row.box_error),
        format_number(row.snr_db) if row.snr_db is not None else MISSING,
        "in float" if row.in_float else "",
        row.reason or "",
    )


def trial_cells(one: Trial) -> tuple[str, ...]:
    """Return the cells of what was tried, under `TRIAL_HEADINGS`."""
    return (listed(one.changes) or "as asked for", format_fraction(one.loss), format_change(one.score_drift))


def quantising_frames(found: Quantising) -> str:
    """Say on which frames the search looked, and which judged."""
    apart = (
        "" if found.apart else "; these and those that calibrated are the same, for there are too few: it reads better than it is"
    )
    return f"judged on {found.judged_by} frames, the search was guided by {found.guided_by}{apart}"
