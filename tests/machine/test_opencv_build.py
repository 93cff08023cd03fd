import pytest

from workbench.machine.opencv_build import commands_to_swap, load_failure

GONE = ["uninstall", "--quiet", "--yes", "opencv-python"]
HEADLESS = ["install", "--quiet", "--no-deps", "opencv-python-headless==5.0.0.93"]


@pytest.mark.parametrize(
    ("failure", "commands"),
    [
        ("ImportError: libGL.so.1: cannot open shared object file: No such file or directory", [GONE, HEADLESS]),
        ("ImportError: libgthread-2.0.so.0: cannot open shared object file", [GONE, HEADLESS]),
        ("ImportError: libxcb.so.1: cannot open shared object file", [GONE, HEADLESS]),
        ("ImportError: libX11.so.6: cannot open shared object file", [GONE, HEADLESS]),
        ("ImportError: libSM.so.6: cannot open shared object file", [GONE, HEADLESS]),
        ("ModuleNotFoundError: No module named 'cv2'", []),
        ("ImportError: numpy.core.multiarray failed to import", []),
        ("ImportError: libavcodec.so.60: cannot open shared object file", []),
        ("it gave no reason", []),
    ],
    ids=["GL", "gthread", "xcb", "X11", "SM", "not installed", "NumPy", "another library", "no reason"],
)
def test_the_headless_build_is_put_in_place_only_where_it_mends_the_failure(failure: str, commands: list[list[str]]) -> None:
    assert commands_to_swap(failure, "5.0.0.93") == commands


def test_opencv_loads_here() -> None:
    assert load_failure() is None
