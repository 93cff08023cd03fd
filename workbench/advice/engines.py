"""Cards about what executes the network: engines and precisions side by side, model.predict, programs compiled again and again."""

from workbench.advice.arithmetic import amdahl, frame_seconds, share, stage, stages, timed, usable
from workbench.advice.card import Card, Expected
from workbench.advice.pool import NAMES_TOLD, Pool
from workbench.advice.rule import AP_CHANGE_NOTED, QUICKER, SHARE_NOTED, Find, Theory, draw_up
from workbench.catalogue import engine_row
from workbench.detections import ApChange
from workbench.record import AP_LOSS_NOTED, Record, Speed, accuracy_against, ap, ap_change, speed_against, speed_words
from workbench.settings import assignments
from workbench.timing import CANNOT_TELL
from workbench.wording import (
    counted,
    format_ap_change,
    format_fraction,
    format_number,
    format_percent,
    format_seconds_as_ms,
    listed,
)

ENGINE_BRINGS = ("runtime.engine", "nms.method", "input.resize")  # presets for an engine change the NMS and the resizing too
ENGINE_STAGES = ("preprocess", "infer", "nms")  # that one program may hold

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
    "Up to 0.1.0, input.resize=graph made each size of the frames such a shape; since then it takes all sizes in one program.",
    "Resized on the host, every frame reaches the network in one shape.",
)
LITERT_THEORY: Theory = (
    "LiteRT plans the memory of all layers once, and runs most of them by XNNPACK's kernels.",
    "Operators that XNNPACK does not take run one by one, and split the network into parts: then less is gained.",
    "Under float32 no weight changes, so boxes stay the same within rounding.",
)


def against_graph(engine: str, name: str, theory: Theory) -> Find:
    """Return the rule that compares an engine with TensorFlow's plain graph on this machine; `name` is what people call it."""
    rivals = {"graph": engine, engine: "graph"}

    def find(pool: Pool, record: Record) -> Card | None:
        rival = rivals.get(record.settings.runtime.engine)
        siblings = pool.siblings(record, ENGINE_BRINGS) if rival is not None else ()
        other = next((one for one in siblings if one.settings.runtime.engine == rival), None)
        if other is None:
            return None
        graph, own = (record, other) if rival == engine else (other, record)
        speed = speed_against(own, graph)
        if speed is None or speed.verdict not in {"faster", "slower"}:
            return None
        from_own = record is own and speed.verdict == "slower"  # the way back; else what the engine brings to a graph
        about, other = (own, graph) if from_own else (graph, own)
        leads = record is about and (from_own or speed.verdict == "faster")
        return draw_up(
            pool,
            about,
            f"{engine}-{speed.verdict}",
            title=f"{_what_differs(pool, own, graph, name)} is {speed.verdict} here",
            finding=f"{pool.label(own)} is {speed_words(speed)} than {pool.label(graph)} on this machine.",
            evidence=_engine_evidence(pool, graph, own, name),
            expected=amdahl(about, ENGINE_STAGES, stages(other, ENGINE_STAGES)),
            change={key: pool.values(other)[key] for key in pool.differing(about, other)} if leads else None,
            alternative=other,
            theory=theory,
        )

    return find


def _what_differs(pool: Pool, own: Record, graph: Record, name: str) -> str:
    """Name the engine, and whatever else was changed with it: then the claim is about both together."""
    also = [key for key in pool.differing(own, graph) if key != "runtime.engine"]
    return f"{name} with {listed(assignments(own.settings, also))}" if also else name


def _engine_evidence(pool: Pool, graph: Record, own: Record, name: str) -> str:
    told = [
        f"The infer stage takes {format_seconds_as_ms(stage(one, 'infer'))} ms in {pool.label(one)}"
        for one in (graph, own)
        if stage(one, "infer") is not None
    ]
    timing = timed(own)
    told.append(f"{name} took {format_number(timing.compile_seconds)} s to load and compile")
    if timing.cpu_seconds and timing.fps:
        told.append(f"it kept {timing.cpu_seconds * timing.fps:.1f} of {usable(own):g} cores busy")
    if own.engine is not None and own.engine.left_out:
        told.append(f"it left out {'; '.join(own.engine.left_out)}")
    return f"{'. '.join(part[:1].upper() + part[1:] for part in told)}."


def call_overhead(pool: Pool, record: Record) -> Card | None:
    """Say where `model.predict` or eager calls take time that a graph does not."""
    call, part = engine_row(record.settings.runtime.engine).slow_call, share(record, "infer")
    if call is None or part < SHARE_NOTED:
        return None
    siblings = pool.siblings(record, ENGINE_BRINGS)
    graph = next((other for other in siblings if other.settings.runtime.engine == "graph" and stage(other, "infer")), None)
    changed = ("runtime.engine",) if graph is None else pool.differing(record, graph)
    names = ("infer",) if len(changed) == 1 else ENGINE_STAGES
    own, becomes = stages(record, names) or 0.0, None if graph is None else stages(graph, names)
    if becomes is not None and becomes > QUICKER * own:
        return None
    told = f"The infer stage takes {format_seconds_as_ms(stage(record, 'infer'))} ms with {call}."
    if graph is not None:
        taken = f"{format_seconds_as_ms(own)} ms in {pool.label(record)}, {format_seconds_as_ms(becomes)} ms in {pool.label(graph)}"
        told += f" {listed(names).capitalize()}: {taken}, with {listed(assignments(graph.settings, changed))}."
    return draw_up(
        pool,
        record,
        "call-overhead",
        title=f"The habit costs: {call}",
        finding=f"In {pool.label(record)}, inference by {call} takes {format_percent(part)} of the frame.",
        evidence=told,
        expected=amdahl(record, names, becomes),
        change={"runtime.engine": "graph"} if graph is None else {name: pool.values(graph)[name] for name in changed},
        theory=PREDICT_THEORY,
    )


def integers(precision: str, theory: Theory = INT8_THEORY) -> Find:
    """Return the rule that compares a precision with float32: what it did to speed and accuracy, all else being equal."""
    rivals = {"float32": precision, precision: "float32"}

    def find(pool: Pool, record: Record) -> Card | None:
        rival = rivals.get(record.settings.runtime.precision)
        siblings = pool.siblings(record, ("runtime.precision",), broken=True) if rival is not None else ()
        other = next((one for one in siblings if one.settings.runtime.precision == rival), None)
        if other is None:
            return None
        floats, narrow = (record, other) if rival == precision else (other, record)
        speed = speed_against(narrow, floats)
        if speed is None:
            return None
        change = ap_change(narrow, floats)
        right = not narrow.broken and (change is None or -change <= AP_LOSS_NOTED)
        worth, untold = right and speed.verdict == "faster", right and speed.verdict == CANNOT_TELL
        from_narrow = record is narrow and not worth and not untold  # the way back; else what the precision brings to float32
        about, other = (narrow, floats) if from_narrow else (floats, narrow)
        leads = record is about and (from_narrow or worth)
        brings = listed(_brings(speed, narrow, accuracy_against(narrow, floats)))
        return draw_up(
            pool,
            about,
            f"int8-{'untold' if untold else 'worth-it' if worth else 'not-worth-it'}",
            title=f"{precision} {'cannot be told to be faster' if untold else 'is faster' if worth else 'is not worth it'} here",
            finding=f"{pool.label(narrow)} against {pool.label(floats)}: {brings}.",
            evidence=_precision_evidence(pool, floats, narrow),
            expected=amdahl(about, ("infer",), stage(other, "infer")),
            change={"runtime.precision": rival} if leads else None,
            alternative=other,
            theory=theory,
        )

    return find


def _brings(speed: Speed, narrow: Record, change: ApChange | None) -> list[str]:
    told = [speed_words(speed)]
    if narrow.broken:
        return [*told, "it breaks the detector"]
    if change is None:
        return told
    if change.interval is not None:
        return [*told, f"AP {format_ap_change(change)}"]
    lost = f"{format_fraction(abs(change.change))} AP {'lost' if change.change < 0 else 'gained'}"
    return [*told, "no accuracy lost that shows" if abs(change.change) < AP_CHANGE_NOTED else lost]


def _precision_evidence(pool: Pool, floats: Record, integers: Record) -> str:
    told, same_truth = [], ap_change(integers, floats) is not None
    for record in (floats, integers):
        known = f", AP {format_fraction(ap(record))}" if same_truth else ""
        told.append(f"{pool.label(record)}: {format_seconds_as_ms(frame_seconds(record))} ms a frame{known}")
    return f"{'; '.join(told)}."


def recompiling(pool: Pool, record: Record) -> Card | None:
    """Say where programs were compiled again while frames were timed."""
    engine, timing = record.engine, timed(record)
    if engine is None or not engine.recompilations or not timing.fps:
        return None
    median, mean = frame_seconds(record), 1 / timing.fps
    slowest = max(timing.total_seconds)
    words = f"{format_seconds_as_ms(mean)} / {format_seconds_as_ms(median)} = {format_number(mean / median)}"
    on_host = record.settings.input.resize != "graph"
    rows = [
        (one, one.engine.recompilations) for one in pool.records if one.id != record.id and one.engine and one.engine.recompilations
    ]
    others = listed([f"{pool.label(one)} ({counted(count, 'time')})" for one, count in rows], most=NAMES_TOLD)
    return draw_up(
        pool,
        record,
        "recompiling",
        title="Programs are compiled again and again",
        finding=f"{pool.label(record)} compiled programs {counted(engine.recompilations, 'time')} while frames were timed.",
        evidence=(
            f"The slowest frame took {format_seconds_as_ms(slowest)} ms, the median {format_seconds_as_ms(median)} ms."
            f" {engine.compilations} compilations in all.{f' So did {others}.' if rows else ''}"
        ),
        expected=Expected(ratio=mean / median, arithmetic=f"mean over median, in ms of a frame: {words}", bound=False),
        change=None if on_host else {"input.resize": "opencv"},
        theory=RECOMPILING_THEORY,
    )
