"""The report: records as one self-contained HTML page, and its figures by themselves. Reads records only; reaches no TensorFlow."""

from workbench.report.figures import quality_figure, stage_figure, waterfall_figure
from workbench.report.headline import noise_of
from workbench.report.page import inside_figure, render_report, write_report
from workbench.report.points import points_of
from workbench.report.summary import Summary
from workbench.report.timeline import trace_json
from workbench.report.waterfall import waterfall_css, waterfall_picture

__all__ = [
    "Summary",
    "inside_figure",
    "noise_of",
    "points_of",
    "quality_figure",
    "render_report",
    "stage_figure",
    "trace_json",
    "waterfall_css",
    "waterfall_figure",
    "waterfall_picture",
    "write_report",
]
