"""Cards about what executes the network: XLA, model.predict, int8, and programs compiled once or again and again."""

from workbench.advice.arithmetic import amdahl, share, stage, stages, usable
from workbench.advice.card import Card, Expected
from workbench.advice.pool import Pool
from workbench.advice.rule import SHARE_NOTED, Theory, draw_up
from workbench.advice.stages import QUICKER
from workbench.catalogue import engine_row
from workbench.record import AP_LOSS_NOTED, Record, Speed, ap, speed_against
from workbench.timing import median_seconds
from workbench.wording import counted, format_fraction, format_number, format_percent, format_seconds_as_ms, listed, times

START_NOTED = 30.0  # frames that the start takes as long as: a second of video, which a viewer notices
XLA_BRINGS = ("runtime.engine", "nms.method", "input.resize")  # a preset for XLA changes the NMS and the resizing too
XLA_STAGES = ("preprocess", "infer", "nms")  # that one program may hold
NARROW = ("dynamic-int8", "int8", "int16x8")

XLA_THEORY: Theory = (
    "XLA joins neighbouring operations into one loop, which saves memory traffic where they are small.",
    "On a CPU it does without the hand-tuned kernels of oneDNN; its own for depthwise convolutions are many times slower.",
    "On a GPU, or on a network of plain convolutions, it can be the other way round: measure it there.",
)
PREDICT_THEORY: Theory = (
    "model.predict sets up a data pipeline, callbacks and a loop over batches on each call; it is made for whole data sets.",
    "An eager call sends each operation of the network from Python by itself.",
    "A traced graph is sent once, and TensorFlow runs its operations with no Python in between; its answers are the same.",
)
INT8_THEORY: Theory = (
    "int8 pays where the processor has instructions for it and the runtime has kernels for each layer of the network.",
    "dynamic-int8 keeps activations in float32 and converts them in every layer: that work can cost more than it saves.",
    "Rounding to 256 steps moves boxes and scores a little; small and faint objects go first.",
)
RECOMPILING_THEORY: Theory = (
    "A program is compiled for the shapes that it is first fed; a new shape is compiled anew, while the frame waits.",
    "With input.resize=graph the program takes whole frames, so media of several sizes bring several shapes.",
    "Resized on the host, every frame reaches the network in one shape.",
)
START_THEORY: Theory = (
    "Loading, tracing, compiling, converting and the first allocations happen once.",
    "A benchmark that counts them tells how long starting takes, not how fast frames pass.",
    "In a service, send one blank frame through before the first real one; here they are kept out of every other figure.",
)


def xla_slower(pool: Pool, record: Record) -> Card | None:
    """Say where XLA is slower than the plain graph on this machine."""
    rivals = {"graph": "xla", "xla": "graph"}
    rival = rivals.get(record.settings.runtime.engine)
    other = next((one for one in pool.siblings(record, XLA_BRINGS) if one.settings.runtime.engine == rival), None)
    if rival is None or other is None:
        return None
    graph, xla = (record, other) if rival == "xla" else (other, record)
    speed = speed_against(xla, graph)
    if speed is None or speed.verdict != "slower":
        return None
    change: dict[str, object] = {name: pool.values(other)[name] for name in pool.differing(record, other)}
    return draw_up(
        pool,
        record,
        "xla-slower",
        title="XLA is slower here",
        finding=f"{pool.label(xla)} is {times(speed.ratio)} than {pool.label(graph)} on this machine.",
        evidence=_xla_evidence(pool, graph, xla),
        expected=amdahl(record, XLA_STAGES, stages(other, XLA_STAGES)),
        change=change if rival == "graph" else None,
        alternative=other,
        theory=XLA_THEORY,
    )


def _xla_evidence(pool: Pool, graph: Record, xla: Record) -> str:
    told = [
        f"The infer stage takes {format_seconds_as_ms(stage(one, 'infer'))} ms in {pool.label(one)}"
        for one in (graph, xla)
        if stage(one, "infer") is not None
    ]
    timing = xla.timing
    if timing is not None:
        told.append(f"XLA took {format_number(timing.compile_seconds)} s to load and compile")
        if timing.cpu_seconds and timing.fps:
            told.append(f"it kept {timing.cpu_seconds * timing.fps:.1f} of {usable(xla):g} cores busy")
    if xla.engine is not None and xla.engine.left_out:
        told.append(f"it left out {'; '.join(xla.engine.left_out)}")
    differing = [name for name in pool.differing(graph, xla) if name != "runtime.engine"]
    if differing:
        told.append(f"the two differ in {listed(differing)} too")
    return f"{'. '.join(part[:1].upper() + part[1:] for part in told)}."


def call_overhead(pool: Pool, record: Record) -> Card | None:
    """Say where `model.predict` or eager calls take time that a graph does not."""
    call, part = engine_row(record.settings.runtime.engine).slow_call, share(record, "infer")
    if call is None or part < SHARE_NOTED:
        return None
    graphs = [
        other
        for other in pool.siblings(record, ("runtime.engine", "input.resize", "nms.method"))
        if other.settings.runtime.engine == "graph" and stage(other, "infer")
    ]
    own, graph = stage(record, "infer") or 0.0, graphs[0] if graphs else None
    if graph is not None and (stage(graph, "infer") or 0.0) > QUICKER * own:
        return None
    told = f"The infer stage takes {format_seconds_as_ms(own)} ms with {call}."
    if graph is not None:
        told += f" In {pool.label(graph)} a graph takes {format_seconds_as_ms(stage(graph, 'infer'))} ms."
    return draw_up(
        pool,
        record,
        "call-overhead",
        title=f"The habit costs: {call}",
        finding=f"In {pool.label(record)}, inference by {call} takes {format_percent(part)} of the frame.",
        evidence=told,
        expected=amdahl(record, ("infer",), stage(graph, "infer") if graph is not None else None),
        change={"runtime.engine": "graph"},
        theory=PREDICT_THEORY,
    )


def int8_not_worth_it(pool: Pool, record: Record) -> Card | None:
    """Say where integers are no faster than floats, or cost more accuracy than people accept."""
    narrow = record.settings.runtime.precision in NARROW
    for other in pool.siblings(record, ("runtime.precision",), broken=True):
        if (other.settings.runtime.precision in NARROW) == narrow or "float32" not in {
            record.settings.runtime.precision,
            other.settings.runtime.precision,
        }:
            continue
        floats, integers = (other, record) if narrow else (record, other)
        speed = speed_against(integers, floats)
        why = _against_integers(floats, integers, speed)
        if speed is None or not why:
            continue
        precision = integers.settings.runtime.precision
        return draw_up(
            pool,
            record,
            "int8-not-worth-it",
            title=f"{precision} is not worth it here",
            finding=f"{pool.label(integers)} against {pool.label(floats)}: {listed(why)}.",
            evidence=_precision_evidence(pool, floats, integers),
            expected=amdahl(record, ("infer",), stage(other, "infer")),
            change={"runtime.precision": "float32"} if narrow else None,
            alternative=other,
            theory=INT8_THEORY,
        )
    return None


def _against_integers(floats: Record, integers: Record, speed: Speed | None) -> list[str]:
    old, new = ap(floats), ap(integers)
    why = []
    if speed is not None and speed.verdict != "faster":
        why.append(f"{times(speed.ratio)}" if speed.verdict == "slower" else "no measurable gain in speed")
    if integers.broken:
        why.append("it breaks the detector")
    elif old is not None and new is not None and old - new > AP_LOSS_NOTED:
        why.append(f"{format_fraction(old - new)} AP lost")
    return why


def _precision_evidence(pool: Pool, floats: Record, integers: Record) -> str:
    told = []
    for record in (floats, integers):
        known = f", AP {format_fraction(ap(record))}" if ap(record) is not None else ""
        median = format_seconds_as_ms(median_seconds(record.timing.total_seconds) if record.timing else None)
        told.append(f"{pool.label(record)}: {median} ms a frame{known}")
    return f"{'; '.join(told)}."


def recompiling(pool: Pool, record: Record) -> Card | None:
    """Say where programs were compiled again while frames were timed."""
    engine, timing = record.engine, record.timing
    if engine is None or timing is None or not engine.recompilations or not timing.total_seconds or not timing.fps:
        return None
    median, mean = median_seconds(timing.total_seconds) or 0.0, 1 / timing.fps
    slowest = max(timing.total_seconds)
    words = f"{format_seconds_as_ms(mean)} / {format_seconds_as_ms(median)} = {format_number(mean / median)}"
    on_host = record.settings.input.resize != "graph"
    return draw_up(
        pool,
        record,
        "recompiling",
        title="Programs are compiled again and again",
        finding=f"{pool.label(record)} compiled programs {counted(engine.recompilations, 'time')} while frames were timed.",
        evidence=(
            f"The slowest frame took {format_seconds_as_ms(slowest)} ms, the median {format_seconds_as_ms(median)} ms."
            f" {engine.compilations} compilations in all."
        ),
        expected=Expected(ratio=mean / median, arithmetic=f"mean over median, in ms of a frame: {words}", bound=False),
        change=None if on_host else {"input.resize": "opencv"},
        theory=RECOMPILING_THEORY,
    )


def slow_start(pool: Pool, record: Record) -> Card | None:
    """Say where starting takes as long as many frames, so that nobody counts it with them."""
    timing = record.timing
    median = median_seconds(timing.total_seconds) if timing is not None else None
    if timing is None or not median:
        return None
    start, count = timing.compile_seconds + timing.first_call_seconds, len(timing.total_seconds)
    frames = start / median
    if frames < START_NOTED:
        return None
    spent = f"{format_number(timing.compile_seconds)} s to load and compile"
    first = f"{format_seconds_as_ms(timing.first_call_seconds)} ms for the first frame"
    return draw_up(
        pool,
        record,
        "slow-start",
        title="The first call is the slow one",
        finding=f"{pool.label(record)} takes {format_number(start, 2)} s to start: as long as {format_number(frames, 2)} frames.",
        evidence=(
            f"{spent} and {first}, against a median of {format_seconds_as_ms(median)} ms. Counted with these"
            f" {counted(count, 'frame')}, it would make a frame look {times(count / (count + frames))}."
        ),
        theory=START_THEORY,
    )
