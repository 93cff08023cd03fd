"""What makes the samples: scenes drawn from seeds, the media that show them, and the training of the sample detectors.

Run from the repository's root, `python -m sample_media.making media` or `train NAME`. No part of the package that people install;
it imports the workbench, and the workbench never imports it.
"""
