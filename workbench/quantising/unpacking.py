"""From a `.tflite` file with weights in float16 to the same network in float32, which is what quantising starts from."""

import numpy as np

from workbench.quantising.flatbuffer import Flatbuffer


def unpacked(content: bytes) -> bytes:
    """Return a float network as the quantiser wants it; the same bytes where the file is so.

    Its constants are in float32: a float16 file holds a DEQUANTIZE behind each, and those are gone here. Each tensor has a name of
    its own: they come twice in files of some converters; inputs and outputs keep theirs. There is a list of signatures, if an
    empty one, and operators are told by the field that files have for it since TensorFlow 2.4.

    Raises:
        ModelError: It is no LiteRT model, or damaged.
    """
    file = Flatbuffer(content)
    widened, renamed = _widen(file), _name_each(file)
    if widened:
        file.drop_unused()
    recoded = _recode(file)
    unsigned = file.model.signatureDefs is None
    if unsigned:
        file.model.signatureDefs = []
    return file.packed() if widened or renamed or recoded or unsigned else content


def _recode(file: Flatbuffer) -> bool:
    """Say what operators are in the field that is read now, where an old file does in its predecessor; tell whether any was."""
    old = [code for code in file.model.operatorCodes if code.builtinCode < code.deprecatedBuiltinCode]
    for code in old:
        code.builtinCode = code.deprecatedBuiltinCode
    return bool(old)


def _widen(file: Flatbuffer) -> bool:
    """Have what reads a float16 constant by way of a DEQUANTIZE read a float32 one."""
    wide: dict[int, int] = {}
    for operator in file.graph.operators:
        if file.kind(operator) == "DEQUANTIZE" and file.type(operator.inputs[0]) == "FLOAT16":
            (given,) = operator.outputs
            values = file.constant(operator.inputs[0])
            if values is not None:
                wide[given] = file.add_constant(file.name(given), values.astype(np.float32))
    for operator in file.graph.operators:
        operator.inputs = [wide.get(index, index) for index in operator.inputs]
    return bool(wide)


def _name_each(file: Flatbuffer) -> bool:
    """Number names that were there before, in the order of the tensors behind inputs and outputs; tell whether any was."""
    seen, renamed = set[str](), False
    first = [*file.graph.inputs, *file.graph.outputs]
    for index in dict.fromkeys([*first, *range(len(file.graph.tensors))]):
        name = base = file.name(index)
        count = 1
        while name in seen or not name:
            count += 1
            name = f"{base}_{count}"
        if name != base:
            file.graph.tensors[index].name, renamed = name.encode(), True
        seen.add(name)
    return renamed
