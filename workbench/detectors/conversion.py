"""From a network in TensorFlow to LiteRT, at each precision, cached by content."""

import atexit
import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workbench.detectors.complaints import complaint, first_line
from workbench.detectors.native_output import load_tensorflow, quiet_logger
from workbench.detectors.network import Calibration, Conversion, LiteRtModel
from workbench.errors import SaveError, UnavailableError
from workbench.files import cache_file, cache_folder, cached_file, temporary_folder
from workbench.machine import at_step, native_stderr_captured, tell_watcher
from workbench.quantising import stored_precision
from workbench.stages import RESIZED_BY, prepare

CALIBRATED = ("int8", "int16x8")  # precisions whose activations need ranges, taken from real frames
ONE_AT_A_TIME = threading.Lock()  # what is captured of standard error, and what was exported last, belong to the process
_EXPORTS: dict[tuple[object, ...], tempfile.TemporaryDirectory[str]] = {}
CONVERTING_SECONDS = 600.0  # calibrating a large network takes minutes
ALLOCATING_SECONDS = 60.0
CACHED, CONVERTED_FIRST = "read from the cache", "was made just now by a process of its own, in time that is not counted"
_CONVERTED_FIRST = set[str]()  # names of files that the process which tried a network first has made, until somebody opens them
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
    path = (cache or cache_folder("litert")) / f"{_file_key(conversion, sha256, key)}.tflite"
    outputs = {name: exported_name(position) for position, name in enumerate(conversion.outputs)}
    known = _cached(path, conversion.precision)
    if known is not None:
        just_now = was_converted_first(path)
        notes = (*notes, f"conversion {CONVERTED_FIRST if just_now else CACHED}")
        return LiteRtModel(known, outputs, converted=just_now, notes=notes, warnings=unquantised(conversion.precision, known))
    content = _converted(conversion, sha256, export, calibration if calibrated else None)
    try:
        keep_conversion(path, content)
    except SaveError as error:  # a full disk costs the next run its time, not this run its result
        notes = (*notes, f"the conversion was not cached: {error}")
    return LiteRtModel(content, outputs, converted=True, notes=notes, warnings=unquantised(conversion.precision, content))


def keep_conversion(path: Path, content: bytes) -> None:
    """Keep a converted file in the cache, and tell the process that watches this one, which opens it next.

    Raises:
        SaveError: It could not be written.
    """
    cache_file(path, content)
    tell_watcher({"converted": path.name})


def note_converted_first(name: str) -> None:
    """Remember that a file of this name was converted just now by another process, for this one."""
    _CONVERTED_FIRST.add(name)


def was_converted_first(path: Path) -> bool:
    """Tell whether that is so, to the first who asks: for the next it is what was converted before."""
    just_now = path.name in _CONVERTED_FIRST
    _CONVERTED_FIRST.discard(path.name)
    return just_now


def unquantised(precision: str, content: bytes) -> tuple[str, ...]:
    """Say where a converter that was asked for a precision left most of the weights in another, as it does with small ones."""
    stored = stored_precision(content)
    return () if stored == precision else (f"{precision} was asked for, but the converter left the weights in {stored}",)


def _cached(path: Path, precision: str) -> bytes | None:
    """Return what was converted before; `None` where nothing was, or where it is damaged."""
    try:
        content = cached_file(path)
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


def _converted(conversion: Conversion, sha256: str, export: Export, calibration: Calibration | None) -> bytes:
    load_tensorflow()
    import tensorflow as tf

    frames = _representative(conversion, calibration) if calibration else list
    at_step(f"it is converted to {conversion.precision}", CONVERTING_SECONDS)
    with ONE_AT_A_TIME, native_stderr_captured() as printed:
        try:
            converter = tf.lite.TFLiteConverter.from_saved_model(_exported(conversion, sha256, export))
            PRECISION_OPTIONS[conversion.precision](converter, frames)
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
        folder = temporary_folder()
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


def _representative(conversion: Conversion, calibration: Calibration) -> Callable[[], Iterator[list[Any]]]:
    frames, name = calibration.frames(), calibration.filter_name

    def batches() -> Iterator[list[Any]]:
        for frame in frames:
            yield [prepare([frame] * conversion.batch, conversion.input_spec, conversion.size_hw, RESIZED_BY[name], name)]

    return batches


def _try_out(content: bytes, precision: str) -> None:
    from ai_edge_litert.interpreter import Interpreter

    at_step(f"LiteRT allocates it at {precision}", ALLOCATING_SECONDS)
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
