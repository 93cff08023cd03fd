"""Which settings a detector and this machine can take, and why not, known before anything runs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations, product

from workbench.catalogue import ENGINES
from workbench.detectors import Detector, load_tensorflow
from workbench.engines import why_not
from workbench.errors import SettingsError, UnavailableError, one_line
from workbench.machine import memory_bytes
from workbench.quantising import CALIBRATED, INTEGERS
from workbench.settings import LATER, RESIZE_FILTERS, RESIZE_PLACES, ClassScores, Runtime, Settings

# Of the network's input: 3 of the frame, 12 of the input in float32, 16 of what the smallest detectors' first convolution gives.
LEAST_BYTES_A_PIXEL = 31
LONGEST_SCORES, LONGEST_LABELS = 60, 160  # characters of a message
MOST_PIXELS = 2**28  # of a batch: with 8 values of each behind the first convolution, 2**31 in a tensor; TensorFlow crashes of more

Rule = Callable[[Detector, Settings], str | None]

_RANGES = (
    lambda runtime: runtime.precision in CALIBRATED,
    f"only {' and '.join(CALIBRATED)} take ranges from frames; choose one of these for runtime.precision, or leave it as usual",
)


def _switch(name: str) -> tuple[Callable[[Runtime], bool], str]:
    """Return when an engine has a switch, and what to choose where it has not."""
    engines = " or ".join(one for one, row in ENGINES.items() if name in row.switches)
    usual = LATER[name]
    return (
        lambda runtime: name in ENGINES[runtime.engine].switches,
        f"only {engines} has it; choose {usual}, or runtime.engine={engines}",
    )


APPLIES: Mapping[str, tuple[Callable[[Runtime], bool], str]] = {  # what only some settings have a use for, and what to choose
    "runtime.float_ops": (
        lambda runtime: runtime.precision in INTEGERS,
        f"there are no integers; choose {', '.join(INTEGERS)} for runtime.precision, or leave it empty",
    ),
    "runtime.calibration_frames": _RANGES,
    "runtime.calibration_range": _RANGES,
    "runtime.layout": (
        lambda runtime: ENGINES[runtime.engine].runs_tflite,
        "this engine runs no .tflite file; choose stored, or runtime.engine=litert",
    ),
    **{name: _switch(name) for name in ("runtime.hint", "runtime.streams", "runtime.delegate")},
}


def check(detector: Detector, settings: Settings) -> Settings:
    """Return the settings with the input size filled in, once everything in them can be taken.

    Raises:
        UnavailableError: A setting that this detector or this machine cannot take; says which and why.
        SettingsError: An impossible input size.
    """
    if settings.are_a_function:
        raise UnavailableError(f"a function of the user's was measured, not {detector.facts.name}; choose the record of a setting")
    size_hw = detector.input_spec.choose_size(settings.input.size_hw)
    for rule in RULES:
        if reason := rule(detector, settings):
            raise UnavailableError(reason)
    return settings.model_copy(update={"input": settings.input.model_copy(update={"size_hw": size_hw})})


def reasons(detector: Detector, settings: Settings, name: str, values: Iterable[object]) -> dict[object, str]:
    """Say which of a setting's values cannot be taken with all else as it is.

    Args:
        detector: The detector.
        settings: All other settings.
        name: `group.field`.
        values: The values to try.

    Returns:
        The reason by value, for those that cannot be taken.
    """
    found: dict[object, str] = {}
    for value in values:
        try:
            check(detector, settings.with_values({name: value}))
        except (UnavailableError, SettingsError) as error:
            found[value] = str(error)
    return found


def fit(detector: Detector, settings: Settings, chosen: str) -> Settings:
    """Return settings that can be taken and hold what was chosen; what stands in its way is changed, as little as possible.

    Args:
        detector: The detector.
        settings: What is wished for.
        chosen: `group.field` that stays as it is, such as `runtime.engine`.

    Raises:
        UnavailableError: No change of the others helps; says why the wish cannot be taken.
        SettingsError: An impossible input size.
    """
    try:
        return check(detector, settings)
    except UnavailableError as refused:
        choices = _changeable(detector, settings, chosen)
        if any(_taken(detector, settings, changes, chosen) for changes in _most_changes(choices)):
            for changes in _fewest_first(choices):
                if taken := _taken(detector, settings, changes, chosen):
                    return taken
        raise refused from None


def _taken(detector: Detector, settings: Settings, changes: dict[str, object], chosen: str) -> Settings | None:
    changed = settings.with_values(changes)
    idle = [name for name in APPLIES if why_no_use(changed, name) and name != chosen]
    try:
        return check(detector, changed.with_values({name: LATER[name] for name in idle}))
    except UnavailableError:
        return None


def _changeable(detector: Detector, settings: Settings, chosen: str) -> dict[str, tuple[object, ...]]:
    """Return what may be changed for a choice's sake, and to what the detector can take."""
    choices: dict[str, tuple[object, ...]] = {
        "input.resize": RESIZE_PLACES[1:] + RESIZE_PLACES[:1],
        "input.filter": (None,),
        "runtime.precision": ENGINES[settings.runtime.engine].precisions,
        "runtime.batch": (detector.input_spec.batch or 1,),
        "runtime.device": ("cpu",),
        "feed.cache": ("none",),
        "feed.workers": (1,),
        "feed.mode": ("loop",),
    }
    refused = detector.refusals
    possible = {name: tuple(one for one in values if str(one) not in refused.get(name, {})) for name, values in choices.items()}
    return {name: values for name, values in possible.items() if values and name != chosen}


def _most_changes(choices: dict[str, tuple[object, ...]]) -> Iterator[dict[str, object]]:
    """Change all that may be, to what stands in the way of nothing else; which precision that is depends on the engine.

    Where none of these will do, nothing will, and the hundreds of other ways need not be tried.
    """
    plain = {name: values[0] for name, values in choices.items()}
    yield plain
    yield from ({**plain, "runtime.precision": one} for one in choices.get("runtime.precision", ())[1:])


def _fewest_first(choices: dict[str, tuple[object, ...]]) -> Iterator[dict[str, object]]:
    for count in range(len(choices) + 1):
        for changed in combinations(choices, count):
            yield from (dict(zip(changed, values, strict=True)) for values in product(*(choices[name] for name in changed)))


def _refused_by_detector(detector: Detector, settings: Settings) -> str | None:
    for name, value in settings.flat().items():
        reason = detector.refusals.get(name, {}).get(str(value))
        if reason:
            return f"{name} is {value}: {reason}"
    return None


def _feed(_: Detector, settings: Settings) -> str | None:
    feed, runtime, row = settings.feed, settings.runtime, ENGINES[settings.runtime.engine]
    if feed.mode == "threads" and not feed.workers:
        return "feed.workers is 0: only tf.data chooses their number by itself; choose 1 or more, or feed.mode=tfdata"
    if feed.mode != "tfdata" and feed.cache != "none":
        return f"feed.cache is {feed.cache}: only tf.data keeps prepared frames; choose none, or feed.mode=tfdata"
    if feed.mode == "threads" and row.one_thread:
        what = row.slow_call or row.spoken
        return f"feed.mode is threads: {what} runs on one thread at a time; choose loop, or another runtime.engine"
    if feed.mode == "threads" and row.runs_tflite and feed.workers > runtime.threads:
        return (
            f"feed.workers is {feed.workers}: each worker needs a thread, and runtime.threads is {runtime.threads};"
            " choose fewer workers or more threads"
        )
    if runtime.streams > runtime.threads:
        return (
            f"runtime.streams is {runtime.streams}: each needs a thread, and runtime.threads is {runtime.threads};"
            " choose fewer streams or more threads"
        )
    return None


def _precision(_: Detector, settings: Settings) -> str | None:
    runtime, row = settings.runtime, ENGINES[settings.runtime.engine]
    if runtime.precision in row.precisions:
        return None
    if not row.runs_tflite:
        return (
            f"runtime.precision is {runtime.precision}: the {row.name} engine runs the network as it was saved, in float32;"
            " choose float32, or runtime.engine=litert"
        )
    choices = ", ".join(row.precisions)
    return f"runtime.precision is {runtime.precision}: {row.runtime} does not compute in it; choose one of {choices}"


def why_no_use(settings: Settings, name: str) -> str | None:
    """Say why a setting of `APPLIES` has no use with all else as it is, and what to choose; `None` where it has one."""
    applies, why = APPLIES[name]
    return None if applies(settings.runtime) else why


def _applies(_: Detector, settings: Settings) -> str | None:
    values = settings.flat()
    changed = (name for name in APPLIES if values[name] != LATER[name] and why_no_use(settings, name))
    return next((f"{name} is {one_line(values[name], LONGEST_SCORES)}: {why_no_use(settings, name)}" for name in changed), None)


def _engine(_: Detector, settings: Settings) -> str | None:
    reason = why_not(settings.runtime)
    return reason and f"runtime.engine is {settings.runtime.engine}: {reason}"


def _resize(_: Detector, settings: Settings) -> str | None:
    if settings.input.resize != "graph" or ENGINES[settings.runtime.engine].resizes or settings.feed.mode == "tfdata":
        return None
    return (
        f"input.resize is graph: the {settings.runtime.engine} engine runs the network alone, at its own size; choose opencv or"
        f" pillow, or runtime.engine one of {', '.join(name for name, row in ENGINES.items() if row.resizes)}"
    )


def _filter(_: Detector, settings: Settings) -> str | None:
    resize, name = settings.input.resize, settings.input.effective_filter
    if name in RESIZE_FILTERS[resize]:
        return None
    return f"input.filter is {name}: not in {resize}; choose {' or '.join(RESIZE_FILTERS[resize])}"


def _batch(detector: Detector, settings: Settings) -> str | None:
    fixed = detector.input_spec.batch
    if fixed in (None, settings.runtime.batch):
        return None
    return f"runtime.batch is {settings.runtime.batch}: this detector takes exactly {fixed} at once; choose {fixed}"


def _memory(detector: Detector, settings: Settings) -> str | None:
    height, width = detector.input_spec.choose_size(settings.input.size_hw)
    batch = settings.runtime.batch
    needed, there = batch * height * width * LEAST_BYTES_A_PIXEL, memory_bytes()
    where = f"input.size_hw is {height}x{width} and runtime.batch {batch}"
    if batch * height * width > MOST_PIXELS:
        return f"{where}: runtimes count a tensor's values in 32 bits, and these have more; choose less of either"
    if needed <= there:
        return None
    figures = f"takes {needed / 2**30:.0f} GiB or more, and this machine has {there / 2**30:.1f}"
    return f"{where}: that {figures} of memory; choose less of either"


def _class_scores(detector: Detector, settings: Settings) -> str | None:
    score, labels = settings.nms.score, detector.facts.labels
    strange = [name for name in score.by_name if name not in labels] if isinstance(score, ClassScores) else []
    if not strange:
        return None
    known = one_line(", ".join(labels), LONGEST_LABELS)
    value, name = one_line(score, LONGEST_SCORES), one_line(strange[0], LONGEST_SCORES)
    return f"nms.score is {value}: no class is called {name}; choose of {known}"


def _device(_: Detector, settings: Settings) -> str | None:
    device = settings.runtime.device
    if device == "cpu":
        return None
    row = ENGINES[settings.runtime.engine]
    if row.runs_tflite:
        return f"runtime.device is {device}: {row.runtime} runs on the cpu here; choose cpu"
    load_tensorflow()
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    number = int(device.partition(":")[2])
    if number < len(gpus):
        return None
    seen = f"sees {len(gpus)} GPUs" if gpus else "sees no GPU on this machine"
    return f"runtime.device is {device}: TensorFlow {seen}; choose cpu"


RULES: tuple[Rule, ...] = (
    _class_scores,
    _refused_by_detector,
    _engine,
    _feed,
    _precision,
    _applies,
    _resize,
    _filter,
    _batch,
    _memory,
    _device,
    Detector.refused,
)
