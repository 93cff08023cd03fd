"""Cards about the stages of a frame: NMS, resizing, decoding, and inference that is no longer worth making faster."""

from workbench.advice.arithmetic import DECODE, amdahl, of_frame, overlapping, share, stage, stages, timed, usable
from workbench.advice.card import Card
from workbench.advice.pool import Pool
from workbench.advice.rule import QUICKER, SHARE_NOTED, Theory, draw_up
from workbench.catalogue import engine_row, nms_row
from workbench.record import Record, accuracy_against, ap
from workbench.timing import limit
from workbench.wording import format_ap_change, format_fraction, format_number, format_percent, format_seconds_as_ms

NMS_TIMES_NOTED = 2.0  # NMS medians of separate runs; less could be the frames
STOP_GAIN = 1.15  # if inference cost nothing at all; quantising brings a part of that, and costs accuracy
IDLE_NOTED = 0.25  # of the cores' time; less is lost to scheduling anyway
FILTER_BRINGS = ("input.resize", "input.filter")  # a resizer has but some of the filters
FILTER_STAGES = ("preprocess", "infer")  # where the resize is, on the host or in the graph
LIKELY_QUICK = ("opencv", "tensorflow")  # to try where nothing is known: quick with few candidates, and with many

NMS_THEORY: Theory = (
    "NMS compares every box that is left with the best one, again and again: about (boxes kept) × (candidates) comparisons.",
    "A loop in Python pays some 100 ns for each step of it; the same comparisons as one array operation or in C++ cost a few.",
    "All of nms.method but soft and none keep the same boxes, so this costs no accuracy.",
)
RESIZE_THEORY: Theory = (
    "Pillow filters over every source pixel, so a large frame costs much however small the input is.",
    "OpenCV's linear resize reads four source pixels for each one that it writes, and uses vector instructions.",
    "Inside the graph it runs on the engine's threads, or its GPU, and the frame is not copied once more.",
)
FILTER_THEORY: Theory = (
    "linear reads two pixels a side for each one that it writes: of those that it skips, detail is lost or turns into false edges.",
    "area and triangle average every pixel that an output pixel covers, which costs time for each pixel of the frame.",
    "A network does best on what it was trained with: frames filtered otherwise look sharper or softer than it knows them.",
)
DECODE_THEORY: Theory = (
    "Frames of a video depend on those before, so one thread decodes them one after the other.",
    "With feed.mode=threads that thread works while others infer: the longest of them sets the pace, no longer the sum.",
    "Once decoding alone sets it, only media that are cheaper to decode help: fewer pixels, another codec, a GPU's decoder.",
)
STOP_THEORY: Theory = (
    "Amdahl's law: what is not inference goes on taking its time, so it bounds what a faster engine can bring.",
    "Quantising or shrinking the network only changes inference, and costs accuracy.",
    "Work on the largest stage instead.",
)
IDLE_THEORY: Theory = (
    "In a loop, decoding, resizing and NMS use one core while the others wait.",
    "With feed.mode=threads they work on the next frames meanwhile; all but a few Python lines release the interpreter's lock.",
    "Throughput rises up to (cores) / (processor time a frame); a single frame does not get through sooner.",
)


def nms_dominates(pool: Pool, record: Record) -> Card | None:
    """Say where NMS takes much of the frame, and which method is quicker."""
    part = share(record, "nms")
    if part < SHARE_NOTED:
        return None
    own = record.settings.nms.method
    quickest = _quickest(pool, record, "nms", "nms.method")
    hard = nms_row(own).hard
    if quickest is not None and not (hard and nms_row(quickest.settings.nms.method).hard):
        quickest = None  # another choice of boxes is no one's replacement
    tried = {other.settings.nms.method for other in pool.siblings(record, ("nms.method",))} | {own}
    untried = next((method for method in LIKELY_QUICK if method not in tried and hard), None)
    method = quickest.settings.nms.method if quickest is not None else untried
    told = f"The NMS stage takes {of_frame(record, 'nms')} with nms.method={own}."
    if quickest is not None:
        told += f" {pool.label(quickest)}, with {method}, takes {format_seconds_as_ms(stage(quickest, 'nms'))} ms."
    return draw_up(
        pool,
        record,
        "nms-dominates",
        title="NMS takes much of the frame",
        finding=f"In {pool.label(record)}, NMS takes {format_percent(part)} of the frame.",
        evidence=told if method or not hard else f"{told} No other method measured here is quicker.",
        expected=amdahl(record, ("nms",), stage(quickest, "nms") if quickest else None),
        change={"nms.method": method} if method else None,
        theory=NMS_THEORY,
    )


def nms_apart(pool: Pool, record: Record) -> Card | None:
    """Say how far the time of NMS differs from another record's, where no subject has it said already."""
    own = stage(record, "nms")
    if not own or any(nms_dominates(pool, subject) for subject in pool.subjects):
        return None
    others = [(seconds / own, other) for seconds, other in _timed_apart(pool, record, "nms", "nms.method")]
    ratio, other = max(others, key=lambda pair: max(pair[0], 1 / pair[0]), default=(1.0, record))
    slow, fast = (record, other) if ratio < 1 else (other, record)
    if max(ratio, 1 / ratio) < NMS_TIMES_NOTED:
        return None
    figures = (f"{format_seconds_as_ms(stage(one, 'nms'))} ms in {pool.label(one)}" for one in (slow, fast))
    longer = format_number(max(ratio, 1 / ratio))
    return draw_up(
        pool,
        record,
        "nms-apart",
        title="How NMS is written matters",
        finding=f"NMS written as {slow.settings.nms.method} takes {longer} times as long as {fast.settings.nms.method}.",
        evidence=f"The NMS stage: {', '.join(figures)}. The two differ in nothing else.",
        theory=NMS_THEORY,
    )


def resize_dominates(pool: Pool, record: Record) -> Card | None:
    """Say where resizing on the host takes much of the frame."""
    part, settings = share(record, "preprocess"), record.settings
    if part < SHARE_NOTED:
        return None
    quickest = _quickest(pool, record, "preprocess", "input.resize")
    place = None
    if settings.input.resize == "pillow":
        place = "opencv"
    elif engine_row(settings.runtime.engine).resizes:
        place = "graph"
    told = f"The preprocess stage takes {of_frame(record, 'preprocess')} with input.resize={settings.input.resize}."
    twin = pool.twin(record, {"input.resize": place}) if place else None
    changed: tuple[str, ...] = ("preprocess",)
    becomes = None
    if twin is not None and place == "graph":
        changed, becomes = ("preprocess", "infer"), stages(twin, ("preprocess", "infer"))
    elif quickest is not None and quickest.settings.input.resize == place:
        becomes = stage(quickest, "preprocess")
        told += f" {pool.label(quickest)}, with {place}, takes {format_seconds_as_ms(becomes)} ms."
    if place is None:
        told += f" The {settings.runtime.engine} engine takes no frames, so it stays on the host: smaller frames are what helps."
    return draw_up(
        pool,
        record,
        "resize-dominates",
        title="Resizing on the host takes much of the frame",
        finding=f"In {pool.label(record)}, preparing the input takes {format_percent(part)} of the frame.",
        evidence=told,
        expected=amdahl(record, changed, becomes),
        change={"input.resize": place} if place else None,
        theory=RESIZE_THEORY,
    )


def filter_told(pool: Pool, record: Record) -> Card | None:
    """Say where another filter, all but the resizer being equal, is told to have more AP than a record's, or else less."""
    own = record.settings.input.effective_filter
    others = [one for one in pool.siblings(record, FILTER_BRINGS) if one.settings.input.effective_filter != own]
    told = [(change, other) for other in others if (change := accuracy_against(other, record)) is not None]
    gains = [(change.change, other) for change, other in told if change.verdict == "gained"]
    losses = [(change.change, other) for change, other in told if change.verdict == "lost"]
    if not gains and not losses:
        return None
    other = max(gains, key=lambda row: row[0])[1] if gains else min(losses, key=lambda row: row[0])[1]
    better, worse = (other, record) if gains else (record, other)
    filters = " against ".join(one.settings.input.effective_filter for one in (better, worse))
    gain = format_ap_change(accuracy_against(better, worse))
    changed = {**pool.values(other), "input.filter": other.settings.input.effective_filter}  # `None` where it is the usual one
    return draw_up(
        pool,
        record,
        "filter-costs" if gains else "filter-brings",
        title=f"The filter {'costs' if gains else 'brings'} accuracy",
        finding=f"{pool.label(better)} has more AP than {pool.label(worse)}, {filters}: {gain}.",
        evidence=f"{_figures(better)}; {_figures(worse)}. They differ in how frames are resized alone.",
        expected=amdahl(record, FILTER_STAGES, stages(other, FILTER_STAGES)) if gains else None,
        change={name: changed[name] for name in pool.differing(record, other)} if gains else None,
        alternative=other,
        theory=FILTER_THEORY,
    )


def _figures(record: Record) -> str:
    taken, seconds = record.settings.input, stages(record, FILTER_STAGES)
    spent = f", {format_seconds_as_ms(seconds)} ms for resize and inference" if seconds is not None else ""
    return f"AP {format_fraction(ap(record))} with {taken.effective_filter} by {taken.resize}{spent}"


def decoding_bounds(pool: Pool, record: Record) -> Card | None:
    """Say where decoding takes much of the frame, or sets the pace where stages overlap."""
    if timed(record).overlapped:
        return _decoding_sets_the_pace(pool, record)
    part = share(record, DECODE)
    if part < SHARE_NOTED:
        return None
    change = _threads(record)
    return draw_up(
        pool,
        record,
        "decoding-bounds",
        title="Decoding bounds it",
        finding=f"In {pool.label(record)}, decoding takes {format_percent(part)} of the frame, whatever the engine does.",
        evidence=f"The decode stage takes {of_frame(record, DECODE)}. The setting has no part in that: the media have.",
        expected=(overlapping(record) if change else None) or amdahl(record, (DECODE,)),
        change=change,
        alternative=_overlapped_record(pool, record) if change else None,
        theory=DECODE_THEORY,
    )


def _decoding_sets_the_pace(pool: Pool, record: Record) -> Card | None:
    found = limit(timed(record), usable(record))
    if found is None or DECODE not in found.limited_by.split(" + ") or not found.serial_fps:
        return None
    reached = f"{format_number(found.fps)} of at most {format_number(found.serial_fps)} FPS are reached"
    return draw_up(
        pool,
        record,
        "decoding-bounds",
        title="Decoding bounds it",
        finding=f"{pool.label(record)} can go no faster than one thread does {found.limited_by}: {reached}.",
        evidence=f"That is {format_seconds_as_ms(1 / found.serial_fps)} ms a frame on average; the cores alone would allow more.",
        theory=DECODE_THEORY,
    )


def cores_idle(pool: Pool, record: Record) -> Card | None:
    """Say where frames pass one at a time while cores have nothing to do."""
    timing, cores, change = timed(record), usable(record), _threads(record)
    if timing.overlapped or not timing.cpu_seconds or not timing.fps or change is None or cores <= 1:
        return None
    busy, spent = timing.cpu_seconds * timing.fps, format_seconds_as_ms(timing.cpu_seconds)
    if busy > (1 - IDLE_NOTED) * cores:
        return None
    return draw_up(
        pool,
        record,
        "cores-idle",
        title="Frames pass one at a time while cores idle",
        finding=f"{pool.label(record)} keeps {busy:.1f} of {cores:g} cores busy: each stage waits for the one before.",
        evidence=f"On average a frame takes {format_seconds_as_ms(1 / timing.fps)} ms, and {spent} ms of processor time.",
        expected=overlapping(record),
        change=change,
        alternative=_overlapped_record(pool, record),
        theory=IDLE_THEORY,
    )


def stop_quantising(pool: Pool, record: Record) -> Card | None:
    """Say where inference is so small a part that nothing is left to gain by making it faster."""
    expected = amdahl(record, ("infer",))
    if expected is None or not stage(record, "infer") or expected.ratio >= STOP_GAIN:
        return None
    budget = timed(record).budget()
    largest = max((name for name in budget if name != "infer"), key=lambda name: budget[name])
    return draw_up(
        pool,
        record,
        "stop-quantising",
        title="Stop: nothing left to gain by quantising",
        finding=f"In {pool.label(record)}, inference is only {format_percent(share(record, 'infer'))} of the frame.",
        evidence=(
            f"The infer stage takes {of_frame(record, 'infer')}; {largest} takes {format_seconds_as_ms(budget[largest])} ms."
            " Were inference free, a frame would hardly be faster."
        ),
        expected=expected,
        theory=STOP_THEORY,
    )


def _quickest(pool: Pool, record: Record, name: str, free: str) -> Record | None:
    """Return the record whose stage is quickest among those that differ in `free` alone; `None` where none is much quicker."""
    own = stage(record, name) or 0.0
    seconds, quickest = min(_timed_apart(pool, record, name, free), key=lambda pair: pair[0], default=(own, None))
    return quickest if seconds <= QUICKER * own else None


def _timed_apart(pool: Pool, record: Record, name: str, free: str) -> list[tuple[float, Record]]:
    """Return the seconds of a stage in each record that is set otherwise in `free`, and in nothing else."""
    others = (other for other in pool.siblings(record, (free,)) if pool.differing(record, other))
    return [(seconds, other) for other in others if (seconds := stage(other, name))]


def _threads(record: Record) -> dict[str, object] | None:
    """Return what overlaps the stages of different frames; `None` where the engine cannot, or there is one core."""
    if engine_row(record.settings.runtime.engine).one_thread or usable(record) <= 1:
        return None
    workers = max(1, min(int(usable(record)), record.settings.runtime.threads))
    return {"feed.mode": "threads", "feed.workers": workers}


def _overlapped_record(pool: Pool, record: Record) -> Record | None:
    """Return the fastest record that differs in how frames are fed alone, and overlaps."""
    fed = pool.siblings(record, ("feed.mode", "feed.workers", "feed.prefetch"))
    return max((other for other in fed if timed(other).overlapped), key=lambda other: timed(other).fps or 0.0, default=None)
