"""What an exported program has to find installed: the packages that it imports, at the versions of this environment."""

from importlib.metadata import PackageNotFoundError, version

from workbench.catalogue import ENGINES
from workbench.errors import UnavailableError
from workbench.settings import Settings

OPENCV_BUILDS = ("opencv-python", "opencv-python-headless")


def requirements_text(settings: Settings) -> str:
    """Write `requirements.txt`."""
    runtime = ENGINES[settings.runtime.engine].packages[0].name
    pillow = ("pillow",) if settings.input.resize == "pillow" else ()
    return "".join(f"{name}=={version(name)}\n" for name in ("numpy", _opencv_build(), runtime, *pillow))


def _opencv_build() -> str:
    for name in OPENCV_BUILDS:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return name
    raise UnavailableError(f"OpenCV was not installed by pip, so its version is not known; install {OPENCV_BUILDS[0]}")
