"""The first look at a model that no card describes: how to feed it and what it puts out, judged on several frames.

The family's usual way of feeding is tried first, then the others: what stands in a file or in frames decides, never one frame.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from workbench.detections import Detections, FloatArray, UInt8Array
from workbench.detectors.evidence import CHANGES, CLEAR, CLEAR_COLOUR, SUPPORT, Decision, Evidence, decide
from workbench.detectors.feeding import feeding_words, is_usual, ways_to_feed
from workbench.detectors.input_card import InputCard
from workbench.detectors.labels import labels_of
from workbench.detectors.network import Network, Tensors
from workbench.detectors.output_reading import OutputReading, Outputs
from workbench.detectors.readings import Proposal, Run, card_of, found_under, habits, readings_of
from workbench.errors import ModelError
from workbench.record import Guess
from workbench.settings import SizeHW
from workbench.stages import CHANNELS, InputSpec, prepare

MOST_RUNS = 300
MOST_SECONDS = 55.0  # of a minute, which the file's loading is part of
FEW_FRAMES = 8  # that are tried first, and at most in changed pictures
STRONGEST = 3  # frames of each way of feeding that are kept where most are empty
MOST_OUTPUTS = 512_000_000  # bytes of outputs that are kept at a time
MOST_KEPT = 4  # readings of the outputs that are followed under one way of feeding
EMPTY = -1  # number of the picture of one grey
GREY = 114
SAME_BLOCK_PX = 10  # of blocks whose means tell two frames apart: a sensor's and a codec's noise is averaged away in them
SAME_LEVELS = 6.0  # grey levels that no block of a still camera's frames changes by where nothing moves
FLAT = 3.0  # grey levels that a frame's pixels deviate by: one with less shows nothing, such as a black one
FOUND_NOTHING = 0.1  # of a vote: an empty frame shows little of what outputs mean


class _SpentError(Exception):
    """The runs or the seconds of a first look are used up."""


@dataclass(slots=True)
class _Way:
    """One way of feeding, with the readings of the outputs that it gives, the likeliest first."""

    number: int
    fed: InputCard
    spec: InputSpec
    readings: list[OutputReading] = field(default_factory=list)
    evidence: Evidence = field(default_factory=Evidence)


class FirstLook:
    """Looks at a network in this process.

    Args:
        network: What runs.
        tensors: What goes in and comes out.
        frames: uint8 RGB, spread over the media; the first eight too.
        clock: In seconds.
        tell: Called after each run.

    Attributes:
        size_hw: Height and width that it is run at.
        shown: Number of the frame whose runs are kept: the one with most finds.
    """

    def __init__(
        self,
        network: Network,
        tensors: Tensors,
        frames: Sequence[UInt8Array],
        clock: Callable[[], float] = time.monotonic,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self._network, self._tensors, self._clock, self._tell = network, tensors, clock, tell
        self._ways = [_Way(number, card, spec) for number, (card, spec) in enumerate(ways_to_feed(tensors.inputs[0]))]
        self.size_hw: SizeHW = self._ways[0].spec.choose_size(None)
        plain = InputSpec(size_hw=self.size_hw, default_hw=self.size_hw, fit="stretch", dtype="uint8")
        self._frames = [np.asarray(prepare([frame], plain, self.size_hw)[0], np.uint8) for frame in frames]
        self._different = _different(self._frames)
        self._outputs: dict[tuple[int, int], Outputs] = {}
        self._began, self._runs = clock(), 0
        self._untried: list[str] = []
        self.shown = 0

    def runs(self) -> tuple[Run, ...]:
        """Return the runs of the frame that is shown, one for each way of feeding it that was tried."""
        return tuple(Run(self._ways[way].fed, self._outputs[way, self.shown]) for way in self._kept())

    def run_each(self) -> None:
        """Run the first frame once under each way of feeding that there is time for, and judge nothing."""
        with suppress(_SpentError):
            for way in self._ways:
                self._outputs_of(way, 0)

    def propose(self) -> tuple[Proposal, ...]:
        """Return plausible cards, the best first; none where the outputs are not understood.

        Raises:
            ModelError: It does not run; says why.
        """
        with np.errstate(all="ignore"):  # a wrong reading, or a damaged file, computes with wild numbers
            usual = self._usual()
            if usual is None:
                self.run_each()
                return ()
            ranges = [one for one in self._ways if one.fed.colour == usual.colour]
            ranges.sort(key=lambda one: not is_usual(one.fed, self._tensors.inputs[0], usual.values))
            frames = self._base(ranges)
            ranges = [one for one in ranges if one.readings]
            if not ranges:
                return ()
            self._stress(ranges, frames)
            names = [feeding_words(one.fed) for one in ranges]
            values = decide([one.evidence for one in ranges], names, CLEAR)
            taken = ranges[values.taken]
            other = self._other_colour(taken, frames)
            colours = decide([one.evidence for one in (taken, *other)], [one.fed.colour for one in (taken, *other)], CLEAR_COLOUR)
            self.shown = max(frames, key=lambda frame: (taken.evidence.strength(frame), -frame))
            return tuple(self._proposals(ranges, values, [taken, *other], colours))

    def _usual(self) -> OutputReading | None:
        """Return what the outputs mean at a first glance, with the usual feeding of such; one frame under each range shows it."""
        found: list[OutputReading] = []
        for way in (one for one in self._ways if one.fed.colour == self._ways[0].fed.colour):
            try:
                found += readings_of(self._tensors, self._outputs_of(way, 0), self.size_hw)
            except _SpentError:
                break
        return found[0] if found else None

    def _base(self, ranges: Sequence[_Way]) -> list[int]:
        """Run frames as they are under each range, more where few show anything; return those that show the most."""
        size = max(1, sum(one.nbytes for one in self._outputs[0, 0].values()))
        different = self._different[: max(1, MOST_OUTPUTS // size // len(ranges))]
        few = different[:FEW_FRAMES]
        tried = self._read(ranges, few)
        if len(tried) == len(few) < len(different) and any(one.evidence.support() < SUPPORT for one in ranges):
            tried = self._read(ranges, different)
        if len(tried) < len(few):
            self._untried.append(f"{len(few) - len(tried)} of {len(few)} frames")
        if len(tried) <= FEW_FRAMES:
            return tried
        shown = [one.evidence for one in ranges if one.evidence.support()]
        best = [[n for n in sorted(tried, key=lambda n: -one.strength(n)) if one.strength(n)] for one in shown]
        nth = zip_longest(*(one[:STRONGEST] for one in best))
        rest = zip_longest(*(one[STRONGEST:] for one in best))
        chosen = dict.fromkeys(n for numbers in (*nth, *rest) for n in numbers if n is not None)
        return list(chosen)[:FEW_FRAMES] or tried[:FEW_FRAMES]

    def _read(self, ranges: Sequence[_Way], frames: Sequence[int]) -> list[int]:
        """Run frames under each range and read the outputs; return the frames that were run under all."""
        tried: list[int] = []
        try:
            for frame in (EMPTY, *frames):
                for way in ranges:
                    self._outputs_of(way, frame)
                tried += [frame] if frame != EMPTY else []
        except _SpentError:
            pass
        for way in ranges:
            self._rank(way, tried or [frame for frame in frames if (way.number, frame) in self._outputs])
        return tried or [0]

    def _rank(self, way: _Way, frames: Sequence[int]) -> None:
        """Order the readings of a way's outputs by the frames that show them, those with finds before all.

        A frame that shows a reading only as what is usual speaks for it where no other frame speaks for any.
        """
        votes: dict[tuple[str, str], list[tuple[int, int, OutputReading]]] = {}
        for frame in frames:
            for rank, reading in enumerate(readings_of(self._tensors, self._outputs[way.number, frame], self.size_hw)):
                votes.setdefault((repr(reading.candidates), repr(reading.detections)), []).append((frame, rank, reading))
        ranked = []
        for cast in sorted(votes.values(), key=len, reverse=True)[:MOST_KEPT]:
            reading = max((one for *_, one in cast), key=lambda one: (-len(one.open), len(one.labels)))
            try:
                evidence = Evidence(self._in_nothing(way, reading))
                for frame in frames:
                    evidence.add(frame, self._found(way, reading, self._outputs[way.number, frame], frame))
            except (ModelError, ValueError, IndexError):  # the reading does not fit after all
                continue
            telling = ((frame, rank) for frame, rank, one in cast if not one.open)
            weight = sum((1 if len(evidence.found[frame]) else FOUND_NOTHING) / (1 + rank) for frame, rank in telling)
            ranked.append((weight, reading, evidence))
        ranked.sort(key=lambda one: -one[0])
        way.readings = [reading for _, reading, _ in ranked]
        way.evidence = ranked[0][2] if ranked else Evidence()

    def _in_nothing(self, way: _Way, reading: OutputReading) -> Detections:
        outputs = self._outputs.get((way.number, EMPTY))
        return Detections.empty() if outputs is None else self._found(way, reading, outputs)

    def _found(self, way: _Way, reading: OutputReading, outputs: Outputs, frame: int | None = None) -> Detections:
        if frame is not None and self._frames[frame].std() < FLAT:  # whatever is found there stays in any picture as flat
            return Detections.empty()
        return found_under(card_of(self._tensors, way.fed, reading), self._tensors, outputs, self.size_hw)

    def _stress(self, ways: Sequence[_Way], frames: Sequence[int]) -> None:
        """Run changed pictures of frames under the ways that find anything at all."""
        alive = [one for one in ways if one.evidence.support()]
        for done, frame in enumerate(frames):
            try:
                runs = [
                    (way, change, self._run(way, make(self._frames[frame]))) for way in alive for change, make in CHANGES.items()
                ]
            except _SpentError:
                self._untried.append(f"harder pictures of {len(frames) - done} of {len(frames)} frames")
                break
            for way, change, outputs in runs:
                way.evidence.add_changed(frame, change, self._found(way, way.readings[0], outputs), self.size_hw)
        for way in ways if alive else ():  # else all that were tried show nothing, and count as what was seen
            way.evidence.found = {frame: way.evidence.found[frame] for frame in frames if frame in way.evidence.found}

    def _other_colour(self, taken: _Way, frames: Sequence[int]) -> list[_Way]:
        """Try the other order of colours on the same frames; none where there was no time left."""
        for way in self._ways:
            if way is taken or way.fed.model_copy(update={"colour": taken.fed.colour}) != taken.fed:
                continue
            try:
                self._outputs_of(way, EMPTY)
                way.evidence.empty = self._in_nothing(way, taken.readings[0])
                for frame in frames:
                    way.evidence.add(frame, self._found(way, taken.readings[0], self._outputs_of(way, frame), frame))
            except _SpentError:
                self._untried.append("the other order of colours")
                return []
            way.readings = taken.readings[:1]
            self._stress([way], frames)
            return [way]
        return []

    def _proposals(self, ranges: Sequence[_Way], values: Decision, colours: Sequence[_Way], colour: Decision) -> list[Proposal]:
        taken = colours[colour.taken]
        others = sorted((one for one in ranges if one is not ranges[values.taken]), key=lambda one: -one.evidence.at(0.5))
        ways = [taken, *(one for one in colours if one is not taken), *others]
        alike = len(self._frames) - len(self._different)
        untried = f"; {alike} more of the frames show{'s' if alike == 1 else ''} the same" if alike else ""
        untried += f"; not tried for want of time: {', '.join(self._untried)}" if self._untried else ""
        kept = self._kept()
        proposals = []
        for way in ways:
            if way.number not in kept:
                continue
            for reading in way.readings:
                guesses = self._guesses(way, values, colour, untried, taken=way is taken)
                card = card_of(self._tensors, way.fed, reading)
                guesses = (*guesses, *habits(card, reading), *self._beyond_names(way, reading))
                card = card_of(self._tensors, way.fed, reading, guesses)
                proposals.append(Proposal(card, reading.sure, guesses, kept.index(way.number)))
        return proposals

    def _guesses(self, way: _Way, values: Decision, colour: Decision, untried: str, *, taken: bool) -> tuple[Guess, ...]:
        told = []
        if way.fed.values is not None or way.fed.offset is not None:
            told.append(
                Guess(
                    about="pixel values",
                    taken=feeding_words(way.fed),
                    certainty="sure" if taken and values.sure else "open",
                    why=values.why + untried,
                    card_line=f'[input] values = "{way.fed.values}"' if way.fed.values else "[input] offset and factor",
                )
            )
        told.append(
            Guess(
                about="order of colours",
                taken=way.fed.colour,
                certainty="sure" if taken and colour.sure and not colour.remaining else "usual",
                why=colour.why + untried,
                card_line=f'[input] colour = "{way.fed.colour}"',
            )
        )
        return tuple(told)

    def _beyond_names(self, way: _Way, reading: OutputReading) -> tuple[Guess, ...]:
        """Say that classes are found after the network's own NMS which the names inside the file do not reach."""
        if reading.candidates is not None or not self._tensors.labels:
            return ()
        named = len(labels_of(dict(enumerate(self._tensors.labels))) or ())
        highest = max((int(one.class_ids.max(initial=-1)) for one in way.evidence.found.values()), default=-1)
        why = f"class number {highest} is found, and {named} have names there"
        told = Guess(about="class names", taken="those inside the file", certainty="open", why=why, card_line="labels")
        return (told,) if highest >= named else ()

    def _kept(self) -> list[int]:
        return sorted(way for way, frame in self._outputs if frame == self.shown)

    def _outputs_of(self, way: _Way, frame: int) -> Outputs:
        key = way.number, frame
        if key not in self._outputs:
            image = np.full((*self.size_hw, CHANNELS), GREY, np.uint8) if frame == EMPTY else self._frames[frame]
            self._outputs[key] = self._run(way, image)
        return self._outputs[key]

    def _run(self, way: _Way, image: UInt8Array) -> Outputs:
        if self._runs and (self._runs >= MOST_RUNS or self._clock() - self._began > MOST_SECONDS):
            raise _SpentError
        outputs = self._network.run(prepare([image] * (way.spec.batch or 1), way.spec, self.size_hw))
        self._runs += 1
        self._tell()
        return {name: np.asarray(one, np.float32) for name, one in outputs.items()}


def _different(frames: Sequence[UInt8Array]) -> list[int]:
    """Return the numbers of frames that show something else than all before them: a still camera's are one frame of evidence."""
    kept: list[tuple[int, FloatArray]] = []
    for number, frame in enumerate(frames):
        rows, columns = (side // SAME_BLOCK_PX for side in frame.shape[:2])
        whole = frame[: rows * SAME_BLOCK_PX, : columns * SAME_BLOCK_PX]
        means = np.asarray(whole.reshape(rows, SAME_BLOCK_PX, columns, SAME_BLOCK_PX, -1).mean(axis=(1, 3)), np.float32)
        if all(np.abs(means - other).max(initial=0) > SAME_LEVELS for _, other in kept):
            kept.append((number, means))
    return [number for number, _ in kept]
