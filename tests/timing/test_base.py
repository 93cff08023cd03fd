"""What crosses a file can be saved, whatever text it came with."""

import json

from workbench.timing import Value


class Named(Value):
    name: str
    labels: tuple[str, ...] = ()
    versions: dict[str, str] | None = None
    serial: tuple[tuple[str, ...], ...] = ()
    inner: "Named | None" = None


def test_halves_of_characters_are_written_out_wherever_they_are():
    odd = json.loads(r'"caf\udce9 \ud800"')
    made = Named(name=odd, labels=("fine", odd), versions={odd: odd}, serial=(("a", odd),), inner=Named(name=odd))
    words = r"caf\xe9 \ud800"
    again = Named.model_validate_json(made.model_dump_json())
    assert again == made
    assert (again.name, again.labels, again.versions, again.serial) == (words, ("fine", words), {words: words}, (("a", words),))
    assert again.inner.name == words


def test_other_text_stays_as_it_is():
    told = "Größe 検出 \U0001f600 \x1b[31m\n"
    assert Named(name=told).name == told
