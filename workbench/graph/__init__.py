"""The stages as TensorFlow operations, for use inside a graph. TensorFlow loads where a function needs it, not on import."""
