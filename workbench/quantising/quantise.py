"""From a float32 `.tflite` file to one of integers, by Google's litert-quantizer."""

import logging
import re
import traceback
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, final

import numpy as np

from workbench.errors import UnavailableError, one_line
from workbench.machine import native_stderr_captured
from workbench.quantising.blocks import BLOCK, blocks_of
from workbench.quantising.flatbuffer import LAST_OLD_KIND, Flatbuffer, archive_behind
from workbench.quantising.ranges import Ranges, shared

BITS = {"int8": 8, "int16x8": 16}  # of activations, of the precisions that need ranges of them, taken from real frames
CALIBRATED = tuple(BITS)
EVERY, EVERY_AGAIN = ".*", ""  # regular expressions; two rules of the quantiser cannot have the same
LONGEST_NAME, LONGEST_NAMES, LONGEST_REASON = 80, 120, 120  # characters of a message


def quantised(
    content: bytes,
    precision: str,
    ranges: Ranges | None = None,
    float_ops: Sequence[str] = (),
) -> bytes:
    """Return a network in another precision.

    Args:
        content: A float32 `.tflite` file, as `unpacked` gives it.
        precision: One of `RECIPES`.
        ranges: Of its tensors, as `ranges_of` chose them, for one of `CALIBRATED`.
        float_ops: Patterns of operators that stay in float, as `operators_named` reads them.

    Raises:
        UnavailableError: A pattern matches nothing, or the quantiser refuses the network; names the operator.
    """
    network = FloatNetwork(content)
    made = network.quantised(precision, ranges, operators_named(network.file, float_ops), integer_edges=True)
    return _as_others_read_it(made) + network.archive


@final
class FloatNetwork:
    """A float32 `.tflite` file, as `unpacked` gives it: read once, to be quantised in several ways.

    Attributes:
        file: The same, unpacked.
    """

    def __init__(self, content: bytes) -> None:
        self.file = Flatbuffer(content)
        self.archive = archive_behind(content)
        self._content = content
        self._quantizer: Any = None

    def quantised(self, precision: str, ranges: Ranges | None, float_ops: Collection[int], *, integer_edges: bool) -> bytes:
        """As the function, with the positions of operators, and as LiteRT alone may read it.

        With `integer_edges` inputs and outputs are integers too, where what reads and gives them is.
        """
        from litert_quantizer.qtyping import TFLOperationName
        from litert_quantizer.quantizer import Quantizer
        from litert_quantizer.recipe_manager import AlgorithmName, RecipeManager
        from litert_quantizer.utils.tfl_flatbuffer_utils import TFL_OP_CODE_TO_NAME

        file, recipe, keep = self.file, RecipeManager(), AlgorithmName.NO_QUANTIZE
        RECIPES[precision](recipe, TFLOperationName.ALL_SUPPORTED)
        if float_ops:
            scopes = "|".join(re.escape(_scope(file, file.graph.operators[position])) for position in sorted(float_ops))
            recipe.add_quantization_config(f"^(?:{scopes})$", TFLOperationName.ALL_SUPPORTED, algorithm_key=keep)
        in_float = {
            position
            for position, operator in enumerate(file.graph.operators)
            if (kind := TFL_OP_CODE_TO_NAME.get(file.model.operatorCodes[operator.opcodeIndex].builtinCode)) is None
            or recipe.get_quantization_configs(kind, _scope(file, operator))[0] == keep
        }
        if precision in CALIBRATED:
            for edge in _float_edges(file, in_float) if integer_edges else ("INPUT", "OUTPUT"):
                recipe.add_quantization_config(EVERY_AGAIN, TFLOperationName(edge), algorithm_key=keep)
        known = shared(file, ranges or {}, in_float, BITS[precision]) if precision in CALIBRATED else {}
        measured = {name: {"min": np.array([low]), "max": np.array([high])} for name, (low, high) in known.items()}
        with _quiet():
            try:
                self._quantizer = self._quantizer or Quantizer(self._content)
                self._quantizer.load_quantization_recipe(recipe.get_quantization_recipe())
                made = self._quantizer.quantize(measured or None, enable_progress_bar=False, enable_progress_report=False)
            except Exception as error:  # ValueError, RuntimeError, KeyError, IndexError: whatever a network meets in it
                raise UnavailableError(_refusal(file, precision, error)) from error
        return bytes(made.quantized_model or b"")


def _as_others_read_it(content: bytes) -> bytes:
    """Bring a file that LiteRT reads to a form that OpenVINO and tf2onnx read too.

    The quantiser puts constants behind the flatbuffer, which packing brings back into it, leaves out the codes of operators that
    older readers want, and gives tensors in float16 empty lists of scales, for which they are taken for integers.
    """
    file = Flatbuffer(content)
    for code in file.model.operatorCodes:
        code.deprecatedBuiltinCode = min(code.builtinCode, LAST_OLD_KIND)
    for index, tensor in enumerate(file.graph.tensors):
        if file.type(index) == "FLOAT16":
            tensor.quantization = None
    return file.packed()


def operators_named(file: Flatbuffer, patterns: Sequence[str]) -> set[int]:
    """Return the positions of operators that patterns name.

    A pattern is the whole name of what an operator gives, or has `*`, `?` or `[…]` in the place of some of it, as names of files in
    a shell. With `..` behind it, the whole block is meant that is called so: an operator with weights, and what follows until the
    next.

    Raises:
        UnavailableError: A pattern matches nothing.
    """
    found = set[int]()
    names = [[file.name(index) for index in operator.outputs] for operator in file.graph.operators]
    blocks = {block.name: block.positions for block in blocks_of(file)}
    for pattern in patterns:
        matching = {n for n, given in enumerate(names) if any(_matches(pattern, one) for one in given)}
        if not matching and pattern.endswith(BLOCK):
            inside = (some for name, some in blocks.items() if _matches(pattern.removesuffix(BLOCK), name))
            matching = {position for some in inside for position in some}
        if not matching:
            there = one_line(", ".join(one for given in names[-3:] for one in given), LONGEST_NAMES)
            raise UnavailableError(
                f"runtime.float_ops names {one_line(pattern, LONGEST_NAME)!r}, and no operator gives a tensor of that name; choose"
                f" of such as {there}"
            )
        found |= matching
    return found


def _matches(pattern: str, name: str) -> bool:
    return pattern == name or fnmatchcase(name, pattern)


def _scope(file: Flatbuffer, operator: Any) -> str:
    """Return what the quantiser calls an operator."""
    return "".join(f"{file.name(index)};" for index in operator.outputs or operator.inputs if index >= 0)


def _float_edges(file: Flatbuffer, in_float: set[int]) -> Iterator[str]:
    """Name the ends at which integers would only be made of floats, or floats of them: of what is computed in float."""
    inputs, outputs = set(file.graph.inputs), set(file.graph.outputs)
    operators = list(enumerate(file.graph.operators))
    if all(position in in_float for position, one in operators if inputs & set(one.inputs)):
        yield "INPUT"
    if any(position in in_float for position, one in operators if outputs & set(one.outputs)):
        yield "OUTPUT"


def _refusal(file: Flatbuffer, precision: str, error: Exception) -> str:
    told = one_line(str(error) or type(error).__name__, LONGEST_REASON)
    # It names no operator in most of what it raises; the number of the one that it was at stands in one of its frames.
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__)]
    number = next((one["subgraph_op_id"] for one in reversed(frames) if "subgraph_op_id" in one), -1)
    if not 0 <= number < len(file.graph.operators):
        return f"the quantiser cannot make {precision} of this model: {told}; choose another runtime.precision"
    operator = file.graph.operators[number]
    name = one_line(";".join(map(file.name, operator.outputs)), LONGEST_NAME)
    return f"the quantiser cannot make {precision} of {file.kind(operator)} {name!r}: {told}; name it in runtime.float_ops"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the quantiser says off the screen: it warns, logs to the root logger and opens an interpreter."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with native_stderr_captured(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _weights_in_four_bits(recipe: Any, every: Any) -> None:
    recipe.add_weight_only_config(EVERY, every, 8)  # of depthwise convolutions, whose kernels have no four
    recipe.add_weight_only_config(EVERY_AGAIN, every, 4)


RECIPES: Mapping[str, Callable[[Any, Any], None]] = {
    "float16": lambda recipe, every: recipe.add_weight_only_config(EVERY, every, 16, algorithm_key="float_casting"),
    "dynamic-int8": lambda recipe, every: recipe.add_dynamic_config(EVERY, every, 8),
    "weight-int8": lambda recipe, every: recipe.add_weight_only_config(EVERY, every, 8),
    "weight-int4": _weights_in_four_bits,
    "int8": lambda recipe, every: recipe.add_static_config(EVERY, every, 8, 8),
    "int16x8": lambda recipe, every: recipe.add_static_config(EVERY, every, 16, 8),
}
INTEGERS = tuple(precision for precision in RECIPES if precision != "float16")
