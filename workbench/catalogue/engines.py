"""The engines: one row each, with all that anybody but its own module knows of it.

A new engine is a module with an `EngineCode`, beside those in `workbench/engines/`, and a row here. The table is a dict: a program
that brings an engine of its own sets `ENGINES[row.name] = row`, in each process that is to know it.
"""

from dataclasses import dataclass
from typing import Literal

GPU_NOT_VERIFIED = "not verified: nothing here was ever run on a GPU"  # said wherever one is shown or chosen, until it was
FLOATS_ONLY = ("float32",)


@dataclass(frozen=True, slots=True)
class Package:
    """A package that an engine runs on.

    Attributes:
        name: As PyPI has it.
        module: What is imported of it.
    """

    name: str
    module: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRow:
    """What is known of an engine without loading it.

    Attributes:
        name: In `runtime.engine`.
        spoken: In a sentence, after "with".
        runtime: What people call the program behind it; engines of one runtime have the same.
        code: Its `workbench.engines.EngineCode`, as `module:NAME`.
        packages: What it needs; the first one's version is the runtime's.
        optional: Whether the packages are an extra, which many do without.
        file: What it is opened from: a Keras model, a network of TensorFlow operations, or a `.tflite` file.
        precisions: That it computes in, in the order of the settings.
        resizes: Whether its program can hold the resizing, and then takes whole frames.
        fuses_nms: Whether its program can hold the NMS, which is then compiled with it.
        one_thread: Whether it runs on one thread at a time, however many call it.
        slow_call: How its calls are called, where each costs much more than the same network as a graph.
        exported_as: The engine that an exported program has in its place, for the same detections.
        switches: Settings that only such engines have.
        shares: Whether workers share one compiled network, each with a request of its own; else each opens it for itself.
        swept: Precisions that a sweep tries.
        opening_seconds: About what opening it takes on two cores of a server's processor, for a detector of a few megabytes.
        measuring_seconds: About what measuring a setting with it takes there.
        exporting_seconds: About what a folder with it takes there: written, and tried in a process of its own.
        colour: Of its mark in charts, as `workbench.wording.PALETTE` names it; no two engines have both alike.
        symbol: Of its mark, as plotly names it.
    """

    name: str
    spoken: str
    runtime: str
    code: str
    packages: tuple[Package, ...] = ()
    optional: bool = False
    file: Literal["keras", "tensorflow", "tflite"] = "tensorflow"
    precisions: tuple[str, ...] = FLOATS_ONLY
    resizes: bool = False
    fuses_nms: bool = False
    one_thread: bool = False
    slow_call: str | None = None
    exported_as: str | None = None
    switches: tuple[str, ...] = ()
    shares: bool = False
    swept: tuple[str, ...] = ()
    opening_seconds: float = 3.0
    measuring_seconds: float = 10.0
    exporting_seconds: float = 22.0
    colour: str = "grey"
    symbol: str = "hexagon"

    @property
    def runs_tflite(self) -> bool:
        """Whether it runs a `.tflite` file, or what is made of one: a network alone, at its own size, without TensorFlow."""
        return self.file == "tflite"


TENSORFLOW = (Package("tensorflow", "tensorflow"),)
LITERT = Package("ai-edge-litert", "ai_edge_litert.interpreter")

ROWS = (
    EngineRow(
        name="keras",
        spoken="Keras predict",
        runtime="TensorFlow",
        code="workbench.engines.keras_predict:KERAS",
        packages=TENSORFLOW,
        file="keras",
        one_thread=True,
        slow_call="model.predict",
        exported_as="graph",
        colour="vermillion",
        symbol="square",
    ),
    EngineRow(
        name="eager",
        spoken="eager TensorFlow",
        runtime="TensorFlow",
        code="workbench.engines.tensorflow_program:EAGER",
        packages=TENSORFLOW,
        resizes=True,
        slow_call="calling the model eagerly",
        exported_as="graph",
        colour="orange",
        symbol="triangle-up",
    ),
    EngineRow(
        name="graph",
        spoken="a TensorFlow graph",
        runtime="TensorFlow",
        code="workbench.engines.tensorflow_program:GRAPH",
        packages=TENSORFLOW,
        resizes=True,
        swept=FLOATS_ONLY,
        measuring_seconds=7.0,
        colour="blue",
        symbol="circle",
    ),
    EngineRow(
        name="xla",
        spoken="XLA",
        runtime="TensorFlow",
        code="workbench.engines.tensorflow_program:XLA",
        packages=TENSORFLOW,
        resizes=True,
        fuses_nms=True,
        swept=FLOATS_ONLY,
        opening_seconds=6.0,
        measuring_seconds=14.0,
        exporting_seconds=30.0,
        colour="purple",
        symbol="diamond",
    ),
    EngineRow(
        name="litert",
        spoken="LiteRT",
        runtime="LiteRT",
        code="workbench.engines.litert:LITERT",
        packages=(LITERT,),
        file="tflite",
        precisions=("float32", "float16", "dynamic-int8", "weight-int8", "weight-int4", "int8", "int16x8"),
        switches=("runtime.delegate",),
        # Not float16, which it computes in float32 on a processor, and not int16x8, for which it has no fast kernels there.
        swept=("float32", "dynamic-int8", "int8"),
        opening_seconds=0.3,
        measuring_seconds=5.0,
        exporting_seconds=4.0,
        colour="green",
        symbol="pentagon",
    ),
    EngineRow(
        name="openvino",
        spoken="OpenVINO",
        runtime="OpenVINO",
        code="workbench.engines.openvino:OPENVINO",
        packages=(Package("openvino", "openvino"),),
        optional=True,
        file="tflite",
        precisions=("float32", "float16", "bfloat16", "dynamic-int8", "weight-int8", "int8"),  # not int4: no file of it opens
        switches=("runtime.hint", "runtime.streams"),
        shares=True,
        swept=("float32", "bfloat16"),
        opening_seconds=1.0,
        measuring_seconds=5.0,
        exporting_seconds=6.0,
        colour="yellow",
        symbol="star",
    ),
    EngineRow(
        name="onnxruntime",
        spoken="ONNX Runtime",
        runtime="ONNX Runtime",
        code="workbench.engines.onnxruntime:ONNXRUNTIME",
        packages=(Package("onnxruntime", "onnxruntime"), Package("tf2onnx", "tf2onnx")),
        optional=True,
        file="tflite",
        precisions=("float32", "float16", "dynamic-int8", "weight-int8", "int8"),
        exporting_seconds=16.0,
        colour="sky",
        symbol="cross",
    ),
)
ENGINES: dict[str, EngineRow] = {row.name: row for row in ROWS}


def engine_row(name: str) -> EngineRow:
    """Return an engine's row. A record of another version may name one that is not in the table: its row tells only the name."""
    return ENGINES.get(name) or EngineRow(name=name, spoken=name, runtime=name, code="")
