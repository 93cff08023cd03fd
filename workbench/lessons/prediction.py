"""A prediction: what a reader expects before it is measured, as text, and in a notebook with a field to change it in."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, final

from workbench.errors import SettingsError
from workbench.lessons.answers import Claim, direction
from workbench.timing import NO_DIFFERENCE
from workbench.wording import BLUE, VERMILLION

OPEN_BOOK = "Change it here or in the cell, then measure."
TIMES_FASTER = "times faster (1 is no difference, 0.5 twice the time)"


class Panel(ABC):
    """A few sentences that a notebook shows beside a coloured bar, the first one in bold."""

    __slots__ = ()

    @property
    @abstractmethod
    def sentences(self) -> tuple[str, ...]:
        """What it says."""

    @property
    def colour(self) -> str:
        return BLUE

    def __repr__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        style = f"border-left:4px solid {self.colour};padding:.3em .9em;margin:.4em 0;max-width:60em"
        first, *rest = map(escape, self.sentences)
        return f'<div style="{style}"><div><b>{first}</b></div>{"".join(f"<div>{one}</div>" for one in rest)}</div>'


@final
class Prediction(Panel):
    """A question, what the reader expects, and what people usually say; see `Lesson.predict`.

    Args:
        question: What is asked.
        claim: What the reader expects.
        say: Puts a number as one would say it.
        among: The choices; empty for a number.
        unit: Of a number.
        usual: The answer that the usual advice would give.
        advice: That advice.

    Raises:
        SettingsError: A claim that is none of the choices, or a number that is not above 0; says the choices.
    """

    def __init__(
        self,
        question: str,
        claim: Claim,
        say: Callable[[float], str],
        *,
        among: Sequence[str] = (),
        unit: str = "",
        usual: Claim | None = None,
        advice: str = "",
    ) -> None:
        if (usual is None) != (not advice):
            raise SettingsError(f"{question!r} has only one of `usual` and `advice`; give both, or neither")
        self.question, self.usual, self.advice = question, usual, advice
        self._say, self._among, self._unit = say, tuple(among), unit
        if usual is not None:
            self._check(usual)
        self.expect(claim)

    def expect(self, claim: Claim) -> None:
        """Predict this. Raises as making one does."""
        self._check(claim)
        self.claim = claim

    @property
    def words(self) -> str:
        """What is expected, as one would say it."""
        return self.claim if isinstance(self.claim, str) else self._say(self.claim)

    @property
    def sentences(self) -> tuple[str, ...]:
        choices = f" ({', '.join(self._among)})" if self._among else ""
        advice = (f"The usual advice: “{self.advice}”",) if self.advice else ()
        return (f"{self.question}{choices}", f"You predict: {self.words}.", *advice, OPEN_BOOK)

    def control(self) -> Any:
        """Return it as a widget: what it says, and a field; what is none of the choices is told and not taken."""
        import ipywidgets

        shown = ipywidgets.HTML(self._repr_html_())
        if isinstance(self.claim, str) and not self._among:
            return ipywidgets.VBox([shown])
        if self._among:
            field = ipywidgets.ToggleButtons(options=self._among, value=self.claim)
        else:
            field = ipywidgets.FloatText(value=self.claim, step=0.1, layout=ipywidgets.Layout(width="100px"))

        def take(change: dict[str, Any]) -> None:
            told = ""
            try:
                self.expect(change["new"])
            except SettingsError as error:
                told = f'<div style="color:{VERMILLION}">{escape(str(error))}; it stays at {escape(self.words)}</div>'
            shown.value = self._repr_html_() + told

        field.observe(take, "value")
        return ipywidgets.VBox([shown, ipywidgets.HBox([field, ipywidgets.Label(self._unit)])])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """Return the widget where a notebook shows some, and the same as text where none does."""
        still = {"text/plain": repr(self), "text/html": self._repr_html_()}
        return {**self.control()._repr_mimebundle_(), **still}

    def _check(self, claim: Claim) -> None:
        if self._among and claim not in self._among:
            raise SettingsError(f"the prediction is {claim!r}; choose one of {', '.join(self._among)}")
        if isinstance(claim, str):
            return
        if isinstance(claim, bool) or not (math.isfinite(claim) and claim > 0):
            raise SettingsError(f"the prediction is {claim!r}; predict a number above 0")


def times_words(ratio: float) -> str:
    """Say how many times faster something is.

    >>> times_words(2), times_words(0.5), times_words(1)
    ('2 times faster', '2 times slower', 'no difference')
    """
    if direction(ratio) == NO_DIFFERENCE:
        return "no difference"
    return f"{ratio:.3g} times faster" if ratio > 1 else f"{1 / ratio:.3g} times slower"
