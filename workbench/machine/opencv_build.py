"""Which build of OpenCV is installed, and the headless one in its place where the other cannot load.

`opencv-python` links the system's libGL, which a bare server or container lacks. `opencv-python-headless` of the same version is
the same library without windows, and needs none. Run as `python -P -m workbench.machine.opencv_build` when setting up.
"""

import subprocess
import sys

from workbench.hardware import versions

DESKTOP = "opencv-python"
HEADLESS = "opencv-python-headless"


def load_failure() -> str | None:
    """Return why `import cv2` fails in a fresh interpreter; `None` where it works."""
    attempt = subprocess.run([sys.executable, "-P", "-c", "import cv2"], capture_output=True, text=True, check=False)
    return None if attempt.returncode == 0 else (attempt.stderr.strip().splitlines() or ["it gave no reason"])[-1]


def commands_to_swap(failure: str, installed: str) -> list[list[str]]:
    """Return pip's arguments that put the headless build in the place of the other, where that mends the failure.

    >>> commands_to_swap("ImportError: libGL.so.1: cannot open shared object file", "5.0.0.93")[1]
    ['install', '--quiet', '--no-deps', 'opencv-python-headless==5.0.0.93']
    >>> commands_to_swap("ImportError: numpy is missing", "5.0.0.93")
    []
    """
    if not any(library in failure for library in ("libGL", "libgthread", "libxcb", "libX11", "libSM")):
        return []
    return [
        ["uninstall", "--quiet", "--yes", DESKTOP],
        ["install", "--quiet", "--no-deps", f"{HEADLESS}=={installed}"],
    ]


def main() -> int:
    """Swap the builds where needed, and say so; returns the exit status."""
    failure = load_failure()
    if failure is None:
        return 0
    installed = versions([DESKTOP]).get(DESKTOP, "")
    commands = commands_to_swap(failure, installed) if installed else []
    if not commands:
        print(f"OpenCV does not load: {failure}", file=sys.stderr)  # noqa: T201 - run by hand and by make
        return 1
    print(f"{DESKTOP} cannot load here ({failure}); putting {HEADLESS}=={installed} in its place")  # noqa: T201 - as above
    for command in commands:
        subprocess.run([sys.executable, "-P", "-m", "pip", *command], check=True)  # noqa: S603 - our own words
    failure = load_failure()
    if failure:
        print(f"OpenCV still does not load: {failure}", file=sys.stderr)  # noqa: T201 - as above
    return int(failure is not None)


if __name__ == "__main__":
    sys.exit(main())
