"""Compare TensorFlow's own int8 with what the quantiser makes: AP with paired intervals, agreement with float32, ms in turns.

    python -m tests.benchmarks.quantisers --detector inspector-large --stills 200
    python -m tests.benchmarks.quantisers --detector mine.pb --media photographs

All stand against TensorFlow's: the quantiser's by each way of taking ranges, with floats at both ends, float32 and integer weights.
Run it on a quiet machine.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, final

from workbench import Bench, open_data, open_detector
from workbench.detectors import Calibration, Detector, LiteRtModel, calibrating, load_tensorflow
from workbench.detectors.network import Conversion, Network, Tensors
from workbench.machine import environment, native_stderr_captured
from workbench.media import array_media
from workbench.opening import EvaluationData, Variant, check, wished
from workbench.quantising import FloatNetwork, quantised, ranges_of, tensor_values, unpacked
from workbench.record import Record, accuracy_against, ap, speed_against, speed_words
from workbench.settings import CALIBRATION_RANGES, Settings
from workbench.wording import format_agreement, format_ap_change, format_fraction

BASELINE = "TensorFlow's int8"


@final
class Made(Network):
    """A `.tflite` file that was made elsewhere, in the place of what the workbench would make."""

    kind = "LiteRT"

    def __init__(self, detector: Detector, content: bytes, outputs: dict[str, str]) -> None:
        self._content, self._outputs = content, outputs
        super().__init__(detector.network.path, tensors=detector.network.tensors)

    def read(self) -> bytes:
        return self._content

    def inspect(self) -> Tensors:
        raise NotImplementedError

    def run(self, batch: Any) -> Any:
        raise NotImplementedError

    def litert_model(self, conversion: Conversion, calibration: Calibration) -> LiteRtModel:  # noqa: ARG002 - it is made
        return LiteRtModel(self._content, self._outputs, converted=False)


def by_tensorflow(detector: Detector, settings: Settings, frames: Calibration) -> bytes:
    load_tensorflow()
    import tensorflow as tf

    size_hw = detector.input_spec.choose_size(settings.input.size_hw)
    with tempfile.TemporaryDirectory() as folder, native_stderr_captured():
        detector.save_tensorflow(Path(folder), size_hw, settings.nms)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([batch] for batch in frames.batches(detector.input_spec, size_hw, 1))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def files(detector: Detector, settings: Settings, frames: Calibration, floats: bytes) -> Iterator[tuple[str, bytes]]:
    yield "float32", floats
    yield BASELINE, by_tensorflow(detector, settings, frames)
    content = unpacked(floats)
    size_hw = detector.input_spec.choose_size(settings.input.size_hw)
    values = tensor_values(content, frames.batches(detector.input_spec, size_hw, 1), settings.runtime.threads)
    for how in CALIBRATION_RANGES:
        yield f"int8, {how}", quantised(content, "int8", ranges_of(content, values, how))
    usual = ranges_of(content, values, settings.runtime.effective_range)
    yield "int8, floats in and out", FloatNetwork(content).quantised("int8", usual, (), integer_edges=False)
    yield "weight-int8", quantised(content, "weight-int8")


def some_of(data: EvaluationData, stills: int) -> EvaluationData:
    """Return the clip, and so many of the stills to judge on."""
    if data.labelled is None or data.labelled_truth is None:
        return data
    frames = list(islice(data.labelled.frames(), stills))
    media = array_media([frame.image_rgb for frame in frames], name="stills")
    named = zip(media.frame_names(), frames, strict=True)
    images = {name: data.labelled_truth.images[frame.name] for name, frame in named}
    return replace(data, labelled=media, labelled_truth=replace(data.labelled_truth, images=images))


def line(name: str, content: bytes, record: Record, baseline: Record) -> str:
    if record.timing is None:
        return f"{name:<24} {record.problem}"
    speed, change = speed_against(record, baseline), accuracy_against(record, baseline)
    words = [f"{name:<24} {len(content) / 1e3:7.0f} kB {record.timing.median_ms or 0:7.2f} ms"]
    words += [f"AP {format_fraction(ap(record))}"] if ap(record) is not None else []
    words += [f"agreement {format_agreement(record.agreement)}"] if record.agreement is not None else []
    words += [speed_words(speed)] if speed is not None else []
    words += [format_ap_change(change)] if change is not None and record is not baseline else []
    return ", ".join(words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", default="inspector-mobile")
    parser.add_argument("--media", help="frames of another detector; the samples by default")
    parser.add_argument("--size", type=int, help="of the input; the detector's own by default")
    parser.add_argument("--stills", type=int, default=200)
    parser.add_argument("--frames", type=int, default=130)
    options = parser.parse_args()

    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}; {options.detector}, {options.stills} stills, {options.frames} frames")
    detector = open_detector(options.detector)
    text = "litert-int8" + (f",input.size_hw={options.size}" if options.size else "")
    settings = check(detector, wished(detector, text))
    data = some_of(open_data(detector, options.media), options.stills)
    floats = detector.litert_model(settings.with_values({"runtime.precision": "float32"}), data.calibration)
    bench = Bench(data, frames=options.frames)
    made = list(files(detector, settings, calibrating(settings, data.calibration), floats.content))
    records = [bench.measure(variant) for variant in _variants(detector, settings, made, dict(floats.outputs))]
    baseline = next(record for (name, _), record in zip(made, records, strict=True) if name == BASELINE)
    for (name, content), record in zip(made, records, strict=True):
        print(line(name, content, record, baseline))


def _variants(detector: Detector, settings: Settings, made: list[tuple[str, bytes]], outputs: dict[str, str]) -> Iterator[Variant]:
    for name, content in made:
        network = Made(detector, content, outputs)
        one = Detector(network, detector.meaning, name=name, source=detector.facts.source)
        yield Variant(name=name, detector=one, settings=settings, command="")


if __name__ == "__main__":
    main()
