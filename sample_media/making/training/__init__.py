"""Train the sample detectors from scratch on rendered scenes; `run.train` is the way in. Imports TensorFlow."""
