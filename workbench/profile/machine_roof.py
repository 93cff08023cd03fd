"""The roof of this machine by itself, measured in a process of its own: only there NumPy's library has one thread.

`python -m workbench.profile.machine_roof` writes `{"roof": {...}, "done": true}`.
"""

from workbench.errors import UnavailableError
from workbench.hardware import usable_cores
from workbench.machine import ChildFailedError, ChildProcess, tell_watcher, writing_to_parent
from workbench.profile.roof import measured_roof
from workbench.record import Roof

COMMAND = ("-m", "workbench.profile.machine_roof")
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # of NumPy's: see `measured_roof`
SILENT_SECONDS = 60.0  # while the libraries load, on a slow disk


def machine_roof(command: tuple[str, ...] = COMMAND) -> Roof:
    """Measure what this machine does at best, on all cores that this process may use.

    Raises:
        UnavailableError: The process crashed; says how.
    """
    try:
        with ChildProcess(command, silent_seconds=SILENT_SECONDS, variables=ONE_THREAD) as child:
            (message,) = child.messages()
    except ChildFailedError as failed:
        raise UnavailableError(f"the process that measures it {failed}") from None
    return Roof.model_validate(message.tree["roof"])


if __name__ == "__main__":
    with writing_to_parent(steps=True):
        tell_watcher({"roof": measured_roof(usable_cores()).model_dump(mode="json"), "done": True})
