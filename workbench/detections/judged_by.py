"""By which truth an average precision was found: only figures of one truth are compared."""

from typing import NamedTuple


class JudgedBy(NamedTuple):
    """Which truth an average precision is of."""

    name: str
    key: str | None
    """Equal for equal content; `None` in records of 0.1.0."""

    def is_same_truth(self, other: "JudgedBy") -> bool:
        """Tell whether the content is the same; where that is not known of both, their names decide.

        >>> JudgedBy("instances.json", "a").is_same_truth(JudgedBy("instances.json", "b"))
        False
        >>> JudgedBy("instances.json", "a").is_same_truth(JudgedBy("instances.json", None))
        True
        """
        if self.key is None or other.key is None:
            return self.name == other.name
        return self.key == other.key
