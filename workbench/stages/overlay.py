"""What is laid over a picture, as plain values: the boxes now, those of a baseline that are lost, and the truth."""

from typing import Any

from workbench.detections import Detections, ImageTruth, match

Overlay = dict[str, Any]
"""`boxes`, `lost`, `pinned` and `truth`; see `overlay`."""


def overlay(found: Detections, pinned: Detections | None, truth: ImageTruth | None) -> Overlay:
    """Tell kept, lost and new boxes apart.

    Args:
        found: What the setting finds now.
        pinned: What the baseline found in the same frame; `None` where it was not run on it.
        truth: What is really there; `None` where that is not known.

    Returns:
        `boxes`, each with `xyxy` in pixels of the frame, `label`, `score` and `kind` (`plain` without a baseline, else `kept` where
        it has a partner of the same class at IoU .5, or `new`); `lost`, the baseline's boxes without such a partner; `pinned`,
        all of the baseline's; `truth`.
    """
    if pinned is None:
        return {"boxes": _boxes(found, ["plain"] * len(found)), "lost": [], "pinned": None, "truth": _truth(truth)}
    pairs = [(row, column) for row, column, _ in match(found, pinned) if found.class_ids[row] == pinned.class_ids[column]]
    kept, known = {row for row, _ in pairs}, {column for _, column in pairs}
    before = _boxes(pinned, ["pinned"] * len(pinned))
    return {
        "boxes": _boxes(found, ["kept" if row in kept else "new" for row in range(len(found))]),
        "lost": [box for column, box in enumerate(before) if column not in known],
        "pinned": before,
        "truth": _truth(truth),
    }


def counts(drawn: Overlay) -> dict[str, int] | None:
    """Count kept, lost and new boxes; `None` without a baseline."""
    if drawn["pinned"] is None:
        return None
    kinds = [box["kind"] for box in drawn["boxes"]]
    return {"kept": kinds.count("kept"), "lost": len(drawn["lost"]), "new": kinds.count("new")}


def _boxes(found: Detections, kinds: list[str]) -> list[dict[str, Any]]:
    return [
        {"xyxy": xyxy, "label": label, "score": score, "kind": kind}
        for xyxy, label, score, kind in zip(
            found.boxes_xyxy_px.astype(float).round(1).tolist(),
            found.class_ids.tolist(),
            found.scores.astype(float).round(3).tolist(),
            kinds,
            strict=True,
        )
    ]


def _truth(truth: ImageTruth | None) -> list[dict[str, Any]] | None:
    if truth is None:
        return None
    boxes = truth.boxes_xyxy_px.astype(float).round(1).tolist()
    return [{"xyxy": xyxy, "label": label} for xyxy, label in zip(boxes, truth.class_ids.tolist(), strict=True)]
