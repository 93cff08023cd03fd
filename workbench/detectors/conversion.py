"""From a network in TensorFlow to LiteRT, at each precision, cached by content."""

import atexit
import hashlib
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from workbench.detections import UInt8Array
from workbench.detectors.native_output import load_tensorflow, native_stderr_captured, quiet_logger
from workbench.detectors.network import Calibration, Conversion, LiteRtModel
from workbench.errors import SaveError, UnavailableError
from workbench.record import write_whole
from workbench.stages import prepare

CALIBRATED = ("int8", "int16x8")  # precisions whose activations need ranges, taken from real frames
ONE_AT_A_TIME = threading.Lock()  # what is captured of standard error, and what was exported last, belong to the process
_EXPORTS: dict[tuple[object, ...], tempfile.TemporaryDirectory[str]] = {}
CONVERSION = 2  # raised when the options below change what comes out, so that older cached files are not taken


Export = Callable[[Conversion, Path], None]
"""Writes a network as a SavedModel into a folder; see `Network.save_tensorflow`."""


def exported_name(position: int) -> str:
    """Return what the n-th of the wanted outputs is called in an exported model: names in files can be anything."""
    return f"output_{position}"


def convert(
    conversion: Conversion, sha256: str, export: Export, calibration: Calibration, cache: Path | None = None
) -> LiteRtModel:
    """Convert, or read what was converted before.

    Args:
        conversion: To what.
        sha256: Hash of the file that the network was read from.
        export: Called only where there is something to convert: loading TensorFlow takes seconds, which a cached conversion does
            without.
        calibration: Frames for the ranges; called only for `CALIBRATED` precisions.
        cache: Folder of converted files; the user's cache folder by default.

    Raises:
        UnavailableError: The converter refused, or the runtime refuses what it made; says why.
    """
    calibrated = conversion.precision in CALIBRATED
    key = calibration.key if calibrated else ""
    notes: tuple[str, ...] = (f"calibrated on {key}",) if calibrated else ()
    path = (cache or user_cache_path("workbench") / "litert") / f"{_file_key(conversion, sha256, key)}.tflite"
    outputs = {name: exported_name(position) for position, name in enumerate(conversion.outputs)}
    cached = _cached(path, conversion.precision)
    if cached is not None:
        return LiteRtModel(cached, outputs, converted=False, notes=(*notes, "conversion read from the cache"))
    content = _converted(conversion, sha256, export, calibration.frames() if calibrated else ())
    try:
        write_whole(path, content)
    except SaveError as error:  # a full disk costs the next run its time, not this run its result
        notes = (*notes, f"the conversion was not cached: {error}")
    return LiteRtModel(content, outputs, converted=True, notes=notes)


def _cached(path: Path, precision: str) -> bytes | None:
    """Return what was converted before; `None` where nothing was, or where it is damaged."""
    try:
        content = path.read_bytes()
        _try_out(content, precision)
    except (OSError, UnavailableError):
        return None
    return content


def _file_key(conversion: Conversion, sha256: str, calibration_key: str) -> str:
    words = (
        CONVERSION,
        version("tensorflow"),
        sha256,
        conversion.outputs,
        conversion.input_spec,
        conversion.precision,
        conversion.size_hw,
        conversion.batch,
        calibration_key,
    )
    return hashlib.sha256("|".join(str(word) for word in words).encode()).hexdigest()


def _converted(conversion: Conversion, sha256: str, export: Export, frames: Sequence[UInt8Array]) -> bytes:
    load_tensorflow()
    import tensorflow as tf

    with ONE_AT_A_TIME, native_stderr_captured() as printed:
        try:
            converter = tf.lite.TFLiteConverter.from_saved_model(_exported(conversion, sha256, export))
            PRECISION_OPTIONS[conversion.precision](converter, _representative(conversion, frames))
            content: bytes = converter.convert()
        except Exception as error:  # the converter raises its own and MLIR's kinds, none of them public
            raise UnavailableError(
                f"the converter could not make {conversion.precision} of this model: {complaint(str(error) + printed())};"
                " choose another runtime.precision"
            ) from error
    _try_out(content, conversion.precision)
    return content


def _exported(conversion: Conversion, sha256: str, export: Export) -> str:
    """Return the folder of the SavedModel, the last one made where that will do: exporting takes half of a conversion's time."""
    key = (sha256, conversion.outputs, conversion.size_hw, conversion.batch)
    if key not in _EXPORTS:
        _forget_exports()
        folder = tempfile.TemporaryDirectory(prefix="workbench-")
        _EXPORTS[key] = folder
        try:
            with quiet_logger():
                export(conversion, Path(folder.name))
        except BaseException:
            _forget_exports()
            raise
    return _EXPORTS[key].name


@atexit.register
def _forget_exports() -> None:
    while _EXPORTS:
        _EXPORTS.popitem()[1].cleanup()


def _representative(conversion: Conversion, frames: Sequence[UInt8Array]) -> Callable[[], Iterator[list[Any]]]:
    def batches() -> Iterator[list[Any]]:
        for frame in frames:
            yield [prepare([frame] * conversion.batch, conversion.input_spec, conversion.size_hw, "opencv")]

    return batches


UNSUPPORTED = re.compile(r"error: '?(?:tf\.)?([\w.]+)'? op is neither a custom op nor a flex op")
NOT_QUANTISED = re.compile(r"(?:Quantization not yet supported for op|not supported for the op:?) '?([\w.]+)'?", re.IGNORECASE)


def complaint(text: str) -> str:
    r"""Turn what the converter says, which can be pages, into one sentence that names the operations that it stumbled over.

    >>> complaint("loc('x'): error: 'tf.Erf' op is neither a custom op nor a flex op\n<unknown>:0: error: failed")
    'LiteRT has no operation Erf'
    """
    operations = tuple(dict.fromkeys(name.removeprefix("tf.") for name in UNSUPPORTED.findall(text)))
    if operations:
        return f"LiteRT has no operation {', '.join(operations)}"
    operations = tuple(dict.fromkeys(NOT_QUANTISED.findall(text)))
    if operations:
        return f"the operation {', '.join(operations)} has no integer form"
    return first_line(text)


# What TensorFlow and Keras put before, around and behind the cause: which call it was, where in Python, which node, what to print.
COLOURS = re.compile(r"\x1b\[[\d;]*m")
NO_CAUSE = re.compile(
    r"Graph execution error|Detected at node|Exception encountered when calling|File \"|<stack traces? |Original stack trace"
    r"|Node: '|\d+ root error|\(\d+\) \w+:\s*$|\[\[|Hint:|Arguments received|Traceback|INTERNAL: +$",
)
BESIDE_CAUSE = re.compile(r"^\{\{function_node [^}]*\}\} *|^\(\d+\) \w+: +|\s*\[\[\{\{node .*|\s*\[Op:\w+\].*")
LONGEST_CAUSE = 240  # characters, of which some runtimes print the tensor's bytes


def first_line(text: str) -> str:
    r"""Return the first line of what a runtime says that tells the cause, shortened.

    >>> first_line("Graph execution error:\n\nDetected at node a/b defined at (most recent call last):\nShapes differ [Op:X]")
    'Shapes differ'
    """
    lines = (BESIDE_CAUSE.sub("", line.strip()) for line in COLOURS.sub("", text).splitlines())
    cause = next((line for line in lines if line and not NO_CAUSE.match(line)), "it gave no reason")
    return cause if len(cause) <= LONGEST_CAUSE else f"{cause[: LONGEST_CAUSE - 1]}…"


def _try_out(content: bytes, precision: str) -> None:
    from ai_edge_litert.interpreter import Interpreter

    with native_stderr_captured():
        try:
            Interpreter(model_content=content, num_threads=1).allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise UnavailableError(
                f"LiteRT cannot run this model converted to {precision}: {first_line(str(error))}; choose another runtime.precision"
            ) from error


def _float32(converter: Any, batches: Any) -> None:  # noqa: ARG001 - one signature for the table
    converter.optimizations = []


def _dynamic_int8(converter: Any, batches: Any) -> None:  # noqa: ARG001 - as above
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _float16(converter: Any, batches: Any) -> None:
    import tensorflow as tf

    _dynamic_int8(converter, batches)
    converter.target_spec.supported_types = [tf.float16]


def _int8(converter: Any, batches: Any) -> None:
    import tensorflow as tf

    _dynamic_int8(converter, batches)
    converter.representative_dataset = batches
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8


def _int16x8(converter: Any, batches: Any) -> None:
    import tensorflow as tf

    _int8(converter, batches)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int16


PRECISION_OPTIONS: dict[str, Callable[[Any, Any], None]] = {
    "float32": _float32,
    "float16": _float16,
    "dynamic-int8": _dynamic_int8,
    "int8": _int8,
    "int16x8": _int16x8,
}
