"""The line in motion: the same parts, frame after frame, as they pass the camera."""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np

from sample_media.making.scenes.camera import FRAME_WIDTH_PX
from sample_media.making.scenes.layout import STRETCH, Spot, lay_out
from sample_media.making.scenes.piece import Piece
from sample_media.making.scenes.still import Line, Scene, compose, draw_line, make_for

FRAMES_PER_SECOND = 30
CROSSING_SECONDS = 5.0  # a part's way from one side of the picture to the other
SHUTTER = 0.35  # share of the frame time for which the shutter is open; it sets the motion blur
NOISE_LEVELS = 1.8  # standard deviation in grey levels; a video camera's own denoising leaves about this
REACH = 1150  # belt units from the centre beyond which no part is seen
PROGRAMME = ("usual", "usual", "crowded", "perfect", "usual")  # fillings in turn, so that a short clip shows them all


@final
class Belt:
    """A belt that runs for ever; `render(i)` is its picture after `i` frames.

    Frames can be asked for in any order; the same seed and index give the same bytes.
    """

    def __init__(self, seed: int, size_hw: tuple[int, int] = (720, 1280)) -> None:
        self._seed = seed
        line = draw_line(np.random.default_rng(seed), size_hw)
        crossing_frames = CROSSING_SECONDS * FRAMES_PER_SECOND
        self._units_per_frame = FRAME_WIDTH_PX / line.camera.zoom / crossing_frames
        smear_px = round(FRAME_WIDTH_PX / crossing_frames * SHUTTER) | 1
        self._line: Line = replace(line, sensor=replace(line.sensor, smear_px=smear_px, noise=NOISE_LEVELS))
        self._stretches: dict[int, list[tuple[Piece, Spot]]] = {}

    def render(self, frame_index: int) -> Scene:
        """Return one frame and its truth; parts move along +x by the same distance each frame."""
        travel = self._units_per_frame * frame_index
        rng = np.random.default_rng((self._seed, frame_index))
        return compose(self._line, self._passing(travel), rng, travel)

    def _passing(self, travel: float) -> list[tuple[Piece, Spot]]:
        """Return the parts near the camera, where they are now."""
        nearest = round(travel / STRETCH)
        parts = []
        for number in (nearest - 1, nearest, nearest + 1):
            for piece, spot in self._stretch(number):
                x = spot.pose.x + travel - number * STRETCH
                if abs(x) < REACH:
                    parts.append((piece, replace(spot, pose=replace(spot.pose, x=x))))
        return parts

    def _stretch(self, number: int) -> list[tuple[Piece, Spot]]:
        """Return the parts of one stretch of belt, made when it first comes near."""
        if number not in self._stretches:
            rng = np.random.default_rng((self._seed, abs(number), int(number < 0)))
            filling = PROGRAMME[number % len(PROGRAMME)]
            spots = lay_out(filling, self._line.style.half_width, rng)
            self._stretches[number] = [(make_for(_under_camera(spot), self._line, rng), spot) for spot in spots]
        return self._stretches[number]


def _under_camera(spot: Spot) -> Spot:
    """Judge what the camera sees of a part when it is in the middle of the picture."""
    return replace(spot, pose=replace(spot.pose, x=0.0))
