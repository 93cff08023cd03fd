"""The steps that a frame passes, on the host: prepare, decode, thin out, draw. NumPy, OpenCV and Pillow only."""
