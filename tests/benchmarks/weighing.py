"""What presets weigh, and how that differs from process to process: `python -m tests.benchmarks.weighing [MODEL] [TIMES]`."""

import sys

from workbench import open_data, open_detector, variant
from workbench.errors import WorkbenchError
from workbench.measuring import weight_of
from workbench.record import Weight

PRESETS = ("naive", "graph", "xla", "litert", "litert-int8", "litert,runtime.engine=openvino", "litert,runtime.engine=onnxruntime")
PARTS = (
    "libraries_bytes",
    "workbench_bytes",
    "load_bytes",
    "running_bytes",
    "libraries_seconds",
    "load_seconds",
    "first_call_seconds",
)


def row(weights: list[Weight], part: str) -> str:
    values = sorted(getattr(one, part) for one in weights)
    middle, scale, unit = values[len(values) // 2], *((1e6, "MB") if part.endswith("bytes") else (1.0, "s"))
    return f"{part:20} {middle / scale:8.3f} {unit:2}  from {values[0] / middle:.3f} to {values[-1] / middle:.3f} of that"


def main(model: str = "inspector-mobile", times: str = "5") -> None:
    detector = open_detector(model)
    data = open_data(detector)
    for preset in PRESETS:
        print(preset)
        try:
            settings = variant(detector, preset).settings
            weights = [weight_of(detector, data, settings) for _ in range(int(times))]
        except WorkbenchError as error:
            print(f"  {error}")
            continue
        for part in (*PARTS, "peak_bytes", "startup_seconds"):
            print(f"  {row(weights, part)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
