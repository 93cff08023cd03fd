"""From a network in TensorFlow or a float `.tflite` file to what LiteRT runs at each precision, cached by content."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from workbench.detectors.calibration import Calibration
from workbench.detectors.complaints import complaint, first_line
from workbench.detectors.native_output import load_tensorflow, quiet_logger
from workbench.detectors.network import Conversion, LiteRtModel
from workbench.errors import SaveError, UnavailableError
from workbench.files import cache_file, cache_folder, cached_file, temporary_folder
from workbench.hardware import usable_cores
from workbench.machine import at_step, native_stderr_captured, tell_watcher
from workbench.quantising import (
    CALIBRATED,
    TOLERANCE,
    Ranges,
    TensorValues,
    largest_difference,
    nhwc,
    quantised,
    ranges_of,
    stored_precision,
    tensor_values,
    unpacked,
)

ONE_AT_A_TIME = threading.Lock()  # what is captured of standard error, and what was calibrated last, belong to the process
_VALUES: dict[tuple[object, ...], dict[str, TensorValues]] = {}  # of the network that was quantised last, under the lock
_RANGES: dict[str, Ranges] = {}  # of these values

CONVERTING_SECONDS = 600.0  # calibrating a large network takes minutes
ALLOCATING_SECONDS = 60.0
CACHED, CONVERTED_FIRST = "read from the cache", "was made just now by a process of its own, in time that is not counted"
_CONVERTED_FIRST = set[str]()  # names of files that the process which tried a network first has made, until somebody opens them
CONVERSION = 2  # raised when the converter's options change what comes out, so that older cached files are not taken
QUANTISING = 2  # likewise, of what is made of its files
CHECKED_BATCHES = 4  # whose outputs have to be the same in another layout


Export = Callable[[Conversion, Path], None]
"""Writes a network as a SavedModel into a folder; see `Network.save_tensorflow`."""


def exported_name(position: int) -> str:
    """Return what the n-th of the wanted outputs is called in an exported model: names in files can be anything."""
    return f"output_{position}"


def convert_tensorflow(
    conversion: Conversion, sha256: str, export: Export, calibration: Calibration, cache: Path | None = None
) -> LiteRtModel:
    """Convert a network in TensorFlow, or read what was converted before: to float32 by its converter, and on from there.

    Args:
        conversion: To what.
        sha256: Hash of the file that the network was read from.
        export: Called only where there is something to convert: loading TensorFlow takes seconds, which a cached conversion does
            without.
        calibration: Frames for the ranges; called only for `CALIBRATED` precisions, and where a layout is checked.
        cache: Folder of converted files; the user's cache folder by default.

    Raises:
        UnavailableError: The converter or the quantiser refused, or the runtime refuses what was made; says why.
    """
    plain = conversion.plain

    def in_float32() -> bytes:
        if conversion == plain:
            return _by_tensorflow(plain, export)
        return convert_tensorflow(plain, sha256, export, calibration, cache).content

    return convert(conversion, sha256, in_float32, calibration, cache)


def convert(
    conversion: Conversion, sha256: str, in_float32: Callable[[], bytes], calibration: Calibration, cache: Path | None = None
) -> LiteRtModel:
    """Bring a float32 `.tflite` file to what is wanted, or read what was made of it before.

    Args:
        conversion: What is wanted.
        sha256: Hash of the file that the network was read from.
        in_float32: Gives the file, of the size and batch that are wanted; called only where it is.
        calibration: As for `convert_tensorflow`.
        cache: As for `convert_tensorflow`.

    Raises:
        UnavailableError: As `convert_tensorflow`.
    """
    calibrated = conversion.precision in CALIBRATED
    how = f"{calibration}, ranges by {conversion.calibration_range}" if calibrated else ""
    notes: tuple[str, ...] = (f"calibrated on {how}",) if calibrated else ()
    path = (cache or cache_folder("litert")) / f"{_file_key(conversion, sha256, how)}.tflite"
    outputs = {name: exported_name(position) for position, name in enumerate(conversion.outputs)}
    in_layout = replace(conversion.plain, layout=conversion.layout)

    def made() -> bytes:
        if in_layout in (conversion, conversion.plain):
            content = _made(conversion, in_float32(), calibration)
        else:
            content = _made(conversion, convert(in_layout, sha256, in_float32, calibration, cache).content, calibration)
        _try_out(content, conversion)
        return content

    kept = kept_conversion(path, "conversion", partial(_runs, conversion=conversion), made)
    warnings = unquantised(conversion, kept.content)
    return LiteRtModel(kept.content, outputs, kept.converted, (*notes, *kept.notes), warnings)


def _made(conversion: Conversion, content: bytes, calibration: Calibration) -> bytes:
    if conversion == conversion.plain:
        return content
    at_step(f"it is converted to {conversion.precision}", CONVERTING_SECONDS)
    content = unpacked(content)
    with ONE_AT_A_TIME:
        if conversion.precision == "float32":
            batches = calibration.batches(conversion.input_spec, conversion.size_hw, conversion.batch)
            return _in_nhwc(content, batches[:CHECKED_BATCHES])
        ranges = _ranges(content, conversion, calibration) if conversion.precision in CALIBRATED else {}
        return quantised(content, conversion.precision, ranges, conversion.float_ops)


def _ranges(content: bytes, conversion: Conversion, calibration: Calibration) -> Ranges:
    """Return the ranges of a float network; whoever tries other operators in float, or another range, wants the same runs of it."""
    runs = hashlib.sha256(content).hexdigest(), str(calibration), conversion.input_spec, conversion.batch
    if runs not in _VALUES:
        _VALUES.clear()
        _RANGES.clear()
        batches = calibration.batches(conversion.input_spec, conversion.size_hw, conversion.batch)
        _VALUES[runs] = tensor_values(content, batches, usable_cores())
    how = conversion.calibration_range
    if how not in _RANGES:
        _RANGES[how] = ranges_of(content, _VALUES[runs], how)
    return _RANGES[how]


def _in_nhwc(content: bytes, batches: Sequence[NDArray[Any]]) -> bytes:
    made = nhwc(content)
    with native_stderr_captured():
        difference = largest_difference(content, made, batches)
    if not difference <= TOLERANCE:  # which NaN is not either
        raise UnavailableError(
            f"runtime.layout is nhwc: on {len(batches)} batches of real frames its outputs are {difference:.2g} of their size from"
            f" those of the network as it is stored, and {TOLERANCE:g} is allowed; choose stored"
        )
    return made


@dataclass(frozen=True, slots=True)
class ConvertedFile:
    """What a file was converted to.

    Attributes:
        content: Of that.
        converted: Whether it was converted just now, rather than read from the cache.
        notes: What a reader of the figures should know.
    """

    content: bytes
    converted: bool
    notes: tuple[str, ...] = ()


def kept_conversion(path: Path, what: str, is_sound: Callable[[bytes], bool], make: Callable[[], bytes]) -> ConvertedFile:
    """Return what was converted before, where that is sound; else convert, keep it, and tell the process that watches this one."""
    with suppress(OSError):
        content = cached_file(path)
        if is_sound(content):
            just_now = path.name in _CONVERTED_FIRST
            _CONVERTED_FIRST.discard(path.name)  # for the next who opens it, it is what was converted before
            return ConvertedFile(content, just_now, (f"{what} {CONVERTED_FIRST if just_now else CACHED}",))
    content = make()
    try:
        cache_file(path, content)
    except SaveError as error:  # a full disk costs the next run its time, not this run its result
        return ConvertedFile(content, True, (f"the {what} was not cached: {error}",))
    tell_watcher({"converted": path.name})
    return ConvertedFile(content, True)


def note_converted_first(name: str) -> None:
    """Remember that a file of this name was converted just now by another process, for this one."""
    _CONVERTED_FIRST.add(name)


def unquantised(conversion: Conversion, content: bytes) -> tuple[str, ...]:
    """Say where most of the weights are in another precision than was asked for, and nobody asked for that either."""
    stored = stored_precision(content)
    if stored == conversion.precision or conversion.float_ops:
        return ()
    return (f"{conversion.precision} was asked for, but most of the weights are in {stored}",)


def _runs(content: bytes, conversion: Conversion) -> bool:
    try:
        _try_out(content, conversion)
    except UnavailableError:
        return False
    return True


def _file_key(conversion: Conversion, sha256: str, calibrated: str) -> str:
    words: tuple[object, ...] = (
        CONVERSION,
        version("tensorflow"),
        sha256,
        conversion.outputs,
        conversion.input_spec,
        conversion.precision,
        conversion.size_hw,
        conversion.batch,
        calibrated,
    )
    if conversion != conversion.plain:
        words += (QUANTISING, version("litert-quantizer"), conversion.float_ops, conversion.layout)
    return hashlib.sha256("|".join(str(word) for word in words).encode()).hexdigest()


def _by_tensorflow(conversion: Conversion, export: Export) -> bytes:
    load_tensorflow()
    import tensorflow as tf

    at_step("it is converted to float32", CONVERTING_SECONDS)
    with ONE_AT_A_TIME, native_stderr_captured() as printed:
        try:
            with temporary_folder() as folder:
                with quiet_logger():
                    export(conversion, Path(folder))
                content: bytes = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        except Exception as error:  # the converter raises its own and MLIR's kinds, none of them public
            raise UnavailableError(
                f"the converter could not make a .tflite file of this model: {complaint(str(error) + printed())};"
                " choose another runtime.engine"
            ) from error
    return content


def _try_out(content: bytes, conversion: Conversion) -> None:
    from ai_edge_litert.interpreter import Interpreter

    at_step(f"LiteRT allocates it at {conversion.precision}", ALLOCATING_SECONDS)
    with native_stderr_captured():
        try:
            interpreter = Interpreter(model_content=content, num_threads=1)
            (taken, *_) = interpreter.get_input_details()
            if tuple(taken["shape"]) != conversion.input_shape:  # its sides are open
                interpreter.resize_tensor_input(taken["index"], conversion.input_shape)
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise UnavailableError(
                f"LiteRT cannot run this model converted to {conversion.precision}: {first_line(str(error))}; choose another"
                " runtime.precision"
            ) from error
