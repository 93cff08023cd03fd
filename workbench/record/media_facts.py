"""What a record tells of its frames. Apart from the media, so that whoever only reads records need not load what opens them."""

from workbench.timing import Value


class MediaFacts(Value):
    """Which frames it ran on."""

    name: str
    source: str
    kind: str
    frames: int
    """How many; for a video, what its container says (counted only where it says nothing). 0 where they never end."""
    size_hw: tuple[int, int]
    """Of the first frame, turned upright."""
    fps: float | None = None
    sha256: str | None = None
    notes: tuple[str, ...] = ()
    """What people should know of these frames: numbers that are missing, a stream that was opened again."""

    @property
    def key(self) -> str:
        """What is equal for the same frames: the hash of their content, else where they came from."""
        return self.sha256 or self.source

    @property
    def endless(self) -> bool:
        """Whether they never end, so that no two passes show the same frames; `recorded` makes media of them that do."""
        return self.frames == 0
