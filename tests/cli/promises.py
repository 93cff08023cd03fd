"""What the JSON of a record always holds."""

from typing import Any

from workbench.settings import setting_names

TIMING_KEYS = {
    "compile_seconds",
    "first_call_seconds",
    "total_seconds",
    "stage_seconds",
    "unexplained_share",
    "bound_share",
    "fps",
    "median_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
}
RECORD_KEYS = {
    "schema",
    "settings",
    "detector",
    "media",
    "environment",
    "timing",
    "accuracy",
    "agreement",
    "noise",
    "warnings",
    "problem",
}


def promised(record: dict[str, Any]) -> None:
    """Check the keys that are promised of one record."""
    assert set(record) >= RECORD_KEYS
    assert record["schema"] == 1
    assert set(record["timing"]) >= TIMING_KEYS
    assert set(record["noise"]) >= {"verdict", "reasons"}
    assert {f"{group}.{field}" for group, fields in record["settings"].items() for field in fields} == set(setting_names())
    if record["accuracy"] is not None:
        assert set(record["accuracy"]) >= {"ap", "ap50", "ap_small", "ap_medium", "ap_large"}
