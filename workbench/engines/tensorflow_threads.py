"""TensorFlow's threads: set once in a process, before anything runs, and never left to chance."""

from workbench.detectors import load_tensorflow
from workbench.errors import UnavailableError


def set_tensorflow_threads(threads: int) -> None:
    """Give TensorFlow's operations that many threads.

    Raises:
        UnavailableError: TensorFlow has already started with another number; it cannot change it.
    """
    load_tensorflow()
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() == threads:
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        running = tf.config.threading.get_intra_op_parallelism_threads()
        raise UnavailableError(
            f"runtime.threads is {threads}, but TensorFlow already runs with {running or 'its own number of'} threads and cannot"
            " change that; measure this setting in a process of its own"
        ) from None
