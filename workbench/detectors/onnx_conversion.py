"""From a `.tflite` model to ONNX, through tf2onnx, cached by content."""

import hashlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workbench.detectors.complaints import first_line
from workbench.detectors.conversion import CONVERTING_SECONDS, ONE_AT_A_TIME, ConvertedFile, kept_conversion
from workbench.detectors.native_output import load_tensorflow
from workbench.errors import UnavailableError
from workbench.files import cache_folder, temporary_folder
from workbench.machine import at_step, native_stderr_captured

OPSET = 18  # of ONNX's operations: the newest that tf2onnx 1.17 writes
CONVERSION = 1  # raised when what comes out changes, so that older cached files are not taken


def to_onnx(flatbuffer: bytes, cache: Path | None = None) -> ConvertedFile:
    """Convert a `.tflite` model, or read what was converted before: inputs and outputs keep their names, order and layout.

    Args:
        flatbuffer: The model; whatever precision it stores is stored in ONNX too.
        cache: Folder of converted files; the user's cache folder by default.

    Raises:
        UnavailableError: tf2onnx refused it, or knows no ONNX operation for one of its own; says why.
    """
    words = f"{CONVERSION}|{OPSET}|{version('tf2onnx')}|{version('onnx')}|".encode()
    path = (cache or cache_folder("onnx")) / f"{hashlib.sha256(words + flatbuffer).hexdigest()}.onnx"
    return kept_conversion(path, "conversion to ONNX", _is_sound, partial(_converted, flatbuffer))


def _is_sound(content: bytes) -> bool:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        onnx.checker.check_model(onnx.load_model_from_string(content))
    except (DecodeError, onnx.checker.ValidationError):
        return False
    return True


def _converted(flatbuffer: bytes) -> bytes:
    at_step("it is converted to ONNX", CONVERTING_SECONDS)
    load_tensorflow()
    with ONE_AT_A_TIME, native_stderr_captured(), _quiet(), temporary_folder() as folder:
        from tf2onnx import convert

        path = Path(folder) / "model.tflite"
        path.write_bytes(flatbuffer)
        try:
            model, _ = convert.from_tflite(str(path), opset=OPSET)
        except Exception as error:  # ValueError, KeyError, AttributeError: whatever a model meets in it
            raise UnavailableError(
                f"tf2onnx could not bring this model to ONNX: {first_line(str(error))}; choose litert"
            ) from error
    if missing := _without_onnx(model):
        raise UnavailableError(f"ONNX has no operation for {', '.join(missing)} of this model; choose litert")
    content: bytes = model.SerializeToString()
    return content


def _without_onnx(model: Any) -> tuple[str, ...]:
    """Name the operations that tf2onnx left as they were: it goes on after it met one, and logs a traceback."""
    import onnx

    unknown = (node.op_type for node in model.graph.node if not onnx.defs.has(node.op_type, node.domain))
    return tuple(dict.fromkeys(name.removeprefix("TFL_") for name in unknown))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep tf2onnx's remarks off the screen, and the notice that `tf.lite.Interpreter`, which it reads shapes with, will go.

    It logs to the root as well as under its own name, so that all loggers are silent for these seconds.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(disabled)
