"""The record: what one run produced, or why it could not. All that reports, charts, tables, history, pick and advice know."""

from workbench.record.baseline import choose_baseline, labels_by_id, unique
from workbench.record.class_words import class_word, folded, same_classes
from workbench.record.evidence import (
    AP_LOSS_NOTED,
    SCREENING_ERROR,
    SEPARATE_RUNS_MARGIN,
    Speed,
    agreement_with,
    ap,
    ap_change,
    comparable,
    median_ms,
    ran,
    speed_against,
)
from workbench.record.media_facts import MediaFacts
from workbench.record.ranking import Point, best, fastest_first, frontier, ms_and_ap, place, point_of
from workbench.record.record import (
    DetectorFacts,
    EngineFacts,
    FrameDetections,
    Picture,
    Problem,
    Record,
    check_same_machine,
    read_records,
    write_whole,
)

__all__ = [
    "AP_LOSS_NOTED",
    "SCREENING_ERROR",
    "SEPARATE_RUNS_MARGIN",
    "DetectorFacts",
    "EngineFacts",
    "FrameDetections",
    "MediaFacts",
    "Picture",
    "Point",
    "Problem",
    "Record",
    "Speed",
    "agreement_with",
    "ap",
    "ap_change",
    "best",
    "check_same_machine",
    "choose_baseline",
    "class_word",
    "comparable",
    "fastest_first",
    "folded",
    "frontier",
    "labels_by_id",
    "median_ms",
    "ms_and_ap",
    "place",
    "point_of",
    "ran",
    "read_records",
    "same_classes",
    "speed_against",
    "unique",
    "write_whole",
]
