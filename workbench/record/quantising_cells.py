"""What quantising did to a network, as cells of tables: in the terminal and in reports alike."""

from workbench.record.quantising import BlockRow, Judged, Quantising, Trial
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
