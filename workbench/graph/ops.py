"""`ArrayOps` for TensorFlow, so that a head decodes inside a graph by the formula that it has on the host."""

from functools import cache

from workbench.stages import ArrayOps


@cache
def tensor_ops() -> ArrayOps:
    """Return the operations inside a graph, or eagerly on tensors."""
    import tensorflow as tf

    return ArrayOps(
        exp=tf.exp,
        minimum=tf.minimum,
        stack_last=lambda parts: tf.stack(parts, axis=-1),
        cos=tf.cos,
        sin=tf.sin,
        sigmoid=tf.sigmoid,
        softmax=lambda x: tf.nn.softmax(x, axis=-1),
        transpose=tf.transpose,
        rows=lambda x, columns: tf.reshape(x, (tf.shape(x)[0], -1, columns)),
        join_rows=lambda parts: tf.concat(parts, axis=1),
    )
