"""The network as a file that its runtime loads by itself, and what its tensors are: beside the program, or with a card alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.catalogue import ENGINES
from workbench.detectors import (
    OWN_NMS,
    Calibration,
    Detector,
    LiteRtModel,
    card_path,
    exported_name,
    first_line,
    load_tensorflow,
    quiet_logger,
    write_card,
)
from workbench.errors import UnavailableError
from workbench.export.card import own_card
from workbench.files import TFLITE, write_whole
from workbench.machine import native_stderr_captured
from workbench.settings import Settings
from workbench.stages import FunctionHead

RunFile = tuple[Path, dict[str, int]]
"""What the program loads, and the positions of its outputs by their names in the `.tflite` file."""
Quantization = tuple[float, int]
"""Scale and zero point: `real = (stored - zero point) * scale`; a scale of 0 is that of real numbers."""
SAVED_MODEL = "model"  # the name of its folder
REAL: Quantization = (0.0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTensor:
    """What the program feeds.

    Attributes:
        dtype: NumPy's name.
        quantization: Of an integer tensor.
    """

    dtype: str
    quantization: Quantization = REAL


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTensor:
    """One output that the program reads.

    Attributes:
        name: As the file has it; untrusted.
        position: Among the outputs, as the runtime numbers them.
        quantization: Of an integer tensor.
    """

    name: str
    position: int
    quantization: Quantization = REAL


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFile:
    """A network in an exported folder, as the program's `network.json` describes it.

    Attributes:
        file: Its name, or that of a SavedModel's folder.
        size_bytes: Of its content.
        shape: Of the input that it is fed; where the file states another the runtime is told.
        input_tensor: What it is fed.
        outputs: In the order in which they are read.
    """

    file: str
    size_bytes: int
    shape: tuple[int, ...]
    input_tensor: InputTensor
    outputs: tuple[OutputTensor, ...]


def write_network(detector: Detector, settings: Settings, calibration: Calibration, folder: Path) -> NetworkFile:
    """Write the network, converted as the settings say.

    Raises:
        UnavailableError: It cannot be brought to these settings.
        OSError: It cannot be written.
    """
    write = _write_flatbuffer if ENGINES[settings.runtime.engine].runs_tflite else _write_saved_model
    return write(detector, settings, calibration, folder)


def _write_saved_model(detector: Detector, settings: Settings, _: Calibration, folder: Path) -> NetworkFile:
    load_tensorflow()
    import tensorflow as tf

    path = folder / SAVED_MODEL
    size_hw = detector.input_spec.choose_size(settings.input.size_hw)
    try:
        with native_stderr_captured(), quiet_logger():
            detector.save_tensorflow(path, size_hw, settings.nms)
    except tf.errors.OpError as error:  # a full disk, or a place where nobody may write
        raise OSError(first_line(error.message)) from None
    return NetworkFile(
        file=path.name,
        size_bytes=sum(part.stat().st_size for part in path.rglob("*") if part.is_file()),
        shape=detector.input_spec.batch_shape(1, size_hw),
        input_tensor=InputTensor(dtype=detector.input_spec.dtype),
        outputs=tuple(
            OutputTensor(name=exported_name(position), position=position) for position in range(len(detector.outputs(settings.nms)))
        ),
    )


def _write_flatbuffer(detector: Detector, settings: Settings, calibration: Calibration, folder: Path) -> NetworkFile:
    size_hw = detector.input_spec.choose_size(settings.input.size_hw)
    model = detector.litert_model(settings.with_values({"runtime.batch": 1}), calibration)
    path = folder / "model.tflite"
    path.write_bytes(model.content)
    taken, given, read = tflite_tensors(model, detector.outputs(settings.nms))
    run, positions = RUN_FILES[settings.runtime.engine](path, [details["name"] for details in given])
    return NetworkFile(
        file=run.name,
        size_bytes=run.stat().st_size,
        shape=detector.input_spec.batch_shape(1, size_hw),
        input_tensor=InputTensor(dtype=np.dtype(taken["dtype"]).name, quantization=_quantization(taken)),
        outputs=tuple(
            OutputTensor(name=details["name"], position=positions[details["name"]], quantization=_quantization(details))
            for details in read
        ),
    )


def tflite_tensors(model: LiteRtModel, outputs: Sequence[str]) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the details of a file's input, of its outputs, and of those that are read, in the order of `outputs`."""
    from ai_edge_litert.interpreter import Interpreter

    with native_stderr_captured():
        interpreter = Interpreter(model_content=model.content, num_threads=1)
    given, wanted = interpreter.get_output_details(), [model.outputs[name] for name in outputs]
    by_name = {details["name"]: details for details in given}
    if not set(wanted) <= by_name.keys():  # a converted file has the names in its signature
        by_name = interpreter.get_signature_runner().get_output_details()
    return interpreter.get_input_details()[0], given, [by_name[name] for name in wanted]


def _quantization(details: dict[str, Any]) -> Quantization:
    scale, zero_point = details["quantization"]
    return float(scale), int(zero_point)


def _run_by_litert(path: Path, names: list[str]) -> RunFile:
    return path, {name: position for position, name in enumerate(names)}


def _run_by_openvino(path: Path, names: list[str]) -> RunFile:
    import openvino

    ports = openvino.Core().read_model(path).outputs
    return path, {name: position for position, port in enumerate(ports) for name in names if name in port.names}


def _run_by_onnxruntime(path: Path, _: list[str]) -> RunFile:
    from workbench.detectors import to_onnx
    from workbench.engines import load_onnxruntime

    converted = path.with_suffix(".onnx")
    converted.write_bytes(to_onnx(path.read_bytes()).content)
    session = load_onnxruntime().InferenceSession(converted, providers=["CPUExecutionProvider"])
    return converted, {one.name: position for position, one in enumerate(session.get_outputs())}


RUN_FILES: dict[str, Callable[[Path, list[str]], RunFile]] = {
    "litert": _run_by_litert,
    "openvino": _run_by_openvino,
    "onnxruntime": _run_by_onnxruntime,
}


def write_tflite(detector: Detector, settings: Settings, calibration: Calibration, path: Path) -> str:
    """Write a network as settings for LiteRT want it, and its card beside it; a card that is there stays.

    Returns:
        What there is to say of the card.

    Raises:
        UnavailableError: It cannot be brought to these settings.
        SaveError: It cannot be written.
    """
    model = detector.litert_model(settings, calibration)
    _, _, read = tflite_tensors(model, detector.outputs(settings.nms))
    write_whole(path, model.content, over=TFLITE)
    if isinstance(detector.meaning.head, FunctionHead):
        return "copy the card of the model and the Python file that it names beside it"
    if (there := card_path(path)) is not None:
        return f"{there.name} was there and stays as it was"
    outputs, own_nms = tuple(one["name"] for one in read), settings.nms.method == OWN_NMS
    try:
        card = own_card(detector.facts.name, detector.meaning, outputs, own_nms=own_nms)
    except UnavailableError as error:
        return str(error)
    return f"{write_card(card, path).name} says what its tensors mean"
