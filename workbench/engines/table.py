"""Which code an engine's row names, and whether its packages are there."""

from importlib.util import find_spec

from workbench.catalogue import ENGINES, EngineRow, load
from workbench.detectors import Calibration, Detector
from workbench.engines.engine import Engine, EngineCode
from workbench.engines.first_run import run_first
from workbench.errors import UnavailableError
from workbench.settings import Runtime, Settings


def _code(name: str) -> EngineCode:
    code: EngineCode = load(ENGINES[name].code)
    return code


def open_engine(detector: Detector, settings: Settings, calibration: Calibration) -> Engine:
    """Make a detector ready to run under settings that `availability.check` has passed; see `EngineCode`.

    Raises:
        UnavailableError: The conversion or the runtime refused; says why.
    """
    run_first(detector, settings, calibration)
    try:
        return _code(settings.runtime.engine).open(detector, settings, calibration)
    except UnavailableError as error:
        told, known = str(error), detector.refused(settings)
        if known is None and settings.runtime.precision == "float32" and detector.unusual(settings):  # a conversion for it failed
            raise detector.refuse(settings, told.rpartition("; choose ")[0] or told) from error
        raise detector.remember(settings, known or told) from error


def missing_packages(row: EngineRow) -> str | None:
    """Say which packages of an engine are not installed, without loading any; `None` where all are."""
    missing = [package.name for package in row.packages if find_spec(package.module) is None]
    if not missing:
        return None
    what = f"{row.runtime} needs {' and '.join(missing)}, which is not installed"
    if row.packages[0].name in missing:
        what, missing = f"{row.runtime} is not installed", [package.name for package in row.packages]
    return f"{what}; run `pip install {' '.join(missing)}`, or choose another engine"


def why_not(runtime: Runtime) -> str | None:
    """Say why this machine cannot run an engine under these settings; `None` where it can.

    Packages are looked for only where many do without them: the others are there, or `workbench doctor` says that they are not.
    """
    row = ENGINES[runtime.engine]
    return (missing_packages(row) if row.optional else None) or _code(row.name).why_not(runtime)
