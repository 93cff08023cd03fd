"""The profilers on real runtimes: what is slow is on top, and the sums stand beside `infer`."""

import shutil
from itertools import pairwise, repeat
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tests.detectors.asset_cards import CARDS
from tests.profile.rows import inside, row
from tests.quantising.networks import TO_FIRST, TO_LAST, Network, allocated, options_of
from workbench.engines import Opened
from workbench.opening import Sources, check, wished
from workbench.profile import Job, run_profile
from workbench.profile.lints import lints
from workbench.profile.litert import LiteRtProfiler
from workbench.profile.profiling import PROFILERS, ROUNDS, SETTLING_RUNS, in_turns, with_seconds
from workbench.quantising import INT4
from workbench.record import OperatorRow, Profile
from workbench.settings import Runtime, Settings

TIMES, RUNS = 30, 80
SIDE, DEPTH = 16, 32  # so much arithmetic for each number that comes out, that bringing those into another order takes less
ON_EACH = [
    pytest.param("litert"),
    pytest.param("openvino", marks=pytest.mark.slow),
    pytest.param("onnxruntime", marks=pytest.mark.slow),  # it is converted by TensorFlow's means
]


def one_large() -> bytes:
    """Five convolutions, the last of which has `TIMES` as many products as each other one."""
    net = Network()
    x = net.input((1, SIDE, SIDE, DEPTH))
    for number in range(4):
        x = net.convolution(x, DEPTH, padding="SAME", name=f"net/small{number}")
    return net.file(net.convolution(x, DEPTH * TIMES, padding="SAME", name="net/large"))


def transposed(pairs: int) -> bytes:
    net = Network()
    x = net.convolution(net.input((1, 64, 64, 8)), 8, padding="SAME")
    for _ in range(pairs):
        x = net.transpose(net.add("LOGISTIC", [net.transpose(x, TO_FIRST)], (1, 8, 64, 64)), TO_LAST)
    return net.file(x)


def int4_convolution() -> bytes:
    net = Network()
    x = net.convolution(net.input((1, 16, 16, 8)), 8, padding="SAME", name="float")
    weights = net.constant(np.ones((8, 3, 3, 8), np.int8), "INT4", step=0.1)
    options = options_of("Conv2D", strideH=1, strideW=1)
    return net.file(net.add("CONV_2D", [x, weights, net.weights((8,))], (1, 16, 16, 8), options, name="int4"))


def rows_of(engine: str, content: bytes) -> tuple[OperatorRow, ...]:
    """Profile a network that computes what the interpreter says that it does."""
    interpreter = allocated(content)
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    opened = Opened(content, tuple(taken["shape"].tolist()), taken["dtype"], (given["name"],))
    profiler = PROFILERS[engine](opened, Settings(runtime=Runtime(engine=engine, threads=1)))
    values = np.random.default_rng(0).normal(size=opened.shape).astype(opened.dtype)
    interpreter.set_tensor(taken["index"], values)
    interpreter.invoke()
    for _ in range(RUNS):
        (found,) = profiler.execute(values)
    wanted = interpreter.get_tensor(given["index"])
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=max(1e-3, 1e-5 * float(np.abs(wanted).max())))
    seen = profiler.watched([range(RUNS // 2), range(RUNS // 2, RUNS)])
    assert len(seen.seconds) in {2, RUNS}
    return with_seconds(seen.rows, seen.seconds)


@pytest.mark.parametrize("engine", ON_EACH)
def test_an_operator_that_is_30_times_as_large_is_on_top(engine: str) -> None:
    rows = rows_of(engine, one_large())

    slowest = max(rows, key=lambda row: row.seconds or 0)
    assert slowest.macs == SIDE * SIDE * DEPTH * TIMES * 9 * DEPTH
    assert slowest.macs == TIMES * sorted(row.macs for row in rows)[-2]
    assert "large" in slowest.name
    assert sorted(slowest.shape) == sorted((1, SIDE, SIDE, DEPTH * TIMES))


@pytest.mark.parametrize("engine", ON_EACH[:1])
def test_twenty_pairs_of_transposes_bring_advice(engine: str) -> None:
    content = transposed(20)

    told = lints(inside(content, *rows_of(engine, content)))

    assert any("transposes and changes of layout" in one.what and "runtime.layout=nhwc" in one.advice for one in told)


def test_an_int4_convolution_is_named_as_the_one_on_a_reference_kernel() -> None:
    content = int4_convolution()

    rows = rows_of("litert", content)

    assert {row.name: row.reference for row in rows} == {"float": None, "int4": INT4}
    assert any("CONV_2D int4" in one.what for one in lints(inside(content, *rows)))


def test_on_another_wheel_placement_is_told_alone_with_one_sentence() -> None:
    content = int4_convolution()
    opened, settings = Opened(content, (1, 16, 16, 8), np.float32, ("int4",)), Settings(runtime=Runtime(engine="litert", threads=1))
    profiler = LiteRtProfiler(opened, settings, wheel="9.9.9")

    (found,) = profiler.execute(np.ones(opened.shape, np.float32))
    seen = profiler.watched([range(1)])

    assert found.shape == (1, 16, 16, 8)
    assert seen.untimed is not None
    assert "this is 9.9.9" in seen.untimed
    assert [(row.kernel, row.reference, row.seconds) for row in seen.rows] == [("XNNPACK", None, None), ("LiteRT", INT4, None)]


def test_sides_that_the_file_leaves_open_are_those_that_it_runs_with() -> None:
    net = Network()
    x = net.convolution(net.input((1, -1, -1, 3)), 4, padding="SAME", name="first")
    content = net.file(net.convolution(x, 4, padding="SAME", name="second"))
    values = np.random.default_rng(0).normal(size=(1, 24, 32, 3)).astype(np.float32)
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.resize_tensor_input(0, values.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, values)
    interpreter.invoke()
    profiler = LiteRtProfiler(
        Opened(content, values.shape, np.float32, ("second",)), Settings(runtime=Runtime(engine="litert", threads=1))
    )

    (found,) = profiler.execute(values)
    rows = profiler.watched([range(1)]).rows

    np.testing.assert_allclose(found, interpreter.get_tensor(interpreter.get_output_details()[0]["index"]), atol=1e-5)
    assert [row.shape for row in rows if row.kind == "CONV_2D"] == [(1, 24, 32, 4)] * 2
    assert rows[0].macs == 24 * 32 * 4 * 27


def test_the_middle_half_of_the_runs_counts_and_rows_add_up() -> None:
    runs = [(1.0, 1.0), (2.0, 3.0), (4.0, 3.0), (90.0, 9.0)]

    rows = with_seconds([row("a", seconds=None), row("b", seconds=None)], runs)

    assert [one.seconds for one in rows] == [3.0, 3.0]


def test_both_passes_take_turns_and_what_settles_does_not_count() -> None:
    told = list[str]()

    turns = in_turns([lambda _: told.append("plain"), lambda _: told.append("watched")], repeat(np.zeros(1)), 0.01)

    turn = SETTLING_RUNS + len(turns[0])
    assert told[-2 * turn :] == ["plain"] * turn + ["watched"] * turn
    assert told.count("plain") == told.count("watched") == turns[-1].stop
    assert len(turns) == ROUNDS
    assert all(later.start - earlier.stop == SETTLING_RUNS for earlier, later in pairwise(turns))


def profile_of(model: str | None, media: str | None, text: str) -> Profile:
    sources = Sources(detector=model, media=media)
    detector, _ = sources.open()
    return run_profile(Job(sources=sources, settings=check(detector, wished(detector, text))), lambda _: None)


def check_whole(found: Profile) -> None:
    """On a machine where others may be busy: what cannot be wrong even there."""
    assert found.untimed is None
    assert found.operators_seconds is not None
    assert 0 < found.operators_seconds < 2 * found.infer_seconds
    assert 0 < found.around_seconds < found.infer_seconds
    assert found.runs >= ROUNDS
    convolutions = [row for row in found.operators if "conv" in (kind := row.kind.lower()) and "convert" not in kind]
    assert sum(row.seconds or 0 for row in convolutions) > 0.3 * found.operators_seconds
    assert all(row.macs and row.bytes_moved for row in convolutions)
    assert len(found.by_part) > 1


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["litert", "openvino", "onnxruntime"])
@pytest.mark.parametrize("model", ["inspector-mobile", "inspector-large"])
def test_the_sample_detectors_are_profiled(model: str, engine: str) -> None:
    check_whole(profile_of(model, None, f"litert,runtime.engine={engine}"))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("preset", ["graph", "xla"])
def test_a_sample_detector_s_whole_program_is_profiled(preset: str) -> None:
    found = profile_of("inspector-mobile", None, preset)

    check_whole(found)
    parts = {row.name.partition("/")[0] for row in found.operators}
    assert {"preprocess", "inspector-mobile_1"} <= parts
    assert ("nms" in parts) == (preset == "xla")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["litert", "openvino", "onnxruntime"])
@pytest.mark.parametrize("name", ["yolox_nano_416_float16_quantize.tflite", "aizoo_face_mask_detection.tflite"])
def test_networks_that_nobody_here_made_are_profiled(assets: Path, tmp_path: Path, name: str, engine: str) -> None:
    model = Path(shutil.copy(assets / "models" / name, tmp_path))
    if name in CARDS:
        model.with_name(f"{name}.card.toml").write_text(CARDS[name])

    found = profile_of(str(model), str(assets / "images" / "coral"), f"litert,runtime.engine={engine}")

    check_whole(found)
    if engine == "litert":
        assert any("reference kernels" in one.what for one in found.lints) == name.startswith("yolox")
