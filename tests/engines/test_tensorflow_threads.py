import subprocess
import sys

import pytest

START = """
from workbench.engines.tensorflow_threads import set_tensorflow_threads
from workbench.errors import UnavailableError
import tensorflow as tf

set_tensorflow_threads(1)
tf.constant([1.0]) + 1
set_tensorflow_threads(1)
try:
    set_tensorflow_threads(2)
except UnavailableError as error:
    print(error)
print(tf.config.threading.get_intra_op_parallelism_threads(), tf.config.threading.get_inter_op_parallelism_threads())
"""
UNSET = """
import tensorflow as tf
from workbench.engines.tensorflow_threads import set_tensorflow_threads
from workbench.errors import UnavailableError

tf.constant([1.0]) + 1
try:
    set_tensorflow_threads(2)
except UnavailableError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (
            START,
            [
                "runtime.threads is 2, but TensorFlow already runs with 1 threads and cannot change that; measure this setting in a"
                " process of its own",
                "1 1",
            ],
        ),
        (
            UNSET,
            [
                "runtime.threads is 2, but TensorFlow already runs with its own number of threads and cannot change that; measure"
                " this setting in a process of its own"
            ],
        ),
    ],
    ids=["started by the workbench", "started by others"],
)
def test_another_number_of_threads_after_tensorflow_started_is_refused(code: str, lines: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == lines


def test_loading_tensorflow_prints_nothing() -> None:
    load = "from workbench.detectors.native_output import load_tensorflow; load_tensorflow()"
    code = f"{load}; import tensorflow as tf; tf.constant(1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
