"""What runtimes say of a fault, brought to the line that tells the cause."""

import pytest

from workbench.detectors import first_line
from workbench.detectors.complaints import LONGEST_TOLD


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("one line", "one line"),
        ("\n\n  it says\nmore", "it says"),
        ("", "it gave no reason"),
        ("Graph execution error:\n\n", "it gave no reason"),
        (
            "Graph execution error:\n\nDetected at node add defined at (most recent call last):\n<stack traces unavailable>\n"
            "Incompatible shapes: [1,2] vs. [3]\n\t [[{{node add}}]] [Op:__inference_f_12]",
            "Incompatible shapes: [1,2] vs. [3]",
        ),
        (
            "Graph execution error:\n\nDetected at node 'm/conv' defined at (most recent call last):\n"
            "    File \"/x/y.py\", line 3, in call\nNode: 'm/conv'\n2 root error(s) found.\n"
            "  (0) INVALID_ARGUMENT:  input depth must be divisible\n\t [[{{node m/conv}}]]\n  (1) CANCELLED:  x\n0 successful",
            "input depth must be divisible",
        ),
        (
            "{{function_node __wrapped__AddV2_device_/job:localhost/replica:0/task:0/device:CPU:0}} Incompatible shapes [Op:AddV2]",
            "Incompatible shapes",
        ),
        (
            "Exception encountered when calling Conv2D.call().\n\n\x1b[1mDepth of input (3) is not a multiple\x1b[0m\n\n"
            "Arguments received by Conv2D.call():\n  x",
            "Depth of input (3) is not a multiple",
        ),
    ],
)
def test_the_cause_is_found(text: str, cause: str) -> None:
    assert first_line(text) == cause


def test_a_cause_is_no_page() -> None:
    assert len(first_line("x" * 5000)) == LONGEST_TOLD
