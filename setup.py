"""What pyproject.toml cannot say: clip, stills and notebooks lie beside the package in a checkout and inside it in a wheel."""

from setuptools import find_namespace_packages, setup

CARRIED = {"workbench.samples.media": "sample_media", "workbench.notebooks": "notebooks"}

setup(packages=[*find_namespace_packages(include=["workbench", "workbench.*"]), *CARRIED], package_dir=CARRIED)
