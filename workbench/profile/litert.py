"""What LiteRT's own profiler sees: its operators, and those of XNNPACK, found in the file by their order."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import groupby
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.engines import Opened
from workbench.machine import native_stderr_captured
from workbench.profile.alignment import aligned
from workbench.profile.litert_library import WHEEL, CompiledModel, Ran, TensorFacts, why_not
from workbench.profile.profiler import Profiler, Turns, Watched
from workbench.profile.work import bytes_moved_by, in_integers, macs_of
from workbench.quantising import Flatbuffer, allocated, file_facts, in_xnnpack
from workbench.record import OperatorRow
from workbench.settings import Settings

XNNPACK, OWN = "XNNPACK", "LiteRT"
NODE = "(a node of XNNPACK's begins)"
CHANGING = "its outputs have another size for each frame"


@final
class LiteRtProfiler(Profiler):
    """A model that LiteRT has compiled with its profiler on; where that cannot be used, in the interpreter, and untimed.

    Args:
        opened: The model.
        settings: How it is to run.
        wheel: The version of LiteRT's wheel; that which is installed by default.
    """

    def __init__(self, opened: Opened, settings: Settings, wheel: str | None = None) -> None:
        self._file, content = Flatbuffer(opened.content), opened.content
        (taken,) = self._file.graph.inputs
        if self._file.shape(taken) != opened.shape:  # its sides are open: what is compiled is told them by the file
            content = _settled(self._file, opened.shape)
        with native_stderr_captured():
            self._interpreter = allocated(content, settings.runtime.threads)
        self._input, self._outputs = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()
        self._wanted, self._runs = opened.output_names, list[list[Ran]]()
        noise = np.random.default_rng(0).integers(0, 2, opened.shape).astype(opened.dtype)
        blank, busy = (self._tensors(values) for values in (np.zeros_like(noise), noise))
        self._untimed = why_not(wheel or version(WHEEL)) or (CHANGING if blank != busy else None)
        self._model = None if self._untimed else CompiledModel(content, settings.runtime.threads, blank, self._wanted)

    def _tensors(self, values: NDArray[Any]) -> dict[str, TensorFacts]:
        """Run it in the interpreter; return what its input and outputs are, by name."""
        self._interpret(values)
        found = {one["name"]: self._interpreter.get_tensor(one["index"]) for one in (self._input, *self._outputs)}
        return {name: TensorFacts(array.shape, array.dtype) for name, array in found.items()}

    def _interpret(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        self._interpreter.set_tensor(self._input["index"], values)
        self._interpreter.invoke()
        found = {one["name"]: one["index"] for one in self._outputs}
        return [self._interpreter.get_tensor(found[name]) for name in self._wanted]

    def execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        if self._model is None:
            return self._interpret(values)
        found, ran = self._model.run(values)
        self._runs.append(ran)
        return found

    def watched(self, turns: Turns) -> Watched:
        places = in_xnnpack(self._interpreter, self._file)
        facts = file_facts(self._file, self._interpreter).operators

        def row(number: int, kernel: str) -> OperatorRow:
            one, operator = facts[number], self._file.graph.operators[number]
            return OperatorRow(
                name=one.name,
                kind=one.kind,
                kernel=kernel,
                shape=one.shape,
                macs=macs_of(self._file, operator),
                integers=in_integers(self._file, operator),
                bytes_moved=bytes_moved_by(self._file, operator),
                reference=one.reference,
            )

        if not self._runs:
            known = places is not None
            kernels = ((XNNPACK if number in (places or {}) else OWN) if known else "" for number in range(len(facts)))
            return Watched(tuple(row(number, kernel) for number, kernel in enumerate(kernels)), untimed=self._untimed)
        first = self._runs[0]
        rows = [
            OperatorRow(name="", kind=ran.tag, kernel=XNNPACK)
            if number is None
            else row(number, ran.tag if ran.in_delegate else OWN)
            for ran, number in zip(first, numbers_of(first, [one.kind for one in facts], places or {}), strict=True)
        ]
        counted = (self._runs[number] for turn in turns for number in turn)
        alike = (run for run in counted if [one[:3] for one in run] == [one[:3] for one in first])
        return Watched(tuple(rows), tuple(tuple(one.seconds for one in run) for run in alike))


def numbers_of(ran: Sequence[Ran], kinds: Sequence[str], places: Mapping[int, int]) -> list[int | None]:
    """Return the number in the file of each operator that ran, or `None` where it is none of the file's.

    XNNPACK counts its own anew in each of its nodes, which run in the order of their numbers; nothing may be left of one.

    Args:
        ran: In order.
        kinds: Types of the file's operators, in order.
        places: By the number of an operator that XNNPACK took, that of its node.
    """
    numbers = list[int | None]()
    for _, held in groupby(sorted(places, key=lambda number: (places[number], number)), key=places.__getitem__):
        numbers += [None, *held]
    tags, in_delegate = list[str](), [one for one in ran if one.in_delegate]
    for place, one in enumerate(in_delegate):
        begins = not place or one.number <= in_delegate[place - 1].number
        tags += [NODE, one.tag] if begins else [one.tag]
    matched = aligned([NODE if number is None else kinds[number] for number in numbers], tags)
    own = iter([None if place is None else numbers[place] for place, tag in zip(matched, tags, strict=True) if tag != NODE])
    return [next(own) if one.in_delegate else one.number for one in ran]


def _settled(file: Flatbuffer, shape: tuple[int, ...]) -> bytes:
    """Give a file's input a shape, and state those that follow; return the file with its input so.

    XNNPACK leaves those of its own tensors as they were stored, so an interpreter without it says them.
    """
    from ai_edge_litert.interpreter import OpResolverType

    (taken,) = file.graph.inputs
    file.graph.tensors[taken].shape, file.graph.tensors[taken].shapeSignature = list(shape), None
    content = file.packed()
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = allocated(content, 1, experimental_op_resolver_type=plain)
    shapes = {details["index"]: details["shape"].tolist() for details in interpreter.get_tensor_details()}
    for index, tensor in enumerate(file.graph.tensors):  # behind them the interpreter has some of its own
        tensor.shape = shapes.get(index, tensor.shape)
    return content
