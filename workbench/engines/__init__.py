"""Engines: what executes a detector. Each gives candidates from a batch, and says what its program covers."""

from workbench.engines.engine import Candidates, Engine
from workbench.engines.table import open_engine

__all__ = ["Candidates", "Engine", "open_engine"]
