"""The report: records as one self-contained HTML page, and its figures by themselves. Reads records only; reaches no TensorFlow."""

from workbench.report.figures import quality_figure, stage_figure
from workbench.report.findings import findings
from workbench.report.headline import noise_of
from workbench.report.page import render_report, write_report
from workbench.report.plotly_script import packed_script
from workbench.report.raw import script_json
from workbench.report.summary import Summary
from workbench.report.timeline import trace_json

__all__ = [
    "Summary",
    "findings",
    "noise_of",
    "packed_script",
    "quality_figure",
    "render_report",
    "script_json",
    "stage_figure",
    "trace_json",
    "write_report",
]
