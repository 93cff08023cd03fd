"""What pyproject.toml cannot say: what a checkout has beside the package and a wheel inside it, and what JupyterLab looks for."""

from setuptools import find_namespace_packages, setup

CARRIED = {"workbench.samples.media": "sample_media", "workbench.notebooks": "notebooks"}
TILE, INSTALLED = "workbench/view/labextensions/workbench-launcher", "share/jupyter/labextensions/workbench-launcher"

setup(
    packages=[*find_namespace_packages(include=["workbench", "workbench.*"], exclude=["*.labextensions*"]), *CARRIED],
    package_dir=CARRIED,
    data_files=[(INSTALLED, [f"{TILE}/package.json"]), (f"{INSTALLED}/static", [f"{TILE}/static/remoteEntry.js"])],
)
