"""The workbench: where a TensorFlow object detector's time goes, and what each setting does to speed and accuracy, here.

    from workbench import Bench, open_detector, open_data, variant, write_report

    detector = open_detector("inspector-mobile")
    bench = Bench(open_data(detector))
    records = [bench.measure(variant(detector, preset)) for preset in ("naive", "graph", "litert-int8")]
    write_report(records, "report.html")

In a notebook, `Workbench()` shows all of it live. Names load what they need when they are first used, so that `import workbench`
costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.version import VERSION

if TYPE_CHECKING:
    from workbench.history import History
    from workbench.measuring import Bench, explain, weigh
    from workbench.media import array_media, open_media, recorded
    from workbench.opening import open_data, open_detector, variant
    from workbench.profile import look_inside
    from workbench.record import Record, read_records
    from workbench.report import render_report, write_report
    from workbench.settings import Settings
    from workbench.timing import stage
    from workbench.tuning import Tuned, tune
    from workbench.view import Workbench, describe


__version__ = VERSION

_HOME = {
    "Bench": "measuring",
    "History": "history",
    "Record": "record",
    "Settings": "settings",
    "Tuned": "tuning",
    "Workbench": "view",
    "array_media": "media",
    "describe": "view",
    "explain": "measuring",
    "look_inside": "profile",
    "open_detector": "opening",
    "open_data": "opening",
    "open_media": "media",
    "read_records": "record",
    "recorded": "media",
    "render_report": "report",
    "stage": "timing",
    "tune": "tuning",
    "variant": "opening",
    "weigh": "measuring",
    "write_report": "report",
}

__all__ = [
    "Bench",
    "History",
    "Record",
    "Settings",
    "Tuned",
    "Workbench",
    "array_media",
    "describe",
    "explain",
    "look_inside",
    "open_data",
    "open_detector",
    "open_media",
    "read_records",
    "recorded",
    "render_report",
    "stage",
    "tune",
    "variant",
    "weigh",
    "write_report",
]


def load_ipython_extension(shell: Any) -> None:
    """Make `%workbench` the command line in a notebook, and `%%workbench` what measures a cell's `detect(frame)`."""
    shell.register_magic_function(import_module("workbench.cli.magic").run_line, "line", "workbench")
    shell.register_magic_function(import_module("workbench.cli.cell_magic").cell_magic(shell), "cell", "workbench")


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    return getattr(import_module(f"workbench.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
