"""What an exported program has to find installed: the packages that it imports, at the versions of this environment."""

from importlib.metadata import PackageNotFoundError, version

from workbench.errors import UnavailableError
from workbench.export.plan import runtime_of
from workbench.settings import Settings

PACKAGES = {"tensorflow": "tensorflow", "litert": "ai-edge-litert", "openvino": "openvino", "onnxruntime": "onnxruntime"}
OPENCV_BUILDS = ("opencv-python", "opencv-python-headless")


def requirements_text(settings: Settings) -> str:
    """Write `requirements.txt`."""
    pillow = ("pillow",) if settings.input.resize == "pillow" else ()
    return "".join(f"{name}=={version(name)}\n" for name in ("numpy", _opencv_build(), PACKAGES[runtime_of(settings)], *pillow))


def _opencv_build() -> str:
    for name in OPENCV_BUILDS:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return name
    raise UnavailableError(f"OpenCV was not installed by pip, so its version is not known; install {OPENCV_BUILDS[0]}")
