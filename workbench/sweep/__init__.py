"""The sweep: every combination of a grid, in a fraction of the work, and what decides measured whole.

from workbench import History
from workbench.opening import Sources
from workbench.sweep import Sweep

with History(path) as history:
    sweep = Sweep([Sources(detector="inspector-mobile")], history)
    print(sweep.estimate())
    for record in sweep.run():
        print(record.name, record.timing.median_ms if record.timing else record.problem)
"""

from workbench.sweep.cluster import connect
from workbench.sweep.dispatcher import Standing
from workbench.sweep.estimate import Estimate
from workbench.sweep.executors import Executor, ThisMachine
from workbench.sweep.frontier import contenders
from workbench.sweep.grid import Grid, default_grid, read_grid
from workbench.sweep.runner import Sweep

__all__ = [
    "Estimate",
    "Executor",
    "Grid",
    "Standing",
    "Sweep",
    "ThisMachine",
    "connect",
    "contenders",
    "default_grid",
    "read_grid",
]
