"""The catalogue: which engines and NMS methods there are, one row each. Pure data, which producing and showing both read."""

from workbench.catalogue.code import load
from workbench.catalogue.engines import ENGINES, GPU_NOT_VERIFIED, EngineRow, Package, engine_row
from workbench.catalogue.nms import NMS_METHODS, MethodsOf, NmsRow, nms_row

__all__ = [
    "ENGINES",
    "GPU_NOT_VERIFIED",
    "NMS_METHODS",
    "EngineRow",
    "MethodsOf",
    "NmsRow",
    "Package",
    "engine_row",
    "load",
    "nms_row",
]
