"""Frames of which one is damaged."""

from collections.abc import Iterator, Sequence

import numpy as np

from workbench.errors import MediaError
from workbench.media import Frame, Media
from workbench.record import MediaFacts


class Breaks(Media):
    """Frames of noise, of which the one at 17 is damaged once it matters."""

    matters = False

    def frames(self, start: int = 0) -> Iterator[Frame]:
        rng = np.random.default_rng(0)
        for index in range(start, 40):
            if index == 17 and self.matters:
                raise MediaError("breaks#17 is damaged; choose a whole copy")
            yield Frame(rng.integers(0, 255, (72, 128, 3), np.uint8), f"breaks#{index}", index)

    def frame_names(self) -> Sequence[str]:
        return tuple(f"breaks#{index}" for index in range(40))

    def facts(self) -> MediaFacts:
        return MediaFacts(name="breaks", source="breaks", kind="test", frames=40, size_hw=(72, 128))
