"""Detections: boxes, what was found in a picture, and how right it is."""

from workbench.detections.accuracy import (
    Accuracy,
    Agreement,
    FrameMatch,
    agreement,
    agreement_of,
    average_precision,
    break_reasons,
    compare_ap,
    match,
    match_frame,
    uncounted,
    with_reasons,
)
from workbench.detections.boxes import FloatArray, UInt8Array, areas_px, pairwise_iou
from workbench.detections.certainty import TOLERANCE, ApChange, Interval, neighbours
from workbench.detections.class_accuracy import CURVE_SCORE, ClassAccuracy, Confusion, CurvePoint
from workbench.detections.detections import Detections
from workbench.detections.doubts import doubts, doubts_of_function
from workbench.detections.frame_errors import FrameErrors, first_of_each, frame_errors, worst_frames
from workbench.detections.image_truth import ImageTruth
from workbench.detections.judged_by import JudgedBy
from workbench.detections.resampling import SCREENING_DRAWS
from workbench.detections.thresholds import ScoreGain

__all__ = [
    "CURVE_SCORE",
    "SCREENING_DRAWS",
    "TOLERANCE",
    "Accuracy",
    "Agreement",
    "ApChange",
    "ClassAccuracy",
    "Confusion",
    "CurvePoint",
    "Detections",
    "FloatArray",
    "FrameErrors",
    "FrameMatch",
    "ImageTruth",
    "Interval",
    "JudgedBy",
    "ScoreGain",
    "UInt8Array",
    "agreement",
    "agreement_of",
    "areas_px",
    "average_precision",
    "break_reasons",
    "compare_ap",
    "doubts",
    "doubts_of_function",
    "first_of_each",
    "frame_errors",
    "match",
    "match_frame",
    "neighbours",
    "pairwise_iou",
    "uncounted",
    "with_reasons",
    "worst_frames",
]
